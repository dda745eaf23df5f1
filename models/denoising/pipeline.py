"""The one way from a frame to a denoised one, which all methods share around their own step.

The frame is checked, cut to what is measured, laid over its mate where Friedel's law is used, denoised, given the
photons that were counted, and put back. Where a method does not say how sure it is, the deviation comes from doing
that to a part of the photons.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from models.denoising import filters
from models.denoising.beam import estimate_beam, half_pixel
from models.denoising.checking import Counts, check_counts
from models.denoising.deviation import split_deviation
from models.denoising.friedel import FALSE_ALARM, Folded, check_symmetry, fold, mate
from models.denoising.settings import AUTO, OFF, ON, FriedelSettings
from models.denoising.speckle import find_speckle
from models.denoising.types import Denoised, FloatArray, Rests
from models.denoising.validity import find_validity
from models.denoising.window import around
from models.parameters import to_dict

S = TypeVar("S", bound=FriedelSettings)


class Beam(Enum):
    """What a method needs the beam for.

    MATES: to average mates, where they are averaged. ALWAYS: for that and for itself. RINGS: for itself; mates lie in
    the same ring, and averaging them would change nothing.
    """

    MATES = 0
    ALWAYS = 1
    RINGS = 2


@dataclass(frozen=True, slots=True)
class Scene:
    """What a method may know beside the counts.

    Attributes:
        centre_px: (y, x) of the beam in the window's pixels.
        speckle_px: the frame's speckle size, if it shows one. speckle_at_least: that is a lower bound.
        folded: mates were summed, and the window is symmetric about the beam.
    """

    centre_px: tuple[float, float]
    speckle_px: float | None
    speckle_at_least: bool
    folded: bool


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a method makes of a window.

    Attributes:
        rate: (H, W) float32 photons of one exposure, whatever their sum.
        deviation: (H, W) float32 standard deviation of `rate`, photons; None where the method does not know it.
        warnings: sentences on what makes it doubtful.
    """

    rate: FloatArray
    deviation: FloatArray | None = None
    warnings: tuple[str, ...] = ()


Step = Callable[[Folded, Scene, S], Found]


class Pipeline(Generic[S]):
    """A method as a `Denoiser`; learns nothing.

    Args:
        name: of the method. step: what it does. settings: its parameters.
        beam: what it needs the beam for.
        splits: draws for the deviation, where the step gives none; see `deviation.split_deviation`.
    """

    def __init__(self, name: str, step: Step[S], settings: S, *, beam: Beam = Beam.MATES, splits: int = 0) -> None:
        self._name = name
        self._step = step
        self._settings = settings
        self._beam = beam
        self._splits = splits

    def fit(self, counts: npt.NDArray[Any], measured: npt.NDArray[Any]) -> Pipeline[S]:
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
        scene = Scene(
            (centre[0] - window.top, centre[1] - window.left), speckle, decided.speckle_at_least, decided.fold
        )

        def found_in(part: FloatArray) -> Found:
            if decided.fold:
                folded = fold(part, seen, scene.centre_px)
            else:
                folded = Folded(np.where(seen, part, np.float32(0)), seen.astype(np.float32))
            found = self._step(folded, scene, self._settings)
            rate = found.rate
            if decided.fold:
                # The window is symmetric about the beam; filters need not treat both directions alike.
                rate = ((rate + rate[::-1, ::-1]) / 2).astype(np.float32)
            return _conserving(replace(found, rate=rate), part, seen)

        light = window.cut(frame.counts)
        inner = found_in(light)
        spread = inner.deviation
        if spread is not None and not light.any():
            # No photon does not mean no rate.
            spread = np.full_like(spread, 1 / seen.sum())
        if spread is None and self._splits:
            spread = split_deviation(lambda part: found_in(part).rate, light, seen, inner.rate, self._splits)
        rate = np.zeros_like(frame.counts)
        deviation = np.full_like(frame.counts, np.nan)
        inside = np.zeros(rate.shape, np.bool_)
        window.put(np.ones(window.shape, np.bool_), inside)
        window.put(inner.rate, rate)
        rate = filters.filled(rate, inside)
        if spread is not None:
            window.put(spread, deviation)
            deviation = filters.filled(deviation, inside)
        return replace(
            decided.result,
            rate=rate,
            deviation=deviation,
            validity=find_validity(frame.measured, speckle, decided.centre_px if decided.fold else None),
            warnings=(*decided.result.warnings, *inner.warnings),
        )

    def _decide(self, frame: Counts, given: tuple[float, float] | None) -> _Decided:
        """The beam, whether mates are averaged, the speckle size, and the words for it."""
        warnings, notes = list(frame.warnings), []
        centre, sure = None, True
        if given is not None and not all(math.isfinite(c) for c in given):
            given = None
        wanted, rings = self._settings.friedel, self._beam is Beam.RINGS
        needed = wanted != OFF or self._beam is not Beam.MATES
        if given is not None and needed:
            centre = half_pixel(given)
            if centre != tuple(given) and self._beam is not Beam.RINGS:
                notes.append(f"mates are taken about ({centre[0]:g}, {centre[1]:g}) px, the nearest half pixel")
        elif needed:
            centre, words, sure = estimate_beam(frame.counts, frame.measured)
            (notes if sure else warnings).append(words)
        use = wanted == ON
        if centre is not None and wanted != OFF and not rings:
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
        if found is not None and found.at_least:
            notes.append(f"{found.words()}: beside the brightest place there are pixels that were not measured")
        # What was only guessed, and then not used, is not handed on as the beam.
        told = centre if sure or use or self._beam is not Beam.MATES else None
        result = replace(
            self._nothing(frame, tuple(warnings)), notes=tuple(notes), centre_px=told, speckle_px=speckle
        )
        return _Decided(result, centre, use and not rings, speckle, found is not None and found.at_least)

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
    speckle_at_least: bool


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


def _conserving(found: Found, counts: FloatArray, measured: npt.NDArray[np.bool_]) -> Found:
    """Scaled so that the measured pixels are given the photons counted there; evenly where all is 0."""
    total = float(counts[measured].sum(dtype=np.float64))
    given = float(found.rate[measured].sum(dtype=np.float64))
    if given <= 0:
        return replace(found, rate=np.full_like(found.rate, total / max(int(measured.sum()), 1)))
    scale = np.float32(total / given)
    deviation = None if found.deviation is None else (found.deviation * scale).astype(np.float32)
    return replace(found, rate=(found.rate * scale).astype(np.float32), deviation=deviation)
