"""Before and after with what belongs to looking at them: which layer, colour bars, readout, legend."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QStackedLayout, QToolButton, QVBoxLayout, QWidget

from models.display import Levels, Scaling
from widgets import icons
from widgets.denoise.comparison import AFTER, BESIDE, DIVIDED, Comparison
from widgets.denoise.legend import Legend, LegendEntry
from widgets.empty import EmptyState
from widgets.frame.lettering import small_font
from widgets.frame.level_bar import LevelBar
from widgets.phase.narrow import ShortLabel

Readout = Callable[[int, int], str]
"""pixel (y, x) → its words"""
_MODES = {
    DIVIDED: ("Divider", "Before and after under one divider"),
    BESIDE: ("Side by side", "Before left, after right; both show the same part"),
    AFTER: ("After", "The denoised frame, or the layer chosen, alone"),
}


class PicturePanel(QWidget):
    """The tools above, the pictures, and below what is said of them."""

    mode_chosen = pyqtSignal(str)
    """`DIVIDED`, `BESIDE`, `AFTER`"""
    layer_chosen = pyqtSignal(str)
    """which layer stands beside the measured frame"""
    marks_switched = pyqtSignal(bool)
    """whether pixels that were not measured are marked"""
    levels_chosen = pyqtSignal(str, float, float)
    """"counts" or "layer", low, high: the user moved the ends of a colour bar"""
    auto_wanted = pyqtSignal(str)
    """"counts" or "layer": back to automatic levels"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._readout_of: Readout | None = None
        self.comparison = Comparison()
        self._modes = QButtonGroup(self)
        self.modes: dict[str, QToolButton] = {}
        tools = QHBoxLayout()
        tools.setContentsMargins(6, 2, 6, 0)
        tools.setSpacing(4)
        for mode, (title, tip) in _MODES.items():
            button = _button(title, tip)
            button.setChecked(mode == DIVIDED)
            button.clicked.connect(lambda _on, chosen=mode: self._choose_mode(chosen))
            self._modes.addButton(button)
            self.modes[mode] = button
            tools.addWidget(button)
        self.layer = QComboBox()
        self.layer.setAccessibleName("What is shown beside the measured frame")
        self.layer.setToolTip("What is shown beside the measured frame")
        self.layer.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.layer.setMinimumContentsLength(9)
        self.marks = _button("Marks", "Mark pixels that were not measured: dots where filled, stripes where guessed")
        self.marks.setChecked(True)
        fit = _button("Fit", "All of the frame")
        fit.setCheckable(False)
        fit.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        fit.setIcon(icons.tool_icon("fit"))
        tools.addSpacing(6)
        tools.addWidget(self.layer)
        tools.addWidget(self.marks)
        tools.addStretch(1)
        tools.addWidget(fit)
        self._empty = EmptyState("No frame", "")
        self._place = QStackedLayout()
        self._place.addWidget(self._empty)
        self._place.addWidget(self.comparison)
        self._readout = ShortLabel()
        for label in (self._readout,):
            label.setFont(small_font(self.font()))
            label.setMinimumHeight(label.fontMetrics().height() + 2)
        self._readout.setAccessibleName("Value under the cursor")
        words = QHBoxLayout()
        words.setContentsMargins(8, 0, 8, 0)
        words.addWidget(self._readout, 1)
        self.bars = {"counts": LevelBar(), "layer": LevelBar()}
        bars = QHBoxLayout()
        bars.setContentsMargins(6, 0, 6, 0)
        bars.setSpacing(8)
        for kind, bar in self.bars.items():
            bar.levels_chosen.connect(lambda low, high, which=kind: self.levels_chosen.emit(which, low, high))
            bar.auto_wanted.connect(lambda which=kind: self.auto_wanted.emit(which))
            bars.addWidget(bar, 1)
        self.bars["counts"].setAccessibleName("Colour bar of counts and rates")
        self.bars["layer"].setAccessibleName("Colour bar of the layer")
        self.bars["layer"].hide()
        self.legend = Legend()
        below = QHBoxLayout()
        below.setContentsMargins(8, 0, 8, 4)
        below.addWidget(self.legend, 1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addLayout(tools)
        box.addLayout(self._place, 1)
        box.addLayout(words)
        box.addLayout(bars)
        box.addLayout(below)
        self.layer.activated.connect(lambda row: self.layer_chosen.emit(self.layer.itemData(row)))
        self.marks.clicked.connect(self._switch_marks)
        fit.clicked.connect(self.comparison.fit)
        self.comparison.hovered.connect(self._say)
        self.comparison.hover_left.connect(self._readout.clear)
        self.comparison.setWhatsThis(
            "Left of the divider the frame as it was measured, right of it what was made of it. Drag the divider, or "
            "move it with < and >. Striped pixels are guessed: nothing near enough was measured there."
        )

    def set_layers(self, layers: Sequence[tuple[str, str]], current: str) -> None:
        """(id, title) of what can stand beside the measured frame."""
        self.layer.clear()
        for layer, title in layers:
            self.layer.addItem(title, layer)
        self.layer.setCurrentIndex(self.layer.findData(current))

    def set_mode(self, mode: str) -> None:
        """Show them so; nothing is emitted."""
        self.modes[mode].setChecked(True)
        self.comparison.set_mode(mode)

    def set_marks_shown(self, shown: bool) -> None:
        self.marks.setChecked(shown)
        self.comparison.after.set_marks_shown(shown)

    def show_message(self, text: str, title: str = "") -> None:
        """Nothing to show, and why."""
        self._empty.set_text(title, text)
        self.comparison.before.clear()
        self.comparison.after.clear()
        self._readout.clear()
        self.legend.set_entries(())
        self._place.setCurrentWidget(self._empty)

    def show_pictures(self) -> None:
        """The pictures take the place of a message."""
        if self._place.currentWidget() is not self.comparison:
            self._place.setCurrentWidget(self.comparison)

    def set_scale(self, which: str, levels: Levels, scaling: Scaling, colour_map: str, unit: str) -> None:
        """What a colour bar, "counts" or "layer", stands for."""
        bar = self.bars[which]
        bar.set_scale(levels, scaling, colour_map)
        bar.set_unit(unit)

    def show_bars(self, counts: bool, layer: bool) -> None:
        """Which colour bars there are."""
        self.bars["counts"].setVisible(counts)
        self.bars["layer"].setVisible(layer)

    def set_readout(self, readout: Readout | None) -> None:
        """What to say of a pixel."""
        self._readout_of = readout
        for canvas in (self.comparison.before, self.comparison.after):
            if canvas.hover is not None:
                self._say(*canvas.hover)

    def set_legend(self, entries: tuple[LegendEntry, ...]) -> None:
        self.legend.set_entries(entries)

    def text(self) -> str:
        """What is said in place of the pictures, or under them."""
        if self._place.currentWidget() is self._empty:
            return self._empty.text()
        return f"{self._readout.text()} {self.legend.text()}".strip()

    def _say(self, y: int, x: int) -> None:
        if self._readout_of is not None:
            self._readout.setText(self._readout_of(y, x))

    def _choose_mode(self, mode: str) -> None:
        self.comparison.set_mode(mode)
        self.mode_chosen.emit(mode)

    def _switch_marks(self, shown: bool) -> None:
        self.comparison.after.set_marks_shown(shown)
        self.marks_switched.emit(shown)


def _button(title: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(title)
    button.setToolTip(tip)
    button.setCheckable(True)
    button.setAutoRaise(True)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
