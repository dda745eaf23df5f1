"""The frame view's tool bar: scaling, auto levels, colour map, strips, and whatever the application adds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QAction, QActionGroup
from PyQt6.QtWidgets import QMenu, QSizePolicy, QToolBar, QToolButton, QWidget

from models.display import COLOUR_MAPS, DisplaySettings, Scaling

_SCALING_NAMES = {
    Scaling.LINEAR: "Linear",
    Scaling.SQRT: "Square root",
    Scaling.LOG: "Log",
    Scaling.ARCSINH: "Arcsinh",
}


class FrameTools(QToolBar):
    """Shows the display settings and asks for their changes; it never changes them itself."""

    scaling_chosen = pyqtSignal(object)
    """a `Scaling`"""
    auto_chosen = pyqtSignal(bool)
    """whether levels follow each frame"""
    colour_map_chosen = pyqtSignal(str)
    """a name in `models.display.COLOUR_MAPS`"""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Frame", parent)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.setMovable(False)
        self._scalings = {s: self._choice(_SCALING_NAMES[s], self._scaling_setter(s)) for s in Scaling}
        self._maps = {name: self._choice(name.capitalize(), self._map_setter(name)) for name in COLOUR_MAPS}
        self._scaling_button = self._menu_button(self._scalings.values(), "Intensity scaling")
        self._map_button = self._menu_button(self._maps.values(), "Colour map")
        self._keep_width(self._scaling_button, _SCALING_NAMES.values())
        self._keep_width(self._map_button, (name.capitalize() for name in COLOUR_MAPS))
        self._auto = self._toggle("Auto", "Levels follow each frame's valid pixels (percentiles); off, they stay")
        self._auto.triggered.connect(self.auto_chosen)
        self.histogram = self._toggle("Histogram", "Histogram of the frame's valid pixels")
        self.profile = self._toggle("Profile", "Mean intensity round the beam centre")
        self.addWidget(self._scaling_button)
        self.addAction(self._auto)
        self.addWidget(self._map_button)
        self.addAction(self.histogram)
        self.addAction(self.profile)
        self._divider = self.addSeparator()
        stretch = QWidget()
        stretch.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._end = self.addWidget(stretch)
        self._give_no_focus()

    def insert(self, actions: Sequence[QAction]) -> None:
        """Add the application's commands right of the built-in ones."""
        self.insertActions(self._end, list(actions))
        self._give_no_focus()

    def show_settings(self, settings: DisplaySettings) -> None:
        """Bring buttons and menus in line."""
        self._scaling_button.setText(f"{_SCALING_NAMES[settings.scaling]}  ")
        self._scalings[settings.scaling].setChecked(True)
        self._map_button.setText(f"{settings.colour_map.capitalize()}  ")
        self._maps[settings.colour_map].setChecked(True)
        self._auto.setChecked(settings.levels is None)

    def _scaling_setter(self, scaling: Scaling) -> Callable[[], None]:
        return lambda: self.scaling_chosen.emit(scaling)

    def _map_setter(self, name: str) -> Callable[[], None]:
        return lambda: self.colour_map_chosen.emit(name)

    def _choice(self, text: str, chosen: Callable[[], None]) -> QAction:
        action = QAction(text, self)
        action.setCheckable(True)
        action.triggered.connect(chosen)
        return action

    def _toggle(self, text: str, tip: str) -> QAction:
        action = QAction(text, self)
        action.setCheckable(True)
        action.setToolTip(tip)
        return action

    @staticmethod
    def _menu_button(actions: Iterable[QAction], tip: str) -> QToolButton:
        button = QToolButton()
        button.setToolTip(tip)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        group = QActionGroup(button)
        for action in actions:
            group.addAction(action)
            menu.addAction(action)
        button.setMenu(menu)
        return button

    @staticmethod
    def _keep_width(button: QToolButton, texts: Iterable[str]) -> None:
        """As wide as the longest of its texts: what stands right of it stays where it is while the text changes."""
        widest = 0
        for text in texts:
            button.setText(f"{text}  ")
            widest = max(widest, button.sizeHint().width())
        button.setMinimumWidth(widest)

    def _give_no_focus(self) -> None:
        """Arrow keys and digits belong to the window."""
        for button in self.findChildren(QToolButton):
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
