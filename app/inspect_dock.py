"""A pane of Inspect: made when it is first looked at, at first in a window of its own."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QDockWidget, QWidget

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.session import RunSession

SIZE, SHARE = (1240, 780), 0.65
"""of a pane in a window of its own: at least this large in pixels, on a large screen this share of it"""


class InspectPresenter(Protocol):
    """What feeds such a pane."""

    pane: Any

    def show_session(self, session: RunSession | None) -> None: ...

    def show_apart(self, apart: bool) -> None: ...


P = TypeVar("P", bound=InspectPresenter)


class InspectDock(Generic[P]):
    """Places the dock of such a pane, and has the pane made when it is first needed.

    Args:
        window: the main window. dock: still empty. beside: the dock it is a page beside of when it is docked.
        make: makes the pane with what feeds it. command: of the menu entry for a window of its own.
        apart_at_first: whether it is shown in a window of its own until the user docks it.
    """

    def __init__(
        self,
        window: MainWindow,
        dock: QDockWidget,
        beside: QDockWidget,
        make: Callable[[], P],
        command: str,
        apart_at_first: bool = True,
    ) -> None:
        self.dock = dock
        self.presenter: P | None = None
        """what feeds the pane; None before it was first shown"""
        self._window, self._beside, self._make, self._command = window, beside, make, command
        self._placed = False
        self._apart_at_first = apart_at_first
        self._session: RunSession | None = None
        dock.topLevelChanged.connect(self._moved)
        dock.visibilityChanged.connect(lambda seen: self.build() if seen else None)

    def show_session(self, session: RunSession | None) -> None:
        """Feed the pane from an open run, if there is a pane."""
        self._session = session
        if self.presenter is not None:
            self.presenter.show_session(session)
        elif session is not None and self.dock.isVisible():
            self.build()

    def show(self) -> P:
        """Bring it to the front: in a window of its own, unless the user has docked it."""
        if not self._placed:
            self.set_apart(self._apart_at_first)
        self._to_front()
        return self.build()

    def set_apart(self, apart: bool) -> None:
        """In a window of its own, where all of it is seen at once, or a page beside the map."""
        dock = self.dock
        self._placed = True
        if dock.isFloating() != apart:
            beside = self._beside.size()
            dock.setFloating(apart)
            if apart:
                self._place()
            else:  # as large as the dock it is a page beside of
                self._window.resizeDocks([dock], [beside.width()], Qt.Orientation.Horizontal)
                self._window.resizeDocks([dock], [beside.height()], Qt.Orientation.Vertical)
        self._to_front()

    def add(self, area: Qt.DockWidgetArea) -> None:
        """Put it where it is at first."""
        self._window.addDockWidget(area, self.dock)
        self._window.tabifyDockWidget(self._beside, self.dock)
        self._placed = False

    def restored(self) -> None:
        """The window was arranged as it was left."""
        self._placed = not self.dock.isHidden()

    def build(self) -> P:
        """The pane is made when it is first looked at: most sessions with a run never need it."""
        if self.presenter is None:
            made = self.presenter = self._make()
            pane: QWidget = made.pane
            self.dock.setWidget(pane)
            made.pane.larger.clicked.connect(lambda: self._window.actions_table.trigger(self._command))
            made.show_session(self._session)
            self._moved(self.dock.isFloating())
            gc.freeze()  # as for the panes that were there before: what stays is not looked through again and again
        return self.presenter

    def _to_front(self) -> None:
        self.dock.show()
        self.dock.raise_()

    def _moved(self, apart: bool) -> None:
        self._window.actions_table.set_checked(self._command, apart)
        if self.presenter is not None:
            self.presenter.show_apart(apart)

    def _place(self) -> None:
        """Give a floating pane its size, over the middle of the window, within the screen."""
        screen = self._window.screen()
        room = self._window.geometry() if screen is None else screen.availableGeometry()
        width, height = (
            min(all_of_it, max(least, round(SHARE * all_of_it)))
            for least, all_of_it in zip(SIZE, (room.width(), room.height()), strict=True)
        )
        middle = self._window.frameGeometry().center()
        left = min(max(room.left(), middle.x() - width // 2), room.right() + 1 - width)
        top = min(max(room.top(), middle.y() - height // 2), room.bottom() + 1 - height)
        self.dock.setGeometry(left, top, width, height)
