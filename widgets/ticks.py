"""Boxes to tick whose edge is seen in every palette: the style draws an empty one dark on dark."""

from __future__ import annotations

from PyQt6.QtCore import QModelIndex, QRect
from PyQt6.QtGui import QPainter, QPaintEvent, QPalette
from PyQt6.QtWidgets import QApplication, QCheckBox, QStyle, QStyleOptionButton, QStyleOptionViewItem

from widgets import theme


def _edge(painter: QPainter, box: QRect, palette: QPalette) -> None:
    painter.save()
    painter.setPen(theme.faint_text(palette))
    painter.drawRect(box.adjusted(0, 0, -1, -1))
    painter.restore()


class TickBox(QCheckBox):
    """A check box of a form."""

    def paintEvent(self, event: QPaintEvent | None) -> None:
        super().paintEvent(event)
        option, style = QStyleOptionButton(), self.style()
        assert style is not None
        self.initStyleOption(option)
        painter = QPainter(self)
        box = style.subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self)
        _edge(painter, box, self.palette())
        painter.end()


class TickDelegate(theme.RowDelegate):
    """The column of a list or table whose rows can be ticked."""

    def paint(self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        super().paint(painter, option, index)
        shown = QStyleOptionViewItem(option)
        self.initStyleOption(shown, index)
        if painter is None or not shown.features & QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator:
            return
        style = QApplication.style() if shown.widget is None else shown.widget.style()
        assert style is not None
        box = style.subElementRect(QStyle.SubElement.SE_ItemViewItemCheckIndicator, shown, shown.widget)
        _edge(painter, box, shown.palette)
