"""The results of one frame that are kept in the workspace: listed, shown, compared, renamed, deleted, exported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PyQt6.QtCore import QObject, pyqtSignal

from app.jobs.arrays import Scratch, discard
from app.jobs.manager import JobManager
from app.jobs.service import the_service
from app.jobs.threads import to_main
from app.opening import Opened
from app.phasing.records import AVERAGE, Result, Shown, Subject
from models.errors import FriedelError


class KeptResults(QObject):
    """Asks the service, which reads and writes the files. `about` says of which frame."""

    listed = pyqtSignal()
    """`rows` are others"""
    changed = pyqtSignal()
    """`result` is another one, or none"""
    shown = pyqtSignal(object)
    """`Shown`: a picture of the result that was asked for"""
    problem = pyqtSignal(str)
    told = pyqtSignal(str)

    def __init__(self, opened: Opened, jobs: JobManager, parent: QObject) -> None:
        super().__init__(parent)
        self._run, self._workspace, self._jobs = opened.run, opened.workspace, jobs
        self._subject: Subject | None = None
        self._closed = False
        self._scratch: Scratch | None = None
        self.hold = False
        """while starts run, no kept result comes in their place"""
        self.result: Result | None = None
        self.rows: tuple[Any, ...] = ()
        self.deleted: tuple[str, str] | None = None
        """id and name of the result deleted last, while it can be brought back"""
        service = the_service()
        self._show_lane = service.lane("phasing result")
        self._list_lane = service.lane("phasing results")
        self._sides = (service.lane("phasing left"), service.lane("phasing right"))

    def about(self, subject: Subject) -> None:
        """List and show results of this frame from now on."""
        self._subject = subject
        for lane in (self._show_lane, self._list_lane, *self._sides):
            lane.forget()
        self.rows, self.deleted, self.hold = (), None, False
        self.listed.emit()
        self.show_none()

    def look(self, show_latest: bool = False) -> None:
        """See what is kept; with `show_latest` the latest result is shown where none is."""
        subject = self._subject
        if subject is None:
            return

        def listed(found: tuple[Any, ...]) -> None:
            if self._closed or subject != self._subject:
                return
            self.rows = found
            self.listed.emit()
            if show_latest and found and self.result is None:
                self.open(found[0].id)

        self._list_lane.submit("app.phasing.results:listed", (self._place(),), listed, self._complain)

    def open(self, result_id: str) -> None:
        """Show a kept result in place of the present one."""
        if self.hold or self._subject is None:
            return
        subject = self._subject
        if self._scratch is None:
            self._scratch = Scratch()

        def opened(result: Result) -> None:
            if self._closed or self.hold or subject != self._subject:
                return
            before, self.result = self.result, result
            self.changed.emit()
            self.shown.emit(result.shown)
            if before is not None:
                discard(before.folder)

        args = (self._place(), result_id, str(self._scratch.folder))
        self._show_lane.submit("app.phasing.results:opened", args, opened, self._complain)

    def show_none(self, hold: bool = False) -> None:
        """No result is on screen; with `hold` none comes there until that is over."""
        self.hold = hold
        self._show_lane.forget()
        if self.result is not None:
            before, self.result = self.result, None
            self.changed.emit()
            discard(before.folder)

    def show(self, what: str = AVERAGE) -> None:
        """Have a picture of the present result: the average, a start, a mode."""
        result = self.result
        if result is None:
            return

        def made(shown: Shown) -> None:
            if self.result is result:
                self.shown.emit(shown)

        args = (self._place(), result.id, what, result.folder)
        self._show_lane.submit("app.phasing.results:shown", args, made, self._complain)

    def compare(self, side: int, result_id: str, what: str, done: Callable[[Any], None]) -> None:
        """Have a picture of any result for one side (0, 1) of a comparison: `done` gets a `Compared`."""
        args = (self._place(), result_id, what)
        self._sides[side].submit("app.phasing.results:compared", args, done, self._complain)

    def rename(self, result_id: str, name: str) -> None:
        self._change("renamed", (result_id, name))

    def delete(self, result_id: str) -> None:
        """Take a result away; `undelete` brings it back as long as the frame is looked at."""
        name = next((row.name for row in self.rows if row.id == result_id), "")
        self.deleted = (result_id, name)
        if self.result is not None and self.result.id == result_id:
            self.show_none(self.hold)
        self._change("deleted", (result_id,))

    def undelete(self) -> None:
        """Bring back the result that was deleted last."""
        if self.deleted is not None:
            result_id, _ = self.deleted
            self.deleted = None
            self._change("undeleted", (result_id,))

    def export(self, result_id: str, what: str, target: Path) -> None:
        """Write a result to a file, in a worker process."""
        self._jobs.start(
            f"Writing {target.name}",
            "app.phasing.results:exported",
            (self._place(), result_id, what, str(target)),
            on_finished=lambda _: self.told.emit(f"Written to {target}."),
            on_failed=self._complain,
        )

    def close(self) -> None:
        self._closed = True
        for lane in (self._show_lane, self._list_lane, *self._sides):
            lane.close()
        if self._scratch is not None:
            self._scratch.close()

    def _change(self, how: str, args: tuple[Any, ...]) -> None:
        """Change what is kept: each change is made, in order, where a lane would skip to the last one."""
        the_service().ask(
            "phasing results",
            f"app.phasing.results:{how}",
            (self._place(), *args),
            lambda _: to_main(self._changed),
            lambda error: to_main(lambda: self._complain(error)),
        )

    def _changed(self) -> None:
        if not self._closed:
            self.look()

    def _place(self) -> dict[str, Any]:
        from app.phasing.results import place_of

        assert self._subject is not None
        return place_of(self._workspace, self._run, self._subject)

    def _complain(self, error: FriedelError) -> None:
        if not self._closed:
            self.problem.emit(error.sentence())
