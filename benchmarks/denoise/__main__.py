"""How well frames are denoised: `python -m benchmarks.denoise` prints markdown tables.

The protocol of `models.denoising.training.validation`, on particles that nothing was trained on: PSNR of √rate,
Poisson divergence from the truth, the error in the hole, and the processor time of one frame, one thread. Rows see
the same counts.

    python -m benchmarks.denoise [--frames 200] [--slow-frames 32] [--weights FILE …]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.denoise.rows import Rate, everyone
from models.denoising.training import validation
from models.denoising.training.exposures import Exposures
from models.simulation.particles import TEST_IDS

SLOW_S = 0.5


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.denoise", description=__doc__.split("\n\n")[0])
    parser.add_argument("--frames", type=int, default=200, help="frames of each dose and mask (default %(default)s)")
    parser.add_argument("--slow-frames", type=int, default=32, help="for rows that take over half a second a frame")
    parser.add_argument("--weights", type=Path, nargs="*", default=[], help="networks to compare: .safetensors files")
    parser.add_argument("--seed", type=int, default=0, help="of particles, orientations and counts")
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    rows, missing = everyone(args.weights)
    protocol = validation.render(TEST_IDS, args.frames, args.seed)
    for masked in (False, True):
        exposures = [validation.count(protocol, dose, masked, args.seed) for dose in validation.DOSES]
        _print(rows, protocol, exposures, masked, args.slow_frames)
    print("\n".join(missing))


def _print(
    rows: dict[str, Rate],
    protocol: validation.Protocol,
    exposures: Sequence[Exposures],
    masked: bool,
    slow_frames: int,
) -> None:
    side = protocol.frames.shape[1]
    what = f"a hole of {validation.STOP_PX:g} px and {validation.GAP_ROWS} rows missing" if masked else "no mask"
    figures = "PSNR of √rate (dB) / KL (nats)" + (" / R in the hole" if masked else "")
    print(f"\n{len(protocol.frames)} frames of {side} × {side} pixels, {what}; {figures}\n")
    print("| method | " + " | ".join(f"{dose:,.0f} photons" for dose in validation.DOSES) + " | ms | frames |")
    print("|---|" + "---|" * (len(validation.DOSES) + 2))
    for name, rate in rows.items():
        cells, spent, used = [], 0.0, len(protocol.frames)
        for made in exposures:
            found, seconds = _figures(rate, made, slow_frames)
            used, spent = len(found), spent + seconds / len(exposures)
            cell = f"{np.mean([f.psnr_dB for f in found]):.2f} / {np.mean([f.divergence for f in found]):.1f}"
            cells.append(cell + (f" / {np.mean([f.hole_error for f in found]):.3f}" if masked else ""))
        print(f"| {name} | " + " | ".join(cells) + f" | {1e3 * spent:.0f} | {used} |", flush=True)
        print(name, file=sys.stderr, flush=True)


def _figures(rate: Rate, made: Exposures, slow_frames: int) -> tuple[list[validation.Figures], float]:
    """Figures of frame after frame, of the first ones only where a frame takes long; and median seconds of one."""
    found: list[validation.Figures] = []
    seconds: list[float] = []
    for counts, measured, truth in zip(made.counts, made.measured > 0, made.rate, strict=True):
        begun = time.process_time()
        answer = rate(counts, measured)
        seconds.append(time.process_time() - begun)
        nothing = np.zeros_like(counts)
        found.append(validation.judge(answer.astype(np.float64), nothing, truth.astype(np.float64), measured))
        if len(found) >= slow_frames and np.median(seconds) > SLOW_S:
            break
    return found, float(np.median(seconds))


if __name__ == "__main__":
    main()
