"""The window while a long job runs: gaps of the event loop, and how fast a label is seen and on disk.

`python -m benchmarks.responsiveness [frames] [seconds]`: opens a run of 10 000 frames in the real window, lets it be
embedded by the worker process, and meanwhile walks and labels at a person's pace. The floor of the gaps is the same
measurement in the same process with nothing going on; the floor of a label on its way to the disk is a bare append
and fsync to the same disk, done right after each label is saved, so that the disk's moods are in both.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SIDE = 128
FRAMES = 10_000
SECONDS = 60.0
STEP_EVERY_MS = 120
LABEL_EVERY = 3
"""every so many steps a label is given"""
LABELS_ALONE = 50
"""labels given before the job starts, so that a median means something"""
LINE_BYTES = 200
"""about the length of a label's line in the journal"""


def make_run(path: Path, frames: int) -> Path:
    """Poisson frames with a bright centre, as NPY."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    shape = 50.0 / (1.0 + (x**2 + y**2) / 30.0)
    some = rng.poisson(shape, (200, SIDE, SIDE)).astype(np.uint16)
    data = np.lib.format.open_memmap(path, "w+", np.uint16, (frames, SIDE, SIDE))
    for start in range(0, frames, len(some)):
        data[start : start + len(some)] = some[: min(len(some), frames - start)]
    data.flush()
    return path


def machine_floor(seconds: float = 10.0) -> tuple[np.ndarray, float]:
    """What the machine does to any loop: gaps in ms of a bare one that works for 3 ms a turn beside one busy, nice
    process, and the share of the processor in per cent that other guests of the host took meanwhile."""
    busy = subprocess.Popen(["nice", "-n", "15", sys.executable, "-c", "while True: pass"])
    before = stolen()
    gaps, last = [], time.perf_counter()
    end = last + seconds
    while last < end:
        time.sleep(0.001)
        begun = time.thread_time()
        while time.thread_time() - begun < 0.003:
            pass
        now = time.perf_counter()
        gaps.append(1000.0 * (now - last))
        last = now
    after = stolen()
    busy.kill()
    busy.wait()
    return np.array(gaps), 100.0 * (after[0] - before[0]) / max(1, after[1] - before[1])


def stolen() -> tuple[int, int]:
    """Ticks the host gave to other guests, and all ticks (Linux, proc(5))."""
    try:
        ticks = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    except OSError:
        return 0, 0
    return ticks[7], sum(ticks)


def main() -> None:
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else FRAMES
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else SECONDS
    if not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ |= {"FRIEDEL_CONFIG": f"{name}/config", "FRIEDEL_DATA": f"{name}/data"}
        measure(make_run(folder / "long.npy", frames), seconds)


def measure(run: Path, seconds: float) -> None:
    from PyQt6.QtCore import QTimer
    from PyQt6.QtWidgets import QApplication

    from app.tour.hands import press
    from benchmarks.event_loop import HEADER, GapMeter, live, open_window, row
    from models.errors import NotSaved

    floor, steal = machine_floor()
    window = open_window(run)
    live(1)
    session = window.session
    meter = GapMeter()

    saved: list[float] = []
    bare: list[float] = []
    pressed_at: list[float] = []
    beside = (run.parent / "bare").open("ab", buffering=0)

    def on_saved(outcome: object) -> None:
        """In the thread that writes the journal."""
        if not isinstance(outcome, NotSaved) and pressed_at:
            saved.append(1000.0 * (outcome.at - pressed_at[-1]))
            begun = time.perf_counter()
            beside.write(b"x" * LINE_BYTES)
            os.fsync(beside.fileno())
            bare.append(1000.0 * (time.perf_counter() - begun))

    session.workspace.on_saved(on_saved)
    seen: list[float] = []
    seen_cpu: list[float] = []
    steps = [0]

    def step() -> None:
        """Walk on; now and then give a label, and see how long until it is painted."""
        steps[0] += 1
        if steps[0] % LABEL_EVERY:
            press(window, "Right")
            return
        begun, cpu = time.perf_counter(), time.thread_time()
        pressed_at.append(time.time())
        press(window, str(1 + steps[0] // LABEL_EVERY % 2))
        window.panes.filmstrip.repaint()
        window.panes.frame_page.header.repaint()
        seen.append(1000.0 * (time.perf_counter() - begun))
        seen_cpu.append(1000.0 * (time.thread_time() - cpu))

    hand = QTimer()
    hand.setInterval(STEP_EVERY_MS)
    hand.timeout.connect(step)

    def phase(length: float, busy: bool, until=lambda: False) -> np.ndarray:
        if busy:
            hand.start()
        meter.start()
        live(length, until)
        gaps = meter.stop()
        hand.stop()
        return gaps

    idle = phase(5.0, False)
    alone = phase(seconds, True, lambda: len(saved) >= LABELS_ALONE)
    seen_alone, saved_alone, bare_alone = list(seen), list(saved), list(bare)
    for values in (seen, saved, bare):
        values.clear()
    session.embedding.start()
    started = time.perf_counter()
    during = phase(seconds, True, lambda: session.embedding.state == "ready")
    took = time.perf_counter() - started
    progress = window.jobs.records()[-1].progress
    judged = session.classifier.verdicts is not None

    print(f"## The window while {len(session.run):,} frames of {SIDE}×{SIDE} are embedded\n".replace(",", "\u202f"))
    print("Gaps of the event loop (a 1 ms timer), in ms:\n")
    print(HEADER)
    print(row("nothing going on (floor)", idle))
    p50, p99, worst = np.percentile(floor, [50, 99, 100])
    told = "no window: a bare loop, 3 ms of work a turn, beside a busy process (floor)"
    print(f"| {told} | {p50:.1f} | {p99:.1f} | {worst:.1f} | 3.0 | 3.0 | {len(floor)} |  |")
    print(row("walking and labelling", alone))
    print(row("walking and labelling while the job runs", during, "99 % ≤ 16, largest ≤ 50"))
    print()
    print("| label | median ms | 99 % ms | samples | limit |")
    print("|---|---|---|---|---|")
    for what, values, limit in (
        ("key to screen, no job", seen_alone, "16"),
        ("key to screen, during the job", seen, "16"),
        ("of which CPU of the GUI thread", seen_cpu, ""),
        ("key to disk (fsync), no job", saved_alone, "5 (median)"),
        ("bare append and fsync at the same moments (floor)", bare_alone, ""),
        ("key to disk (fsync), during the job", saved, "5 (median)"),
        ("bare append and fsync at the same moments (floor)", bare, ""),
    ):
        p50, p99 = np.percentile(values, [50, 99])
        print(f"| {what} | {p50:.1f} | {p99:.1f} | {len(values)} | {limit} |")
    print(f"\nThe host gave {steal:.1f} % of the processor to other guests while the bare loop ran.")
    ratios = [np.median(label) / np.median(floor) for label, floor in ((saved_alone, bare_alone), (saved, bare))]
    print(f"\nKey to disk / floor (medians): {ratios[0]:.1f} without, {ratios[1]:.1f} with the job.")
    done = "all" if session.embedding.state == "ready" else f"{progress.done if progress else 0}"
    print(
        f"\nThe job embedded {done} of the frames in {took:.0f} s; verdicts during it: {'yes' if judged else 'no'}."
    )
    window.close()
    QApplication.processEvents()
    beside.close()


if __name__ == "__main__":
    main()
