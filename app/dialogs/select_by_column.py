"""Select the frames whose numbers lie in a range: hit score, photons, particle size, lit pixels …"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from widgets.frame.level_field import LevelField
from widgets.range_plot import RangePlot
from widgets.text import counted, grouped, significant

if TYPE_CHECKING:
    from models.runs.types import Column

REPLACE, NARROW, ADD = "replace", "narrow", "add"
_WAYS = (
    (REPLACE, "Select these", "These frames and no others"),
    (NARROW, "Only of the selected", "Of the frames that are selected now, those in the range"),
    (ADD, "Add to the selected", "The selected frames stay selected"),
)
_BINS = 120


class SelectByColumnDialog(QDialog):
    """A column, a range on its histogram, and how many frames that is; emits `chosen`."""

    chosen = pyqtSignal(object)
    """(n,) int64 frames to be selected"""

    def __init__(
        self, columns: Mapping[str, Column], selected: npt.NDArray[np.bool_], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("select_by_column")
        self.setWindowTitle("Select frames by a column")
        self._columns = columns
        self._selected = selected
        self._range = (0.0, 0.0)
        self.column = QComboBox()
        for name, column in columns.items():
            self.column.addItem(f"{name} ({column.unit})" if column.unit else name, name)
        self.plot = RangePlot("Histogram of the column")
        self.low, self.high = LevelField("From"), LevelField("To")
        self.said = QLabel()
        self.said.setWordWrap(True)
        line = QHBoxLayout()
        for widget in (QLabel("Column"), self.column):
            line.addWidget(widget)
        line.addStretch(1)
        for text, field in (("from", self.low), ("to", self.high)):
            line.addWidget(QLabel(text))
            line.addWidget(field)
        self._ways = QButtonGroup(self)
        ways = QHBoxLayout()
        for number, (name, title, tip) in enumerate(_WAYS):
            button = QRadioButton(title)
            button.setObjectName(name)
            button.setToolTip(tip)
            button.setChecked(number == 0)
            button.setEnabled(name == REPLACE or bool(selected.any()))
            self._ways.addButton(button, number)
            ways.addWidget(button)
        ways.addStretch(1)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        box = QVBoxLayout(self)
        box.addLayout(line)
        box.addWidget(self.plot, 1)
        box.addLayout(ways)
        box.addWidget(self.said)
        box.addWidget(self._buttons)
        self.resize(640, 400)
        self.column.currentIndexChanged.connect(lambda _place: self._show_column())
        self.plot.range_dragged.connect(self.set_range)
        self.low.chosen.connect(lambda value: self.set_range(value, max(value, self._range[1])))
        self.high.chosen.connect(lambda value: self.set_range(min(value, self._range[0]), value))
        self._ways.idToggled.connect(lambda _id, _on: self._say())
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self._show_column()

    def set_range(self, low: float, high: float) -> None:
        """Take frames from `low` to `high`, both included."""
        self._range = (low, high)
        self.low.show_value(low)
        self.high.show_value(high)
        self.plot.set_range(low, high)
        self._say()

    def frames(self) -> npt.NDArray[np.int64]:
        """(n,) the frames that would be selected."""
        values, (low, high) = self._values(), self._range
        with np.errstate(invalid="ignore"):
            inside = (values >= low) & (values <= high)
        way = _WAYS[self._ways.checkedId()][0]
        if way == NARROW:
            inside &= self._selected
        elif way == ADD:
            inside |= self._selected
        return np.flatnonzero(inside).astype(np.int64)

    def accept(self) -> None:
        self.chosen.emit(self.frames())
        super().accept()

    def _values(self) -> npt.NDArray[np.float64]:
        return np.asarray(self._columns[self.column.currentData()].values, np.float64)

    def _show_column(self) -> None:
        values = self._values()
        finite = values[np.isfinite(values)]
        if not finite.size:
            finite = np.zeros(1)
        low, high = float(finite.min()), float(finite.max())
        if low == high:
            low, high = low - 0.5, high + 0.5
        counts, edges = np.histogram(finite, bins=_BINS, range=(low, high))
        column = self._columns[self.column.currentData()]
        self.plot.set_counts(edges, counts, f"{column.name} ({column.unit})" if column.unit else column.name)
        # At first the upper half: what users look for is rare, and has more of whatever is counted.
        self.set_range(float(np.median(finite)), float(finite.max()))

    def _say(self) -> None:
        values, frames = self._values(), self.frames()
        without = int(np.count_nonzero(~np.isfinite(values)))
        note = f" {counted(without, 'frame')} without a number." if without else ""
        low, high = (significant(end, 6) for end in self._range)
        self.said.setText(
            f"{counted(len(frames), 'frame')} of {grouped(len(values))} to be selected ({low} … {high}).{note}"
        )
        ok = self._buttons.button(QDialogButtonBox.StandardButton.Ok)
        assert ok is not None
        ok.setText(f"Select {counted(len(frames), 'frame')}")
        ok.setEnabled(bool(len(frames)))
