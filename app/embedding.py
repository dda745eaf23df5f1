"""The embedding of the open run: the stored one at once, the missing part by a worker process."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, pyqtSignal

from app.embeddings import EmbeddingChoice, choice_of
from app.jobs.manager import JobManager
from app.jobs.threads import run_task
from app.opening import Opened
from models.embedding.weights import BUNDLED
from models.errors import FriedelError
from models.progress import Progress
from models.treatment import RunReference

log = logging.getLogger(__name__)

Vectors = npt.NDArray[np.float32]

LOOKING, MISSING, RUNNING, READY = "looking", "missing", "running", "ready"
EMBED_VALUES = {"threads": 1}
"""one thread: the other cores are for the window and for whatever else the user does"""
FIRST_GLIMPSE = 128
"""frames that have to be embedded before the first map is shown"""

GO_ON_WITH = 64
"""frames that have to come before those of a run that grows are embedded by themselves"""


@dataclass(frozen=True)
class Stored:
    """Vectors found in the workspace.

    Attributes:
        vectors: (N, D) float32, memory-mapped, not-a-number where a frame has none.
        model_digest: of the weights they were made with.
        n_done: frames that were looked at.
        complete: whether that is all of them.
    """

    vectors: Vectors
    model_digest: str
    n_done: int
    complete: bool


@dataclass(frozen=True)
class _Looked:
    """What a look into the workspace gave: which embedding is meant, and its vectors where there are any."""

    choice: EmbeddingChoice
    stored: Stored | None


class EmbeddingController(QObject):
    """Finds the vectors of one run, or has them made.

    While they are being made, what there is so far is given out at a few per cent and then at every doubling, so that
    map and verdicts begin early. When another embedding is chosen, the vectors given out last stay in use until all
    of the other's are there.
    """

    vectors_ready = pyqtSignal(object, object)
    """(N, D) float32 vectors, and their provenance (dict)"""
    changed = pyqtSignal()
    """`state` changed"""
    problem = pyqtSignal(str)
    """a sentence"""

    def __init__(
        self, opened: Opened, jobs: JobManager, state: Mapping[str, Any] | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._opened = opened
        self._jobs = jobs
        self._weights = ""
        self._glimpses = True
        self.key = str((state or {}).get("weights") or "")
        self._job = 0
        self._closed = False
        self._shown_at = 0
        self._n_done = 0
        self._frames_asked = 0
        self._goes_on = False
        self._looks = 0
        self._looking = False
        self._start_wanted = False
        self.state = LOOKING
        self.model_digest = ""

    def begin(self, start_missing: bool) -> None:
        """Load what is stored; where frames are missing, start embedding if `start_missing`."""

        def found(stored: Stored | None) -> None:
            if stored is not None and stored.n_done and (self._glimpses or stored.complete):
                self._give(stored)
            if stored is not None and stored.complete:
                self._set_state(READY)
                return
            self._set_state(MISSING)
            if start_missing or self._start_wanted:
                self.start()

        self._look(found)

    def use(self, key: str) -> None:
        """Go by another embedding of this run: its key in `app.embeddings`. What is missing of it is made."""
        if key == self.key or self._closed:
            return
        if self._job:
            self._jobs.cancel(self._job)
            self._job = 0
        self.key = key
        self._shown_at = 0
        self._glimpses = not self.model_digest
        self._set_state(LOOKING)
        self.begin(True)

    @property
    def weights(self) -> str:
        """The weights in use, as `EmbedSettings.weights` takes them."""
        return self._weights or BUNDLED[0]

    def to_state(self) -> dict[str, Any]:
        return {"weights": self.key}

    def start(self) -> None:
        """Embed the missing frames in a worker process; without effect while that is going on, or done."""
        if self.state == LOOKING:
            self._start_wanted = True  # as soon as it is known which are missing
        if self.state != MISSING or self._closed:
            return
        run = self._opened.run
        self._frames_asked = len(run)
        self._set_state(RUNNING)
        source = RunReference.of(run)
        values = {**EMBED_VALUES, "weights": self._weights} if self._weights else EMBED_VALUES
        job = 0

        def mine(action: Callable[..., None]) -> Callable[..., None]:
            """What a job says that was given up for another embedding is of no interest."""
            return lambda *said: action(*said) if job == self._job else None

        job = self._jobs.start(
            f"Embedding {run.name}",
            "app.jobs.tasks:embed",
            (source, str(self._opened.workspace.folder), values),
            on_progress=mine(self._progressed),
            on_finished=mine(self._made),
            on_failed=mine(self._failed),
            on_cancelled=mine(self._cancelled),
            writes_to=f"embedding of {source.words}",
        )
        self._job = job

    @property
    def n_missing(self) -> int:
        """Frames that were not embedded, as far as is known."""
        return max(0, len(self._opened.run) - self._n_done)

    def grow(self, go_on: bool) -> None:
        """The run has more frames. They wait to be embedded, or are at once when there are enough, if `go_on`."""
        self._goes_on = go_on
        if self.state == READY:
            self._set_state(MISSING)
        self._go_on()

    def _go_on(self) -> None:
        if self._goes_on and self.state == MISSING and self._n_done and self.n_missing >= GO_ON_WITH:
            self.start()

    def close(self) -> None:
        """Stop the job, if there is one; what was embedded so far is kept and taken up again another time."""
        self._closed = True
        if self._job:
            self._jobs.cancel(self._job)

    # -- looking into the workspace --------------------------------------------------------------------------------

    def _look(self, found: Callable[[Stored | None], None]) -> None:
        """Have the store looked for off the GUI thread; `found` gets None where there is nothing usable."""
        workspace, run, key = self._opened.workspace, self._opened.run, self.key
        self._looks += 1
        this_look = self._looks
        self._looking = True

        def look() -> _Looked:
            choice = choice_of(workspace.folder, key) or choice_of(workspace.folder, "")
            assert choice is not None
            store = workspace.find_embeddings(choice.digest)
            if store is None:
                return _Looked(choice, None)
            frames = len(run)
            done = int(np.count_nonzero(store.done[:frames]))
            return _Looked(choice, Stored(store.vectors(frames), store.model_digest, done, done == frames))

        def done(looked: _Looked) -> None:
            # A look that a later one overtook saw less: what it found must not replace what is there.
            if this_look != self._looks or self._closed:
                return
            self._looking = False
            if looked.choice.key != self.key:
                self.problem.emit("The adapted weights of this run are gone: the bundled embedding is used.")
                self.key = looked.choice.key
            self._weights = looked.choice.weights if looked.choice.key else ""
            found(looked.stored)

        def failed(error: Exception) -> None:
            log.warning("the stored embedding cannot be read", exc_info=error)
            if this_look == self._looks and not self._closed:
                self._looking = False
                found(None)

        run_task(look, done, failed, name="load embedding")

    # -- what the job says -----------------------------------------------------------------------------------------

    def _progressed(self, progress: Progress) -> None:
        total = len(self._opened.run)
        due = max(FIRST_GLIMPSE, total // 20) if not self._shown_at else 2 * self._shown_at
        if self._closed or self._looking or not self._glimpses or not due <= progress.done < total:
            return
        self._shown_at = progress.done
        self._look(lambda stored: self._give(stored) if stored is not None else None)

    def _made(self, _model_digest: str) -> None:
        self._job = 0
        if self._closed:
            return

        def found(stored: Stored | None) -> None:
            if stored is None or stored.n_done < self._frames_asked:
                self._failed(
                    FriedelError("The embedding was made but cannot be read back", hint="Embed the run again")
                )
                return
            self._set_state(READY if stored.complete else MISSING)
            self._give(stored)
            self._go_on()

        self._look(found)

    def _failed(self, error: FriedelError) -> None:
        self._job = 0
        if not self._closed:
            self._set_state(MISSING)
            self.problem.emit(error.sentence())

    def _cancelled(self) -> None:
        self._job = 0
        if not self._closed:
            self._set_state(MISSING)

    def _give(self, stored: Stored) -> None:
        self._n_done = stored.n_done
        self.model_digest, self._glimpses = stored.model_digest, True
        provenance: dict[str, Any] = {"run": self._opened.run.identity.pixels, "model": stored.model_digest}
        self.vectors_ready.emit(stored.vectors, provenance)

    def _set_state(self, state: str) -> None:
        if state != self.state:
            self.state = state
            self.changed.emit()
