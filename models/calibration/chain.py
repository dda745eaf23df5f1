"""The chain from stored values to calibrated ones: saturation, pedestal, common mode, gain, photons.

Whatever reads a run's frames (display, embedding, denoising, phasing) reads them through the same chain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.calibration.common_mode import CommonMode, CommonModeResult, make_common_mode
from models.calibration.pictures import by, pixel_index, read_picture
from models.calibration.settings import ABSOLUTE, OFF, CalibrationSettings
from models.errors import BadParameter
from models.parameters import validate
from models.runs.types import BoolImage, FlagImage, FloatImage, PixelFlag

if TYPE_CHECKING:
    from models.runs.types import Run

STORED, SATURATION, DARK, COMMON_MODE, GAIN_MAP, GAIN, ROUNDING = (
    "stored", "saturation", "dark", "common_mode", "gain_map", "gain", "rounding",
)  # fmt: skip
"""Names of the stages, in their order."""
TITLES = {
    STORED: "As stored",
    SATURATION: "Saturation",
    DARK: "Pedestal",
    COMMON_MODE: "Common mode",
    GAIN_MAP: "Gain map",
    GAIN: "Photons",
    ROUNDING: "Whole photons",
}


@dataclass(frozen=True)
class Stage:
    """A frame after one step of the chain.

    Attributes:
        name: one of the module's stage names.
        title: for people.
        values: (H, W) float32. flags: (H, W) uint8 of `PixelFlag`.
        unit: of the values: "ADU", "photons", or "" where the run does not say.
        note: what the step did to this frame, a sentence.
    """

    name: str
    title: str
    values: FloatImage
    flags: FlagImage
    unit: str
    note: str = ""


@dataclass(frozen=True)
class Calibrator:
    """The chain with everything it takes at hand. Frames go in as the run gives them, before any assembly.

    Attributes:
        settings: what it does, without what is switched off.
        shape: (H, W) of the frames it takes.
        own_unit: unit of the values that go in. unit: of those that come out.
        notes: what was assumed, in sentences.
        pedestal: (H, W) float32, ADU, NaN where it is not known; None where none is taken off.
        gain_map: (H, W) float32; None where there is none. Not positive where it is not known.
    """

    settings: CalibrationSettings
    shape: tuple[int, int]
    own_unit: str
    unit: str
    notes: tuple[str, ...] = ()
    pedestal: FloatImage | None = None
    gain_map: FloatImage | None = None
    common_mode: CommonMode | None = None

    def apply(self, raw: npt.NDArray[Any], flags: FlagImage) -> tuple[FloatImage, FlagImage]:
        """Calibrated values (H, W) float32, and flags to which saturated and uncalibrated pixels are added.

        Args:
            raw: (H, W), any number type, as stored. flags: (H, W) uint8 of `PixelFlag`.

        Raises:
            BadParameter: the frame has another shape than the chain was made for.
        """
        state = self._start(raw, flags)
        for _, step in self._steps():
            state, _ = step(state)
        return state.values, state.flags

    def stages(self, raw: npt.NDArray[Any], flags: FlagImage) -> Sequence[Stage]:
        """The frame as stored and after each step that is done, for looking at; the last is what `apply` gives."""
        state = self._start(raw, flags)
        unit = self.own_unit
        found = [Stage(STORED, TITLES[STORED], state.values, state.flags, unit)]
        for name, step in self._steps():
            state, words = step(state)
            if name == GAIN or (name == GAIN_MAP and self.settings.gain_map_unit == ABSOLUTE):
                unit = "photons"
            found.append(Stage(name, TITLES[name], state.values, state.flags, unit, words()))
        return found

    def before_gain(self) -> Calibrator:
        """The same without what makes photons of ADU: what a value of one photon is looked for in."""
        settings = replace(self.settings, use_gain=False, use_rounding=False)
        if settings.gain_map_unit == ABSOLUTE:
            settings = replace(settings, use_gain_map=False)
        keeps_map = settings.use_gain_map and self.gain_map is not None
        return replace(
            self, settings=settings, unit=self.own_unit or "ADU", gain_map=self.gain_map if keeps_map else None
        )

    def _steps(self) -> list[tuple[str, Callable[[_State], _Step]]]:
        asked = self.settings
        steps: list[tuple[str, Callable[[_State], _Step]]] = []
        if asked.use_saturation and asked.saturation_level is not None:
            steps.append((SATURATION, self._flag_saturated))
        if self.pedestal is not None:
            steps.append((DARK, self._take_pedestal))
        if self.common_mode is not None:
            steps.append((COMMON_MODE, self._take_common_mode))
        if self.gain_map is not None:
            steps.append((GAIN_MAP, self._divide_by_map))
        if asked.use_gain and asked.adu_per_photon is not None:
            steps.append((GAIN, self._divide))
        if asked.use_rounding and asked.round_from is not None:
            steps.append((ROUNDING, self._round))
        return steps

    def _start(self, raw: npt.NDArray[Any], flags: FlagImage) -> _State:
        if raw.shape != self.shape:
            raise BadParameter(
                f"a frame of {by(raw.shape)} pixels does not fit", cause=f"the calibration is for {by(self.shape)}"
            )
        with np.errstate(over="ignore", invalid="ignore"):
            return _State(np.ascontiguousarray(raw, np.float32), flags, raw)

    @cached_property
    def _without_pedestal(self) -> BoolImage | None:
        """(H, W), True where there is no pedestal; None where there is one everywhere."""
        assert self.pedestal is not None
        return _somewhere(~np.isfinite(self.pedestal))

    @cached_property
    def _divisor(self) -> FloatImage:
        """(H, W) gain, NaN where it is not known."""
        assert self.gain_map is not None
        known = np.isfinite(self.gain_map) & (self.gain_map > 0)
        return np.where(known, self.gain_map, np.float32("nan")).astype(np.float32)

    @cached_property
    def _without_gain(self) -> BoolImage | None:
        return _somewhere(np.isnan(self._divisor))

    def _flag_saturated(self, state: _State) -> _Step:
        level = self.settings.saturation_level
        with np.errstate(invalid="ignore"):
            full = np.asarray(state.raw >= level)
        if not full.any():
            return state, lambda: "No pixel is saturated."
        full &= state.flags & np.uint8(PixelFlag.SENTINEL | PixelFlag.NONFINITE) == 0
        flags = state.flags | full.astype(np.uint8) * np.uint8(PixelFlag.SATURATED)
        return replace(
            state, flags=flags
        ), lambda: f"{int(np.count_nonzero(full & (state.flags == 0))):,} pixels saturated.".replace(",", "\u202f")

    def _take_pedestal(self, state: _State) -> _Step:
        pedestal, unknown = self.pedestal, self._without_pedestal
        assert pedestal is not None
        with np.errstate(invalid="ignore", over="ignore"):
            values = state.values - pedestal
        flags = _masked(state.flags, unknown)

        def words() -> str:
            used = pedestal[flags == 0]
            if not used.size:
                return "No usable pixel has a pedestal."
            low, middle, high = (_signed(float(value)) for value in np.percentile(used, (1, 50, 99)))
            lost = _lost(state.flags, unknown)
            said = f"{middle} ADU in the middle, {low} … {high} in 98 of 100 pixels, taken off."
            return said + (f" {lost} pixels without one." if lost else "")

        return replace(state, values=values, flags=flags), words

    def _take_common_mode(self, state: _State) -> _Step:
        assert self.common_mode is not None
        result = self.common_mode.take_off(state.values, usable(state.values, state.flags))
        return replace(state, values=result.values), lambda: _common_mode_words(self.settings.common_mode, result)

    def _divide_by_map(self, state: _State) -> _Step:
        unknown = self._without_gain
        values = state.values / self._divisor
        flags = _masked(state.flags, unknown)

        def words() -> str:
            lost = _lost(state.flags, unknown)
            return f"{lost} pixels have no gain, and are masked." if lost else "Every pixel has a gain."

        return replace(state, values=values, flags=flags), words

    def _divide(self, state: _State) -> _Step:
        gain = self.settings.adu_per_photon
        assert gain is not None
        values = state.values / np.float32(gain)
        return replace(state, values=values), lambda: f"Divided by {gain:.5g} ADU per photon."

    def _round(self, state: _State) -> _Step:
        start = self.settings.round_from
        assert start is not None
        values = state.values + np.float32(1.0 - start)
        np.floor(values, out=values)
        np.maximum(values, 0, out=values)
        return replace(state, values=values), lambda: f"A pixel counts one more from {start:g} photon on."


@dataclass(frozen=True)
class _State:
    values: FloatImage
    flags: FlagImage
    raw: npt.NDArray[Any]


_Step = tuple[_State, Callable[[], str]]
"""The frame after a step, and what says what the step did: worked out only for those who ask."""


def usable(values: FloatImage, flags: FlagImage) -> BoolImage:
    """(H, W), True where a pixel may be used and its value is finite."""
    good: BoolImage = flags == 0
    good &= np.isfinite(values)
    return good


def make_calibrator(settings: CalibrationSettings, run: Run) -> Calibrator | None:
    """The chain that `settings` ask for, on the frames of `run` as it gives them; None where nothing is done.

    Pedestal and gain map are read here, once.

    Raises:
        CannotOpen: a file of the settings cannot be read.
        BadParameter: a number is out of range, a picture or an ASIC does not fit (both shapes are named), or the run
            is in photons already.
    """
    asked = validate(settings).in_effect
    if asked.is_nothing:
        return None
    notes: list[str] = []
    divides = asked.use_gain and asked.adu_per_photon is not None
    by_map = bool(asked.gain_map) and asked.gain_map_unit == ABSOLUTE
    unit = _unit(asked, run, divides=divides, by_map=by_map)
    pedestal = gain_map = None
    if asked.dark:
        pedestal, note = read_picture(asked.dark, asked.dark_dataset, run, "the pedestal")
        notes.append(note)
    if asked.gain_map:
        gain_map, note = read_picture(asked.gain_map, asked.gain_map_dataset, run, "the gain map")
        notes.append(note)
    common = None
    if asked.common_mode != OFF:
        _, slab = pixel_index(run)
        common = make_common_mode(asked, run.shape, (slab[1], slab[2]) if len(slab) == 3 else None)
    return Calibrator(
        settings=asked,
        shape=run.shape,
        own_unit=run.unit,
        unit=unit,
        notes=tuple(_sentence(note) for note in notes if note),
        pedestal=pedestal,
        gain_map=gain_map,
        common_mode=common,
    )


def _unit(asked: CalibrationSettings, run: Run, *, divides: bool, by_map: bool) -> str:
    if divides and by_map:
        raise BadParameter(
            "the gain map is in ADU per photon, and a value of one photon is given as well",
            hint="Leave that value out, or call the map relative",
        )
    if (divides or by_map) and run.unit.startswith("photons"):
        given = f"one photon was given as {asked.adu_per_photon:g} ADU" if divides else "a gain map is given"
        raise BadParameter(f"{run.name} is in {run.unit} already", cause=given, hint="Switch that step off")
    unit = "photons" if divides or by_map else run.unit
    if asked.round_from is not None and unit != "photons":
        raise BadParameter(
            "values can only be rounded to whole photons once they are photons",
            cause="no value of one photon is given",
            hint="Give the ADU per photon, or switch the rounding off",
        )
    return unit


def _somewhere(bad: BoolImage) -> BoolImage | None:
    return bad if bad.any() else None


def _masked(flags: FlagImage, bad: BoolImage | None) -> FlagImage:
    return flags if bad is None else flags | bad.astype(np.uint8) * np.uint8(PixelFlag.MASKED)


def _lost(flags: FlagImage, bad: BoolImage | None) -> int:
    """Pixels that were usable before."""
    return 0 if bad is None else int(np.count_nonzero(bad & (flags == 0)))


def _common_mode_words(kind: str, result: CommonModeResult) -> str:
    name = {"row": "row", "column": "column", "asic": "ASIC", "frame": "frame"}[kind]
    taken = result.offsets[result.offsets != 0]
    left = f" {result.without} of {result.groups} have no pixels without photons and stay." if result.without else ""
    if not taken.size:
        return f"Nothing taken off.{left}"
    if taken.size == 1:
        return f"{_signed(float(taken[0]))} ADU taken off the {name}.{left}"
    low, high = _signed(float(taken.min())), _signed(float(taken.max()))
    return f"{low} … {high} ADU (σ {float(taken.std()):.3g}) taken off each {name}.{left}"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"


def _signed(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")
