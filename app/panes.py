"""The panes of the window and where they are: built once, after the window has been painted."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from PyQt6.QtCore import QByteArray, Qt
from PyQt6.QtWidgets import QDockWidget, QWidget

from app.frame_page import FramePage
from app.frame_presenter import FramePresenter
from app.map_presenter import MapPresenter
from app.side_presenter import JobsPresenter, SidePresenter
from app.sorting_presenter import SortingPresenter
from app.trust_presenter import TrustPresenter
from widgets.classes_panel import ClassesPanel
from widgets.jobs_panel import JobsPanel
from widgets.map_view import MapView
from widgets.queue_panel import QueuePanel
from widgets.run_panel import RunPanel
from widgets.sorting_pane import SortingPane

if TYPE_CHECKING:
    from app.main_window import MainWindow
    from app.phasing.presenter import PhasePresenter
    from app.session import RunSession

LAYOUT_VERSION = 1
LEFT_SHARE, RIGHT_SHARE = 0.20, 0.36
HIDDEN_AT_FIRST = ("jobs", "phase")
APART_SIZE = (900, 620)
"""of the verdicts in a window of their own, in pixels"""
PHASE_SIZE, PHASE_SHARE = (1240, 780), 0.65
"""of the Phase pane in a window of its own: at least this large, on a large screen this share of it"""


class Panes:
    """All views of the window with the presenters that feed them."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.frame_page = FramePage()
        self.frame_view = self.frame_page.frame_view
        self.filmstrip = self.frame_page.filmstrip
        self.run_panel = RunPanel()
        self.classes = ClassesPanel()
        self.map_view = MapView()
        self.sorting = SortingPane()
        self.verdicts = self.sorting.verdicts
        self.queue = QueuePanel()
        self.jobs_panel = JobsPanel()
        window.pages.addWidget(self.frame_page)
        self.docks: dict[str, QDockWidget] = {
            "run": self._dock("run", "Run", self.run_panel),
            "classes": self._dock("classes", "Classes", self.classes),
            "map": self._dock("map", "Map", self.map_view),
            "verdicts": self._dock("verdicts", "Verdicts", self.sorting),
            "queue": self._dock("queue", "Queue", self.queue),
            "jobs": self._dock("jobs", "Jobs", self.jobs_panel),
            "phase": self._dock("phase", "Phase", QWidget()),
        }
        self._session: RunSession | None = None
        self._phase: PhasePresenter | None = None
        self._phase_placed = False
        self._for_run: bool | None = None
        self._at_first = True
        self._arranged: QByteArray | None = None
        self.reset()

        self.frame_presenter = FramePresenter(self.frame_page, window)
        self.map_presenter = MapPresenter(self.map_view, window)
        self.side_presenter = SidePresenter(self.run_panel, self.classes, self.verdicts, self.queue, window)
        self.sorting_presenter = SortingPresenter(self.sorting.bar, window)
        self.trust_presenter = TrustPresenter(self.sorting, window)
        table = window.actions_table
        self.sorting_presenter.settings_wanted.connect(self._ask_settings)
        self.sorting.larger.clicked.connect(lambda: table.trigger("view.verdicts_apart"))
        self.docks["verdicts"].topLevelChanged.connect(self._verdicts_moved)
        self.docks["phase"].topLevelChanged.connect(self._phase_moved)
        self.docks["phase"].visibilityChanged.connect(lambda seen: self._build_phase() if seen else None)
        self.jobs_presenter = JobsPresenter(self.jobs_panel, window.jobs, window)

    def show_session(self, session: RunSession | None) -> None:
        """Feed all views from an open run; None clears them."""
        self.frame_presenter.show_session(session)
        self.map_presenter.show_session(session)
        self.side_presenter.show_session(session)
        self.sorting_presenter.show_session(session)
        self.trust_presenter.show_session(session)
        self._session = session
        if self._phase is not None:
            self._phase.show_session(session)
        elif session is not None and self.docks["phase"].isVisible():
            self._build_phase()

    def show_for_run(self, for_run: bool) -> None:
        """With a run the docks are where the user left them; without one the welcome pane has the window."""
        if for_run == self._for_run:
            return
        if self._for_run and not for_run:
            self._arranged = self._window.saveState(LAYOUT_VERSION)
        self._for_run = for_run
        if not for_run:
            if self._arranged is None:
                self._arranged = self._window.saveState(LAYOUT_VERSION)
            for dock in self.docks.values():
                dock.hide()
        elif self._arranged is not None:
            self._window.restoreState(self._arranged, LAYOUT_VERSION)
            if self._at_first:
                self._spread()

    def layout_to_save(self) -> QByteArray:
        """The arrangement of the docks as Qt writes it."""
        if self._for_run or self._arranged is None:
            return self._window.saveState(LAYOUT_VERSION)
        return self._arranged

    def restore(self, layout: QByteArray | None) -> None:
        """Arrange the docks as they were left; a layout that does not fit this version is ignored."""
        if layout is not None and not layout.isEmpty() and self._window.restoreState(layout, LAYOUT_VERSION):
            self._at_first = False
            self._arranged = layout
            self._phase_placed = not self.docks["phase"].isHidden()

    def reset(self) -> None:
        """Everything back to where it was at first."""
        window = self._window
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        for dock in self.docks.values():
            dock.setFloating(False)
            window.removeDockWidget(dock)
        for name, area in (("run", left), ("classes", left), ("map", right), ("verdicts", right)):
            window.addDockWidget(area, self.docks[name])
        for name in ("queue", "jobs"):
            window.addDockWidget(right, self.docks[name])
            window.tabifyDockWidget(self.docks["verdicts"], self.docks[name])
        window.addDockWidget(right, self.docks["phase"])
        window.tabifyDockWidget(self.docks["map"], self.docks["phase"])
        for name, dock in self.docks.items():
            dock.setVisible(name not in HIDDEN_AT_FIRST)
        self._at_first = True
        self._spread()
        self.docks["verdicts"].raise_()
        self.docks["map"].raise_()
        self._phase_placed = False
        self._arranged = window.saveState(LAYOUT_VERSION)

    def _spread(self) -> None:
        """Give the docks their first shares of the window."""
        window, docks = self._window, self.docks
        width, height = window.width(), window.height()
        across = [int(width * LEFT_SHARE), int(width * RIGHT_SHARE)]
        window.resizeDocks([docks["run"], docks["map"]], across, Qt.Orientation.Horizontal)
        for upper, lower, share in (("map", "verdicts", 0.52), ("run", "classes", 0.54)):
            down = [int(height * share), int(height * (1 - share))]
            window.resizeDocks([docks[upper], docks[lower]], down, Qt.Orientation.Vertical)

    def raise_dock(self, name: str) -> None:
        """Bring a pane to the front, also where it was closed."""
        self.docks[name].show()
        self.docks[name].raise_()

    def show_verdicts(self, page: str) -> None:
        """Bring a page of the verdicts to the front, and give it the keys."""
        self.raise_dock("verdicts")
        self.sorting.show_page(page)

    def set_verdicts_apart(self, apart: bool) -> None:
        """The verdicts in a window of their own, where their plots are larger, or back among the other panes."""
        dock = self.docks["verdicts"]
        if dock.isFloating() != apart:
            dock.setFloating(apart)
            if apart:
                screen = self._window.screen()
                room = self._window.size() if screen is None else screen.availableSize()
                dock.resize(min(APART_SIZE[0], room.width()), min(APART_SIZE[1], room.height()))
        self.raise_dock("verdicts")

    # -- phase retrieval -------------------------------------------------------------------------------------------

    def show_phase(self) -> PhasePresenter:
        """Bring the Phase pane to the front: in a window of its own, unless the user has docked it."""
        if not self._phase_placed:
            self.set_phase_apart(True)
        self.raise_dock("phase")
        return self._build_phase()

    def set_phase_apart(self, apart: bool) -> None:
        """The Phase pane in a window of its own, where all of it is seen at once, or a page beside the map."""
        dock = self.docks["phase"]
        self._phase_placed = True
        if dock.isFloating() != apart:
            beside = self.docks["map"].size()
            dock.setFloating(apart)
            if apart:
                self._place_apart(dock, PHASE_SIZE)
            else:  # as large as the map it is a page beside of
                self._window.resizeDocks([dock], [beside.width()], Qt.Orientation.Horizontal)
                self._window.resizeDocks([dock], [beside.height()], Qt.Orientation.Vertical)
        self.raise_dock("phase")

    def _build_phase(self) -> PhasePresenter:
        """The pane is made when it is first looked at: most sessions with a run never need it."""
        if self._phase is None:
            from app.phasing.presenter import PhasePresenter
            from widgets.phase.pane import PhasePane

            pane = PhasePane()
            pane.larger.clicked.connect(lambda: self._window.actions_table.trigger("view.phase_apart"))
            self.docks["phase"].setWidget(pane)
            self._phase = PhasePresenter(pane, self._window)
            self._phase.show_session(self._session)
            self._phase_moved(self.docks["phase"].isFloating())
            gc.freeze()  # as for the panes that were there before: what stays is not looked through again and again
        return self._phase

    @property
    def phase_presenter(self) -> PhasePresenter | None:
        """What feeds the Phase pane; None before it was first shown."""
        return self._phase

    def _phase_moved(self, apart: bool) -> None:
        self._window.actions_table.set_checked("view.phase_apart", apart)
        if self._phase is not None:
            self._phase.show_apart(apart)

    def _place_apart(self, dock: QDockWidget, size: tuple[int, int]) -> None:
        """Give a floating pane its size, over the middle of the window, within the screen."""
        screen = self._window.screen()
        room = self._window.geometry() if screen is None else screen.availableGeometry()
        width, height = (
            min(all_of_it, max(least, round(PHASE_SHARE * all_of_it)))
            for least, all_of_it in zip(size, (room.width(), room.height()), strict=True)
        )
        middle = self._window.frameGeometry().center()
        left = min(max(room.left(), middle.x() - width // 2), room.right() + 1 - width)
        top = min(max(room.top(), middle.y() - height // 2), room.bottom() + 1 - height)
        dock.setGeometry(left, top, width, height)

    def _ask_settings(self, choice_id: str) -> None:
        if self._window.session is not None:
            from app import asking

            asking.classifier(self._window, self._window.session, choice_id)

    def _verdicts_moved(self, apart: bool) -> None:
        self._window.actions_table.set_checked("view.verdicts_apart", apart)
        self.sorting.larger.setText("Back" if apart else "Larger")

    def _dock(self, name: str, title: str, widget: QWidget) -> QDockWidget:
        dock = QDockWidget(title, self._window)
        dock.setObjectName(f"dock_{name}")
        dock.setWidget(widget)
        return dock
