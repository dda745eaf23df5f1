"""Adapt to this run: a job that trains a copy of the network on the run's own frames, for the user to choose."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from PyQt6.QtCore import QObject, pyqtSignal

from app.jobs.manager import JobManager
from app.jobs.service import the_service
from app.judging import Labelled
from app.labelling import Labelling
from app.opening import Opened
from models.embedding.few_shot import FewShotSettings
from models.errors import FriedelError
from models.treatment import RunReference

log = logging.getLogger(__name__)

ADAPT_TASK = "app.adaptation:adapt"


class Adapting(QObject):
    """Starts and follows the adaptation of one run; never changes which embedding is used."""

    ready = pyqtSignal(str)
    """key of the adapted embedding, see `app.embeddings`"""
    problem = pyqtSignal(str)

    def __init__(self, opened: Opened, labels: Labelling, jobs: JobManager, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._opened = opened
        self._labels = labels
        self._jobs = jobs
        self._job = 0
        self._closed = False
        self._lane = the_service().lane("embeddings compared")
        self.latest = ""
        """key of the embedding adapted last since the run was opened"""

    @property
    def running(self) -> bool:
        return bool(self._job)

    def start(self, values: Mapping[str, Any], learn_from_labels: bool) -> None:
        """Adapt with these `AdaptSettings`; without effect while that is going on."""
        if self._job or self._closed:
            return
        run = self._opened.run
        examples: dict[int, str] = {}
        if learn_from_labels:
            codes, names = self._labels.snapshot()
            examples = {int(frame): names[codes[frame]] for frame in np.flatnonzero(codes >= 0)}
        self._job = self._jobs.start(
            f"Adapting to {run.name}",
            ADAPT_TASK,
            (RunReference.of(run), str(self._opened.workspace.folder), dict(values), examples),
            on_finished=self._finished,
            on_failed=self._failed,
            on_cancelled=self._ended,
            threads=max(1, int(values.get("threads", 1))),
        )

    def compare(self, digests: list[str], done: Callable[[dict[str, float]], None]) -> None:
        """Balanced accuracy on the present labels, each held out, of the run's embeddings with these digests."""
        codes, names = self._labels.snapshot()

        def failed(error: FriedelError) -> None:
            log.warning("embeddings cannot be compared: %s", error.sentence())
            done({})

        folder, run = str(self._opened.workspace.folder), self._opened.run.identity.pixels
        args = (folder, run, digests, Labelled.of(codes, names), FewShotSettings())
        self._lane.submit("app.adaptation:accuracies", args, done, failed)

    def forget_comparison(self) -> None:
        """Nobody waits for a comparison any more."""
        self._lane.forget()

    def close(self) -> None:
        """The run is closed or opened again. Minutes of work go on: their result lies in the workspace then."""
        self._closed = True
        self._lane.close()

    def _finished(self, key: str) -> None:
        self._ended()
        if not self._closed:
            self.latest = key
            self.ready.emit(key)

    def _failed(self, error: FriedelError) -> None:
        self._ended()
        if not self._closed:
            self.problem.emit(error.sentence())

    def _ended(self) -> None:
        self._job = 0
