"""The table of runs: listed by a job, shown in place of the start page, and as a pane beside a run that is open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QObject, Qt
from PyQt6.QtWidgets import QDockWidget, QFileDialog, QWidget

from models.errors import FriedelError
from models.progress import Progress
from models.runs.run_table import ListingProgress, RunTable
from widgets.run_table import RunTableView

if TYPE_CHECKING:
    from app.main_window import MainWindow


class RunTableController(QObject):
    """One table for the window. It stays when runs are opened from it and closed again.

    Made when a folder of runs is first asked for.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.view = RunTableView()
        self.view.setObjectName("run_table")
        self.folder = ""
        self._job: int | None = None
        self._listing = 0
        self._dock = QDockWidget("Runs", window)
        self._dock.setObjectName("dock_runs")
        window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, self._dock)
        self._dock.hide()
        self._at_first = True
        view = self.view
        view.open_requested.connect(window.open_path)
        view.refresh_requested.connect(self.refresh)
        view.folder_requested.connect(self.ask)
        view.cancel_requested.connect(self.cancel)
        view.close_requested.connect(self.leave)
        window.run_opened.connect(self._run_opened)
        window.run_closed.connect(self._run_closed)

    @property
    def dock(self) -> QDockWidget:
        """The pane beside an open run."""
        return self._dock

    def ask(self) -> None:
        """Ask for a folder and list its runs."""
        settings = self._window.settings
        path = QFileDialog.getExistingDirectory(self._window, "Folder of runs", self.folder or settings.last_folder)
        if path:
            settings.last_folder = path
            self.list_folder(path)

    def list_folder(self, folder: str) -> None:
        """List the runs of a folder, and bring the table up."""
        self.cancel()
        self._window.notice.clear()
        self.folder = str(Path(folder))
        self.view.set_folder(self.folder)
        self.refresh()
        self.show()

    def refresh(self) -> None:
        """Look again; what is shown stays until there is something newer."""
        if not self.folder or self._job is not None:
            return
        self.view.begin()
        self._listing += 1
        listing = self._listing

        def ours(action: Callable[[Any], None]) -> Callable[[Any], None]:
            """Nothing where the listing was given up meanwhile: it may still have something to say."""
            return lambda value: action(value) if self._job is not None and listing == self._listing else None

        self._job = self._window.jobs.start(
            f"List the runs of {Path(self.folder).name or self.folder}",
            "app.run_table_work:list_folder",
            (self.folder,),
            on_progress=ours(self._progressed),
            on_finished=ours(self._finished),
            on_failed=ours(self._failed),
            on_cancelled=lambda: ours(self._stopped)(None),
            has_workers=True,
        )

    def cancel(self) -> None:
        """Stop listing; what was found stays."""
        if self._job is not None:
            job, self._job = self._job, None
            self._window.jobs.cancel(job)
            self.view.finish(None)

    def show(self) -> None:
        """Bring the table up: as a page where no run is open, else as a pane."""
        self._place()
        if self._window.session is None:
            self._window.pages.setCurrentWidget(self.view)
        else:
            self._show_dock()
            self._dock.raise_()
        self.view.table.setFocus()

    def leave(self) -> None:
        """Back to the start page."""
        self._window.pages.setCurrentWidget(self._window.welcome)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _place(self) -> None:
        """Put the view where it belongs now."""
        as_page = self._window.session is None
        self.view.set_page(as_page)
        if as_page and self._window.pages.indexOf(self.view) < 0:
            self._dock.setWidget(QWidget())
            self._window.pages.addWidget(self.view)
            self._dock.hide()
        elif not as_page and self._dock.widget() is not self.view:
            self._window.pages.removeWidget(self.view)
            self._dock.setWidget(self.view)
            self.view.show()

    def _show_dock(self) -> None:
        """Behind the facts of the run at first; later where the user has put it."""
        self._dock.show()
        if self._at_first and self._window.panes is not None:
            self._window.tabifyDockWidget(self._window.panes.docks["run"], self._dock)
            self._at_first = False

    def _run_opened(self) -> None:
        """The table goes to the side, behind the facts of the run; a run opened otherwise brings none up."""
        was_page = self._window.pages.indexOf(self.view) >= 0
        self._place()
        if was_page and self.folder:
            self._show_dock()
            if self._window.panes is not None:
                self._window.panes.docks["run"].raise_()
        elif was_page:
            self._dock.hide()

    def _run_closed(self) -> None:
        """Back to the table, where the run was opened beside it."""
        beside = self._dock.isVisible()
        self._place()
        self._dock.hide()
        if beside and self.folder:
            self._window.pages.setCurrentWidget(self.view)

    def _progressed(self, progress: Progress) -> None:
        if isinstance(progress, ListingProgress):
            self.view.add_rows(progress.rows)
            self.view.set_progress(progress.fraction if progress.unit == "runs" else None, progress.message)

    def _finished(self, table: RunTable) -> None:
        self._job = None
        self.view.add_rows(table.rows)
        self.view.finish({row.path for row in table.rows}, table.notes)

    def _failed(self, error: FriedelError) -> None:
        self._job = None
        self.view.finish(None)
        self._window.notice.warn(error.sentence())

    def _stopped(self, _nothing: None) -> None:
        """Stopped from the list of jobs."""
        self._job = None
        self.view.finish(None)
