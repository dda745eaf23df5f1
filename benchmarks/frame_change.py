"""CPU time of changing to another frame that is in memory, against the floor: `python -m benchmarks.frame_change`.

The floor is a widget that paints a ready indexed image of the same size, scaled, into the same window. Ours is all
that happens from the raw frame to the painted window: preparation (which the application does on its reader thread)
and the frame view with what it repaints. pyqtgraph's ImageView is given the same raw frames. Every change is painted
at once into a 900 × 800 window; values are process CPU time, the viewers taking turns. For frames that are not in
memory the same is done from a bitshuffle-LZ4 file, beside h5py's bare read of the same frames.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import h5py
import hdf5plugin
import numpy as np
import pyqtgraph
from PyQt6.QtCore import QEvent
from PyQt6.QtGui import QImage, QPainter, QPaintEvent
from PyQt6.QtWidgets import QApplication, QWidget

from models.display import DisplaySettings, Scaling, colour_table, prepare
from models.runs import open_run
from models.runs.types import Frame, PixelFlag
from widgets.frame.images import qt_colours, shared_image
from widgets.frame_view import FrameView

SIDE = 512
WINDOW = (900, 800)
WARM_UP = 5
FLOOR = "floor: a ready indexed QImage"
RAW_READ = "h5py `dataset[i]`, bitshuffle-LZ4 (raw read)"
UNCACHED = "Friedel, auto levels, sqrt, read from the file"


class _Floor(QWidget):
    """Paints a ready indexed image over its whole area."""

    def __init__(self) -> None:
        super().__init__()
        self.image = QImage()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.drawImage(self.rect(), self.image)
        painter.end()


def make_frames(count: int, seed: int = 20240) -> list[Frame]:
    """Poisson frames of a diffraction-like falloff, with a gap and a beam stop."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2 + 0.5
    radius = np.hypot(y, x)
    flags = np.where(np.abs(y) < 6, np.uint8(PixelFlag.MISSING), np.uint8(0))
    flags[radius < 16] = PixelFlag.MASKED
    mean = 4000.0 / (1.0 + (radius / 12) ** 3)
    return [Frame(i, rng.poisson(mean * rng.uniform(0.3, 3)).astype(np.uint16), flags) for i in range(count)]


def write_run(path: Path, frames: list[Frame], count: int) -> Path:
    """A file of `count` frames, compressed as beamline detectors write them."""
    with h5py.File(path, "w") as file:
        shape = (count, SIDE, SIDE)
        data = file.create_dataset("data", shape, "u2", chunks=(1, SIDE, SIDE), **hdf5plugin.Bitshuffle())
        for place in range(count):
            data[place] = np.roll(frames[place % len(frames)].raw, place, axis=0)
    return path


def paint_now(window: QWidget) -> None:
    """Paint what needs painting at once, as the window system's next update would, and flush it."""
    QApplication.sendPostedEvents()
    QApplication.sendEvent(window, QEvent(QEvent.Type.UpdateRequest))


def cpu_ms(change: Callable[[int], None], place: int) -> float:
    before = time.process_time()
    change(place)
    return 1e3 * (time.process_time() - before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--changes", type=int, default=60, help="frame changes per viewer")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kept = measure(args.changes, Path(folder))
    sys.stdout.flush()
    # pyqtgraph prints tracebacks while its widgets are taken down: they are kept until the process is gone
    os._exit(0 if kept else 1)


def measure(n_changes: int, folder: Path) -> tuple[QApplication, list[QWidget]]:
    """Let the viewers take turns, and print the table; gives what must outlive it."""
    application = QApplication([])
    frames = make_frames(8)
    colours = qt_colours(colour_table("inferno"))
    ready = [prepare(frame, DisplaySettings()) for frame in frames]
    images = [shared_image(picture.indices) for picture in ready]
    for image in images:
        image.setColorTable(colours)

    floor = _Floor()

    def show_floor(place: int) -> None:
        floor.image = images[place]
        floor.update()
        paint_now(floor)

    changes: dict[str, Callable[[int], None]] = {FLOOR: show_floor}
    windows: list[QWidget] = [floor]

    def add_view(name: str, settings: DisplaySettings, *, extras: bool = False, prepared: bool = False) -> None:
        view = FrameView(settings)
        windows.append(view)
        view.show_picture(ready[0])
        if extras:
            rings = [(60.0 * n, f"{60 / n:.0f} nm") for n in range(1, 5)]
            view.set_rings(rings, (SIDE / 2, SIDE / 2))
            view.histogram_action.setChecked(True)

        def change(place: int) -> None:
            view.show_picture(ready[place] if prepared else prepare(frames[place], settings))
            paint_now(view)

        changes[name] = change

    fixed = DisplaySettings(levels=ready[0].levels)
    add_view("Friedel, prepared already (GUI thread's share)", fixed, prepared=True)
    add_view("Friedel, fixed levels, sqrt", fixed)
    add_view("Friedel, auto levels, sqrt", DisplaySettings())
    add_view("Friedel, auto levels, log", DisplaySettings(scaling=Scaling.LOG))
    add_view("Friedel, auto levels, rings and histogram shown", DisplaySettings(), extras=True)

    peer = pyqtgraph.ImageView()
    windows.append(peer)

    def show_peer(place: int) -> None:
        peer.setImage(frames[place].raw, autoRange=False, autoLevels=False, autoHistogramRange=False)
        paint_now(peer)

    def show_peer_defaults(place: int) -> None:
        peer.setImage(frames[place].raw)
        paint_now(peer)

    changes["pyqtgraph ImageView, linear, range and levels kept"] = show_peer
    changes["pyqtgraph ImageView, linear, as it comes"] = show_peer_defaults
    path = write_run(folder / "run.h5", frames, n_changes + WARM_UP)
    dataset = h5py.File(path, "r", locking=False)["data"]
    run = open_run(path)
    view = FrameView(DisplaySettings())
    windows.append(view)
    view.show_picture(ready[0])

    def show_unread(place: int) -> None:
        view.show_picture(prepare(run.load(place), DisplaySettings()))
        paint_now(view)

    from_file = {RAW_READ: lambda place: dataset[place], UNCACHED: show_unread}
    for window in windows:
        window.resize(*WINDOW)
        window.show()
    peer.setImage(frames[0].raw)
    application.processEvents()

    taken: dict[str, list[float]] = {name: [] for name in (*changes, *from_file)}
    for round_ in range(n_changes + WARM_UP):
        for name, change in (changes | from_file).items():
            spent = cpu_ms(change, round_ if name in from_file else round_ % len(frames))
            application.processEvents()
            if round_ >= WARM_UP:
                taken[name].append(spent)
    base = statistics.median(taken[FLOOR])
    print("## Frame change, 512 × 512 uint16 in memory, 900 × 800 window\n")
    print("| viewer | CPU, ms (median) | 90 % | × floor |")
    print("|---|---:|---:|---:|")
    for name, values in taken.items():
        middle = statistics.median(values)
        print(f"| {name} | {middle:.2f} | {np.percentile(values, 90):.2f} | {middle / base:.2f} |")
    print("\nTarget: at most 2 × the floor, preparation on the reader thread included.")
    limit = 2 * base + statistics.median(taken[RAW_READ])
    print(f"Read from the file: at most 2 × the floor and the raw read, here {limit:.2f} ms.")
    return application, windows


if __name__ == "__main__":
    main()
