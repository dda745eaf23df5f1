"""Where the frames lie on the map: principal components at once, UMAP when asked for."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, pyqtSignal

from app.jobs.manager import JobManager
from app.jobs.threads import LatestWorker, run_task
from app.opening import Opened
from models.errors import FriedelError
from models.progress import Progress

if TYPE_CHECKING:
    from models.workspace.results import Layout

log = logging.getLogger(__name__)

Positions = npt.NDArray[np.float32]
Vectors = npt.NDArray[np.float32]
PCA, UMAP = "PCA", "UMAP"


class MapLayout(QObject):
    """The map positions of one run."""

    changed = pyqtSignal()
    """`positions` and `kind` changed"""
    computing_changed = pyqtSignal(bool)
    """whether a UMAP is being made"""
    problem = pyqtSignal(str)

    def __init__(self, opened: Opened, jobs: JobManager, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._opened = opened
        self._jobs = jobs
        self._worker = LatestWorker("map layout")
        self._made: dict[str, Positions] = {}
        self._wanted = str(opened.state.map.get("layout") or PCA)
        self._job = 0
        self._model_digest = ""
        self._umap_of = ""
        self._closed = False
        self.positions: Positions | None = None
        self.kind = ""
        self.colour_by = str(opened.state.map.get("colour_by") or "")

    @property
    def has_umap(self) -> bool:
        return UMAP in self._made

    def begin(self) -> None:
        """Fetch a UMAP made earlier from the workspace."""
        folder, run = self._opened.workspace.folder, self._opened.run
        digest, count = run.identity.pixels, len(run)

        def look() -> Layout | None:
            from models.workspace.results import load_layouts

            return next((found for found in load_layouts(folder, digest, count) if found.name == UMAP), None)

        def found(layout: Layout | None) -> None:
            if self._closed or layout is None or UMAP in self._made:
                return
            if self._model_digest not in ("", layout.model_digest):
                return  # of another embedding than the one in use
            self._made[UMAP], self._umap_of = layout.positions, layout.model_digest
            if self._wanted == UMAP:
                self._show(UMAP)
            else:
                self.changed.emit()

        def failed(error: Exception) -> None:
            log.warning("stored maps cannot be read: %s", error)

        run_task(look, found, failed, name="load maps")

    def set_vectors(self, vectors: Vectors, model_digest: str = "") -> None:
        """Other vectors: lay them out by their principal components. A UMAP of another embedding's is put aside."""
        self._model_digest = model_digest
        if self._umap_of not in ("", model_digest):
            self._made.pop(UMAP, None)
            self._umap_of = ""

        def lay_out() -> Positions:
            from models.embedding.layout import pca

            return pca(vectors)

        self._worker.submit(lay_out, self._take_pca, self._pca_failed)

    def use_pca(self) -> None:
        self._use(PCA)

    def use_umap(self) -> None:
        self._use(UMAP)

    def start_umap(self, model_digest: str, values: dict[str, Any]) -> None:
        """Lay the map out by UMAP in a worker process; replaces a UMAP that is still running."""
        if self._job:
            self._jobs.cancel(self._job)
        workspace = self._opened.workspace
        job = 0

        def mine() -> bool:
            return self._job == job and not self._closed

        def finished(positions: Positions) -> None:
            if mine():
                self._ended()
                self._made[UMAP], self._umap_of = positions, model_digest
                self._use(UMAP)

        def progressed(progress: Progress) -> None:
            positions = getattr(progress, "layout", None)
            if mine() and positions is not None:
                # The map unfolds while it is made; it counts as UMAP only once it is finished.
                self.positions, self.kind = positions, UMAP
                self.changed.emit()

        def failed(error: FriedelError) -> None:
            if mine():
                self._ended()
                self._show(self._wanted)
                self.problem.emit(error.sentence())

        def cancelled() -> None:
            if mine():
                self._ended()
                self._show(self._wanted)

        job = self._jobs.start(
            "UMAP",
            "app.jobs.tasks:umap",
            (str(workspace.folder), self._opened.run.identity.pixels, model_digest, values),
            on_progress=progressed,
            on_finished=finished,
            on_failed=failed,
            on_cancelled=cancelled,
        )
        self._job = job
        self.computing_changed.emit(True)

    def to_state(self) -> dict[str, Any]:
        state = {"layout": self._wanted}
        if self.colour_by:
            state["colour_by"] = self.colour_by
        return state

    def close(self) -> None:
        self._closed = True
        if self._job:
            self._jobs.cancel(self._job)
        self._worker.close()

    def _ended(self) -> None:
        self._job = 0
        self.computing_changed.emit(False)

    def _use(self, kind: str) -> None:
        self._wanted = kind
        if kind in self._made:
            self._show(kind)

    def _take_pca(self, positions: Positions) -> None:
        self._made[PCA] = positions
        if self._wanted == PCA or UMAP not in self._made:
            self._show(PCA)

    def _pca_failed(self, error: Exception) -> None:
        log.error("PCA failed", exc_info=error)
        self.problem.emit(
            error.sentence() if isinstance(error, FriedelError) else f"The map cannot be made: {error}."
        )

    def _show(self, kind: str) -> None:
        kind = kind if kind in self._made else PCA
        if kind not in self._made:
            return
        self.positions, self.kind = self._made[kind], kind
        self.changed.emit()
