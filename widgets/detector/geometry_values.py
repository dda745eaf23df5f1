"""Distance, energy, pixel size and centre: fields with units, each with where its value comes from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from PyQt6.QtCore import QEvent, QRegularExpression, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPalette, QRegularExpressionValidator
from PyQt6.QtWidgets import QGridLayout, QLabel, QLineEdit, QSizePolicy, QToolButton, QWidget

from widgets import icons, theme


@dataclass(frozen=True, slots=True)
class ValueRow:
    """A number that can be edited.

    Attributes:
        key: what `GeometryValues.changed` tells it by.
        step: what the up and down keys change it by.
        digits: significant digits shown.
    """

    key: str
    title: str
    unit: str
    tip: str
    step: float
    digits: int = 8


@dataclass(frozen=True, slots=True)
class ValueShown:
    """What a row shows: a number in the row's unit or None, in words whose it is, and whether the user changed it."""

    value: float | None
    source: str
    yours: bool = False


class GeometryValues(QWidget):
    """A line per number. Nothing is kept within ranges here: whoever is told `changed` judges."""

    changed = pyqtSignal(str, object)
    """key, and the number in the row's unit; None to go back to the file's"""

    def __init__(self, rows: tuple[ValueRow, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = rows
        self._fields: dict[str, NumberField] = {}
        self._sources: dict[str, _Elided] = {}
        self._resets: dict[str, QToolButton] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 3)
        grid.setColumnStretch(3, 2)
        for line, row in enumerate(rows):
            title, field, unit, source, reset = (
                QLabel(row.title),
                NumberField(row),
                QLabel(row.unit),
                _Elided(),
                QToolButton(),
            )
            title.setBuddy(field)
            title.setToolTip(row.tip)
            field.setToolTip(
                f"{row.tip}\nUp and down change it by {row.step:g} {row.unit}, with Shift by ten times that"
            )
            reset.setIcon(icons.tool_icon("reset"))
            reset.setAutoRaise(True)
            reset.setToolTip("Back to what the file says")
            reset.setAccessibleName(f"Reset {row.title}")
            for column, widget in enumerate((title, field, unit, source, reset)):
                grid.addWidget(widget, line, column)
            self._fields[row.key], self._sources[row.key], self._resets[row.key] = field, source, reset
            field.chosen.connect(lambda value, key=row.key: self.changed.emit(key, value))
            reset.clicked.connect(lambda _on, key=row.key: self.changed.emit(key, None))

    def show_values(self, values: Mapping[str, ValueShown]) -> None:
        """Show these numbers; nothing is emitted."""
        for key, shown in values.items():
            self._fields[key].show_value(shown.value)
            self._sources[key].setText(shown.source)
            self._sources[key].set_strong(shown.yours)
            self._resets[key].setEnabled(shown.yours)

    def field(self, key: str) -> NumberField:
        return self._fields[key]

    def reset_button(self, key: str) -> QToolButton:
        return self._resets[key]


class NumberField(QLineEdit):
    """A number to type or to step; what is no number goes back to the last one."""

    chosen = pyqtSignal(object)
    """float, or None where the field was emptied"""

    def __init__(self, row: ValueRow) -> None:
        super().__init__()
        self._row = row
        self._value: float | None = None
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setAccessibleName(row.title)
        self.setPlaceholderText("not known")
        self.setMinimumWidth(90)
        self.setValidator(QRegularExpressionValidator(QRegularExpression(r"[0-9.,+\-eE ]*"), self))
        self.editingFinished.connect(self._edited)

    def show_value(self, value: float | None) -> None:
        """Show a number without telling it."""
        self._value = value
        text = self._text(value)
        if text != self.text():
            self.setText(text)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        assert event is not None
        up = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        if up is None or self._value is None:
            super().keyPressEvent(event)
            return
        many = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        self.chosen.emit(float(f"{self._value + up * many * self._row.step:.12g}"))

    def _edited(self) -> None:
        text = self.text().strip().replace(",", ".")
        if text == self._text(self._value):
            return
        if not text:
            self.chosen.emit(None)
            return
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if math.isfinite(number):
            self.chosen.emit(number)
        else:
            self.show_value(self._value)

    def _text(self, value: float | None) -> str:
        return "" if value is None else f"{value:.{self._row.digits}g}"


class _Elided(QLabel):
    """A quiet line that gives way in its middle; all of it is in the tool tip."""

    def __init__(self) -> None:
        super().__init__()
        self._strong = False
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(60)

    def setText(self, text: str | None) -> None:
        super().setText(text)
        self.setToolTip(text or "")

    def set_strong(self, strong: bool) -> None:
        self._strong = strong
        self.update()

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        words = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, self.width())
        ordinary = self.palette().color(QPalette.ColorRole.WindowText)
        painter.setPen(ordinary if self._strong else theme.faint_text(self.palette()))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        self.update()
