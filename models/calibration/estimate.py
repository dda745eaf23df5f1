"""The value of one photon from the histogram of frames, and how sure it is."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.calibration.chain import Calibrator, usable
from models.calibration.zero_peak import zero_peak
from models.errors import BadParameter, FrameUnreadable
from models.patterns.values import value_of_a_photon
from models.progress import Progress

if TYPE_CHECKING:
    from models.runs.types import Run

FRAMES = 300
"""frames of a run that are looked at, evenly spread"""
_MOST_VALUES = 4_000_000
_SURE_SHARE, _LIKELY_SHARE = 0.02, 0.05
_SECOND_WITHIN = 0.06
_FEWEST_IN_BIN = 8
_COLD = 5.0

Values = npt.NDArray[np.float32]


@dataclass(frozen=True)
class GainEstimate:
    """What a histogram says of the value of one photon.

    Attributes:
        adu_per_photon: the values' unit, from zero to the peak of one photon.
        uncertainty: half the difference between two halves of the values, the values' unit.
        zero, sigma: position and standard deviation of the peak without photons.
        second: position of the two-photon peak above zero, in photons (2 if all is well); None where there is none.
        frames, values: how much was looked at.
    """

    adu_per_photon: float
    uncertainty: float
    zero: float
    sigma: float
    second: float | None
    frames: int
    values: int

    @property
    def confidence(self) -> str:
        """ "sure", "likely" or "doubtful"."""
        share = self.uncertainty / self.adu_per_photon
        if self.second is not None and abs(self.second - 2) <= 2 * _SECOND_WITHIN and share <= _SURE_SHARE:
            return "sure"
        return "likely" if share <= _LIKELY_SHARE else "doubtful"

    @property
    def words(self) -> str:
        """The finding and what it rests on, for people."""
        apart = self.adu_per_photon / self.sigma if self.sigma > 0 else float("inf")
        if self.second is None:
            second = "no peak of two photons is seen"
        else:
            second = f"the peak of two photons lies at {self.second:.3g} times that"
        said = {"sure": "sure", "likely": "likely", "doubtful": "doubtful: look at the histogram"}[self.confidence]
        return (
            f"One photon is {self.adu_per_photon:.4g} ± {self.uncertainty:.2g} ADU ({said}): {apart:.3g} times the "
            f"noise of {self.sigma:.3g} ADU; {second}. From {self.values:,} values of {self.frames} "
            f"frame{'s' * (self.frames != 1)}.".replace(",", "\u202f")
        )


def estimate_gain(
    run: Run, frames: Sequence[int], calibrator: Calibrator | None = None
) -> Generator[Progress, None, GainEstimate | None]:
    """The value of one photon in frames of `run`, after the steps of `calibrator` that come before the gain.

    None where the histogram has no clear peak of one photon. At most 300 frames and four million values are looked
    at, evenly spread.

    Raises:
        BadParameter: no frame can be read.
    """
    chosen = list(dict.fromkeys(int(index) for index in frames))
    if len(chosen) > FRAMES:
        chosen = [chosen[round(place)] for place in np.linspace(0, len(chosen) - 1, FRAMES)]
    chain = calibrator.before_gain() if calibrator is not None else None
    share = max(1, -(-len(chosen) * run.shape[0] * run.shape[1] // _MOST_VALUES))
    gathered: list[Values] = []
    for done, index in enumerate(chosen):
        yield Progress(done=done, total=len(chosen), unit="frames", message="reading frames")
        try:
            frame = run.load(index)
        except FrameUnreadable:
            continue
        values, flags = (frame.data, frame.flags) if chain is None else chain.apply(frame.raw, frame.flags)
        gathered.append(values[usable(values, flags)][done % share :: share])
    if not gathered:
        raise BadParameter("no value of a photon can be found", cause="none of the frames can be read")
    yield Progress(done=len(chosen), total=len(chosen), unit="frames", message="looking for peaks")
    return estimate_from(np.concatenate(gathered), frames=len(gathered))


def estimate_from(values: Values, frames: int = 1) -> GainEstimate | None:
    """The value of one photon from finite values; None where there is no clear peak of one photon."""
    zero = zero_peak(values)
    if zero is None or zero[1] <= 0:
        return None
    at, sigma = zero
    # Cold pixels would be taken for the width of the noise.
    first = value_of_a_photon(values, values > at - _COLD * sigma)
    if first is None:
        return None
    one = _peak(values, at + first, sigma)
    if one is None:
        return None
    gain = one - at
    halves = [_peak(values[start::2], one, sigma) for start in (0, 1)]
    spread = 0.5 * abs(halves[0] - halves[1]) if halves[0] is not None and halves[1] is not None else 0.1 * gain
    two = _peak(values, at + 2 * gain, sigma)
    second = None if two is None or abs(two - at - 2 * gain) > 0.3 * gain else (two - at) / gain
    return GainEstimate(gain, spread, at, sigma, second, frames, int(values.size))


def _peak(values: Values, near: float, sigma: float) -> float | None:
    """The top of the peak about `near`, by a parabola through the logarithms of the counts within 1.2 σ."""
    width = sigma / 3
    place = near
    for _ in range(3):
        edges = place + width * (np.arange(10) - 4.5)
        counts = np.histogram(values, edges)[0].astype(np.float64)
        if counts.min() < _FEWEST_IN_BIN:
            return None
        middle = np.arange(9) - 4.0
        bend, slope, _ = np.polyfit(middle, np.log(counts), 2, w=np.sqrt(counts))
        if bend >= 0:
            return None
        step = float(np.clip(-slope / (2 * bend), -4.0, 4.0))
        place += step * width
        if abs(step) < 0.05:
            break
    if abs(place - near) > 1.5 * sigma:
        return None
    return float(place)
