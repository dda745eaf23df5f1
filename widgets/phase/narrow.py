"""How buttons, words and forms give way where there is little room."""

from __future__ import annotations

from collections.abc import Iterable

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QToolButton, QWidget


def shorten(buttons: Iterable[QToolButton], short: bool) -> None:
    """Show icons alone, or icons with their words; the tool tips stay."""
    style = Qt.ToolButtonStyle.ToolButtonIconOnly if short else Qt.ToolButtonStyle.ToolButtonTextBesideIcon
    for button in buttons:
        if button.toolButtonStyle() != style:
            button.setToolButtonStyle(style)


class ShortLabel(QLabel):
    """One line that ends in … where it has no room; the tool tip is the whole of it."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def setText(self, text: str | None) -> None:
        super().setText(text)
        self.setToolTip(text)

    def clear(self) -> None:
        self.setText("")

    def paintEvent(self, event: QPaintEvent | None) -> None:
        shown = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        painter.end()


class _UpAndDown(QScrollArea):
    def minimumSizeHint(self) -> QSize:
        """As wide as what is inside has to be: nothing is cut off at its right."""
        inside, bar = self.widget(), self.verticalScrollBar()
        if inside is None or bar is None:
            return super().minimumSizeHint()
        return QSize(inside.minimumSizeHint().width() + bar.sizeHint().width(), 80)


def scrolled(inside: QWidget) -> QScrollArea:
    """`inside`, to be scrolled up and down only: its words wrap to the width there is."""
    scroll = _UpAndDown()
    scroll.setWidgetResizable(True)
    scroll.setFrameShape(QFrame.Shape.NoFrame)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setWidget(inside)
    return scroll
