"""The runs of a folder as a table: what is there, and what one line can say of each. Plain data, no file access."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from models.parameters import parameter
from models.progress import Progress


class RunState(Enum):
    """Where a run stands."""

    COMPLETE = "complete"
    WRITTEN = "being written"
    CHOICE = "needs a choice"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run of a folder; None wherever it is not known.

    Attributes:
        path: what opens it.
        name: its path inside the folder; the folder's own name where that is the run.
        modified_s: when it was last written to, seconds since 1970.
        bytes: size on disk of the file, or of the folder's files.
        state: where it stands.
        status: a sentence on it, where there is anything to say.
        notes: what was assumed or found odd when it was opened, in sentences.
        frames, height, width: number and size of the frames, pixels.
        dtype: stored type of a pixel, "" where not known.
        labels: frames that have a class by anybody's label.
        hit_rate: share of the judged frames whose verdict is a class of hits, 0 … 1.
    """

    path: str
    name: str
    modified_s: float
    bytes: int
    state: RunState
    status: str = ""
    frames: int | None = None
    height: int | None = None
    width: int | None = None
    dtype: str = ""
    labels: int | None = None
    hit_rate: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunTable:
    """All runs of a folder.

    Attributes:
        folder: as it was asked for.
        rows: in natural order of their names.
        notes: sentences on what was not looked into, and why.
    """

    folder: str
    rows: tuple[RunRow, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingProgress(Progress):
    """How far listing a folder has come.

    Attributes:
        rows: the runs described since the record before.
    """

    rows: tuple[RunRow, ...] = ()


@dataclass(frozen=True, slots=True)
class ListingSettings:
    """How a folder is looked through."""

    depth: int = parameter(
        2, title="Depth", low=0, high=8, help="levels of sub-folders that are looked into; 0 for none"
    )
    patience_s: float = parameter(
        10.0, title="Patience", unit="s", low=0.1, high=600.0, help="longest time that one run may take"
    )
