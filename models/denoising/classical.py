"""Classical methods behind the one convention: what they share around their filters.

The frame is checked, cut to what is measured, laid over its mate where Friedel's law is used, filtered, given the
photons that were counted, and put back; the deviation comes from doing that to a part of the photons.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from models.denoising import filters
from models.denoising.beam import estimate_beam, half_pixel
from models.denoising.checking import Counts, check_counts
from models.denoising.deviation import split_deviation
from models.denoising.friedel import FALSE_ALARM, Folded, check_symmetry, fold, mate
from models.denoising.settings import (
    AUTO,
    OFF,
    ON,
    FriedelMeanSettings,
    GaussianSettings,
    LowPassSettings,
    NonLocalMeansSettings,
    RadialMeanSettings,
    TotalVariationSettings,
)
from models.denoising.speckle import find_speckle
from models.denoising.types import Denoised, FloatArray, Rests
from models.denoising.validity import find_validity
from models.denoising.window import around
from models.parameters import to_dict

S = TypeVar("S", bound=FriedelMeanSettings)


@dataclass(frozen=True, slots=True)
class Scene:
    """What a filter may know beside the counts: the beam in the window's pixels, and the frame's speckle size."""

    centre_px: tuple[float, float]
    speckle_px: float | None


Filter = Callable[[Folded, Scene, S], FloatArray]


class Classical(Generic[S]):
    """A filter as a `Denoiser`; learns nothing.

    Args:
        name: of the method. smooth: the filter. settings: its parameters.
        rings: True where it needs the beam in any case.
    """

    def __init__(self, name: str, smooth: Filter[S], settings: S, *, rings: bool = False) -> None:
        self._name = name
        self._smooth = smooth
        self._settings = settings
        self._rings = rings

    def fit(self, counts: npt.NDArray[Any], measured: npt.NDArray[Any]) -> Classical[S]:
        return self

    def predict(
        self,
        counts: npt.NDArray[Any],
        measured: npt.NDArray[Any],
        centre_px: tuple[float, float] | None = None,
    ) -> Denoised:
        frame = check_counts(counts, measured)
        if not frame.measured.any():
            return self._nothing(frame, ("no pixel is measured: there is nothing to go by",))
        decided = self._decide(frame, centre_px)
        speckle = decided.speckle_px
        window = around(frame.measured, decided.centre_px if decided.fold else None)
        seen = window.cut(frame.measured, False)
        centre = decided.centre_px or (frame.counts.shape[0] / 2, frame.counts.shape[1] / 2)
        scene = Scene((centre[0] - window.top, centre[1] - window.left), speckle)

        def rate_of(part: FloatArray) -> FloatArray:
            if decided.fold:
                folded = fold(part, seen, scene.centre_px)
            else:
                folded = Folded(np.where(seen, part, np.float32(0)), seen.astype(np.float32))
            found = self._smooth(folded, scene, self._settings)
            if decided.fold:
                # The window is symmetric about the beam; filters need not treat both directions alike.
                found = ((found + found[::-1, ::-1]) / 2).astype(np.float32)
            return _conserving(found, part, seen)

        light = window.cut(frame.counts)
        inner = rate_of(light)
        rate = np.zeros_like(frame.counts)
        deviation = np.full_like(frame.counts, np.nan)
        inside = np.zeros(rate.shape, np.bool_)
        window.put(np.ones(window.shape, np.bool_), inside)
        window.put(inner, rate)
        rate = filters.filled(rate, inside)
        if self._settings.splits:
            spread = split_deviation(rate_of, light, seen, inner, self._settings.splits)
            window.put(spread, deviation)
            deviation = filters.filled(deviation, inside)
        return replace(
            decided.result,
            rate=rate,
            deviation=deviation,
            validity=find_validity(frame.measured, speckle, decided.centre_px if decided.fold else None),
        )

    def _decide(self, frame: Counts, given: tuple[float, float] | None) -> _Decided:
        """The beam, whether mates are averaged, the speckle size, and the words for it."""
        warnings, notes = list(frame.warnings), []
        centre, sure = None, True
        if given is not None and not all(math.isfinite(c) for c in given):
            given = None
        wanted = self._settings.friedel
        if given is not None and (self._rings or wanted != OFF):
            centre = half_pixel(given)
            if centre != tuple(given) and not self._rings:
                notes.append(f"mates are taken about ({centre[0]:g}, {centre[1]:g}) px, the nearest half pixel")
        elif self._rings or wanted != OFF:
            centre, words, sure = estimate_beam(frame.counts, frame.measured)
            (notes if sure else warnings).append(words)
        use = wanted == ON
        if centre is not None and wanted != OFF and not self._rings:
            if not (frame.measured & mate(frame.measured, centre, fill=False)).any():
                use = False
                notes.append("Friedel mates were not averaged: no pixel's mate is on the detector and measured")
            elif wanted == AUTO:
                use, words = _friedel(frame, centre, sure)
                notes.append(words)
        found = find_speckle(frame.counts, frame.measured)
        speckle = None if found is None else found.size_px
        if found is None and not frame.measured.all():
            notes.append("too little light to see how large a speckle is: what was not measured counts as guessed")
        # What was only guessed, and then not used, is not handed on as the beam.
        told = centre if sure or use or self._rings else None
        result = replace(
            self._nothing(frame, tuple(warnings)), notes=tuple(notes), centre_px=told, speckle_px=speckle
        )
        return _Decided(result, centre, use and not self._rings, speckle)

    def _nothing(self, frame: Counts, warnings: tuple[str, ...]) -> Denoised:
        shape = frame.counts.shape
        return Denoised(
            rate=np.zeros(shape, np.float32),
            deviation=np.full(shape, np.inf, np.float32),
            validity=np.full(shape, Rests.GUESSED, np.uint8),
            method=self._name,
            parameters=to_dict(self._settings),
            warnings=warnings,
        )


@dataclass(frozen=True, slots=True)
class _Decided:
    result: Denoised
    centre_px: tuple[float, float] | None
    fold: bool
    speckle_px: float | None


def _friedel(frame: Counts, centre_px: tuple[float, float], sure: bool) -> tuple[bool, str]:
    """Whether mates are averaged where the frame may decide, and a sentence that says so."""
    if not sure:
        return False, "Friedel mates were not averaged: it is not known where the beam is"
    test = check_symmetry(frame.counts, frame.measured, centre_px)
    if test.pairs == 0:
        return True, "Friedel mates were averaged; too few photons to see whether they agree"
    if test.holds:
        return True, f"Friedel mates were averaged: nothing in the frame speaks against it (chance {test.chance:.2g})"
    return False, (
        f"Friedel mates were not averaged: they differ by {100 * test.excess**0.5:.0f} % rms in blocks of "
        f"{test.scale_px} px, more than counting noise explains (chance {test.chance:.1g} < {FALSE_ALARM:g})"
    )


def _conserving(rate: FloatArray, counts: FloatArray, measured: npt.NDArray[np.bool_]) -> FloatArray:
    """The rate scaled so that the measured pixels are given the photons counted there; evenly where it is all 0."""
    total = float(counts[measured].sum(dtype=np.float64))
    found = float(rate[measured].sum(dtype=np.float64))
    if found > 0:
        return (rate * np.float32(total / found)).astype(np.float32)
    return np.full_like(rate, total / max(int(measured.sum()), 1))


def friedel_mean(settings: FriedelMeanSettings) -> Classical[FriedelMeanSettings]:
    return Classical("friedel", lambda f, _scene, _s: filters.mean_of_mates(f.counts, f.exposure), settings)


def radial_mean(settings: RadialMeanSettings) -> Classical[RadialMeanSettings]:
    def smooth(f: Folded, scene: Scene, _settings: RadialMeanSettings) -> FloatArray:
        return filters.radial_mean(f.counts, f.exposure, scene.centre_px)

    return Classical("radial", smooth, settings, rings=True)


def gaussian(settings: GaussianSettings) -> Classical[GaussianSettings]:
    return Classical("gaussian", lambda f, _scene, s: filters.gaussian(f.counts, f.exposure, s.sigma_px), settings)


def total_variation(settings: TotalVariationSettings) -> Classical[TotalVariationSettings]:
    return Classical("tv", lambda f, _scene, s: filters.total_variation(f.counts, f.exposure, s.weight), settings)


def non_local_means(settings: NonLocalMeansSettings) -> Classical[NonLocalMeansSettings]:
    def smooth(f: Folded, _scene: Scene, s: NonLocalMeansSettings) -> FloatArray:
        return filters.non_local_means(f.counts, f.exposure, s.strength, s.patch_px, s.reach_px)

    return Classical("nlm", smooth, settings)


def low_pass(settings: LowPassSettings) -> Classical[LowPassSettings]:
    def smooth(f: Folded, scene: Scene, s: LowPassSettings) -> FloatArray:
        spacing = s.speckle_px or scene.speckle_px
        if spacing is None:
            # No fringes are known of: nothing is left out.
            return filters.mean_of_mates(f.counts, f.exposure)
        return filters.low_pass(f.counts, f.exposure, spacing, s.rounds)

    return Classical("low-pass", smooth, settings)
