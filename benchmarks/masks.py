"""Masks: drawing on 4 megapixels, and whether hot and dead pixels are found: `python -m benchmarks.masks`.

Drawing is timed from the mouse's move to the end of painting, in a window without a screen; the floor is the same
move with nothing drawn (the cursor's pixel is read out). Hot and dead pixels are put into simulated runs whose
scattering falls off steeply, has rings and speckles and a beam stop; what is found elsewhere is a false alarm.
"""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import time

import numpy as np
from PyQt6.QtCore import QEvent, QPointF, Qt
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtWidgets import QApplication

from app.detector.mask_editing import MaskEditor
from models.display import DisplaySettings, prepare
from models.masking.drawing import MaskDrawing
from models.masking.hot_dead import find_hot_dead
from models.masking.raster import rasterise
from models.masking.settings import MaskShape
from models.progress import drain
from models.runs.types import Frame
from models.statistics.types import PixelStatistics
from widgets.frame.mask_overlay import MaskOverlay
from widgets.frame.mask_tools import Tool
from widgets.frame_view import FrameView

SIDE, MOVES = 2048, 200
RUN_SIDE, FRAMES, BAD = 256, 400, 100


def send(overlay: MaskOverlay, kind: QEvent.Type, at: QPointF, held: bool) -> None:
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    button = none if kind == QEvent.Type.MouseMove else left
    event = QMouseEvent(
        kind, at, QPointF(overlay.mapToGlobal(at)), button, left if held else none, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(overlay, event)
    QApplication.processEvents()


def moves(overlay: MaskOverlay, held: bool) -> tuple[float, float, float]:
    """Median, 99 % and longest time in milliseconds of moves along a wave."""
    times = []
    for n in range(MOVES):
        at = QPointF(150 + 3 * n, 400 + 200 * np.sin(n / 12))
        began = time.perf_counter()
        send(overlay, QEvent.Type.MouseMove, at, held)
        times.append(1e3 * (time.perf_counter() - began))
    return float(np.median(times)), float(np.percentile(times, 99)), max(times)


def drawing() -> None:
    view = FrameView()
    view.resize(1000, 1100)
    view.show()
    rng = np.random.default_rng(0)
    frame = Frame(0, rng.poisson(3, (SIDE, SIDE)).astype(np.uint16), np.zeros((SIDE, SIDE), np.uint8))
    view.show_picture(prepare(frame, DisplaySettings()))
    QApplication.processEvents()
    overlay = MaskOverlay(view.canvas)
    overlay.show()
    editor = MaskEditor(overlay)
    editor.set_drawing(MaskDrawing((SIDE, SIDE)))
    overlay.set_file_mask(rng.random((SIDE, SIDE)) < 0.05)
    overlay.set_drawing(True)
    print("| frame pixels per screen pixel | brush | median | 99 % | longest | end of the stroke | one undo |")
    print("|---|---|---|---|---|---|---|")
    for zoom in (1.0, 4.0, 10.0):
        view.fit()
        view.zoom(zoom)
        view.show_picture(prepare(frame, view.settings))
        QApplication.processEvents()
        shown = f"{1 / view.canvas.viewport.scale:.2f}"
        overlay.set_tool(Tool.SELECT)
        print(f"| {shown} | none | {_cells(moves(overlay, False))} | | |")
        overlay.set_tool(Tool.BRUSH)
        for size in (9, 60, 300):
            overlay.set_brush(size)
            send(overlay, QEvent.Type.MouseButtonPress, QPointF(150, 400), True)
            found = moves(overlay, True)
            began = time.perf_counter()
            send(overlay, QEvent.Type.MouseButtonRelease, QPointF(600, 400), False)
            end = 1e3 * (time.perf_counter() - began)
            began = time.perf_counter()
            editor.undo()
            QApplication.processEvents()
            undo = 1e3 * (time.perf_counter() - began)
            print(f"| {shown} | {size} px | {_cells(found)} | {end:.1f} | {undo:.1f} |")
    shapes = [MaskShape("brush", points=tuple(rng.uniform(0, SIDE, 40).tolist()), size_px=25.0) for _ in range(100)]
    began = time.perf_counter()
    rasterise(shapes, (SIDE, SIDE))
    took = time.perf_counter() - began
    editor.set_drawing(None)
    view.close()
    view.deleteLater()
    QApplication.processEvents()
    print(f"\nA mask of 100 strokes of 20 points, made anew from its steps: {took:.2f} s.\n")


def _cells(times: tuple[float, float, float]) -> str:
    return " | ".join(f"{ms:.1f}" for ms in times)


def scattering(peak: float) -> np.ndarray:
    """(H, W) mean photons for one frame."""
    y, x = np.mgrid[:RUN_SIDE, :RUN_SIDE] - (RUN_SIDE - 1) / 2
    radius = np.hypot(y, x)
    rings = peak * np.cos(radius / 8) ** 2 / (1 + (radius / 24) ** 4) ** 0.5
    speckle = 0.5 + 0.5 * np.sin(y / 2.5) * np.sin(x / 3.1)
    return np.where(radius < 14, 0.0, rings * speckle + 1e-3 * peak)


def hot_and_dead() -> None:
    print("| brightest mean, photons | hot found | dead found, of those due ≥ 40 photons | false alarms, of pixels |")
    print("|---|---|---|---|")
    for peak in (0.03, 0.3, 3.0, 30.0, 300.0):
        rng = np.random.default_rng(1)
        usual = scattering(peak)
        pulses = rng.gamma(4, 0.25, FRAMES)
        frames = rng.poisson(pulses[:, None, None] * usual).astype(np.float32)
        places = rng.permutation(np.argwhere(usual > 0.02 * peak))[: 2 * BAD]
        hot, dead = places[:BAD], places[BAD:]
        extra = 4 * usual[hot[:, 0], hot[:, 1]] + 0.5
        frames[:, hot[:, 0], hot[:, 1]] += rng.poisson(extra, (FRAMES, BAD))
        frames[:, dead[:, 0], dead[:, 1]] = 0
        lit = (frames > 0.5).mean(axis=0)
        count = np.full(usual.shape, FRAMES)
        statistics = PixelStatistics(
            FRAMES, frames.mean(axis=0), frames.var(axis=0), frames.max(axis=0), lit.astype(np.float32), count
        )
        found = drain(find_hot_dead(statistics))
        bright = (found.hot | found.noisy)[hot[:, 0], hot[:, 1]].sum()
        sure = FRAMES * usual[dead[:, 0], dead[:, 1]] >= 40
        dark = found.dead[dead[:, 0], dead[:, 1]][sure].sum()
        wrong = found.any.copy()
        wrong[places[:, 0], places[:, 1]] = False
        print(f"| {peak:g} | {bright} of {BAD} | {dark} of {sure.sum()} | {wrong.sum()} of {wrong.size} |")


def main() -> None:
    application = QApplication([])
    application.setQuitOnLastWindowClosed(False)
    print("### Masks\n")
    print(
        f"Drawing on a frame of {SIDE}×{SIDE} pixels: milliseconds from a move of the mouse to the painted frame.\n"
    )
    drawing()
    print(
        f"Hot pixels (five times their neighbours' mean and half a photon more) and dead ones among {RUN_SIDE}×"
        f"{RUN_SIDE} pixels, by the statistics of {FRAMES} frames whose pulses differ:\n"
    )
    hot_and_dead()
    application.quit()


if __name__ == "__main__":
    main()
