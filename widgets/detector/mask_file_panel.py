"""The file's own masks: where they are, how they were read, and the switches that read them otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from models.runs.masks import MaskReading
from widgets import icons, theme
from widgets.detector.mask_facts import share
from widgets.text import counted
from widgets.ticks import TickBox

NONE = "The file has no mask that Friedel knows."


class FileMaskPanel(QWidget):
    """One block for each mask of the file."""

    inverted_changed = pyqtSignal(bool)
    """all masks of the file mean the opposite"""
    bit_changed = pyqtSignal(int, bool)
    """value of a bit, and whether it masks"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.inverted = TickBox("Inverted: good and bad swapped")
        self.inverted.setToolTip("For files whose mask means the opposite of what was taken")
        self.inverted.clicked.connect(self.inverted_changed)
        self.bits: dict[int, TickBox] = {}
        self._blocks = QVBoxLayout()
        self._blocks.setContentsMargins(0, 0, 0, 0)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addLayout(self._blocks)
        box.addWidget(self.inverted)
        self._content: QWidget | None = None
        self.set_masks((), inverted=False)

    def set_masks(self, readings: Sequence[MaskReading], inverted: bool) -> None:
        """Show how the masks were read; nothing is emitted."""
        if self._content is not None:
            self._content.hide()
            self._content.deleteLater()
        self.bits.clear()
        self._content = content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        if not readings:
            box.addWidget(self._line(NONE, faint=True))
        for reading in readings:
            self._add(box, reading)
        self._blocks.addWidget(content)
        self.inverted.setVisible(bool(readings))
        self.inverted.setChecked(inverted)

    def _add(self, box: QVBoxLayout, reading: MaskReading) -> None:
        name = self._line(reading.dataset)
        name.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        box.addWidget(name)
        words = f"{reading.convention.words}; masks {share(reading.masked, reading.pixels)}"
        if reading.per_frame:
            words += "; one for each frame, counted in the first"
        box.addWidget(self._line(words, faint=True))
        if reading.guessed:
            line = QHBoxLayout()
            sign = QLabel()
            colour = theme.warning_colour(self.palette())
            sign.setPixmap(icons.icon_pixmap("warning", colour, 14, self.devicePixelRatioF()))
            line.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
            line.addWidget(
                self._line("Taken from its values, not from the file's word: look whether it is right."), 1
            )
            box.addLayout(line)
        grid = QGridLayout()
        grid.setContentsMargins(0, 2, 0, 4)
        for row, bit in enumerate(reading.bits):
            tick = TickBox(bit.name[:1].upper() + bit.name[1:])
            tick.setToolTip(f"Bit {bit.value:#x}: ticked, its pixels are not used")
            tick.setChecked(bit.masks)
            tick.setEnabled(not reading.inverted)
            tick.clicked.connect(lambda on, value=bit.value: self.bit_changed.emit(value, on))
            count = self._line(counted(bit.pixels, "pixel"), faint=True)
            count.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            count.setWordWrap(False)
            grid.addWidget(tick, row, 0)
            grid.addWidget(count, row, 1)
            self.bits.setdefault(bit.value, tick)
        grid.setColumnStretch(0, 1)
        box.addLayout(grid)

    def _line(self, text: str, *, faint: bool = False) -> QLabel:
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        if faint:
            colours = label.palette()
            colours.setColor(label.foregroundRole(), theme.faint_text(self.palette()))
            label.setPalette(colours)
        return label
