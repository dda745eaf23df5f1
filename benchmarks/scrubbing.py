"""Holding → down: does the event loop stay free while frames are read that no cache has?

`python -m benchmarks.scrubbing`: a run of 512×512 uint16 frames in the real window, bitshuffled and plain, stepped
through 200 frames at a keyboard's repeat rate and as fast as it goes. Every frame is new to the reader.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np

SIDE = 512
FRAMES = 700
STEPS = 200
REPEAT_MS = 33
LIMIT_MS = 50


def make_run(path: Path, compressed: bool) -> Path:
    """A CXI file of Poisson frames, one frame a chunk."""
    import h5py
    import hdf5plugin

    rng = np.random.default_rng(2)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    shape = 200.0 / (1.0 + (x**2 + y**2) / 400.0)
    some = rng.poisson(shape, (50, SIDE, SIDE)).astype(np.uint16)
    with h5py.File(path, "w") as file:
        file["cxi_version"] = 160
        filters = dict(hdf5plugin.Bitshuffle(cname="lz4")) if compressed else {}
        data = file.create_dataset(
            "entry_1/data_1/data", (FRAMES, SIDE, SIDE), np.uint16, chunks=(1, SIDE, SIDE), **filters
        )
        for index in range(FRAMES):
            data[index] = some[index % len(some)]
    return path


def main() -> None:
    if not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from benchmarks.event_loop import HEADER

    with tempfile.TemporaryDirectory() as name:
        os.environ |= {"FRIEDEL_CONFIG": f"{name}/config", "FRIEDEL_DATA": f"{name}/data"}
        print(f"## Scrubbing {STEPS} frames of {SIDE}×{SIDE} uint16 that were never read before\n")
        print("Gaps of the event loop (a 1 ms timer), in ms:\n")
        print(HEADER)
        notes = []
        for what, compressed in (("plain", False), ("bitshuffle-lz4", True)):
            notes += measure(make_run(Path(name) / f"{what}.cxi", compressed), what)
        print()
        for note in notes:
            print(note)


def measure(run: Path, what: str) -> list[str]:
    from PyQt6.QtCore import QTimer
    from PyQt6.QtWidgets import QApplication

    from app.tour.hands import press
    from benchmarks.event_loop import GapMeter, live, open_window, row

    window = open_window(run)
    live(1.5)
    session = window.session
    shown: set[int] = set()
    session.frames.picture_ready.connect(lambda picture: shown.add(picture.index))
    meter = GapMeter()
    notes = []
    for pace, interval in (("at keyboard repeat", REPEAT_MS), ("as fast as it goes", 0)):
        shown.clear()
        left = [STEPS]
        hand = QTimer()
        hand.setInterval(interval)

        def step(left: list[int] = left, hand: QTimer = hand) -> None:
            press(window, "Right")
            left[0] -= 1
            if left[0] == 0:
                hand.stop()

        hand.timeout.connect(step)
        cpu, begun = time.process_time(), time.perf_counter()
        meter.start()
        hand.start()
        live(60, lambda left=left: left[0] <= 0 and not session.frames.waiting)
        gaps = meter.stop()
        took, cpu = time.perf_counter() - begun, time.process_time() - cpu
        print(row(f"{what}, {pace}", gaps, f"largest ≤ {LIMIT_MS}"))
        notes.append(
            f"- {what}, {pace}: {len(shown)} of {STEPS} frames were painted in {took:.1f} s "
            f"({1000 * cpu / STEPS:.1f} ms of CPU a step, all threads)."
        )
    window.close()
    window.deleteLater()
    QApplication.processEvents()
    return notes


if __name__ == "__main__":
    main()
