"""What embedding a run gives, and where its vectors are kept while it is made. numpy only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from models.progress import Progress


@dataclass(frozen=True, eq=False)
class Embedding:
    """One vector per frame of a run.

    Attributes:
        vectors: (N, D) float32 of unit length; a row of NaN where the frame could not be embedded.
        run_digest: `RunIdentity.digest` of the run.
        model_digest: digest of the weights that made them (`weights.digest`).
    """

    vectors: npt.NDArray[np.float32]
    run_digest: str
    model_digest: str

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """(N,) True where a frame has no vector."""
        return np.asarray(~np.isfinite(self.vectors).all(axis=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedProgress(Progress):
    """How far embedding a run has come.

    Attributes:
        frames_per_s: frames embedded per second, over the last few seconds.
        unreadable: frames that could not be read, or have no valid pixel, since the work was last taken up.
    """

    frames_per_s: float = 0.0
    unreadable: int = 0


class VectorStore(Protocol):
    """Keeps vectors as they are made, so that a crash or a pause loses nothing
    (`models.workspace.EmbeddingStore`)."""

    def missing(self) -> npt.NDArray[np.int64]:
        """Frames without a written vector, ascending."""
        ...

    def write(self, indices: npt.NDArray[np.int64], vectors: npt.NDArray[np.float32]) -> None:
        """Keep (n, D) vectors of n frames; rows of NaN count as written."""
        ...

    def finish(self) -> Path:
        """Everything is written; gives the file."""
        ...

    def vectors(self) -> npt.NDArray[np.float32]:
        """(N, D), NaN where missing."""
        ...
