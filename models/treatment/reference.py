"""A run by name: what a job is told of it, so that another process opens the same frames."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from models.treatment.types import UNTREATED, Treatment

if TYPE_CHECKING:
    from models.runs.types import Run


@dataclass(frozen=True)
class RunReference:
    """Everything that opening a run takes. Plain data, can be sent to a worker process.

    Attributes:
        path: the file or folder. dataset: of the frames, None to find it. treatment: what is done to every frame.
    """

    path: Path
    dataset: str | None = None
    treatment: Treatment = field(default=UNTREATED)

    @classmethod
    def of(cls, run: Run) -> RunReference:
        """How an open run is opened again."""
        return cls(run.path, run.dataset or None, treatment_of(run))

    def open(self) -> Run:
        """Open it. Raises as `open_treated`."""
        return open_treated(self.path, self.dataset, self.treatment)

    @property
    def words(self) -> str:
        """Tells it from other references."""
        return f"{self.path} {self.dataset or ''} {self.treatment.digest}".strip()


def treatment_of(run: Run) -> Treatment:
    """How the frames of an open run are treated."""
    treatment: Treatment = getattr(run, "treatment", UNTREATED)  # a `TreatedRun` has one
    return treatment


def provenance_of(run: Run) -> dict[str, str]:
    """What result files say of how a run's frames were treated; empty where they were not."""
    treatment = treatment_of(run)
    return {} if treatment.is_nothing else {"source_treatment": json.dumps(treatment.to_state(), ensure_ascii=False)}


def open_treated(path: str | Path, dataset: str | None = None, treatment: Treatment = UNTREATED) -> Run:
    """Open a run whose frames come treated.

    Raises:
        CannotOpen, AmbiguousRun: as `models.runs.open_run`.
        FriedelError: the treatment does not fit the run; both sizes are named.
    """
    from models.runs import open_run

    override = treatment.masking.override
    run = open_run(path, dataset) if override is None else open_run(path, dataset, override)
    if treatment.is_nothing:
        return run
    from models.treatment.treated import treat

    try:
        return treat(run, treatment)
    except BaseException:
        run.close()
        raise
