"""The panes of the window and where they are: built once, after the window has been painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt6.QtCore import QByteArray, Qt, QTimer
from PyQt6.QtWidgets import QDockWidget, QWidget

from app.frame_page import FramePage
from app.frame_presenter import FramePresenter
from app.inspect_dock import InspectDock
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
    from app.denoising.presenter import DenoisePresenter
    from app.detector.presenter import DetectorPresenter
    from app.main_window import MainWindow
    from app.phasing.presenter import PhasePresenter
    from app.session import RunSession

LAYOUT_VERSION = 1
LEFT_SHARE, RIGHT_SHARE = 0.20, 0.36
HIDDEN_AT_FIRST = ("jobs", "phase", "denoise", "detector")
DETECTOR_SHARE = 0.7
"""of the window's height, which the Detector pane is given when it is called for"""
APART_SIZE = (900, 620)
"""of the verdicts in a window of their own, in pixels"""


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
            "denoise": self._dock("denoise", "Denoise", QWidget()),
            "detector": self._dock("detector", "Detector", QWidget()),
        }
        docks, beside = self.docks, self.docks["map"]
        self.phase = InspectDock(window, docks["phase"], beside, self._make_phase, "view.phase_apart")
        self.denoise = InspectDock(window, docks["denoise"], beside, self._make_denoise, "view.denoise_apart")
        self.detector = InspectDock(
            window, docks["detector"], beside, self._make_detector, "view.detector_apart", apart_at_first=False
        )
        self._inspect = (self.phase, self.denoise, self.detector)
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
        self.jobs_presenter = JobsPresenter(self.jobs_panel, window.jobs, window)

    def show_session(self, session: RunSession | None) -> None:
        """Feed all views from an open run; None clears them."""
        self.frame_presenter.show_session(session)
        self.map_presenter.show_session(session)
        self.side_presenter.show_session(session)
        self.sorting_presenter.show_session(session)
        self.trust_presenter.show_session(session)
        for each in self._inspect:
            each.show_session(session)

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
            for each in self._inspect:
                each.restored()

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
        for each in self._inspect:
            each.add(right)
        for name, dock in self.docks.items():
            dock.setVisible(name not in HIDDEN_AT_FIRST)
        self._at_first = True
        self._spread()
        self.docks["verdicts"].raise_()
        self.docks["map"].raise_()
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

    # -- Inspect ---------------------------------------------------------------------------------------------------

    def show_phase(self) -> PhasePresenter:
        """Bring the Phase pane to the front: in a window of its own, unless the user has docked it."""
        return self.phase.show()

    def set_phase_apart(self, apart: bool) -> None:
        """The Phase pane in a window of its own, or a page beside the map."""
        self.phase.set_apart(apart)

    @property
    def phase_presenter(self) -> PhasePresenter | None:
        """What feeds the Phase pane; None before it was first shown."""
        return self.phase.presenter

    @property
    def denoise_presenter(self) -> DenoisePresenter | None:
        """What feeds the Denoise pane; None before it was first shown."""
        return self.denoise.presenter

    def _make_phase(self) -> PhasePresenter:
        from app.phasing.presenter import PhasePresenter
        from widgets.phase.pane import PhasePane

        return PhasePresenter(PhasePane(), self._window)

    def _make_denoise(self) -> DenoisePresenter:
        from app.denoising.presenter import DenoisePresenter
        from widgets.denoise.pane import DenoisePane

        presenter = DenoisePresenter(DenoisePane(), self._window)
        self.frame_presenter.display_changed.connect(presenter.repaint)
        return presenter

    def _make_detector(self) -> DetectorPresenter:
        from app.detector.presenter import DetectorPresenter

        return DetectorPresenter(self._window)

    def show_detector(self, page: str) -> None:
        """Bring a page of the Detector pane to the front: "calibration", "geometry" or "mask"."""
        self.detector.show().show_page(page)
        # Its size is known when the layout has had its turn.
        QTimer.singleShot(0, self._give_detector_room)

    def _give_detector_room(self) -> None:
        dock, wanted = self.docks["detector"], int(DETECTOR_SHARE * self._window.height())
        if dock.isVisible() and not dock.isFloating() and dock.height() < wanted:
            self._window.resizeDocks([dock], [wanted], Qt.Orientation.Vertical)

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
