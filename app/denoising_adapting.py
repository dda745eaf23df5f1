"""Adapt to this run, for denoising: a job that goes on training the network on the run's own photons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PyQt6.QtCore import QObject, pyqtSignal

from app.jobs.manager import JobManager
from app.opening import Opened
from models.errors import FriedelError

if TYPE_CHECKING:
    from models.denoising.adapt.adapt import DenoiseAdapted

ADAPT_TASK = "app.denoising_adaptation:adapt"


class DenoiserAdapting(QObject):
    """Starts and follows the adaptation of the denoising network to one run; never changes which weights are used."""

    ready = pyqtSignal(str, str)
    """path of weights that are better for this run, and a sentence with the figures"""
    told = pyqtSignal(str)
    """a sentence on why the network stays as it is"""
    problem = pyqtSignal(str)

    def __init__(self, opened: Opened, jobs: JobManager, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._opened, self._jobs = opened, jobs
        self._job = 0
        self._closed = False

    @property
    def running(self) -> bool:
        return bool(self._job)

    def start(self, values: Mapping[str, Any], frames: Sequence[int] | None = None) -> None:
        """Adapt with these `DenoiseAdaptSettings` to frames, or all; without effect while that is going on."""
        if self._job or self._closed:
            return
        run = self._opened.run
        chosen = None if frames is None else [int(index) for index in frames]
        self._job = self._jobs.start(
            f"Adapting the denoiser to {run.name}",
            ADAPT_TASK,
            (str(run.path), run.dataset or None, str(self._opened.workspace.folder), dict(values), chosen),
            on_finished=self._finished,
            on_failed=self._failed,
            on_cancelled=self._ended,
            threads=max(1, int(values.get("threads", 1))),
        )

    def close(self) -> None:
        """The run is closed or opened again. Minutes of work go on: their result lies in the workspace then."""
        self._closed = True

    def _finished(self, made: DenoiseAdapted) -> None:
        self._ended()
        if self._closed:
            return
        words = f"{made.verdict}."
        if made.path is None:
            self.told.emit(words)
        else:
            self.ready.emit(str(made.path), words)

    def _failed(self, error: FriedelError) -> None:
        self._ended()
        if not self._closed:
            self.problem.emit(error.sentence())

    def _ended(self) -> None:
        self._job = 0
