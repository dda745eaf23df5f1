"""Runs of a million frames, of slow chunks and of large frames: `python -m benchmarks.run_scale [part …]`.

Parts: `opening` and `frames` (a process without a window), `scrubbing` (the real window); all of them by default.
`--folder` keeps the files between runs. The floor of a frame is `dataset[i]` of h5py alone, of the same frames in the
same process, one after the other. Everything is in the page cache.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

MILLION = 1_000_000
SIDE = 128
RANDOM = 300
REPEATS = 7
STEPS = 200
JUMPS = 60
REPEAT_MS = 33
JUMP_MS = 150
LARGEST_CHUNK_CACHE = 256 * 2**20


# -- files -----------------------------------------------------------------------------------------------------------


def some_frames(count: int, side: int) -> np.ndarray:
    rng = np.random.default_rng(2)
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return rng.poisson(50.0 / (1.0 + (x**2 + y**2) / (side / 2)), (count, side, side)).astype(np.uint16)


def make_virtual(folder: Path, side: int = SIDE) -> Path:
    """10⁶ frames drawn by a thousand mappings from files of a thousand frames, with identifiers and three columns."""
    import h5py

    path = folder / f"million{side}.h5"
    if path.exists():
        return path
    block, files = 1000, 10 * SIDE**2 // side**2
    for number in range(files):
        with h5py.File(folder / f"part{side}_{number}.h5", "w") as file:
            file.create_dataset("data", data=some_frames(block, side), chunks=(1, side, side))
    layout = h5py.VirtualLayout((MILLION, side, side), np.uint16)
    for start in range(0, MILLION, block):
        name = f"part{side}_{start // block % files}.h5"
        layout[start : start + block] = h5py.VirtualSource(name, "data", (block, side, side))
    trains = 10_000_000 + np.arange(MILLION) // 100
    with h5py.File(path, "w", libver="latest") as file:
        file.create_virtual_dataset("entry_1/data_1/data", layout)
        file["entry_1/trainId"] = trains.astype(np.uint64)
        file["entry_1/pulseId"] = (np.arange(MILLION) % 100 * 8).astype(np.uint64)
        file["entry_1/pulse_energy_mJ"] = np.random.default_rng(3).normal(2.0, 0.2, MILLION)
        file["entry_1/hit_score"] = np.random.default_rng(4).random(MILLION).astype(np.float32)
    return path


def make_slow(folder: Path) -> Path:
    """3000 frames of 256², in chunks of (1000, 16, 16): every frame touches 256 chunks of a thousand frames."""
    import h5py

    path = folder / "slow.h5"
    if path.exists():
        return path
    frames = some_frames(500, 256)
    with h5py.File(path, "w") as file:
        data = file.create_dataset(
            "entry_1/data_1/data", (3000, 256, 256), np.uint16, chunks=(1000, 16, 16), compression=1, shuffle=True
        )
        for start in range(0, 3000, 1000):
            data[start : start + 1000] = np.concatenate([frames, frames[::-1]])
    return path


def make_large(folder: Path) -> Path:
    """400 frames of 1024², bitshuffled and LZ4-compressed, one frame a chunk."""
    import h5py
    import hdf5plugin

    path = folder / "large.h5"
    if path.exists():
        return path
    frames = some_frames(20, 1024)
    with h5py.File(path, "w") as file:
        data = file.create_dataset(
            "entry_1/data_1/data", (400, 1024, 1024), np.uint16, chunks=(1, 1024, 1024), **hdf5plugin.Bitshuffle()
        )
        for index in range(400):
            data[index] = frames[index % len(frames)]
    return path


KINDS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "virtual": ("10⁶ virtual frames of 128²", make_virtual),
    "virtual256": ("10⁶ virtual frames of 256²", lambda folder: make_virtual(folder, 256)),
    "slow": ("3000 frames of 256², chunks (1000, 16, 16)", make_slow),
    "large": ("400 frames of 1024², bitshuffle-LZ4", make_large),
}


# -- opening ---------------------------------------------------------------------------------------------------------


def resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def milliseconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - begun)


def opening(folder: Path) -> None:
    from app.opening import open_all, the_prober
    from models.runs import open_run

    path = make_virtual(folder)
    small = folder / "small.npy"
    np.save(small, np.ones((3, 16, 16)))
    open_all(small, None, "bench").close()  # imports
    open_run(make_large(folder)).close()
    the_prober().warm()
    before = resident_mib()
    kept: list[Any] = []
    first = milliseconds(lambda: kept.append(open_all(path, None, "bench")))
    opened = kept.pop()
    after_opening = resident_mib()
    frame = milliseconds(lambda: opened.run.load(MILLION // 3))
    after_frame = resident_mib()
    opened.close()
    runs, windows, frames = [], [], []
    for turn in range(REPEATS):
        runs.append(milliseconds(lambda: kept.append(open_run(path))))
        run = kept.pop()
        frames.append(milliseconds(lambda run=run, turn=turn: run.load(7919 * turn)))
        run.close()
        windows.append(milliseconds(lambda: kept.append(open_all(path, None, "bench"))))
        kept.pop().close()
    print("| opening 10⁶ virtual frames | wall-clock time, ms | slowest | limit |\n|---|---|---|---|")
    for what, values, limit in (
        ("`open_run`", runs, "200"),
        ("its first frame", [frame, *frames], "100"),
        ("the window's opening (columns, identifiers, labels), opened before", windows, "200"),
        ("the same for the first time: tried out in another process before", [first], ""),
    ):
        print(f"| {what} | {statistics.median(values):.0f} | {max(values):.0f} | {limit} |")
    print(
        f"\nMemory added (resident): {after_opening - before:.0f} MiB by opening, "
        f"{after_frame - after_opening:.0f} MiB by the first frame (limit: 300 MB). The process that tries files out "
        f"is the same for all files: {child_mib(the_prober()._process.pid):.0f} MiB.\n"
    )
    the_prober().close()


def child_mib(pid: int | None) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


# -- frames ----------------------------------------------------------------------------------------------------------


def frames(folder: Path) -> None:
    import h5py

    from models.runs import open_run

    print("| random frames, ms (median of 300) | h5py `dataset[i]` | `run.load(i)` | ratio | limit |")
    print("|---|---|---|---|---|")
    notes = []
    for kind, (title, make) in KINDS.items():
        path, slow = make(folder), kind == "slow"
        run = open_run(path)
        # Within a group of slow chunks these stay unpacked; from group to group they do not.
        order = np.random.default_rng(5).integers(0, len(run), RANDOM)
        order = np.sort(order) if slow else order
        how = {"rdcc_nbytes": LARGEST_CHUNK_CACHE, "rdcc_nslots": 100_003} if slow else {}
        with h5py.File(path, "r", locking=False, **how) as file:
            bare, ours = by_turns(order.tolist(), file["entry_1/data_1/data"].__getitem__, run.load)
        run.close()
        floor, mine = statistics.median(bare), statistics.median(ours)
        note = ", in order; h5py with the same chunk cache" if slow else ""
        print(f"| {title}{note} | {floor:.3f} | {mine:.3f} | {mine / floor:.2f} | 1.5 |")
        if slow:
            with h5py.File(path, "r", locking=False) as file:
                data = file["entry_1/data_1/data"]
                default = [milliseconds(lambda i=i, data=data: data[i]) for i in range(3)]
            notes.append(
                f"- Slow chunks, the first frame of a group: {max(bare):.0f} ms, ours {max(ours):.0f} ms. h5py as it "
                f"comes: {statistics.median(default):.0f} ms for every frame."
            )
    print("", *notes, "", sep="\n")


def by_turns(
    order: list[int], bare: Callable[[int], object], ours: Callable[[int], object]
) -> tuple[list[float], list[float]]:
    """Times of both for each frame; who comes first changes, so that neither always finds the other's pages."""
    times: tuple[list[float], list[float]] = ([], [])
    for turn, index in enumerate(order):
        pair = [(times[0], bare), (times[1], ours)]
        for into, read in pair if turn % 2 else reversed(pair):
            into.append(milliseconds(partial(read, index)))
    return times


