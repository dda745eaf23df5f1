"""Opening a run off the GUI thread: the file, its workspace, and what was stored of it."""

from __future__ import annotations

import atexit
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from app.jobs.threads import run_task
from models.errors import CannotOpen, FriedelError

if TYPE_CHECKING:
    from models.runs.probe import Prober
    from models.runs.types import Run
    from models.runs.watch import FileStamp
    from models.treatment import Treatment
    from models.workspace.state import RunState
    from models.workspace.workspace import Workspace

log = logging.getLogger(__name__)

FIRST_FRAME_MS = 2000
SLOW_MS = 15_000
"""opening that takes longer is told of where a read of another run hangs"""


@dataclass(frozen=True)
class Opened:
    """A run that was opened, with its workspace.

    Attributes:
        path: what the user opened.
        run: used by its reader thread only from here on.
        workspace: labels are replayed already.
        state: the window's state of this run, empty at its first opening.
        note: a sentence on what is not as it was left, else "".
        stamp: the file as it was just before it was opened; None where that cannot be told.
    """

    path: Path
    run: Run
    workspace: Workspace
    state: RunState
    note: str = ""
    stamp: FileStamp | None = None

    def close(self) -> None:
        self.workspace.close()
        self.run.close()


def open_all(path: Path, dataset: str | None, annotator: str, treatment: Treatment | None = None) -> Opened:
    """Open run and workspace; not for the GUI thread.

    Args:
        treatment: of the frames; None for the one that the run was left with.

    Raises:
        CannotOpen, AmbiguousRun: as `models.runs.open_run`.
        FriedelError: the treatment that was asked for does not fit.
    """
    from models.runs import open_run, read_columns
    from models.workspace.workspace import open_workspace

    stamp = _stamp_of(path)
    the_prober().probe(path, dataset, stamp)
    run = open_run(path, dataset)
    try:
        read_columns(run)  # from here on only the reader thread may touch the file
        workspace = open_workspace(run, annotator)
    except BaseException:
        run.close()
        raise
    state, note = workspace.load_state(), ""
    try:
        run, note = _treated(run, dataset, state, treatment)
    except BaseException:
        workspace.close()
        raise
    workspace.use_run(run)
    return Opened(path, run, workspace, state, note, stamp)


_prober: Prober | None = None


def the_prober() -> Prober:
    """What tries files out before they are opened; all windows share it."""
    global _prober
    if _prober is None:
        from models.runs.probe import Prober
        from models.workspace.location import user_data_folder

        _prober = Prober(user_data_folder() / "opened.json")
        atexit.register(_prober.close)
    return _prober


def _stamp_of(path: Path) -> FileStamp | None:
    from models.runs.watch import FileStamp

    try:
        return FileStamp.of(path)
    except OSError as error:
        log.info("%s cannot be watched: %s", path, error)
        return None


def _treated(run: Run, dataset: str | None, state: RunState, wanted: Treatment | None) -> tuple[Run, str]:
    """The run with its frames treated as wanted, or as it was left; and a sentence where that cannot be had.

    Raises:
        FriedelError: what is wanted does not fit; the run is closed.
    """
    from models.runs import read_columns
    from models.treatment import UNTREATED, Treatment, open_treated

    treatment, kept = wanted, state.extra.get("treatment")
    try:
        if treatment is None:
            treatment = Treatment.from_state(kept) if isinstance(kept, dict) else UNTREATED
        if treatment.is_nothing:
            return run, ""
        treated = open_treated(run.path, dataset, treatment)
    except FriedelError as error:
        if wanted is not None:
            run.close()
            raise
        return run, f"The frames are shown as stored, not treated as they were left: {error.sentence()}"
    run.close()
    read_columns(treated)
    return treated, ""


class Opener(QObject):
    """Opens one run at a time; a request that was overtaken by another is closed again unseen."""

    opened = pyqtSignal(object)
    """Opened"""
    failed = pyqtSignal(str, object)
    """path, FriedelError"""
    waiting = pyqtSignal(str)
    """a sentence on what opening waits for"""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._latest = 0
        self._name = ""
        self._begin: Callable[[], None] | None = None
        self._again = self._timer(FIRST_FRAME_MS, lambda: self._begin() if self._begin is not None else None)
        self._slow = self._timer(SLOW_MS, self._say_slow)

    def open(self, path: Path, dataset: str | None, annotator: str, treatment: Treatment | None = None) -> None:
        """Open a run; `treatment` as in `open_all`."""
        self.close()
        ticket, self._name = self._latest, path.name

        def begin() -> None:
            run_task(lambda: open_all(path, dataset, annotator, treatment), done, failed, name=f"open {path.name}")

        def done(opened: Opened) -> None:
            if ticket == self._latest:
                self._slow.stop()
                self.opened.emit(opened)
            else:
                # Another run's read may hang, and HDF5 does one thing at a time: the window must not wait for it.
                threading.Thread(target=opened.close, name="close run", daemon=True).start()

        def failed(error: Exception) -> None:
            if ticket == self._latest:
                self._slow.stop()
                self._failed(path, as_friedel_error(error, path))

        self._begin = begin
        self._slow.start()
        begin()

    def warm_up(self) -> None:
        """Get ready to try files out before the first one is opened; returns at once."""
        threading.Thread(target=lambda: the_prober().warm(), name="warm up", daemon=True).start()

    def close(self) -> None:
        """Forget what is being opened."""
        self._latest += 1
        self._again.stop()
        self._slow.stop()
        if _prober is not None:
            _prober.give_up()

    def _failed(self, path: Path, error: FriedelError) -> None:
        from models.runs.live import NoFramesYet

        if isinstance(error, NoFramesYet):
            self.waiting.emit(f"{path.name} has no frames yet: it is opened as soon as the first one is written.")
            self._again.start()
        else:
            self.failed.emit(str(path), error)

    def _say_slow(self) -> None:
        from app.reading import still_hanging

        if still_hanging():
            self.waiting.emit(
                f"{self._name} can only be opened when the disk of the run before it answers: HDF5 does one thing at "
                "a time. Starting Friedel again helps; labels are safe."
            )

    def _timer(self, after_ms: int, action: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(after_ms)
        timer.timeout.connect(action)
        return timer


def as_friedel_error(error: Exception, path: Path) -> FriedelError:
    """Expected errors as they are; anything else as one sentence."""
    if isinstance(error, FriedelError):
        return error
    log.error("opening %s failed unexpectedly", path, exc_info=error)
    return CannotOpen(
        f"{path.name} cannot be opened", cause=f"{type(error).__name__}: {error}", hint="The log has the details"
    )
