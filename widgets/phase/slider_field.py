"""A number that is dragged or typed: a slider and a field that show the same value."""

from __future__ import annotations

import math

from PyQt6.QtCore import QEvent, Qt, pyqtSignal
from PyQt6.QtGui import QKeyEvent, QWheelEvent
from PyQt6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QSlider, QWidget

_STEPS = 1000


class SliderField(QWidget):
    """A value between two ends, even or in equal ratios along the slider."""

    changed = pyqtSignal(float)
    """the user chose another value"""

    def __init__(
        self,
        name: str,
        low: float,
        high: float,
        *,
        decimals: int = 2,
        unit: str = "",
        ratio: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._low, self._high, self._ratio = low, high, ratio
        self.slider = _QuietSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _STEPS)
        self.slider.setPageStep(_STEPS // 10)
        self.slider.setAccessibleName(name)
        self.field = _QuietField()
        self.field.setDecimals(decimals)
        self.field.setRange(low, high)
        self.field.setSingleStep(10.0**-decimals if ratio else max(10.0**-decimals, (high - low) / 50))
        if unit:
            self.field.setSuffix(f" {unit}")
        self.field.setKeyboardTracking(False)
        self.field.setFixedWidth(self.field.fontMetrics().horizontalAdvance("100.00 %") + 34)
        self.slider.setMinimumWidth(40)
        self.field.setAccessibleName(name)
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(4)
        box.addWidget(self.slider, 1)
        box.addWidget(self.field)
        self.slider.valueChanged.connect(self._dragged)
        self.field.valueChanged.connect(self._typed)

    def value(self) -> float:
        return self.field.value()

    def set_value(self, value: float) -> None:
        """Show another value; nothing is emitted."""
        for widget in (self.slider, self.field):
            widget.blockSignals(True)
        self.field.setValue(value)
        self.slider.setValue(self._place(self.field.value()))
        for widget in (self.slider, self.field):
            widget.blockSignals(False)

    def _dragged(self, place: int) -> None:
        share = place / _STEPS
        if self._ratio:
            value = self._low * (self._high / self._low) ** share
        else:
            value = self._low + share * (self._high - self._low)
        self.field.blockSignals(True)
        self.field.setValue(value)
        self.field.blockSignals(False)
        self.changed.emit(self.field.value())

    def _typed(self, value: float) -> None:
        self.slider.blockSignals(True)
        self.slider.setValue(self._place(value))
        self.slider.blockSignals(False)
        self.changed.emit(value)

    def _place(self, value: float) -> int:
        if self._ratio:
            share = math.log(max(value, self._low) / self._low) / math.log(self._high / self._low)
        else:
            share = (value - self._low) / (self._high - self._low)
        return round(_STEPS * min(1.0, max(0.0, share)))


class _QuietSlider(QSlider):
    """Leaves the wheel to the scroll bar around it; while it has the focus, ← and → are its own."""

    def event(self, event: QEvent | None) -> bool:
        asked = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride
        if asked and event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            event.accept()
            return True
        return super().event(event)

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        if event is not None:
            event.ignore()


class _QuietField(QDoubleSpinBox):
    """Leaves the wheel to the scroll bar around it until it is clicked into."""

    def wheelEvent(self, event: QWheelEvent | None) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        elif event is not None:
            event.ignore()
