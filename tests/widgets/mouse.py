"""The mouse, for canvases that follow it pixel by pixel."""

from __future__ import annotations

from PyQt6.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt6.QtGui import QMouseEvent, QWheelEvent
from PyQt6.QtWidgets import QApplication, QWidget

NO_KEYS = Qt.KeyboardModifier.NoModifier


def send(widget: QWidget, kind: QEvent.Type, at: QPointF, held: bool, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    button = none if kind == QEvent.Type.MouseMove else left
    event = QMouseEvent(kind, at, QPointF(widget.mapToGlobal(at)), button, left if held else none, keys)
    QApplication.sendEvent(widget, event)


def drag(widget: QWidget, points: list[QPointF], keys: Qt.KeyboardModifier = NO_KEYS) -> None:
    """Press at the first point, follow the others, let go at the last."""
    send(widget, QEvent.Type.MouseButtonPress, points[0], True, keys)
    for point in points[1:]:
        send(widget, QEvent.Type.MouseMove, point, True, keys)
    send(widget, QEvent.Type.MouseButtonRelease, points[-1], False, keys)


def click(widget: QWidget, at: QPointF, keys: Qt.KeyboardModifier = NO_KEYS) -> None:
    drag(widget, [at], keys)


def hover(widget: QWidget, at: QPointF) -> None:
    send(widget, QEvent.Type.MouseMove, at, False)


def wheel(widget: QWidget, at: QPointF, notches: int) -> None:
    none = Qt.MouseButton.NoButton
    angle = QPoint(0, 120 * notches)
    place = QPointF(widget.mapToGlobal(at))
    event = QWheelEvent(at, place, QPoint(), angle, none, NO_KEYS, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(widget, event)
