"""The main window: menus, panes, status bar, and the one run that is open in it."""

from __future__ import annotations

import base64
import gc
import logging
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QByteArray, QEvent, QTimer, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PyQt6.QtWidgets import (
    QApplication,
    QFileDialog,
    QMainWindow,
    QMessageBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.actions import Actions
from app.commands import Needs
from app.handlers import handlers
from app.helping import Helper
from app.jobs.manager import JobManager
from app.notice import NoticeBar
from app.opening import Opened, Opener
from app.outputs import is_folder, is_there
from app.settings import Settings, save_settings
from app.status_bar import StatusBar
from app.treating import Treating
from app.window_menus import WindowMenus
from models.errors import AmbiguousRun, FriedelError
from widgets import theme
from widgets.text import counted
from widgets.welcome import WelcomePane

if TYPE_CHECKING:
    from app.panes import Panes
    from app.run_table import RunTableController
    from app.session import RunSession
    from models.treatment import Treatment

log = logging.getLogger(__name__)

DEFAULT_SIZE = (1280, 800)


class MainWindow(QMainWindow):
    """Owns settings, jobs and the open session; what happens inside a run is the session's."""

    painted = pyqtSignal()
    """the window was painted for the first time"""
    ready = pyqtSignal()
    """all panes are there"""
    run_opened = pyqtSignal()
    run_closed = pyqtSignal()

    def __init__(self, settings: Settings, demo_path: Path) -> None:
        super().__init__()
        self.settings = settings
        self.session: RunSession | None = None
        self.panes: Panes | None = None
        self._demo_path = demo_path
        self._offered = self._warned = self._unlisted = ""
        self._was_painted = False
        self._shut = False
        self.setObjectName("friedel")
        self.setWindowTitle("Friedel")
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.resize(*DEFAULT_SIZE)

        self.jobs = JobManager(self)
        self.opener = Opener(self)
        self.treating = Treating(self)
        self.helper = Helper(self)
        self.welcome = WelcomePane()
        self.pages = QStackedWidget()
        self.pages.addWidget(self.welcome)
        centre = QWidget()
        box = QVBoxLayout(centre)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.pages)
        self.setCentralWidget(centre)
        self.notice = NoticeBar(centre)

        self.actions_table = Actions(self, handlers(self), settings.shortcuts)
        self.menus = WindowMenus(self)
        self.status = StatusBar(self.jobs, self)
        self.setStatusBar(self.status)
        self._connect()
        self.menus.show_settings()
        self.menus.show_recent()
        if settings.geometry:
            self.restoreGeometry(_from_text(settings.geometry))

    # -- coming up -------------------------------------------------------------------------------------------------

    def when_ready(self, action: Callable[[], None]) -> None:
        """Call `action` once all panes are there (at once if they are)."""
        if self.panes is not None:
            action()
        else:
            self.ready.connect(action)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self._after_first_paint)

    def _after_first_paint(self) -> None:
        self.painted.emit()
        # The event loop gets one round to bring the first paint to the screen before the slow imports.
        QTimer.singleShot(20, self.build_panes)

    def build_panes(self) -> None:
        """Make the views; done once, after the window is on screen."""
        if self.panes is not None or self._shut:
            return
        from app.panes import Panes

        self.panes = Panes(self)
        self.panes.restore(_from_text(self.settings.layout) if self.settings.layout else None)
        self.panes.show_for_run(False)
        self.panes.frame_presenter.display_changed.connect(self.menus.show_display)
        self.panes.map_presenter.umap_wanted.connect(lambda: self.actions_table.trigger("view.umap"))
        self.panes.run_panel.open_requested.connect(self.open_path)
        self.panes.jobs_panel.details_requested.connect(lambda _job: self.helper.open_log())
        self.status.jobs_wanted.connect(lambda: self.actions_table.trigger("run.jobs"))
        self.menus.add_panes(self.panes)
        self.menus.show_settings()
        self.menus.show_recent()
        # What is there by now stays until the end. Left out of garbage collection, it does not hold the window up
        # for 20 ms whenever all objects are looked through.
        gc.freeze()
        self.opener.warm_up()
        self.ready.emit()

    # -- opening and closing runs ----------------------------------------------------------------------------------

    def open_path(self, path: str, dataset: str | None = None) -> None:
        """Open a file or folder off the GUI thread; a run that is open stays until the new one is there."""
        self.build_panes()
        self.notice.clear()
        self._unlisted = ""
        self.status.say(f"Opening {Path(path).name}…")
        self.opener.open(Path(path), dataset, self.settings.annotator_name)

    def open_demo(self) -> None:
        self.open_path(str(self._demo_path))

    def ask_file(self) -> None:
        from app.dialogs.raw_opening import choose_file

        choose_file(self)

    def ask_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Open a folder of frames", self.settings.last_folder)
        if path:
            self.settings.last_folder = path
            self.open_path(path)

    @cached_property
    def run_table(self) -> RunTableController:
        """The runs of a folder, made when they are first asked for."""
        from app.run_table import RunTableController

        self.build_panes()
        return RunTableController(self)

    def show_runs(self) -> None:
        """The table of runs; of a folder that was no run itself, where that was just opened."""
        folder, self._unlisted = self._unlisted, ""
        if folder:
            self.run_table.list_folder(folder)
        else:
            self.run_table.show()

    def reload(self) -> None:
        self.treating.reload()

    def treat(self, treatment: Treatment) -> None:
        """Show and use the frames treated like this; see `Treating`."""
        self.treating.treat(treatment)

    def treat_back(self) -> None:
        self.treating.back()

    def close_run(self) -> None:
        """Close the run and show the welcome pane."""
        self._end_session()
        self.setWindowTitle("Friedel")
        self.pages.setCurrentWidget(self.welcome)
        if self.panes is not None:
            self.panes.show_for_run(False)
        self._update_available()
        self.run_closed.emit()

    def _opened(self, opened: Opened) -> None:
        from app.session import RunSession

        if self._shut:
            opened.close()
            return
        if self.session is not None and self.session.run.path == opened.run.path:
            if self.session.run.dataset == opened.run.dataset:
                opened = self.session.handed_on(opened)
            self._end_session()
            opened.workspace.refresh()  # labels that were on their way to the disk when the run was opened again
        self._end_session()
        session = RunSession(opened, self.settings, self.jobs, self)
        self.session = session
        if str(opened.path) != str(self._demo_path):
            self.settings.remember(str(opened.path))
            save_settings(self.settings)
        self.menus.show_recent()
        self._show_title()
        session.availability_changed.connect(self._update_available)
        session.labels.classes_changed.connect(self.menus.name_classes)
        session.browser.playing_changed.connect(lambda on: self.actions_table.set_checked("frame.play", on))
        session.browser.order_changed.connect(self.menus.show_order)
        session.browser.grew.connect(self._show_title)
        session.live.changed.connect(self._show_following)
        session.warned.connect(self._warn)
        session.settled.connect(self._settle)
        session.problem.connect(self.notice.warn)
        session.told.connect(self.notice.inform)
        session.offered.connect(self._offer)
        self.status.follow(session)
        assert self.panes is not None
        self.panes.show_session(session)
        self.panes.show_for_run(True)
        self.pages.setCurrentWidget(self.panes.frame_page)
        self.menus.name_classes()
        self._update_available()
        session.begin()
        # Keys are for the frame, not for whatever button happens to be first in the order of focus.
        self.panes.frame_page.setFocus()
        self.status.say("")
        if opened.note:
            self.notice.warn(opened.note)
        elif opened.run.warnings and not self.treating.reopening:
            self.notice.inform("\n".join(opened.run.warnings))
        self.run_opened.emit()

    def _open_failed(self, path: str, error: FriedelError) -> None:
        from app.dialogs.raw_opening import open_remembered
        from models.runs.raw import RawHeaderNeeded

        self.status.say("")
        if isinstance(error, AmbiguousRun) and error.candidates:
            self._pick_dataset(path, error)
            return
        if isinstance(error, RawHeaderNeeded):
            open_remembered(self, path, error)
            return
        if is_folder(Path(path)):  # not one run, but there may be runs in it
            self._unlisted, self._offered = path, "run.runs"
            self.notice.warn(error.sentence(), "List its runs")
            return
        self.notice.warn(error.sentence())
        if not is_there(Path(path)):
            self.settings.forget(path)
            self.menus.show_recent()

    def _pick_dataset(self, path: str, error: AmbiguousRun) -> None:
        from widgets.dataset_picker import DatasetPicker

        picker = DatasetPicker(Path(path).name, error.candidates, self, because=error.cause)
        picker.setObjectName("dataset_picker")
        picker.accepted.connect(lambda: self.open_path(path, picker.chosen_path()))
        picker.finished.connect(picker.deleteLater)
        picker.open()

    def _end_session(self) -> None:
        if self.session is None:
            return
        session, self.session = self.session, None
        if self.panes is not None:
            self.panes.show_session(None)
        self.status.follow(None)
        session.close()
        session.deleteLater()

    # -- what the session says -------------------------------------------------------------------------------------

    def _update_available(self) -> None:
        present = {Needs.NOTHING}
        if self.session is not None:
            present |= self.session.available()
        self.actions_table.set_available(present)

    def _offer(self, sentence: str, action: str, command: str) -> None:
        self._offered = command
        self.notice.inform(sentence, action)

    def _warn(self, sentence: str, action: str, command: str) -> None:
        self._offered, self._warned = command, sentence
        self.notice.warn(sentence, action)

    def _settle(self) -> None:
        if self._warned and self.notice.text() == self._warned:
            self.notice.clear()
        self._warned = ""

    def _show_title(self) -> None:
        if self.session is not None:
            self.setWindowTitle(f"{self.session.run.name} · {counted(len(self.session.run), 'frame')}")

    def _show_following(self) -> None:
        if self.session is not None:
            self.actions_table.set_checked("frame.follow", self.session.live.follows)

    @property
    def closing(self) -> bool:
        """Whether the window has been shut down."""
        return self._shut

    def make_safe(self) -> str:
        """Flush the label journal and say what is safe; never raises."""
        if self.session is None:
            return "No run is open; nothing is lost."
        return self.session.labels.make_safe()

    # -- settings ----------------------------------------------------------------------------------------------------

    def set_theme(self, scheme: str) -> None:
        self.settings.theme = scheme
        save_settings(self.settings)
        application = QApplication.instance()
        if isinstance(application, QApplication):
            theme.apply_theme(application, scheme)
        self.menus.show_settings()

    def set_annotator(self, name: str) -> None:
        """Label under this name from now on; an open run is opened again for it."""
        if name != self.settings.annotator_name:
            self.settings.annotator = name
            save_settings(self.settings)
            self.reload()

    def set_full_screen(self, on: bool) -> None:
        if on:
            self.showFullScreen()
        else:
            self.showNormal()

    def reset_layout(self) -> None:
        self.build_panes()
        if self.panes is not None:
            self.panes.reset()
            self.panes.show_for_run(self.session is not None)

    def _connect(self) -> None:
        self.notice.action_requested.connect(lambda: self.actions_table.trigger(self._offered))
        self.opener.waiting.connect(self.notice.warn)
        self.opener.opened.connect(self._opened)
        self.opener.failed.connect(self._open_failed)
        self.welcome.open_file_requested.connect(self.ask_file)
        self.welcome.open_folder_requested.connect(self.ask_folder)
        self.welcome.open_runs_requested.connect(lambda: self.run_table.ask())
        self.welcome.demo_requested.connect(self.open_demo)
        self.welcome.recent_chosen.connect(self.open_path)
        self.welcome.dropped.connect(self._dropped)

    # -- events ----------------------------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        if event is not None and _dropped_paths(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        if event is not None:
            event.acceptProposedAction()
            self._dropped(_dropped_paths(event))

    def _dropped(self, paths: list[str]) -> None:
        if paths and paths[0].lower().endswith(".geom") and self.session is not None and self.panes is not None:
            self.panes.show_detector("geometry")
            self.panes.detector.show().geometry.open_geom(paths[0])
            return
        if paths:
            self.open_path(paths[0])
        if len(paths) > 1:
            self.notice.inform(f"One run at a time: {Path(paths[0]).name} was opened, the others were not.")

    def changeEvent(self, event: QEvent | None) -> None:
        super().changeEvent(event)
        if event is not None and event.type() == QEvent.Type.WindowStateChange and hasattr(self, "actions_table"):
            self.actions_table.set_checked("view.full_screen", self.isFullScreen())

    def closeEvent(self, event: QCloseEvent | None) -> None:
        if event is not None and not self._shut and not self._may_close():
            event.ignore()
            return
        self.shut_down()
        super().closeEvent(event)

    def _may_close(self) -> bool:
        """Asks where closing would lose labels."""
        unsaved = "" if self.session is None else self.session.labels.last_chance()
        if not unsaved:
            return True
        box = QMessageBox(QMessageBox.Icon.Warning, "Labels are not saved", unsaved, parent=self)
        box.setInformativeText("Leave the window open until there is room or the disk is back, or lose them.")
        stay = box.addButton("Keep the window open", QMessageBox.ButtonRole.RejectRole)
        box.addButton("Close and lose them", QMessageBox.ButtonRole.DestructiveRole)
        box.exec()
        return box.clickedButton() is not stay

    def shut_down(self) -> None:
        """Save layout, settings and the run's state, stop all jobs and threads; safe to call twice."""
        if self._shut:
            return
        self._shut = True
        if self.panes is not None:
            self.settings.layout = _to_text(self.panes.layout_to_save())
        self.settings.geometry = _to_text(self.saveGeometry())
        save_settings(self.settings)
        self.opener.close()
        self._end_session()
        self.jobs.shutdown()


def _to_text(state: QByteArray) -> str:
    return base64.b64encode(state.data()).decode()


def _from_text(text: str) -> QByteArray:
    try:
        return QByteArray(base64.b64decode(text, validate=True))
    except ValueError:
        log.warning("the stored layout is damaged")
        return QByteArray()


def _dropped_paths(event: QDropEvent) -> list[str]:
    data = event.mimeData()
    if data is None or not data.hasUrls():
        return []
    return [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