# -- scrubbing -------------------------------------------------------------------------------------------------------


def scrubbing(folder: Path) -> None:
    from benchmarks.event_loop import HEADER

    print("Gaps of the event loop (a 1 ms timer) while frames are walked that were never read before, in ms:\n")
    print(HEADER)
    notes = []
    for kind, (title, make) in KINDS.items():
        if kind == "virtual256":
            continue
        notes += scrub(make(folder), title, across=kind == "slow")
    print()
    for note in notes:
        print(note)


def scrub(path: Path, title: str, across: bool) -> list[str]:
    from PyQt6.QtCore import QTimer
    from PyQt6.QtWidgets import QApplication

    from app.tour.hands import press
    from benchmarks.event_loop import GapMeter, live, open_window, row

    window = open_window(path)
    live(1.5)
    session = window.session
    shown: set[int] = set()
    session.frames.picture_ready.connect(lambda picture: shown.add(picture.index))
    chance = np.random.default_rng(6)
    meter = GapMeter()
    notes = []

    def jump() -> None:
        session.browser.go_to(int(chance.integers(0, len(session.run))))

    for what, count, interval, move in (
        ("→ held down", STEPS, REPEAT_MS, lambda: press(window, "Right")),
        ("jumping about", 12 if across else JUMPS, 500 if across else JUMP_MS, jump),
    ):
        shown.clear()
        left = [count]
        hand = QTimer()
        hand.setInterval(interval)

        def step(left: list[int] = left, hand: QTimer = hand, move: Callable[[], None] = move) -> None:
            move()
            left[0] -= 1
            if left[0] == 0:
                hand.stop()

        hand.timeout.connect(step)
        meter.start()
        hand.start()
        live(30, lambda left=left: left[0] <= 0 and not session.frames.waiting)
        gaps = meter.stop()
        print(row(f"{title}, {what}", gaps, "99 % ≤ 16, largest ≤ 50"), flush=True)
        notes.append(f"- {title}, {what}: {len(shown)} of {count} frames were painted.")
    window.close()
    window.deleteLater()
    QApplication.processEvents()
    return notes


PARTS = {"opening": opening, "frames": frames, "scrubbing": scrubbing}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, "files"], default=list(PARTS))
    parser.add_argument("--folder", type=Path, help="where the files are made, and found the next time")
    given = parser.parse_args()
    if not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as name:
        os.environ |= {"FRIEDEL_CONFIG": f"{name}/config", "FRIEDEL_DATA": f"{name}/data"}
        folder = given.folder or Path(name)
        folder.mkdir(exist_ok=True)
        print("## Runs of a million frames, slow chunks, large frames\n")
        for part in given.parts:
            if part == "files":
                for _, make in KINDS.values():
                    make(folder)
            else:
                PARTS[part](folder)


if __name__ == "__main__":
    main()
