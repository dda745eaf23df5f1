"""What the menus show of the window's state: settings, display, panes, recent runs, classes."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject
from PyQt6.QtWidgets import QMenu

from app.jobs.threads import run_task
from app.outputs import is_there
from widgets.recent_list import RecentRun

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.panes import Panes

log = logging.getLogger(__name__)


class WindowMenus(QObject):
    """Fills the menu bar, and keeps its entries in step with what they stand for."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._menus = window.actions_table.fill_menus()
        self._recent_menu = QMenu("Open recent", window)
        self._menus["Run"].insertMenu(window.actions_table["run.open_demo"], self._recent_menu)

    def show_settings(self) -> None:
        """Check the entries that show settings, and hand these to the views."""
        table, settings = self._window.actions_table, self._window.settings
        table.set_checked(f"view.theme_{settings.theme}", True)
        table.set_checked("label.advance", settings.auto_advance)
        table.set_checked("run.embed_on_open", settings.embed_on_open)
        table.set_checked("view.mask", settings.show_mask)
        table.set_checked("view.rings", settings.show_rings)
        table.set_checked("view.thumbnails", settings.show_thumbnails)
        if self._window.panes is not None:
            self._window.panes.frame_view.set_rings_shown(settings.show_rings)
            self._window.panes.filmstrip.setVisible(settings.show_thumbnails)
            self.show_display()

    def show_display(self) -> None:
        """Menu entries follow what is chosen with the mouse in the frame view."""
        assert self._window.panes is not None
        display = self._window.panes.frame_view.settings
        self._window.actions_table.set_checked(f"view.scaling_{display.scaling.value}", True)
        self._window.actions_table.set_checked("view.auto_levels", display.levels is None)
        self._window.actions_table.set_checked("view.mask", display.mask_shown)

    def add_panes(self, panes: Panes) -> None:
        """Which panes are shown, in the View menu before the theme."""
        view = self._menus.get("View")
        if view is None:
            return
        menu = QMenu("Panes", view)
        menu.addActions([dock.toggleViewAction() for dock in panes.docks.values()])  # type: ignore[misc]
        view.insertMenu(self._window.actions_table["view.full_screen"], menu)

    def _fill_recent_menu(self, gone: frozenset[str]) -> None:
        self._recent_menu.clear()
        for path in self._window.settings.recent:
            action = self._recent_menu.addAction(f"{path} (missing)" if path in gone else path)
            if action is not None:
                action.setEnabled(path not in gone)
                action.triggered.connect(lambda _checked=False, chosen=path: self._window.open_path(chosen))
        self._recent_menu.setEnabled(bool(self._window.settings.recent))

    def show_recent(self) -> None:
        """List the runs opened lately, wherever they are listed."""
        self._list_recent(frozenset())
        paths = list(self._window.settings.recent)

        def missing() -> frozenset[str]:
            return frozenset(path for path in paths if not is_there(Path(path)))

        def found(gone: frozenset[str]) -> None:
            if gone and not self._window.closing:
                self._list_recent(gone)

        # A network folder that does not answer must not hold the window up.
        run_task(missing, found, lambda error: log.warning("recent runs: %s", error), name="look for recent runs")

    def _list_recent(self, gone: frozenset[str]) -> None:
        paths = self._window.settings.recent
        self._fill_recent_menu(gone)
        self._window.welcome.set_recent(
            [RecentRun(p, Path(p).name, str(Path(p).parent), p not in gone) for p in paths]
        )
        if self._window.panes is not None:
            here = "" if self._window.session is None else str(self._window.session.run.path)
            self._window.panes.run_panel.set_recent(
                [RecentRun(p, Path(p).name, "", p not in gone) for p in paths if p != here]
            )

    def name_classes(self) -> None:
        """Name the classes of the open run in the menus."""
        if self._window.session is not None:
            keyed = {int(c.key): c.name for c in self._window.session.labels.classes if c.key}
            self._window.actions_table.name_classes(keyed)

    def show_order(self, kind: str) -> None:
        """Check the order the frames are walked through in."""
        action = f"frame.order_{kind}"
        if action in self._window.actions_table:
            self._window.actions_table.set_checked(action, True)
        else:
            self._window.actions_table.uncheck("order")
