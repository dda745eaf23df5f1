"""The scrolling row under the filmstrip: where each place is, which are seen, what was clicked."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QEvent, QPoint, QPointF, QRect, Qt, pyqtSignal
from PyQt6.QtGui import QFontMetrics, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PyQt6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from widgets import theme
from widgets.frame.lettering import small_font

BAND = 4
"""Height of the band under a thumbnail, in pixels."""
_GAP = 6
_RING = 3


class FilmstripRow(QAbstractScrollArea):
    """Paints `paint_tile(painter, place, rect)` for the places that are seen, and nothing for the others.

    It works with places in the row (0 … count − 1) and knows nothing of frames.
    """

    clicked = pyqtSignal(int)
    """place of the tile"""
    scrolled = pyqtSignal()
    """other places came into view"""

    def __init__(
        self,
        paint_tile: Callable[[QPainter, int, QRect], None],
        describe: Callable[[int], str],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._paint_tile = paint_tile
        self._describe = describe
        self._count = 0
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        bar, port = self.horizontalScrollBar(), self.viewport()
        assert bar is not None
        assert port is not None
        self._bar, self._port = bar, port
        for widget in (self, bar, port):
            widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def set_count(self, count: int) -> None:
        self._count = count
        self._set_range()
        self._port.update()

    @property
    def page(self) -> int:
        """Tiles wholly seen at once, at least 1."""
        return max(1, (self._port.width() - _GAP) // self._step())

    def visible_places(self) -> range:
        """Places at least partly seen."""
        first = max(0, (self._bar.value() - _GAP) // self._step())
        last = (self._bar.value() + self._port.width() - _GAP) // self._step() + 1
        return range(first, min(self._count, max(first, last)))

    def reveal(self, place: int, *, centred: bool) -> None:
        """Scroll so that `place` and, where there is room, a neighbour on either side are seen."""
        left, width, step = place * self._step(), self._port.width(), self._step()
        spare = max(0, min(step, (width - step) // 2))
        if centred:
            self._bar.setValue(left + step // 2 - width // 2)
        elif left - spare < self._bar.value():
            self._bar.setValue(left - spare)
        elif left + step + _GAP + spare > self._bar.value() + width:
            self._bar.setValue(left + step + _GAP + spare - width)

    def refresh(self) -> None:
        """Paint everything seen again."""
        self._port.update()

    def refresh_place(self, place: int) -> None:
        """Paint one tile again; nothing happens when it is not seen."""
        if place in self.visible_places():
            self._port.update(self.tile(place).adjusted(-_RING, -_RING, _RING, _RING))

    def tile(self, place: int) -> QRect:
        """Where a place is on the viewport: a square thumbnail, the band, one line of text."""
        return QRect(
            _GAP + place * self._step() - self._bar.value(), _RING, self._side(), self._port.height() - _RING
        )

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self._port)
        painter.setFont(small_font(self.font()))
        if not self._count:
            painter.setPen(theme.faint_text(self.palette()))
            painter.drawText(self._port.rect(), Qt.AlignmentFlag.AlignCenter, "Thumbnails of the run appear here")
        dirty = event.rect() if event is not None else self._port.rect()
        for place in self.visible_places():
            tile = self.tile(place)
            if tile.adjusted(-_RING, -_RING, _RING, _RING).intersects(dirty):
                self._paint_tile(painter, place, tile)
        painter.end()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        self._set_range()
        super().resizeEvent(event)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self._port.update()
        self.scrolled.emit()

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        assert event is not None
        turned = event.angleDelta().y() or event.angleDelta().x()
        self._bar.setValue(self._bar.value() - turned * self._step() // 120)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        place = self._place_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and place is not None:
            self.clicked.emit(place)

    def viewportEvent(self, event: QEvent | None) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self._place_at(QPointF(event.pos()))
            if place is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), self._describe(place), self._port)
            return True
        return bool(super().viewportEvent(event))

    def _side(self) -> int:
        text = QFontMetrics(small_font(self.font())).height()
        return max(32, self._port.height() - _RING - BAND - text - 5)

    def _step(self) -> int:
        return self._side() + _GAP

    def _place_at(self, at: QPointF) -> int | None:
        place = int((at.x() + self._bar.value() - _GAP) // self._step())
        inside = 0 <= place < self._count and self.tile(place).contains(QPoint(round(at.x()), round(at.y())))
        return place if inside else None

    def _set_range(self) -> None:
        whole = self._count * self._step() + _GAP
        self._bar.setRange(0, max(0, whole - self._port.width()))
        self._bar.setPageStep(max(1, self._port.width()))
        self._bar.setSingleStep(self._step())
