"""How well frames are denoised: `python -m benchmarks.denoise` prints markdown tables.

Particles that nothing was trained on; every method of the registry, and BM3D where it is installed. The parts:

    protocol   the protocol of `models.denoising.training.validation`: PSNR of √rate, Poisson divergence, the error on
               hidden pixels, fringes kept, Bellisario's figure, photons kept
    classes    the same by class of particle, with the worst frame
    coverage   how often the truth lies within one stated standard deviation
    sizes      frames of 64, 256 and 512 pixels, and a detector unlike those trained on
    blanks     structure found in a thousand blank frames
    speed      processor time of one frame on one thread; to be measured while nothing else runs

    python -m benchmarks.denoise [--part protocol …] [--only network tv …] [--frames 200] [--slow-frames 32]
                                 [--weights FILE …] [--seed 0] [--lines FILE … [--tables]]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from benchmarks.denoise import blanks, coverage, protocol, sizes, speed
from benchmarks.denoise.kept import Kept
from benchmarks.denoise.rows import Row, everyone
from models.denoising.settings import AUTO

PARTS = ("protocol", "classes", "coverage", "sizes", "blanks", "speed")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.denoise", description=__doc__.split("\n\n")[0])
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS, help="what to measure (default all)")
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        help="methods by name: nothing, those of friedel denoise --list, gaussian-tuned, tv-tuned, bm3d, ivst",
    )
    parser.add_argument("--frames", type=int, default=200, help="frames of each dose and mask (default %(default)s)")
    parser.add_argument("--slow-frames", type=int, default=32, help="for methods that take over 0.15 s a frame")
    parser.add_argument("--weights", type=Path, nargs="*", default=[], help="networks to compare: .safetensors files")
    parser.add_argument("--seed", type=int, default=0, help="of particles, orientations and counts")
    parser.add_argument(
        "--lines",
        type=Path,
        nargs="*",
        default=[],
        help="files of figures: what is in one is not measured again, what is measured goes into the first",
    )
    parser.add_argument("--tables", action="store_true", help="measure nothing: only what is in those files")
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    rows, missing = everyone(args.weights)
    rows = _those(rows, args.only)
    size = protocol.Size(args.frames, args.slow_frames, args.seed, Kept(args.lines), args.tables)
    for text in _measured(rows, size, args.part, args.only, args.weights):
        print(text, end="\n\n", flush=True)
    print("\n".join(missing))


def _measured(
    rows: list[Row], size: protocol.Size, parts: Sequence[str], only: Sequence[str], weights: Sequence[Path]
) -> Iterator[str]:
    if {"protocol", "classes"} & set(parts):
        frames, found = protocol.run(rows, size, only)
        if "protocol" in parts:
            yield "## The protocol"
            yield from protocol.tables(frames, found)
        if "classes" in parts:
            yield "## By class"
            yield from protocol.by_class(frames, found)
    if "coverage" in parts:
        yield "## Standard deviations"
        yield from coverage.tables(rows, size)
    if "sizes" in parts:
        yield "## Other sizes and detectors"
        yield from sizes.tables(rows, size, _those(everyone(weights, AUTO)[0], only))
    if "blanks" in parts:
        yield "## Blank frames"
        yield from blanks.tables([row for row in rows if row.name not in ("bm3d", "ivst")], size)
    if "speed" in parts:
        yield "## Speed"
        yield from speed.tables(rows, size)


def _those(rows: list[Row], only: Sequence[str]) -> list[Row]:
    return [row for row in rows if not only or row.name in only]


if __name__ == "__main__":
    main()
