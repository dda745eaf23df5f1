"""What the processes of phase retrieval hand to the window. Plain data: no Qt."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.display import Levels
from models.patterns import Step
from models.phasing.types import History, Preview, Prtf, Trust
from models.progress import Progress
from models.treatment.types import UNTREATED, Treatment

if TYPE_CHECKING:
    from models.phasing.starts import StartsProgress

AVERAGE, AGREEMENT = "average", "agreement"
"""What of a result can be shown beside its starts ("start:3") and modes ("mode:0")."""
VOLUME = -1
"""In place of a frame's index: the whole run is one volume."""


@dataclass(frozen=True)
class Subject:
    """What is reconstructed.

    Attributes:
        path, dataset: the run, as `open_run` takes them. frame: its index, `VOLUME` for all frames as one volume.
        treatment: of its frames.
    """

    path: str
    dataset: str
    frame: int
    treatment: Treatment = UNTREATED

    @property
    def title(self) -> str:
        return "The run as a volume" if self.frame == VOLUME else f"Frame {self.frame}"


@dataclass(frozen=True)
class AmplitudePicture:
    """Amplitudes made ready for painting: indices as of `models.display.prepare`.

    Attributes:
        indices: uint8 (h, w). pool: side of a pooled block in pattern pixels. levels: what they span, logarithmic.
    """

    indices: npt.NDArray[np.uint8]
    pool: int
    levels: Levels


@dataclass(frozen=True)
class Prepared:
    """A pattern that lies in `folder`, and how it is shown.

    Attributes:
        subject: of what. settings: JSON-ready, how it was prepared; empty for the pattern of a result.
        shape, pixel_nm, unit, source, steps: of the pattern. photons: sum over the measured pixels. measured: share
            of pixels measured.
        centre: (y, x) of the beam in pixels of the frame, None where it has none.
        amplitudes: the measured ones; a volume's middle plane. doubts: sentences on what speaks against it.
    """

    subject: Subject
    settings: dict[str, Any]
    folder: str
    shape: tuple[int, ...]
    pixel_nm: tuple[float, ...] | None
    unit: str
    source: str
    photons: float
    measured: float
    steps: tuple[Step, ...]
    centre: tuple[float, float] | None
    amplitudes: AmplitudePicture
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PhasingNews(Progress):
    """Where a reconstruction is.

    Attributes:
        starts: the record of all starts, None before the first.
        calculated: amplitudes of the object watched, on the scale of the measured ones; None where there are none
            since the last record.
    """

    starts: StartsProgress | None = None
    calculated: AmplitudePicture | None = None


@dataclass(frozen=True)
class StartSummary:
    """One start of a result, without its arrays.

    Attributes:
        seed, ended, iterations, seconds, r_factor, free_log_likelihood, history, schedule: as in `Start`.
        support_pixels: of its support. kept: whether it is in the average.
    """

    seed: int
    ended: str
    iterations: int
    seconds: float
    r_factor: float
    free_log_likelihood: float
    history: History
    schedule: str
    support_pixels: int
    kept: bool


@dataclass(frozen=True)
class Shown:
    """A picture of a result: what is shown, the object as a preview, and the amplitudes it gives.

    Attributes:
        what: `AVERAGE`, "start:3", "mode:0", `AGREEMENT`. calculated: None for what is no object.
    """

    what: str
    title: str
    preview: Preview
    calculated: AmplitudePicture | None = None


@dataclass(frozen=True)
class Result:
    """A reconstruction without its large arrays, and the first picture of it.

    Attributes:
        id: in the history of the run. name: the user's. made: when, ISO 8601. subject: of what.
        preview: whether nothing says that another start would give the same.
        starts: best first. mode_weights: shares of the modes. settings: JSON-ready. changes: made while it ran.
        steps: of the pattern's preparation. seconds: CPU seconds of all starts. shown: the average.
        amplitudes: the measured ones. folder: holds the pattern and the calculated amplitudes, to be mapped.
    """

    id: str
    name: str
    made: str
    preview: bool
    subject: Subject
    shape: tuple[int, ...]
    pixel_nm: tuple[float, ...] | None
    unit: str
    source: str
    trust: Trust
    prtf: Prtf
    starts: tuple[StartSummary, ...]
    mode_weights: tuple[float, ...]
    settings: dict[str, Any]
    changes: tuple[tuple[int, dict[str, Any]], ...]
    steps: tuple[Step, ...]
    seconds: float
    shown: Shown
    amplitudes: AmplitudePicture
    folder: str
    versions: dict[str, str] = field(default_factory=dict)
