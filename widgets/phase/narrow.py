"""How rows of buttons give way where there is little room."""

from __future__ import annotations

from collections.abc import Iterable

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtWidgets import QFrame, QScrollArea, QToolButton, QWidget


def shorten(buttons: Iterable[QToolButton], short: bool) -> None:
    """Show icons alone, or icons with their words; the tool tips stay."""
    style = Qt.ToolButtonStyle.ToolButtonIconOnly if short else Qt.ToolButtonStyle.ToolButtonTextBesideIcon
    for button in buttons:
        if button.toolButtonStyle() != style:
            button.setToolButtonStyle(style)


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
