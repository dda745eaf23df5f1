"""From a frame and what was made of it to pictures, in a thread of the window's process: a few long calls each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from app.denoising.records import Outcome, Subject
from models.denoising.types import Rests
from models.display import DisplaySettings, Levels, Picture, Scaling, auto_levels, prepare
from models.display.colour_tables import DIVERGING
from models.runs.types import Frame, PixelFlag
from widgets.denoise.marks import Mark

RATE, SIGMAS, DIFFERENCE, DEVIATION, RELATIVE = "rate", "sigmas", "difference", "deviation", "relative"
TITLES = {
    RATE: "Denoised",
    SIGMAS: "Difference in σ",
    DIFFERENCE: "Difference",
    DEVIATION: "Uncertainty σ",
    RELATIVE: "σ / rate",
}
DIFFERENCES, UNCERTAINTIES = (SIGMAS, DIFFERENCE), (DEVIATION, RELATIVE)
_UNCERTAIN_MAP = "viridis"
_SIGMAS_SHOWN = 4.0
_SHARE_SHOWN = 0.995


@dataclass(frozen=True, eq=False)
class View:
    """What is to be shown.

    Attributes:
        subject: before. outcome: after; None while there is none. display: as of the frame view.
        layer: which stands beside the counts. levels: of a layer that is not on the counts' scale; None for its own.
    """

    subject: Subject
    outcome: Outcome | None
    display: DisplaySettings
    layer: str = RATE
    levels: Levels | None = None


@dataclass(frozen=True, eq=False)
class Layers:
    """What is painted.

    Attributes:
        before, after: pictures; `after` None where there is none yet. colour_map: of `after`.
        marks: (H, W) uint8 of `Mark` over it, None where it needs none.
    """

    view: View
    before: Picture
    after: Picture | None
    colour_map: str
    marks: npt.NDArray[np.uint8] | None


def make_layers(view: View) -> Layers:
    """Both pictures; rates on the levels and the scaling of the counts."""
    display, subject = view.display, view.subject
    if display.levels is not None and subject.counting.adu_per_photon is not None:
        low, high = (level / subject.counting.adu_per_photon for level in (display.levels.low, display.levels.high))
        display = replace(display, levels=Levels(low, high))
    before = _before(subject, display)
    outcome = view.outcome
    missing = outcome is None or (view.layer in UNCERTAINTIES and not outcome.sure)
    if outcome is None or missing or (view.layer in DIFFERENCES and outcome.compared is None):
        return Layers(view, before, None, display.colour_map, None)
    frame = _frame(view, outcome)
    if view.layer == RATE:
        after = prepare(frame, replace(display, levels=before.levels))
        return Layers(view, before, after, display.colour_map, marks_of(outcome))
    scaling = display.scaling if view.layer == DEVIATION else Scaling.LINEAR
    levels = view.levels or _own_levels(view.layer, frame, scaling)
    after = prepare(frame, replace(display, levels=levels, scaling=scaling, mask_shown=True))
    if view.layer in DIFFERENCES:
        return Layers(view, before, after, DIVERGING, None)
    return Layers(view, before, after, _UNCERTAIN_MAP, marks_of(outcome))


_last_before: tuple[Subject, DisplaySettings, Picture] | None = None


def _before(subject: Subject, display: DisplaySettings) -> Picture:
    """The measured frame, prepared once for all that is made of it."""
    global _last_before
    if _last_before is None or _last_before[0] is not subject or _last_before[1] != display:
        _last_before = subject, display, prepare(subject.counts, display)
    return _last_before[2]


def marks_of(outcome: Outcome) -> npt.NDArray[np.uint8]:
    """(H, W) uint8 of `Mark`."""
    marks = np.zeros(len(Rests), np.uint8)
    marks[Rests.MATE] = marks[Rests.FILLED] = Mark.NEAR
    marks[Rests.GUESSED] = Mark.GUESSED
    found: npt.NDArray[np.uint8] = marks[outcome.result.validity]
    return found


def _frame(view: View, outcome: Outcome) -> Frame:
    """The layer as a frame whose flags say where it has no value."""
    result, index = outcome.result, view.subject.frame.index
    clear = np.zeros(result.rate.shape, np.uint8)
    if view.layer == RATE:
        return Frame(index, result.rate, clear)
    if view.layer == DEVIATION:
        return Frame(index, result.deviation, clear)
    if view.layer == RELATIVE:
        return Frame(index, result.deviation / np.maximum(result.rate, np.float32(1e-9)), clear)
    assert outcome.compared is not None
    sigmas = outcome.compared.removed.sigmas
    known = np.isfinite(sigmas)
    flags = np.where(known, 0, PixelFlag.MASKED).astype(np.uint8)
    if view.layer == SIGMAS:
        return Frame(index, np.where(known, sigmas, np.float32(0)), flags)
    return Frame(index, np.where(known, view.subject.counts.data - result.rate, np.float32(0)), flags)


def _own_levels(layer: str, frame: Frame, scaling: Scaling) -> Levels:
    if layer == SIGMAS:
        return Levels(-_SIGMAS_SHOWN, _SIGMAS_SHOWN)
    if layer == RELATIVE:
        return Levels(0.0, 1.0)
    if layer == DEVIATION:
        found = auto_levels(frame, scaling)
        return Levels(0.0, found.high) if found.high > 0 else Levels(0.0, 1.0)
    sizes = np.abs(frame.raw[frame.valid])
    most = float(np.quantile(sizes, _SHARE_SHOWN)) if sizes.size else 1.0
    return Levels(-most, most) if most > 0 else Levels(-1.0, 1.0)
