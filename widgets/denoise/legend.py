"""What the marks over the denoised picture mean, and how many pixels carry them."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPalette
from PyQt6.QtWidgets import QSizePolicy, QWidget

from widgets import theme
from widgets.denoise.marks import Mark, brush_of
from widgets.frame.lettering import small_font

_CHIP_W, _CHIP_H = 26.0, 13.0
_BEHIND = QColor(96, 60, 110)
"""a colour that pictures have, so that a chip looks as the mark does there"""


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One mark: its pattern, and what it means with its number of pixels."""

    mark: Mark
    words: str


class Legend(QWidget):
    """A line of chips with words; wraps where it is too long."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFont(small_font(self.font()))
        self.setAccessibleName("Legend")
        self._entries: tuple[LegendEntry, ...] = ()

    def set_entries(self, entries: tuple[LegendEntry, ...]) -> None:
        if entries != self._entries:
            self._entries = entries
            self.setAccessibleDescription(self.text())
            self.setToolTip(self.text())
            self.updateGeometry()
            self.update()

    def text(self) -> str:
        return " · ".join(entry.words for entry in self._entries)

    def sizeHint(self) -> QSize:
        return QSize(200, round(self._places(max(self.width(), 200))[1]))

    def minimumSizeHint(self) -> QSize:
        return QSize(60, self.sizeHint().height())

    def resizeEvent(self, event: object) -> None:
        self.updateGeometry()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        metrics = QFontMetricsF(self.font())
        for entry, place in zip(self._entries, self._places(self.width())[0], strict=True):
            chip = QRectF(place.x(), place.y() + (metrics.height() - _CHIP_H) / 2, _CHIP_W, _CHIP_H)
            painter.fillRect(chip, _BEHIND)
            painter.setBrushOrigin(chip.topLeft())
            painter.fillRect(chip, brush_of(entry.mark))
            painter.setPen(theme.faint_text(self.palette()))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(chip)
            painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
            painter.drawText(QPointF(chip.right() + 6, place.y() + metrics.ascent()), entry.words)
        painter.end()

    def _places(self, width: int) -> tuple[list[QPointF], float]:
        """Upper left corner of each entry, and the height of all."""
        metrics = QFontMetricsF(self.font())
        line = max(metrics.height(), _CHIP_H) + 3
        places, x, y = [], 0.0, 0.0
        for entry in self._entries:
            wide = _CHIP_W + 6 + metrics.horizontalAdvance(entry.words) + 16
            if x > 0 and x + wide > width:
                x, y = 0.0, y + line
            places.append(QPointF(x + 1, y + 1))
            x += wide
        return places, (y + line if self._entries else 0.0)
