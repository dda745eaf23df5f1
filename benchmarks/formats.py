"""Opening and reading what is not HDF5, against the barest reading of the same bytes: `python -m benchmarks.formats`.

The floor is what the format's own library or plain numpy needs for the same pixels: `numpy.fromfile` for raw numbers,
three of them and an addition for photon lists, `h5py` for lists in HDF5, `fabio.open` for EDF and CBF,
`tifffile.imread` for TIFF. CPU time of this process, medians over random frames; files are in the page cache.
"""

from __future__ import annotations

import logging
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from models.runs import open_run
from tests.models.runs.test_emc import detector, write_detector, write_sparse_hdf5
from tests.models.runs.test_pictures import cbf, edf_block

FRAMES, READS = 1_000_000, 200
SHAPE = (260, 257)
FILES = 10_000


def cpu_ms(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return 1e3 * (time.process_time() - begin)


def measure(name: str, path: Path, dataset: str | None, floor: Callable[[int], object] | None) -> None:
    """One row of the table."""
    opening = statistics.median(cpu_ms(lambda: open_run(path, dataset).close()) for _ in range(5))
    with open_run(path, dataset) as run:
        frames = [random.Random(3).randrange(len(run)) for _ in range(READS)]
        first = cpu_ms(lambda: run.load(frames[0]))
        ours = statistics.median(cpu_ms(lambda i=i: run.load(i)) for i in frames)
        bare = None if floor is None else statistics.median(cpu_ms(lambda i=i: floor(i)) for i in frames)
        cells = ["–", "–"] if bare is None else [f"{bare:.2f}", f"{ours / bare:.2g}"]
        print(
            f"| {name} | {len(run):,} | {run.shape[0]}×{run.shape[1]} | {opening:.1f} | {first:.2f} | {ours:.2f} | "
            + " | ".join(cells)
            + " |"
        )


def photon_lists(folder: Path) -> tuple[Path, Callable[[int], object]]:
    """A binary EMC file of a million frames of some fifty photons each, and bare reading of a frame."""
    rng = np.random.default_rng(1)
    pixels = SHAPE[0] * SHAPE[1]
    ones = rng.integers(0, 100, FRAMES).astype("<i4")
    multi = rng.integers(0, 5, FRAMES).astype("<i4")
    header = np.zeros(256, "<i4")
    header[:2] = FRAMES, pixels
    path = folder / "photons.emc"
    with path.open("wb") as file:
        for part in (header, ones, multi):
            part.tofile(file)
        for count in (ones.sum(), multi.sum()):
            rng.integers(0, pixels, count).astype("<i4").tofile(file)
        rng.integers(2, 9, multi.sum()).astype("<i4").tofile(file)
    write_detector(folder / "det.h5", detector(*SHAPE, (130.0, 128.0)))
    ends = [np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]) for counts in (ones, multi)]
    starts = [1024 + 8 * FRAMES]
    starts.append(starts[0] + 4 * int(ends[0][-1]))
    starts.append(starts[1] + 4 * int(ends[1][-1]))

    def bare(index: int) -> object:
        parts = []
        for start, end in zip(starts, (ends[0], ends[1], ends[1]), strict=True):
            a, b = int(end[index]), int(end[index + 1])
            parts.append(np.fromfile(path, "<i4", b - a, offset=start + 4 * a))
        frame = np.zeros(pixels, np.int32)
        np.add.at(frame, parts[0], 1)
        np.add.at(frame, parts[1], parts[2])
        return frame

    return path, bare


def photon_lists_in_hdf5(folder: Path) -> tuple[Path, Callable[[int], object]]:
    frames = np.random.default_rng(2).poisson(0.001, (2_000, *SHAPE)).astype(np.int32)
    path = write_sparse_hdf5(folder / "photons.h5", frames)
    write_detector(folder / "det.h5", detector(*SHAPE, (130.0, 128.0)))
    file = h5py.File(path, "r", locking=False)
    ones, multi, counts = file["place_ones"], file["place_multi"], file["count_multi"]

    def bare(index: int) -> object:
        frame = np.zeros(SHAPE[0] * SHAPE[1], np.int32)
        np.add.at(frame, ones[index], 1)
        np.add.at(frame, multi[index], counts[index])
        return frame

    return path, bare


def raw_numbers(folder: Path) -> tuple[Path, Callable[[int], object]]:
    path = folder / "frames.raw"
    np.random.default_rng(3).poisson(3, (500, 512, 512)).astype("<u2").tofile(path)
    return path, lambda i: np.fromfile(path, "<u2", 512 * 512, offset=2 * i * 512 * 512)


def pictures(folder: Path) -> None:
    import fabio
    import tifffile

    logging.getLogger("fabio").setLevel(logging.ERROR)
    counts = np.random.default_rng(4).poisson(2, (619, 487)).astype(np.int32)
    for name, content in (("cbf", cbf(counts)), ("edf", edf_block(counts, count_time=1.0))):
        place = folder / name
        place.mkdir()
        for number in range(100):
            (place / f"shot_{number:03d}.{name}").write_bytes(content)
        measure(
            f"folder of {name.upper()}",
            place,
            None,
            lambda i, place=place, name=name: fabio.open(place / f"shot_{i:03d}.{name}").data,
        )
    place = folder / "tiff"
    place.mkdir()
    first = place / "shot_00000.tif"
    tifffile.imwrite(first, np.zeros((512, 512), np.uint16))
    for number in range(1, FILES):
        (place / f"shot_{number:05d}.tif").hardlink_to(first)
    measure("folder of TIFF", place, None, lambda i: tifffile.imread(place / f"shot_{i:05d}.tif"))


def main() -> None:
    print("### Formats that are not HDF5\n")
    print(
        "| format | frames | size | open, ms | first frame, ms | `run.load(i)`, ms | bare, ms | ratio |\n"
        "|---|---|---|---|---|---|---|---|"
    )
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for title, make, dataset in (
            ("EMC, sparse, with `det.h5`", photon_lists, None),
            ("EMC in HDF5, with `det.h5`", photon_lists_in_hdf5, None),
            ("raw uint16", raw_numbers, "raw:512x512:uint16:le:0"),
        ):
            folder = root / title.split(",")[0].replace(" ", "-")
            folder.mkdir()
            path, bare = make(folder)
            measure(title, path, dataset, bare)
        pictures(root)


if __name__ == "__main__":
    main()
