"""Boxes to tick are seen, ticked or not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QImage, QPalette
from PyQt6.QtWidgets import QTreeWidget, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from widgets import theme
from widgets.ticks import TickBox, TickDelegate


def spread(image: QImage) -> int:
    """Between the darkest and the lightest pixel, of 255."""
    shades = [image.pixelColor(x, y).lightness() for x in range(image.width()) for y in range(image.height())]
    return max(shades) - min(shades)


@pytest.mark.parametrize("palette", [theme.light_palette, theme.dark_palette])
def test_the_edge_of_an_empty_box_stands_out(qtbot: QtBot, palette: Callable[[], QPalette]) -> None:
    box = TickBox()
    qtbot.addWidget(box)
    box.setPalette(palette())
    assert spread(box.grab().toImage()) > 60


@pytest.mark.parametrize("palette", [theme.light_palette, theme.dark_palette])
def test_the_edge_of_an_empty_box_of_a_list_stands_out(qtbot: QtBot, palette: Callable[[], QPalette]) -> None:
    tree = QTreeWidget()
    qtbot.addWidget(tree)
    tree.setHeaderHidden(True)
    tree.setRootIsDecorated(False)
    tree.setPalette(palette())
    tree.setItemDelegate(TickDelegate(tree))
    item = QTreeWidgetItem([""])
    item.setCheckState(0, Qt.CheckState.Unchecked)
    tree.addTopLevelItem(item)
    tree.show()
    viewport = tree.viewport()
    assert viewport is not None
    seen = viewport.grab(tree.visualItemRect(item)).toImage()
    assert spread(seen) > 60
    item.setData(0, Qt.ItemDataRole.CheckStateRole, None)
    assert spread(viewport.grab(tree.visualItemRect(item)).toImage()) < 30, "no box where nothing can be ticked"
