"""The map at 10^5 and 10^6 points: CPU time of what a hand on the mouse asks for, beside pyqtgraph's ScatterPlotItem.

Run with `python -m benchmarks.map_view`. Every figure is the median CPU time of one change *and* the paint it causes,
on a screenless window of 800×800.
"""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QPointF
from PyQt6.QtWidgets import QApplication, QWidget

from widgets import theme
from widgets.map_view import Category, MapView, by_category

SIDE = 800
CLASSES = 6
TARGETS_MS = {"pan": 33.0, "recolour": 33.0, "lasso": 50.0, "hover": 5.0}
NAMES = ("set", "pan", "zoom", "recolour", "lasso", "hover")


def cloud(count: int, seed: int = 1) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """`count` points in six overlapping groups, and the group of each."""
    random = np.random.default_rng(seed)
    codes = random.integers(0, CLASSES, count)
    angle = codes * (2 * math.pi / CLASSES)
    centres = 2.5 * np.column_stack([np.cos(angle), np.sin(angle)])
    return (centres + random.normal(size=(count, 2))).astype(np.float32), codes


def cpu_ms(work: Callable[[int], None], repeats: int) -> float:
    """Median CPU time of `work(i)`, after one call that is not counted."""
    work(0)
    times = []
    for turn in range(1, repeats + 1):
        start = time.process_time()
        work(turn)
        times.append(1e3 * (time.process_time() - start))
    return statistics.median(times)


def painted(application: QApplication, widget: QWidget) -> None:
    """Have the widget paint what has changed, now."""
    widget.repaint()
    application.processEvents()


def measure_map(application: QApplication, count: int, repeats: int) -> dict[str, float]:
    """CPU milliseconds of our map, by name."""
    xy, codes = cloud(count)
    styles = [theme.default_style(place, f"class {place + 1}") for place in range(CLASSES)]
    categories = [Category(style.name, style.colour, style.marker) for style in styles]
    view = MapView()
    view.resize(SIDE, SIDE + 40)
    view.show()
    view.set_points(xy)
    labelled = np.zeros(count, bool)
    labelled[:: max(1, count // 200)] = True
    view.set_colouring(by_category(codes, categories))
    view.set_labelled(labelled)
    canvas = view.canvas()
    painted(application, canvas)

    def put(_turn: int) -> None:
        view.set_points(xy)
        painted(application, canvas)

    def pan(turn: int) -> None:
        canvas.pan(4 if turn % 2 else -4, 3 if turn % 2 else -3)
        painted(application, canvas)

    def zoom(turn: int) -> None:
        canvas.zoom(1.2 if turn % 2 else 1 / 1.2)
        painted(application, canvas)

    def recolour(turn: int) -> None:
        view.set_colouring(by_category((codes + turn) % CLASSES, categories))
        painted(application, canvas)

    ring = [
        QPointF(
            SIDE * (0.5 + 0.3 * math.cos(0.01 * math.pi * step)), SIDE * (0.5 + 0.3 * math.sin(0.01 * math.pi * step))
        )
        for step in range(200)
    ]

    def lasso(_turn: int) -> None:
        canvas.select_inside(ring)
        painted(application, canvas)

    def hover(turn: int) -> None:
        canvas.frame_under(QPointF(300 + turn % 200, 300 + turn % 170))

    steps = dict(zip(NAMES, (put, pan, zoom, recolour, lasso, hover), strict=True))
    result = {}
    for name, step in steps.items():
        if name == "hover":
            view.set_selection(None)
            painted(application, canvas)
        result[name] = cpu_ms(step, repeats)
    view.close()
    return result


def measure_scatter(application: QApplication, count: int, repeats: int) -> dict[str, float]:
    """The same of pyqtgraph's ScatterPlotItem with one brush per class, which has no lasso."""
    import pyqtgraph as pg

    xy, codes = cloud(count)
    brushes = np.array([pg.mkBrush(theme.CLASS_COLOURS[place]) for place in range(CLASSES)])
    widget = pg.PlotWidget()
    widget.resize(SIDE, SIDE)
    item = pg.ScatterPlotItem(size=2, pen=None, pxMode=True)
    widget.addItem(item)
    widget.show()
    box = widget.getPlotItem().getViewBox()
    item.setData(pos=xy, brush=brushes[codes])
    painted(application, widget.viewport())

    def put(_turn: int) -> None:
        item.setData(pos=xy, brush=brushes[codes])
        painted(application, widget.viewport())

    def pan(turn: int) -> None:
        box.translateBy(x=0.02 if turn % 2 else -0.02, y=0.015 if turn % 2 else -0.015)
        painted(application, widget.viewport())

    def zoom(turn: int) -> None:
        box.scaleBy(s=(0.83, 0.83) if turn % 2 else (1.2, 1.2))
        painted(application, widget.viewport())

    def recolour(turn: int) -> None:
        item.setBrush(brushes[(codes + turn) % CLASSES])
        painted(application, widget.viewport())

    def hover(turn: int) -> None:
        item.pointsAt(pg.Point(0.01 * (turn % 20), 0.2))

    steps = {"set": put, "pan": pan, "zoom": zoom, "recolour": recolour, "hover": hover}
    result = {name: cpu_ms(step, repeats) for name, step in steps.items()}
    widget.close()
    return result


def main() -> None:
    """Measure, and print a table."""
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    theme.apply_theme(application, "light")
    small = measure_map(application, 100_000, 15)
    large = measure_map(application, 1_000_000, 9)
    peer = measure_scatter(application, 100_000, 5)
    print(f"## Map, {SIDE}×{SIDE} px\n\n{CLASSES} classes, 200 labelled; CPU ms per change and paint, median.\n")
    print("| step | 10^5 | 10^6 | target at 10^6 | ScatterPlotItem at 10^5 | ratio at 10^5 |")
    print("|---|---|---|---|---|---|")
    for name in NAMES:
        target = f"≤ {TARGETS_MS[name]:.0f}" if name in TARGETS_MS else ""
        other, ratio = ("", "") if name not in peer else (f"{peer[name]:.1f}", f"{peer[name] / small[name]:.0f}×")
        print(f"| {name} | {small[name]:.1f} | {large[name]:.1f} | {target} | {other} | {ratio} |")
    met = all(large[name] <= target for name, target in TARGETS_MS.items())
    print(f"\nTargets at 10^6 points {'met' if met else 'MISSED'}.")


if __name__ == "__main__":
    main()
