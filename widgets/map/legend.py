"""The legend over the map: categories with marker and counts, or a colour bar with its unit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QFontMetrics, QImage, QMouseEvent, QPainter, QPaintEvent, QPalette
from PyQt6.QtWidgets import QWidget

from widgets import icons, theme
from widgets.map.colouring import REST, Colouring
from widgets.text import grouped, tick

_PAD = 8
_MARKER = 12
_MAX_ROWS = 14


class MapLegend(QWidget):
    """Painted over a corner of the map; a click on a row picks that category."""

    row_clicked = pyqtSignal(int)
    """code of the category"""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._colouring: Colouring | None = None
        self._rows: list[tuple[int, str, str]] = []
        self._under = -1
        self.setMouseTracking(True)
        self.setAccessibleName("Legend of the map")

    def show_colouring(self, colouring: Colouring | None, selection: npt.NDArray[np.bool_] | None) -> None:
        """Explain these colours; with a selection, counts read "47 / 412"."""
        self._colouring = colouring
        self._rows = [] if colouring is None else _legend_rows(colouring, selection)
        self.resize(self.sizeHint())
        self.update()

    def rows(self) -> list[tuple[str, str]]:
        """(name, counts) as shown."""
        return [(name, count) for _, name, count in self._rows]

    def sizeHint(self) -> QSize:
        if self._colouring is None:
            return QSize(0, 0)
        metrics = QFontMetrics(self.font())
        wide = metrics.horizontalAdvance(self._title()) + 2 * _PAD
        for _, name, count in self._rows:
            row = 2 * _PAD + _MARKER + 6 + metrics.horizontalAdvance(name) + 14 + metrics.horizontalAdvance(count)
            wide = max(wide, row)
        lines = 1 + len(self._rows)
        high = lines * self._line() + 2 * _PAD - 4
        if self._colouring.colours is not None:
            wide = max(wide, 170)
            high += self._line() + 9
        return QSize(wide, high)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        if self._colouring is None:
            return
        palette = self.palette()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        back = QColor(palette.color(QPalette.ColorRole.Base))
        back.setAlpha(225)
        painter.setBrush(back)
        painter.setPen(palette.color(QPalette.ColorRole.Mid))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        line = self._line()
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        painter.setFont(theme.title_font(self.font()))
        painter.drawText(QRectF(_PAD, _PAD - 2, self.width(), line), Qt.AlignmentFlag.AlignVCenter, self._title())
        painter.setFont(self.font())
        top = _PAD - 2 + line
        if self._colouring.colours is not None:
            top = self._paint_bar(painter, top)
        for place, (code, name, count) in enumerate(self._rows):
            self._paint_row(painter, QRectF(0, top + place * line, self.width(), line), code, name, count)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        under = self._code_at(event.position())
        self.setCursor(Qt.CursorShape.ArrowCursor if under < 0 else Qt.CursorShape.PointingHandCursor)
        if under != self._under:
            self._under = under
            self.update()

    def leaveEvent(self, event: QEvent | None) -> None:
        self._under = -1
        self.update()

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        assert event is not None
        code = self._code_at(event.position())
        if code >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.row_clicked.emit(code)

    def _code_at(self, where: QPointF) -> int:
        if self._colouring is None or self._colouring.colours is not None:
            return -1
        row = int((where.y() - (_PAD - 2 + self._line())) // self._line())
        return self._rows[row][0] if 0 <= row < len(self._rows) else -1

    def _line(self) -> int:
        return QFontMetrics(self.font()).height() + 3

    def _title(self) -> str:
        assert self._colouring is not None
        unit = f" ({self._colouring.unit})" if self._colouring.unit else ""
        return self._colouring.title + unit

    def _paint_row(self, painter: QPainter, area: QRectF, code: int, name: str, count: str) -> None:
        assert self._colouring is not None
        palette = self.palette()
        if code == self._under:
            over = QColor(palette.color(QPalette.ColorRole.Highlight))
            over.setAlpha(50)
            painter.fillRect(area.adjusted(2, 0, -2, 0), over)
        if code >= 0:
            red, green, blue = (int(part) for part in self._colouring.table(palette)[code])
            centre = QPointF(_PAD + _MARKER / 2, area.center().y())
            icons.draw_marker(painter, centre, self._colouring.markers()[code], QColor(red, green, blue), _MARKER - 1)
        painter.setPen(palette.color(QPalette.ColorRole.Text))
        words = area.adjusted(_PAD + _MARKER + 6, 0, -_PAD, 0)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        painter.setPen(theme.faint_text(palette))
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, count)

    def _paint_bar(self, painter: QPainter, top: int) -> int:
        assert self._colouring is not None
        table = np.zeros((1, 256, 4), np.uint8)
        table[0, :, :3] = self._colouring.table(self.palette())[np.linspace(0, 249, 256).astype(int)]
        table[0, :, 3] = 255
        pixels = table.tobytes()
        image = QImage(pixels, 256, 1, 1024, QImage.Format.Format_RGBA8888)
        bar = QRectF(_PAD, top + 2, self.width() - 2 * _PAD, 10)
        painter.drawImage(bar, image)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.drawRect(bar)
        painter.setPen(theme.faint_text(self.palette()))
        low, high = self._colouring.low, self._colouring.high
        numbers = QRectF(_PAD, bar.bottom() + 1, bar.width(), self._line())
        first, middle, last = (tick(value, high - low) for value in (low, (low + high) / 2, high))
        painter.drawText(numbers, Qt.AlignmentFlag.AlignLeft, first)
        painter.drawText(numbers, Qt.AlignmentFlag.AlignRight, last)
        metrics = QFontMetrics(self.font())
        widest = max(metrics.horizontalAdvance(first), metrics.horizontalAdvance(last))
        if metrics.horizontalAdvance(middle) + 2 * widest + 4 * _PAD <= bar.width():
            painter.drawText(numbers, Qt.AlignmentFlag.AlignHCenter, middle)
        return round(numbers.bottom() + 3)


def _legend_rows(colouring: Colouring, selection: npt.NDArray[np.bool_] | None) -> list[tuple[int, str, str]]:
    """(code, name, counts) of each row; categories beyond the legend's length are summed up in one line."""
    total = colouring.counts()
    chosen = None if selection is None else colouring.counts(selection)

    def words(count: int, picked: int | None) -> str:
        return grouped(count) if picked is None else f"{grouped(picked)} / {grouped(count)}"

    rows = []
    for code, category in enumerate(colouring.categories[:_MAX_ROWS]):
        picked = None if chosen is None else int(chosen[code])
        rows.append((code, category.name, words(int(total[code]), picked)))
    more = colouring.categories[_MAX_ROWS:]
    if more:
        hidden = slice(_MAX_ROWS, _MAX_ROWS + len(more))
        picked = None if chosen is None else int(chosen[hidden].sum())
        rows.append((-1, f"{len(more)} more", words(int(total[hidden].sum()), picked)))
    if total[REST]:
        rows.append((REST, colouring.rest, words(int(total[REST]), None if chosen is None else int(chosen[REST]))))
    return rows
