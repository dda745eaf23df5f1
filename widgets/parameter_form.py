"""A form made from a dataclass of parameters: units, ranges, help and defaults all come from its fields."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PyQt6.QtCore import QRegularExpression, Qt, pyqtSignal
from PyQt6.QtGui import QRegularExpressionValidator, QWheelEvent
from PyQt6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from models.parameters import ParameterInfo, describe
from widgets import icons
from widgets.phase.slider_field import SliderField
from widgets.ticks import TickBox

_INT_LIMIT = 2**31 - 1
_RATIO_FROM = 30.0
"""A range whose ends differ by more than this is dragged through in equal ratios."""


class ParameterForm(QWidget):
    """One line per declared parameter. What is typed is kept within the declared range."""

    changed = pyqtSignal()
    """a value was changed by the user or by `reset`"""

    def __init__(
        self, settings: Any, parent: QWidget | None = None, *, without: Sequence[str] = (), sliders: bool = False
    ) -> None:
        """A form for `settings`; the parameters named in `without` are not shown and keep their values.

        With `sliders` numbers between two ends have a slider, and what it says is told while it is dragged.
        """
        super().__init__(parent)
        self._settings = settings
        self._infos = tuple(info for info in describe(settings) if info.name not in without)
        self._fields: dict[str, _Field] = {}
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(6)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for info in self._infos:
            field = _make_field(info, self._touched, sliders)
            self._fields[info.name] = field
            title = info.title or readable(info.name)
            label = QLabel(title)
            label.setToolTip(_tip(info))
            label.setBuddy(field.widget)
            field.widget.setToolTip(_tip(info))
            field.widget.setAccessibleName(title)
            form.addRow(label, self._with_reset(info, field))
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addLayout(form)
        box.addStretch(1)
        self.set_value(settings)

    def value(self) -> Any:
        """The settings as edited: a new dataclass of the same type."""
        edited = {name: field.get() for name, field in self._fields.items()}
        return dataclasses.replace(self._settings, **edited)

    def set_value(self, settings: Any) -> None:
        """Show other settings of the same type; nothing is emitted."""
        self._settings = settings
        for name, field in self._fields.items():
            field.put(getattr(settings, name))
        self._show_resets()

    def reset(self, name: str = "") -> None:
        """Set one parameter, or all of them, back to the default."""
        for info in self._infos:
            if name in ("", info.name):
                self._fields[info.name].put(info.default)
        self._touched()

    def _touched(self) -> None:
        self._show_resets()
        self.changed.emit()

    def _show_resets(self) -> None:
        for info in self._infos:
            field = self._fields[info.name]
            field.reset_button.setEnabled(field.get() != info.default)

    def _with_reset(self, info: ParameterInfo, field: _Field) -> QWidget:
        line = QWidget()
        box = QHBoxLayout(line)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        box.addWidget(field.widget, 1)
        if info.unit and not isinstance(field.widget, QSpinBox):
            box.addWidget(QLabel(info.unit))
        field.reset_button.setIcon(icons.tool_icon("reset"))
        field.reset_button.setAutoRaise(True)
        field.reset_button.setToolTip(f"Back to {_shown(info.default, info.unit)}")
        field.reset_button.clicked.connect(lambda: self.reset(info.name))
        box.addWidget(field.reset_button)
        return line


def readable(name: str) -> str:
    """A field's name as a label: "photon_energy_eV" is "Photon energy"."""
    words = name.split("_")
    if len(words) > 1 and words[-1] in ("px", "ms", "m", "eV", "nm", "um", "s", "deg"):
        words = words[:-1]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def _shown(value: Any, unit: str) -> str:
    if value is None:
        return "automatic"
    if isinstance(value, bool):
        return "on" if value else "off"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{text} {unit}".strip()


def _tip(info: ParameterInfo) -> str:
    parts = [info.help]
    if info.low is not None or info.high is not None:
        low = "−∞" if info.low is None else f"{info.low:g}"
        high = "∞" if info.high is None else f"{info.high:g}"
        parts.append(f"Range: {low} … {high} {info.unit}".rstrip())
    parts.append(f"Default: {_shown(info.default, info.unit)}")
    return "\n".join(part for part in parts if part)


@dataclass
class _Field:
    """The widget of one parameter and how to read and write it."""

    widget: QWidget
    get: Callable[[], Any]
    put: Callable[[Any], None]
    reset_button: QToolButton = dataclasses.field(default_factory=QToolButton)


