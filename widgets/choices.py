"""Drop-down choices that may be told again and again what there is to choose from."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QSignalBlocker
from PyQt6.QtWidgets import QComboBox


def show_choices(box: QComboBox, choices: Sequence[tuple[str, str]], current: str) -> None:
    """Offer these choices, (id, name) each, with `current` chosen; tells nobody.

    The list is left alone while it stays the same, so that news from a running job do not shut it under the mouse.
    """
    present = [(box.itemData(row), box.itemText(row)) for row in range(box.count())]
    with QSignalBlocker(box):
        if present != list(choices):
            box.clear()
            for choice, name in choices:
                box.addItem(name, choice)
        row = box.findData(current)
        if row != box.currentIndex():
            box.setCurrentIndex(row)
