"""A file written at 10 frames a second is followed: does the writer notice? `python -m benchmarks.live [seconds]`.

One writer process appends 512×512 uint16 frames (bitshuffle-LZ4) in SWMR mode all the time and times itself. It is
alone for a third of the time, followed by the real window (newest frame shown) for a third, and alone again. Then it
is killed, and the file is opened once more. The delay of a frame is from the end of its flush to its being counted in
the window, and to its being on screen.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SECONDS = 45.0
RATE = 10.0

_WRITER = """
import json, sys, time
import h5py, hdf5plugin
import numpy as np

path, log, interval = sys.argv[1], open(sys.argv[2], "w", buffering=1), float(sys.argv[3])
rng = np.random.default_rng(1)
y, x = np.mgrid[:512, :512] - 255.5
some = rng.poisson(200.0 / (1.0 + (x**2 + y**2) / 400.0), (40, 512, 512)).astype(np.uint16)
file = h5py.File(path, "w", libver="latest")
frames = file.create_dataset("entry_1/data_1/data", (0, 512, 512), "u2", maxshape=(None, 512, 512),
                             chunks=(1, 512, 512), **hdf5plugin.Bitshuffle())
events = file.create_dataset("entry_1/event_id", (0,), "u8", maxshape=(None,), chunks=(1024,))
file.swmr_mode = True
index, due = 0, time.perf_counter()
while True:
    due += interval
    time.sleep(max(0.0, due - time.perf_counter()))
    begun = time.perf_counter()
    late = begun - due
    events.resize(index + 1, axis=0)
    events[index] = index
    frames.resize(index + 1, axis=0)
    frames[index] = some[index % len(some)]
    frames.flush()
    events.flush()
    took = time.perf_counter() - begun
    log.write(json.dumps([index, time.time(), took, late]) + "\\n")
    index += 1
"""


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    if not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as name:
        os.environ |= {"FRIEDEL_CONFIG": f"{name}/config", "FRIEDEL_DATA": f"{name}/data"}
        path, log = Path(name) / "live.h5", Path(name) / "log"
        writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(path), str(log), str(1 / RATE)])
        try:
            measure(path, log, writer, seconds / 3)
        finally:
            writer.kill()
            writer.wait()


def measure(path: Path, log: Path, writer: subprocess.Popen[bytes], third: float) -> None:
    from PyQt6.QtWidgets import QApplication

    from benchmarks.event_loop import HEADER, GapMeter, live, open_window, row
    from models.runs import open_run

    warm = Path(log).with_name("warm.npy")
    np.save(warm, np.ones((3, 64, 64), np.uint16))
    window = open_window(warm)  # so that what is compared is following, not loading libraries
    live(2)
    window.close_run()
    marks = [time.time()]
    live(third)
    marks.append(time.time())
    window.open_path(str(path))
    live(20, lambda: window.session is not None and window.session.live.growing)
    session = window.session
    counted: dict[int, float] = {}
    painted: dict[int, float] = {}
    first = len(session.run)

    def grew(before: int) -> None:
        now = time.time()
        counted.update((index, now) for index in range(before, len(session.run)))

    session.live.grew.connect(grew)
    session.frames.picture_ready.connect(lambda picture: painted.setdefault(picture.index, time.time()))
    window.actions_table.trigger("frame.follow")
    meter = GapMeter()
    meter.start()
    live(third)
    gaps = meter.stop()
    last = len(session.run)
    window.close_run()
    marks.append(time.time())
    live(third)
    marks.append(time.time())
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("]")]
    written = {int(index): at for index, at, _, _ in lines}
    begun = time.perf_counter()
    run = open_run(path)
    opened = 1e3 * (time.perf_counter() - begun)
    readable = sum(run.load(index).raw.max() > 0 for index in range(len(run)))
    kept = len(run)
    run.close()

    print(f"## A file written at {RATE:.0f} frames a second, followed\n")
    print("The writer's own times for a frame (extend, write, flush both datasets), ms:\n")
    print("| the writer is | frames | median | 90 % | 99 % | largest | begins late: median | 99 % |")
    print("|---|---|---|---|---|---|---|---|")
    for what, start, stop in zip(("alone", "followed", "alone again"), marks[:-1], marks[1:], strict=True):
        rows = np.array([(took, late) for _, at, took, late in lines if start <= at < stop]) * 1e3
        low, high, top = np.percentile(rows[:, 0], [50, 90, 99])
        begins = np.percentile(rows[:, 1], [50, 99])
        print(
            f"| {what} | {len(rows)} | {low:.2f} | {high:.2f} | {top:.2f} | {rows[:, 0].max():.1f} | {begins[0]:.2f} "
            f"| {begins[1]:.2f} |"
        )
    delays = np.array([at - written[index] for index, at in counted.items() if index in written])
    shown = np.array([at - written[index] for index, at in painted.items() if index in written and index >= first])
    print("\n| while it was followed | median, s | largest, s | frames |\n|---|---|---|---|")
    of = f"{len(delays)} of {last - first}"
    print(f"| from written to counted | {np.median(delays):.2f} | {delays.max():.2f} | {of} |")
    print(f"| from written to painted (newest) | {np.median(shown):.2f} | {shown.max():.2f} | {len(shown)} |")
    print(f"\nEvent loop meanwhile, ms:\n\n{HEADER}\n{row('following', gaps, '99 % ≤ 16, largest ≤ 50')}")
    print(
        f"\nKilled after {len(lines)} frames: opened again in {opened:.0f} ms with {kept} frames, {readable} of them "
        "readable and not empty."
    )
    window.close()
    QApplication.processEvents()


if __name__ == "__main__":
    main()