def _make_field(info: ParameterInfo, touched: Callable[[], None], sliders: bool) -> _Field:
    if info.choices:
        return _choice(info, touched)
    if info.kind is bool and not info.optional:
        return _switch(touched)
    if info.kind is int and not info.optional:
        return _whole_number(info, touched)
    if sliders and info.kind is float and not info.optional and info.low is not None and info.high is not None:
        return _slider(info, touched, info.low, info.high)
    if info.kind in (int, float):
        return _number(info, touched)
    return _words(info, touched)


def _choice(info: ParameterInfo, touched: Callable[[], None]) -> _Field:
    box = _QuietComboBox()
    if info.optional:
        box.addItem("automatic", None)
    for choice in info.choices:
        box.addItem(choice, choice)
    box.activated.connect(lambda _place: touched())
    return _Field(box, box.currentData, lambda value: box.setCurrentIndex(box.findData(value)))


def _switch(touched: Callable[[], None]) -> _Field:
    box = TickBox()
    box.clicked.connect(lambda _on: touched())
    return _Field(box, box.isChecked, box.setChecked)


def _whole_number(info: ParameterInfo, touched: Callable[[], None]) -> _Field:
    box = _QuietSpinBox()
    low = -_INT_LIMIT if info.low is None else math.ceil(info.low)
    high = _INT_LIMIT if info.high is None else math.floor(info.high)
    box.setRange(max(-_INT_LIMIT, low), min(_INT_LIMIT, high))
    box.setGroupSeparatorShown(True)
    box.setAlignment(Qt.AlignmentFlag.AlignRight)
    if info.unit:
        box.setSuffix(f" {info.unit}")

    def put(value: int) -> None:
        box.blockSignals(True)
        box.setValue(value)
        box.blockSignals(False)

    box.valueChanged.connect(lambda _value: touched())
    return _Field(box, box.value, put)


def _number(info: ParameterInfo, touched: Callable[[], None]) -> _Field:
    # A line and not a spin box: scientific parameters span decades, and a spin box rounds 1e-9 to 0.
    line = QLineEdit()
    line.setAlignment(Qt.AlignmentFlag.AlignRight)
    # Any order of keystrokes may lead to a number; what was typed is judged when the line is left.
    line.setValidator(QRegularExpressionValidator(QRegularExpression(r"[0-9.,+\-eE ]*"), line))
    state: dict[str, Any] = {"value": info.default}
    if info.optional:
        line.setPlaceholderText("automatic")

    def put(value: float | None) -> None:
        state["value"] = value
        line.setText("" if value is None else f"{value:.10g}")

    def edited() -> None:
        number = _clamped(line.text(), info, state["value"])
        if number != state["value"]:
            put(number)
            touched()
        else:
            put(number)

    def get() -> Any:
        return _clamped(line.text(), info, state["value"])

    line.editingFinished.connect(edited)
    return _Field(line, get, put)


def _slider(info: ParameterInfo, touched: Callable[[], None], low: float, high: float) -> _Field:
    ratio = low > 0 and high / low >= _RATIO_FROM
    field = SliderField(info.title or readable(info.name), low, high, decimals=2, ratio=ratio)
    field.changed.connect(lambda _value: touched())
    return _Field(field, field.value, field.set_value)


def _words(info: ParameterInfo, touched: Callable[[], None]) -> _Field:
    line = QLineEdit()
    if info.optional:
        line.setPlaceholderText("automatic")
    line.editingFinished.connect(touched)
    return _Field(
        line,
        lambda: None if info.optional and not line.text() else line.text(),
        lambda value: line.setText("" if value is None else value),
    )


def _clamped(text: str, info: ParameterInfo, fallback: Any) -> Any:
    """The number in `text` within the range; the fallback where it is not a number."""
    text = text.strip().replace(",", ".")
    if not text:
        return None if info.optional else fallback
    try:
        number = float(text)
    except ValueError:
        return fallback
    if not math.isfinite(number):
        return fallback
    if info.low is not None:
        number = max(number, info.low)
    if info.high is not None:
        number = min(number, info.high)
    return round(number) if info.kind is int else number


class _QuietComboBox(QComboBox):
    """Leaves the wheel to the form's scroll bar."""

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        if event is not None:
            event.ignore()


class _QuietSpinBox(QSpinBox):
    """Leaves the wheel to the form's scroll bar until it is clicked into."""

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        elif event is not None:
            event.ignore()
