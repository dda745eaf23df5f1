"""The object: modulus, phase or both in colour, with the support drawn over, and the value under the mouse."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import pyqtSignal
from PyQt6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from widgets.choices import show_choices
from widgets.empty import EmptyState
from widgets.frame.lettering import small_font
from widgets.frame.viewport import ViewBox
from widgets.phase.array_canvas import ArrayCanvas
from widgets.phase.colour_key import ColourKey
from widgets.phase.colouring import coloured
from widgets.phase.narrow import ShortLabel
from widgets.phase.object_picture import COMPLEX, MODES, MODULUS, PHASE, ObjectPicture
from widgets.phase.volume_view import VolumeView

_MODES = {
    MODULUS: ("Modulus", "How strongly the object scatters, whatever its phase"),
    PHASE: ("Phase", "Phase in a cyclic colour map; nothing is shown outside the support, where it means nothing"),
    COMPLEX: ("Complex", "Phase as hue and modulus as brightness"),
}


class ObjectView(QWidget):
    """One object. Zoom, pan and the way of colouring stay while the object changes under the eye."""

    view_changed = pyqtSignal(object)
    """`ViewBox` relative to the array's middle, after the user zoomed or panned"""
    mode_changed = pyqtSignal(str)
    """the user chose `MODULUS`, `PHASE` or `COMPLEX`"""
    source_chosen = pyqtSignal(str)
    """the user wants to see another one of `set_sources`"""

    def __init__(self, parent: QWidget | None = None, *, tools: bool = True) -> None:
        """`tools` False leaves the row of buttons out, for a view whose settings another one gives."""
        super().__init__(parent)
        self.setMinimumWidth(240)
        self._picture: ObjectPicture | None = None
        self._mode = MODULUS
        self.canvas = ArrayCanvas("Object")
        self.volume = VolumeView()
        self._key = ColourKey()
        self._readout = ShortLabel()
        self._readout.setFont(small_font(self.font()))
        self._empty = EmptyState("No object yet", "")
        self._place = QStackedLayout()
        for widget in (self._empty, self.canvas, self.volume):
            self._place.addWidget(widget)
        self._buttons: dict[str, QToolButton] = {}
        line = QHBoxLayout()
        line.setSpacing(2)
        for mode in MODES:
            title, tip = _MODES[mode]
            self._buttons[mode] = self._button(title, tip)
            self._buttons[mode].clicked.connect(lambda _on, mode=mode: self._choose(mode))
            line.addWidget(self._buttons[mode])
        self._outline = self._button("Support", "Draw the support's outline over the object")
        self._outline.setChecked(True)
        self._outline.toggled.connect(self.set_outline_shown)
        fit = self._button("Fit", "The whole crop, as large as it goes (also by double click)", checkable=False)
        fit.clicked.connect(lambda: self.fit())
        self.source = QComboBox()
        self.source.setAccessibleName("What is shown")
        self.source.setToolTip("The average of the kept starts, their modes, or where they agree")
        self.source.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.source.setMinimumContentsLength(12)
        self.source.hide()
        self.source.activated.connect(lambda _at: self.source_chosen.emit(str(self.source.currentData())))
        line.addSpacing(8)
        line.addWidget(self._outline)
        line.addWidget(fit)
        line.addStretch(1)
        line.addWidget(self.source)
        self._tools = QWidget()
        self._tools.setLayout(line)
        line.setContentsMargins(4, 2, 4, 2)
        self._tools.setVisible(tools)
        below = QHBoxLayout()
        below.setContentsMargins(6, 0, 6, 2)
        below.addWidget(self._readout, 1)
        below.addWidget(self._key)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addWidget(self._tools)
        box.addLayout(self._place, 1)
        box.addLayout(below)
        self.canvas.hovered.connect(self._say)
        self.canvas.hover_left.connect(self._readout.clear)
        self.canvas.view_changed.connect(self.view_changed)
        self.volume.told.connect(self._readout.setText)
        self._show_mode()

    # -- what is shown ---------------------------------------------------------------------------------------------

    def show_message(self, text: str, title: str = "No object yet") -> None:
        """Nothing to show, and why."""
        self._picture = None
        self._empty.set_text(title, text)
        self.canvas.set_picture(None)
        self.volume.set_picture(None)
        self._readout.clear()
        self._key.set_mode("")
        self._place.setCurrentWidget(self._empty)

    def set_object(self, picture: ObjectPicture) -> None:
        """Show this object; view and colouring stay."""
        self._picture = picture
        self._show()

    def set_title(self, title: str) -> None:
        """A few words in the corner: which start, which iteration."""
        self.canvas.set_title(title)
        self.volume.set_title(title)

    def set_sources(self, sources: Sequence[tuple[str, str]], shown: str) -> None:
        """Offer these to look at, (what, title) each; none hides the list. Nothing is emitted."""
        show_choices(self.source, sources, shown)
        self.source.setVisible(bool(sources))

    def set_mode(self, mode: str) -> None:
        """Colour by `MODULUS`, `PHASE` or `COMPLEX`; nothing is emitted."""
        if mode != self._mode:
            self._mode = mode
            self._show_mode()
            self._show()

    @property
    def mode(self) -> str:
        return self._mode

    @property
    def picture(self) -> ObjectPicture | None:
        """What is shown, None while there is nothing."""
        return self._picture

    def set_outline_shown(self, shown: bool) -> None:
        self._outline.setChecked(shown)
        self.canvas.set_outline_shown(shown)
        self.volume.set_outline_shown(shown)

    def text(self) -> str:
        """What is said in place of a picture, or under it."""
        return self._empty.text() if self._place.currentWidget() is self._empty else self._readout.text()

    # -- where it is shown -----------------------------------------------------------------------------------------

    def view(self) -> ViewBox | None:
        return self.canvas.view()

    def set_view(self, view: ViewBox | None) -> None:
        """Look where another view looks; nothing is emitted."""
        self.canvas.set_view(view)

    def fit(self) -> None:
        self.canvas.fit()
        self.volume.fit()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _choose(self, mode: str) -> None:
        self.set_mode(mode)
        self._show_mode()
        self.mode_changed.emit(mode)

    def _show_mode(self) -> None:
        for mode, button in self._buttons.items():
            button.setChecked(mode == self._mode)

    def _show(self) -> None:
        picture = self._picture
        if picture is None:
            return
        if picture.is_volume:
            self.volume.set_picture(picture, self._mode)
            self._place.setCurrentWidget(self.volume)
        else:
            largest = picture.largest
            pixels = coloured(picture.object, picture.support, self._mode, largest)
            self.canvas.set_picture(pixels, picture.place())
            self.canvas.set_support(picture.support)
            self.canvas.set_pixel_nm(None if picture.pixel_nm is None else picture.pixel_nm[-1])
            self._place.setCurrentWidget(self.canvas)
        self._key.set_mode(self._mode)

    def _say(self, y: int, x: int) -> None:
        if self._picture is None or self._picture.is_volume:
            return
        height, width = self._picture.shape
        words = self._picture.words_at(*self.canvas.picture_pixel(y, x))
        self._readout.setText(f"y {y - height // 2}  x {x - width // 2} px   ·   {words}" if words else "")

    def _button(self, text: str, tip: str, checkable: bool = True) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setCheckable(checkable)
        button.setAutoRaise(True)
        return button
