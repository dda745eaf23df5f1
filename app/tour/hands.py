"""The hands of the tour: keys, mouse and screenshots, as a person at the window would use them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PyQt6.QtGui import QKeySequence, QMouseEvent, QPainter, QPalette, QPixmap
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QWidget

from models.errors import FriedelError


class TourStuck(FriedelError):
    """The window did not do what the tour waited for."""


def spin(seconds: float) -> None:
    """Let the window live for a while."""
    wait_until(lambda: False, seconds, "")


def wait_until(there: Callable[[], bool], patience_s: float, what: str) -> float:
    """Let the window live until `there()`; gives the seconds it took.

    Raises:
        TourStuck: after `patience_s` seconds, unless `what` is "" (then it only waits).
    """
    begun = time.monotonic()
    while not there():
        if time.monotonic() - begun > patience_s:
            if what:
                raise TourStuck(f"The tour waited {patience_s:g} s in vain", cause=what)
            break
        QApplication.processEvents()
        time.sleep(0.002)
    QApplication.processEvents()
    return time.monotonic() - begun


def press(window: QWidget, keys: str) -> None:
    """Press "Right", "Ctrl+Shift+P" … where the keyboard focus is."""
    if QApplication.activeWindow() is None:
        # A window manager does this when a dialog closes; the offscreen platform and bare X servers have none.
        window.activateWindow()
        QApplication.processEvents()
    target = _keyboard(window)
    for combination in QKeySequence(keys):  # type: ignore[attr-defined]
        QTest.keyClick(target, combination.key(), combination.keyboardModifiers())
    QApplication.processEvents()


def _keyboard(window: QWidget) -> QWidget:
    """Where keys go: to the popup that is open, else to the focus."""
    popup = QApplication.activePopupWidget()
    if popup is not None:
        return popup.focusWidget() or popup
    return QApplication.focusWidget() or QApplication.activeWindow() or window


def type_text(text: str, window: QWidget) -> None:
    """Type into whatever has the focus."""
    target = _keyboard(window)
    for character in text:
        QTest.keyClick(target, character)
    QApplication.processEvents()


def drag(widget: QWidget, path: list[QPointF]) -> None:
    """Press the left button at the start of `path`, follow it, and let go at its end."""
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    _mouse(widget, QEvent.Type.MouseButtonPress, path[0], left, left)
    for point in path[1:]:
        _mouse(widget, QEvent.Type.MouseMove, point, none, left)
    _mouse(widget, QEvent.Type.MouseButtonRelease, path[-1], left, none)
    QApplication.processEvents()


def hover(widget: QWidget, point: QPointF) -> None:
    """Move the mouse over a point of `widget`."""
    _mouse(widget, QEvent.Type.MouseMove, point, Qt.MouseButton.NoButton, Qt.MouseButton.NoButton)
    QApplication.processEvents()


def ellipse(centre: QPointF, width: float, height: float, points: int = 48) -> list[QPointF]:
    """A closed path round `centre`."""
    turns = [2.0 * math.pi * n / points for n in range(points + 1)]
    return [
        QPointF(centre.x() + width / 2 * math.cos(turn), centre.y() + height / 2 * math.sin(turn)) for turn in turns
    ]


def screenshot(window: QWidget, file: Path) -> None:
    """The window with the dialogs and popups over it, as PNG; works where there is no screen."""
    picture = window.grab()
    ratio = picture.devicePixelRatio()
    painter = QPainter(picture)
    for widget in QApplication.topLevelWidgets():
        if widget is not window and widget.isVisible() and widget.window() is widget:
            _draw_over(painter, window, widget)
    painter.end()
    picture.setDevicePixelRatio(ratio)
    picture.save(str(file), "PNG")


def _draw_over(painter: QPainter, window: QWidget, widget: QWidget) -> None:
    place = widget.mapToGlobal(QPoint(0, 0)) - window.mapToGlobal(QPoint(0, 0))
    shape = QRect(place, widget.size())
    if not window.rect().contains(shape):
        # Without a window manager dialogs are not centred on their parent.
        shape.moveCenter(window.rect().center())
    drawn: QPixmap = widget.grab()
    painter.drawPixmap(shape.topLeft(), drawn)
    painter.setPen(widget.palette().color(QPalette.ColorRole.Mid))
    painter.drawRect(shape)


def _mouse(
    widget: QWidget, kind: QEvent.Type, point: QPointF, button: Qt.MouseButton, buttons: Qt.MouseButton
) -> None:
    event = QMouseEvent(
        kind, point, QPointF(widget.mapToGlobal(point)), button, buttons, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(widget, event)
