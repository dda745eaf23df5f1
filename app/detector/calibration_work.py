"""What the Calibration page shows of one frame: worked out in a thread, from plain values to plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.calibration import CalibrationSettings, make_calibrator
from models.calibration.chain import COMMON_MODE, DARK, GAIN, GAIN_MAP, ROUNDING, SATURATION, STORED, Stage
from models.calibration.effect import (
    StageFigures,
    peak_range,
    stage_figures,
    usable_values,
    value_histogram,
    whole_range,
)
from models.display import DisplaySettings, Levels, Picture, Scaling, prepare
from models.errors import FriedelError
from models.runs.types import Frame
from widgets.detector.calibration_histogram import LEVEL, PHOTON, ShownHistogram
from widgets.text import counted, grouped, significant

if TYPE_CHECKING:
    from models.runs.types import Run

_FAR_PHOTONS = 4.5
_BELOW_SIGMAS, _ABOVE_SIGMAS = 4.0, 10.0


@dataclass(frozen=True, eq=False)
class Ask:
    """What is to be shown.

    Attributes:
        frame: as the run gives it untreated. run: untreated; nothing is read of it.
        settings: the chain. step: the stage looked at. whole: all values in the histogram, not only the peaks.
        display: of the frame view, for colour map and mask. pool: of the pictures.
    """

    frame: Frame
    run: Run
    settings: CalibrationSettings
    step: str
    whole: bool
    display: DisplaySettings
    pool: float = 1.0


@dataclass(frozen=True, eq=False)
class Shown:
    """What is to be seen.

    Attributes:
        step: the stage. title: over the histogram. note: what the step did.
        effects: of every step, a few words. grave: the step that failed, "" for none.
        before, after: pictures; no `before` where the step is not done. titles: of both.
        error: why it cannot be made.
    """

    step: str
    title: str
    note: str
    effects: dict[str, str] = field(default_factory=dict)
    grave: str = ""
    histogram: ShownHistogram | None = None
    before: Picture | None = None
    after: Picture | None = None
    titles: tuple[str, str] = ("", "")
    error: FriedelError | None = None


def look(ask: Ask) -> Shown:
    """The chain on one frame, and the step asked for."""
    try:
        stages = _stages(ask)
    except FriedelError as error:
        plain = replace(ask, settings=CalibrationSettings(), step=STORED)
        shown = look(plain)
        return replace(shown, error=error, grave=_guilty(ask, error), effects={})
    gain = ask.settings.adu_per_photon
    figures = [stage_figures(stage, gain) for stage in stages]
    names = [stage.name for stage in stages]
    at = names.index(ask.step) if ask.step in names else _last_before(names, ask.step)
    before = max(0, at - 1) if names[at] == ask.step else at
    effects = {stage.name: _effect(stages, figures, place) for place, stage in enumerate(stages)}
    histogram = _histogram(ask, stages, figures, before, at)
    levels = _levels(stages, figures, before, at, gain)
    earlier = None if before == at else _picture(ask, stages[before], levels[0])
    note = stages[at].note if names[at] == ask.step else "This step is not done: the frame is shown as it comes here."
    return Shown(
        step=ask.step,
        title=_title(stages[at], figures[at]),
        note=note,
        effects=effects,
        histogram=histogram,
        before=earlier,
        after=_picture(ask, stages[at], levels[1]),
        titles=_titles(stages, before, at),
    )


def _stages(ask: Ask) -> Sequence[Stage]:
    calibrator = make_calibrator(ask.settings, ask.run)
    if calibrator is not None:
        return calibrator.stages(ask.frame.raw, ask.frame.flags)
    return [Stage(STORED, "As stored", ask.frame.data, ask.frame.flags, ask.run.unit)]


def _guilty(ask: Ask, error: FriedelError) -> str:
    """The first step with which the chain cannot be made."""
    names = {
        SATURATION: ("saturation_level",),
        DARK: ("dark", "dark_dataset"),
        COMMON_MODE: ("common_mode", "asic_height_px", "asic_width_px", "common_mode_limit", "common_mode_largest"),
        GAIN_MAP: ("gain_map", "gain_map_dataset", "gain_map_unit"),
        GAIN: ("adu_per_photon",),
        ROUNDING: ("round_from",),
    }
    for step, fields in names.items():
        wanted: dict[str, Any] = {name: getattr(ask.settings, name) for name in (f"use_{step}", *fields)}
        alone = replace(CalibrationSettings(), **wanted)
        if step == ROUNDING:
            alone = replace(alone, adu_per_photon=ask.settings.adu_per_photon, use_gain=ask.settings.use_gain)
        try:
            make_calibrator(alone, ask.run)
        except FriedelError as own:
            if own.what == error.what:
                return step
    return ask.step


_ORDER = (STORED, SATURATION, DARK, COMMON_MODE, GAIN_MAP, GAIN, ROUNDING)


def _last_before(names: Sequence[str], step: str) -> int:
    """The place of the last stage that comes before a step which is not done."""
    return max(place for place, name in enumerate(names) if _ORDER.index(name) <= _ORDER.index(step))


def _effect(stages: Sequence[Stage], figures: Sequence[StageFigures], place: int) -> str:
    stage, own = stages[place], figures[place]
    unit = stage.unit or "ADU"
    if stage.name == STORED:
        return f"noise {significant(own.sigma, 3)} {unit}" if own.sigma else ""
    if stage.name == SATURATION:
        return counted(figures[place - 1].pixels - own.pixels, "pixel")
    if stage.name in (GAIN, ROUNDING) and own.photons is not None:
        return counted(round(own.photons), "photon")
    earlier = figures[place - 1]
    if own.sigma and earlier.sigma and stage.unit == stages[place - 1].unit:
        return f"noise {significant(earlier.sigma, 3)} → {significant(own.sigma, 3)} {unit}"
    return f"noise {significant(own.sigma, 3)} {unit}" if own.sigma else "done"


def _title(stage: Stage, figures: StageFigures) -> str:
    unit = stage.unit or "ADU"
    parts = [stage.title]
    if figures.zero is not None and figures.sigma:
        zero, sigma = significant(figures.zero, 3), significant(figures.sigma, 3)
        parts.append(f"zero at {zero}, noise σ {sigma} {unit}")
    if figures.photons is not None:
        parts.append(f"{grouped(round(figures.photons))} photons in the frame")
    return " · ".join(parts)


def _titles(stages: Sequence[Stage], before: int, at: int) -> tuple[str, str]:
    def words(stage: Stage) -> str:
        return stage.title if stage.unit == "photons" else f"{stage.title} ({stage.unit or 'ADU'})"

    return ("", words(stages[at])) if before == at else (words(stages[before]), words(stages[at]))


def _scale(stages: Sequence[Stage], before: int, at: int, gain: float | None) -> float:
    """What values before are multiplied by to be in the unit after."""
    return 1.0 / gain if gain and stages[before].unit != stages[at].unit and stages[at].unit == "photons" else 1.0


def _histogram(
    ask: Ask, stages: Sequence[Stage], figures: Sequence[StageFigures], before: int, at: int
) -> ShownHistogram | None:
    """Of the step: its own values, those before it, and what can be dragged there."""
    gain = ask.settings.adu_per_photon
    draggable = {SATURATION: LEVEL, GAIN: PHOTON}.get(ask.step, "")
    shown = at
    if ask.step == GAIN:  # the line of one photon is drawn where it is looked for: in ADU
        shown = before if stages[at].name == GAIN else at
        before = shown
    elif ask.step == SATURATION:
        shown = before = 0
    stage, own = stages[shown], figures[shown]
    values = usable_values(stage)
    if not values.size:
        return None
    one = 1.0 if stage.unit == "photons" else gain
    scale = _scale(stages, before, shown, gain)
    earlier = usable_values(stages[before]) * np.float32(scale) if before != shown else None
    span = None if ask.whole or ask.step == SATURATION else peak_range(own, one)
    if span is None:
        span = whole_range(values)
        if ask.step == SATURATION and ask.settings.saturation_level is not None:
            span = span[0], max(span[1], 1.04 * ask.settings.saturation_level)
    elif earlier is not None:
        wider = peak_range(figures[before], one if scale == 1.0 else None)
        if wider is not None and scale == 1.0:
            span = min(span[0], wider[0]), max(span[1], min(wider[1], span[1] + (span[1] - span[0])))
    found = value_histogram(values, *span, bins=_bins(stage, own, span))
    counts = finer = None
    if earlier is not None:
        if stage.name == ROUNDING:  # whole numbers: what they were rounded from has peaks between
            fine = value_histogram(earlier, *span, bins=_bins(stages[before], figures[before], span))
            counts, finer = fine.counts, fine.edges
        else:
            counts = np.histogram(earlier, found.edges)[0].astype(np.int64)
    return ShownHistogram(
        edges=found.edges,
        after=found.counts,
        before=counts,
        unit=stage.unit or "ADU",
        outside=found.outside,
        zero=own.zero,
        one_photon=one if one else _guess(own, draggable),
        level=ask.settings.saturation_level if ask.step == SATURATION else None,
        draggable=draggable,
        before_edges=finer,
    )


def _bins(stage: Stage, own: StageFigures, span: tuple[float, float]) -> int:
    """Bins about as wide as a fifth of the noise, within what can be drawn."""
    if stage.name == ROUNDING or not own.sigma:
        return 320
    return int(np.clip((span[1] - span[0]) / (0.2 * own.sigma), 80, 400))


def _guess(own: StageFigures, draggable: str) -> float | None:
    """Where the line of one photon waits to be dragged from: ten times the noise."""
    return 10.0 * own.sigma if draggable == PHOTON and own.sigma else None


def _levels(
    stages: Sequence[Stage], figures: Sequence[StageFigures], before: int, at: int, gain: float | None
) -> tuple[Levels | None, Levels | None]:
    """The same grey for the same number of photons in both pictures, around zero; None for automatic levels."""
    if stages[at].name == SATURATION:
        return None, None
    own = figures[at]
    if stages[at].name in (GAIN, ROUNDING) and stages[at].unit == "photons":
        low, high = -0.5, _FAR_PHOTONS
    elif own.zero is not None and own.sigma:
        low, high = own.zero - _BELOW_SIGMAS * own.sigma, own.zero + _ABOVE_SIGMAS * own.sigma
    else:
        return None, None
    scale = _scale(stages, before, at, gain)
    earlier = Levels(low / scale, high / scale)
    return earlier, Levels(low, high)


def _picture(ask: Ask, stage: Stage, levels: Levels | None) -> Picture:
    scaling = Scaling.LINEAR if levels is not None else ask.display.scaling
    display = replace(ask.display, levels=levels, scaling=scaling, pool=ask.pool)
    values: npt.NDArray[np.float32] = stage.values
    return prepare(Frame(ask.frame.index, values, stage.flags), display)
