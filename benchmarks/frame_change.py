"""CPU time of changing to another frame that is in memory, against the floor: `python -m benchmarks.frame_change`.

The floor is a widget that paints a ready indexed image of the same size, scaled, into the same window. Ours is all
that happens from the raw frame to the painted window: preparation (which the application does on its reader thread)
and the frame view with what it repaints. pyqtgraph's ImageView is given the same raw frames. Every change is painted
at once into a 900 × 800 window; values are process CPU time, the viewers taking turns.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pyqtgraph
from PyQt6.QtCore import QEvent
from PyQt6.QtGui import QImage, QPainter, QPaintEvent
from PyQt6.QtWidgets import QApplication, QWidget

from models.display import DisplaySettings, Scaling, colour_table, prepare
from models.runs.types import Frame, PixelFlag
from widgets.frame.images import qt_colours, shared_image
from widgets.frame_view import FrameView

SIDE = 512
WINDOW = (900, 800)


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

    changes: dict[str, Callable[[int], None]] = {"floor: a ready indexed QImage": show_floor}
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
    for window in windows:
        window.resize(*WINDOW)
        window.show()
    peer.setImage(frames[0].raw)
    application.processEvents()

    taken: dict[str, list[float]] = {name: [] for name in changes}
    for round_ in range(args.changes + 5):
        for name, change in changes.items():
            spent = cpu_ms(change, round_ % len(frames))
            application.processEvents()
            if round_ >= 5:
                taken[name].append(spent)
    base = statistics.median(taken["floor: a ready indexed QImage"])
    print("## Frame change, 512 × 512 uint16 in memory, 900 × 800 window\n")
    print("| viewer | CPU, ms (median) | 90 % | × floor |")
    print("|---|---:|---:|---:|")
    for name, values in taken.items():
        middle = statistics.median(values)
        print(f"| {name} | {middle:.2f} | {np.percentile(values, 90):.2f} | {middle / base:.2f} |")
    print("\nTarget: at most 2 × the floor, preparation on the reader thread included.")
    # pyqtgraph prints tracebacks while its widgets are taken down
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
