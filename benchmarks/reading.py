"""Opening runs and reading frames, against bare h5py in the same run: `python -m benchmarks.reading`.

Reading a frame here gives its raw pixels and their flags; the floor is `dataset[i]` of h5py alone. CPU time of this
process, medians; the file is in the page cache. The last table counts what the reader thread reads while somebody
scrubs faster than frames can be read.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np

from models.runs import open_run
from models.runs.server import FrameServer

FRAMES = 100


def cpu_ms(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return 1e3 * (time.process_time() - begin)


def make(folder: Path) -> dict[str, Path]:
    """Stacks of photon counts, as detectors and programs store them."""
    rng = np.random.default_rng(1)
    counts = rng.poisson(0.3, (FRAMES, 512, 512))
    one = (1, 512, 512)
    kinds: dict[str, tuple[np.ndarray, dict[str, object]]] = {
        "uint16": (counts.astype(np.uint16), {"chunks": one}),
        "float32": (counts.astype(np.float32), {"chunks": one}),
        "uint16, bitshuffle": (counts.astype(np.uint16), {"chunks": one, **hdf5plugin.Bitshuffle()}),
        "uint16, gzip 4": (counts.astype(np.uint16), {"chunks": one, "compression": 4, "shuffle": True}),
        "uint16, gzip 1, chunks 100×32×32": (counts.astype(np.uint16), {"chunks": (100, 32, 32), "compression": 1}),
    }
    paths = {}
    for number, (name, (data, how)) in enumerate(kinds.items()):
        paths[name] = folder / f"{number}.cxi"
        with h5py.File(paths[name], "w") as file:
            file.create_dataset("entry_1/data_1/data", data=data, **how)
            file["entry_1/data_1/mask"] = np.zeros((512, 512), np.uint32)
            file["entry_1/event_id"] = [f"run7-{i}" for i in range(FRAMES)]
    return paths


def reading(paths: dict[str, Path]) -> None:
    print("| 100 frames of 512×512 | open, ms | h5py `dataset[i]`, ms | `run.load(i)`, ms | ratio |")
    print("|---|---|---|---|---|")
    for name, path in paths.items():
        opening = statistics.median(cpu_ms(lambda path=path: open_run(path).close()) for _ in range(5))
        with h5py.File(path, "r") as file:
            dataset = file["entry_1/data_1/data"]
            bare = [cpu_ms(lambda i=i, dataset=dataset: dataset[i]) for i in range(FRAMES)]
        run = open_run(path)
        ours = [cpu_ms(lambda i=i, run=run: run.load(i)) for i in range(FRAMES)]
        run.close()
        floor, mine = statistics.mean(bare[1:]), statistics.mean(ours[1:])
        print(f"| {name} | {opening:.1f} | {floor:.2f} | {mine:.2f} | {mine / floor:.2g} |")


def scrubbing(path: Path) -> None:
    run = open_run(path)
    reads: list[int] = []
    load = run.load
    run.load = lambda index: (reads.append(index), load(index))[1]  # type: ignore[method-assign]
    shown: list[int] = []
    last = threading.Event()

    def deliver(index: int, picture: int) -> None:
        shown.append(index)
        if index == FRAMES - 1:
            last.set()

    server = FrameServer(run, lambda frame: frame.index, deliver, lambda index, error: None)
    for index in range(FRAMES):
        server.want(index, upcoming=[])
        time.sleep(0.0005)
    last.wait(30)
    server.close()
    run.close()
    print(f"| {FRAMES} | {len(reads)} | {len(shown)} | {len(set(reads) - set(shown))} |")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths = make(Path(folder))
        open_run(paths["uint16"]).close()  # imports
        print("## Reading\n")
        reading(paths)
        print("\n| frames asked for, one per 0.5 ms (gzip 4) | read | shown | read but superseded |")
        print("|---|---|---|---|")
        scrubbing(paths["uint16, gzip 4"])


if __name__ == "__main__":
    main()
