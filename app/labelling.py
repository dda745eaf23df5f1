"""Giving labels: what a key does to the labels of the open run, and whether it reached the disk."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from app.browsing import Browser
from app.jobs.threads import run_task, to_main
from app.settings import Settings
from models.errors import FriedelError, NotSaved
from models.workspace.classes import LabelClass
from models.workspace.entries import Entry
from models.workspace.writer import SavedEntry
from widgets.text import counted
from widgets.theme import ClassStyle

if TYPE_CHECKING:
    from models.workspace.workspace import Workspace

log = logging.getLogger(__name__)

Codes = npt.NDArray[np.int16]
LOOK_EVERY_MS = 10_000
"""how often the journals of other annotators are looked at"""


@dataclass(frozen=True)
class SavedState:
    """Whether what was given is on disk.

    Attributes:
        waiting: labels not on disk yet.
        unsaved: whether writing them failed.
        reason: why, in a sentence; "" while nothing failed.
        when: time of the last successful write, None before the first.
    """

    waiting: int = 0
    unsaved: bool = False
    reason: str = ""
    when: datetime | None = None


class Labelling(QObject):
    """The labels of one run for the window: changes go to the journal, and everything shown follows its signals."""

    changed = pyqtSignal()
    """some frame's label changed"""
    classes_changed = pyqtSignal()
    """the list of classes, or a class, changed"""
    save_failed = pyqtSignal(str)
    """labels could not be written, for the first time since they could: why, in a sentence"""
    saved_changed = pyqtSignal()
    """`saved` changed"""
    refused = pyqtSignal(str)
    """a sentence: what was asked cannot be done"""
    held_back = pyqtSignal(str)
    """a sentence: why no label is given unless the user says so (`allow`)"""

    def __init__(
        self, workspace: Workspace, browser: Browser, settings: Settings, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._labels = workspace.labels
        self._browser = browser
        self._settings = settings
        self.saved = SavedState()
        self._doubt = ""
        workspace.on_saved(lambda outcome: to_main(lambda: self._heard(outcome)))
        self._closed = False
        self._looking = False
        self._look_timer = QTimer(self)
        self._look_timer.setInterval(LOOK_EVERY_MS)
        self._look_timer.timeout.connect(self.look_for_others)
        self._look_timer.start()

    # -- what there is ---------------------------------------------------------------------------------------------

    @property
    def classes(self) -> tuple[LabelClass, ...]:
        return self._labels.classes

    @property
    def class_names(self) -> tuple[str, ...]:
        return self._labels.class_names

    @property
    def codes(self) -> Codes:
        """(N,) int16 view, kept up to date in place: class code, −1 unlabelled, −2 unsure."""
        return self._labels.codes

    @property
    def n_mine(self) -> int:
        return self._labels.n_mine

    def counts(self) -> dict[str, int]:
        return self._labels.counts()

    def styles(self) -> tuple[ClassStyle, ...]:
        """The classes as views show them; a class's name is its id."""
        return tuple(ClassStyle(c.name, c.name, c.colour, c.key, c.marker) for c in self.classes)

    def snapshot(self) -> tuple[Codes, tuple[str, ...]]:
        """A copy of the labels, for a worker thread, and the classes the codes point into."""
        return self._labels.codes.copy(), self.class_names

    def unlabelled(self) -> npt.NDArray[np.bool_]:
        """(N,) True for frames nobody said anything about."""
        nothing: npt.NDArray[np.bool_] = self._labels.codes == -1
        return nothing

    def class_of_key(self, number: int) -> str:
        """Name of the class with that key, "" for none."""
        return next((c.name for c in self.classes if c.key == str(number)), "")

    # -- doubts ----------------------------------------------------------------------------------------------------

    def doubt(self, why: str) -> None:
        """Give no labels until `allow`: the frames are not what was measured, for the reason `why` says."""
        self._doubt = why

    def allow(self) -> None:
        """Labels are given all the same."""
        self._doubt = ""

    # -- what keys do ----------------------------------------------------------------------------------------------

    def give(self, number: int) -> None:
        """The class with key `number` to the frame on screen, and on to the next if the user wants that."""
        name = self.class_of_key(number)
        if name:
            self.give_class(name)

    def give_class(self, name: str) -> None:
        if self._give(lambda: self._labels.set(self._browser.index, name, "key")):
            self._advance()

    def unsure(self) -> None:
        if self._give(lambda: self._labels.set_unsure(self._browser.index, "key")):
            self._advance()

    def clear(self) -> None:
        self._do(lambda: self._labels.set(self._browser.index, None, "key"))

    def accept(self, name: str) -> None:
        """The verdict `name` becomes the label of the frame on screen."""
        if self._give(lambda: self._labels.set(self._browser.index, name, "accept")):
            self._advance()

    def give_selection(self, number: int) -> None:
        """The class with key `number` to all selected frames, as one action."""
        name = self.class_of_key(number)
        frames = self._browser.selection()
        if name and len(frames):
            self._give(lambda: self._labels.set(frames, name, "lasso"))

    def accept_many(self, frames_by_class: Sequence[tuple[str, npt.NDArray[np.int64]]]) -> int:
        """Verdicts become labels, an action for every class; gives the number of frames."""
        count = 0
        for name, frames in frames_by_class:
            if len(frames) and self._give(lambda n=name, f=frames: self._labels.set(f, n, "accept")):
                count += len(frames)
        return count

    def undo(self) -> None:
        """Take back the last action and show the frame it was about."""
        self._back_to(self._toggle(undo=True))

    def redo(self) -> None:
        self._back_to(self._toggle(undo=False))

    # -- classes ---------------------------------------------------------------------------------------------------

    def add_class(self, name: str) -> None:
        self._do(lambda: self._labels.add_class(name))

    def rename_class(self, old: str, new: str) -> None:
        self._do(lambda: self._labels.rename(old, new))

    def recolour_class(self, name: str, colour: str) -> None:
        self._do(lambda: self._labels.recolour(name, colour))

    def remove_class(self, name: str) -> None:
        self._do(lambda: self._labels.remove(name))

    def look_for_others(self) -> None:
        """Take in what other annotators wrote meanwhile; their journals are read off the GUI thread."""
        if self._looking or self._closed:
            return
        self._looking = True

        def found(entries: list[Entry]) -> None:
            self._looking = False
            if not self._closed and self._labels.merge(entries):
                self.taken_over()

        def failed(error: Exception) -> None:
            self._looking = False
            log.warning("other annotators' labels cannot be read: %s", error)

        run_task(self._workspace.look, found, failed, name="read journals")

    def grow(self) -> None:
        """The run has more frames, unlabelled unless somebody else was ahead."""
        lost = self._labels.lost
        self._workspace.grow()
        if self._labels.lost != lost:
            self.changed.emit()

    def taken_over(self) -> None:
        """Labels came from elsewhere (a table, another annotator): tell everybody."""
        self.classes_changed.emit()
        self._tell(self._labels.classes)

    # -- keeping ---------------------------------------------------------------------------------------------------

    def make_safe(self) -> str:
        """Have everything written now, and say in a sentence whether it is; for when something else went wrong."""
        try:
            if self._workspace.flush(3.0):
                return "Your labels are safe on disk."
            error = self._workspace.save_error
        except OSError as failure:
            log.exception("flushing the labels failed")
            return f"Whether the last labels are on disk is not certain: {failure}."
        return f"The last labels are NOT saved. {error.sentence() if error is not None else ''}".strip()

    def last_chance(self) -> str:
        """Before the window closes: a sentence where labels would be lost, "" where all are on some disk."""
        if not self._workspace.pending or self._workspace.flush(2.0) or not self._workspace.rescue():
            return ""
        error = self._workspace.save_error
        count = counted(self._workspace.pending, "label")
        return f"{count} could not be saved. {error.sentence() if error is not None else ''}".strip()

    def close(self) -> str:
        """Write what is waiting, to the user's own folder if need be; gives a sentence where something was lost."""
        self._closed = True
        self._look_timer.stop()
        if not self._workspace.close():
            return ""
        if not self._workspace.rescue():
            return f"Labels that could not be saved with the run are in {self._workspace.rescue_folder}."
        error = self._workspace.save_error
        return f"Some labels could not be saved. {error.sentence() if error is not None else ''}".strip()

    # -- inside ----------------------------------------------------------------------------------------------------

    def _give(self, action: object) -> bool:
        """Carry out one change that gives labels, unless there are doubts about the frames."""
        if self._doubt:
            self.held_back.emit(f"No label is given yet. {self._doubt.rstrip('.')}.")
            return False
        return self._do(action)

    def _do(self, action: object) -> bool:
        """Carry out one change; a refusal becomes a sentence."""
        before = self._labels.classes
        try:
            done = action()  # type: ignore[operator]
        except FriedelError as error:
            self.refused.emit(error.sentence())
            return False
        if done is None and self._labels.classes == before:
            return False
        self._tell(before)
        return True

    def _toggle(self, *, undo: bool) -> Entry | None:
        before = self._labels.classes
        entry = self._labels.undo() if undo else self._labels.redo()
        if entry is None:
            self.refused.emit("There is nothing to undo." if undo else "There is nothing to redo.")
            return None
        self._tell(before)
        return entry

    def _tell(self, before: tuple[LabelClass, ...]) -> None:
        if self._labels.classes != before:
            self.classes_changed.emit()
        self.changed.emit()
        if not self.saved.unsaved:
            self.saved = replace(self.saved, waiting=self._workspace.pending)
            self.saved_changed.emit()

    def _heard(self, outcome: SavedEntry | NotSaved) -> None:
        """The journal says what became of an entry."""
        if self._closed:
            return
        error = self._workspace.save_error
        when = self.saved.when
        if isinstance(outcome, SavedEntry):
            when = datetime.fromtimestamp(outcome.at)
        reason = "" if error is None else error.sentence()
        failed_before = self.saved.unsaved
        self.saved = SavedState(self._workspace.pending, error is not None, reason, when)
        self.saved_changed.emit()
        if error is not None and not failed_before:
            self.save_failed.emit(reason)

    def _back_to(self, entry: Entry | None) -> None:
        if entry is not None and len(entry.frames) == 1:
            self._browser.go_to(entry.frames[0])

    def _advance(self) -> None:
        if self._settings.auto_advance:
            self._browser.step(1)
