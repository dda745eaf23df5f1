"""Which frame is on screen, in which order the others follow, and which are selected."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, QTimer, pyqtSignal

from app import navigation
from app.navigation import Walk
from app.orders import COLUMN, FILE, SELECTION, TIME
from models.runs.types import Run

PLAY_INTERVAL_MS = 100


class Browser(QObject):
    """The present frame of one run and every way of getting to another."""

    index_changed = pyqtSignal(int)
    """the frame to show"""
    order_changed = pyqtSignal(str)
    """the kind of order ("file", "time", "confidence", "map", "selection", "column:NAME")"""
    selection_changed = pyqtSignal()
    grew = pyqtSignal()
    """`walk` and `selected` became longer"""
    playing_changed = pyqtSignal(bool)

    def __init__(self, run: Run, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._run = run
        self.index = 0
        self.direction = 1
        self.walk: Walk = navigation.file_order(len(run))
        self.order = FILE
        self.selected: npt.NDArray[np.bool_] = np.zeros(len(run), np.bool_)
        self._n_selected = 0
        self._chance = random.Random()
        self._player = QTimer(self)
        self._player.setInterval(PLAY_INTERVAL_MS)
        self._player.timeout.connect(self._play_on)

    @property
    def n_selected(self) -> int:
        return self._n_selected

    @property
    def playing(self) -> bool:
        return self._player.isActive()

    def go_to(self, index: int) -> None:
        """Show frame `index`, whatever the order; an index outside the run is ignored."""
        if not 0 <= index < len(self._run) or index == self.index:
            return
        self.direction = 1 if self.walk.rank(index) > self.walk.rank(self.index) else -1
        self.index = index
        self.index_changed.emit(index)

    def grow(self) -> None:
        """The run has more frames: they come last in the present order."""
        count = len(self._run)
        self.walk = self.walk.extended(count)
        self.selected = np.concatenate([self.selected, np.zeros(count - len(self.selected), np.bool_)])
        self.grew.emit()

    def step(self, by: int) -> None:
        """`by` frames on (negative: back) in the present order; stops at the ends."""
        self.go_to(self.walk.step(self.index, by))

    def first(self) -> None:
        self.go_to(self.walk.first())

    def last(self) -> None:
        self.go_to(self.walk.last())

    def random(self) -> None:
        """Any other frame."""
        if len(self._run) > 1:
            other = self._chance.randrange(len(self._run) - 1)
            self.go_to(other if other < self.index else other + 1)

    def seek(self, wanted: npt.NDArray[np.bool_], forward: bool) -> bool:
        """Go to the next (last) frame where `wanted` (N,) is True; False where there is none that way."""
        found = self.walk.find(self.index, wanted, forward)
        if found is None:
            return False
        self.go_to(found)
        return True

    def set_walk(self, kind: str, walk: Walk) -> None:
        """Walk in another order from now on; the frame on screen stays."""
        self.order, self.walk = kind, walk
        self.order_changed.emit(kind)

    def walk_maker(self, kind: str) -> Callable[[], Walk] | None:
        """What works out an order that run and selection decide; None for one that needs verdicts or a map."""
        run, selected = self._run, self.selected
        if kind == FILE:
            return lambda: navigation.file_order(len(run))
        if kind == TIME:
            return lambda: navigation.by_time(run.columns, run.events, len(run))
        if kind == SELECTION:
            return lambda: navigation.selected_first(selected)
        column = run.columns.get(kind.removeprefix(COLUMN)) if kind.startswith(COLUMN) else None
        return None if column is None else lambda: navigation.by_values(column.values, column.name)

    def play(self, on: bool) -> None:
        """Walk on by itself; stops at the end."""
        if on == self.playing:
            return
        if on:
            self._player.start()
        else:
            self._player.stop()
        self.playing_changed.emit(on)

    def select(self, indices: Iterable[int] | npt.NDArray[np.int64]) -> None:
        """Select exactly these frames."""
        chosen = np.zeros(len(self._run), np.bool_)
        chosen[np.asarray(indices if isinstance(indices, np.ndarray) else list(indices), np.int64)] = True
        if np.array_equal(chosen, self.selected):
            return
        self.selected = chosen
        self._n_selected = int(np.count_nonzero(chosen))
        self.selection_changed.emit()

    def selection(self) -> npt.NDArray[np.int64]:
        """(n,) int64 indices of the selected frames, ascending."""
        return np.flatnonzero(self.selected).astype(np.int64)

    def _play_on(self) -> None:
        before = self.index
        self.step(1)
        if self.index == before:
            self.play(False)
