"""How well photons that were kept back are foretold: what adaptation lowers, and what it is judged by.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch  # noqa: TID253
from torch import Tensor  # noqa: TID253

from models.denoising.adapt.sample import Sample
from models.denoising.adapt.splitting import Split, halves
from models.denoising.network import DenoiseNet, Estimate

_LEAST_RATE = 1e-9
_AT_ONCE = 8


def answer(network: DenoiseNet, made: Split) -> Estimate:
    """What the network makes of what it is shown."""
    found: Estimate = network(made.shown, made.exposure, made.radius, made.half)
    return found


def surprise(rate: Tensor, made: Split) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Negative logarithm of the Poisson likelihood of what was kept back, and how many photons that were.

    Up to what does not depend on the rate.

    Returns:
        (B,) nats and photons of pixels of which a part was shown, and likewise of those that were hidden.
    """
    kept_back, times, exposure = (made.answered(x) for x in (made.kept_back, made.times, made.exposure))
    floor = rate.clamp_min(_LEAST_RATE)
    nats = times * floor - kept_back * floor.log()
    partly = (exposure > 0).to(nats.dtype)
    hidden = (1 - partly) * (times > 0)
    sums = ((nats * partly), (kept_back * partly), (nats * hidden), (kept_back * hidden))
    first, second, third, fourth = (values.sum((1, 2)) for values in sums)
    return first, second, third, fourth


def loss(found: Estimate, made: Split, held: Estimate, hidden_weight: float, deviation_weight: float) -> Tensor:
    """What a step lowers.

    The surprise of each frame over the root of its photons: what a denoiser still gets wrong grows about so with the
    dose, so that neither bright nor faint frames have all the say. The deviations are held to those of the network as
    it was, because single photons hardly tell a rate's deviation; `calibration` looks after them.
    """
    partly, photons, hidden, hidden_photons = surprise(found.rate, made)
    value = (partly / (photons + 1).sqrt()).mean() + hidden_weight * (hidden / (hidden_photons + 1).sqrt()).mean()
    drift = (found.log_deviation - held.log_deviation).square().mean()
    return value + deviation_weight * drift


@dataclass(frozen=True, eq=False)
class Judged:
    """How a network did on frames, halves of the photons foretelling the other halves; (n,) float64 arrays.

    Attributes:
        nats: negative log likelihood of the kept photons of each frame, up to a constant of the frame.
        photons: how many these were.
        hidden_nats, hidden_photons: likewise in islands that were hidden altogether.
        excess, stated: squared errors of rates beyond counting noise, and those that the stated deviations expect,
            both weighted by what the photons can tell of them; (n, 2) for measured and hidden pixels.
    """

    nats: npt.NDArray[np.float64]
    photons: npt.NDArray[np.float64]
    hidden_nats: npt.NDArray[np.float64]
    hidden_photons: npt.NDArray[np.float64]
    excess: npt.NDArray[np.float64]
    stated: npt.NDArray[np.float64]


def judge(network: DenoiseNet, sample: Sample, rows: npt.NDArray[np.int64], hidden_share: float, seed: int) -> Judged:
    """Judge a network on frames of a sample; the same draws for every network."""
    totals = np.zeros((len(rows), 8))
    place = np.arange(len(rows))
    with torch.inference_mode():
        for folded in (True, False):
            group = place[sample.folded[rows] == folded]
            for start in range(0, len(group), _AT_ONCE):
                part = group[start : start + _AT_ONCE]
                for made in halves(sample, rows[part], hidden_share, seed):
                    found = answer(network, made)
                    totals[part, :4] += torch.stack(surprise(found.rate.double(), made), 1).numpy()
                    totals[part, 4:] += _errors(found, made).numpy()
    nats, photons, hidden_nats, hidden_photons = totals[:, :4].T
    return Judged(nats, photons, hidden_nats, hidden_photons, totals[:, 4:6], totals[:, 6:8])


def _errors(found: Estimate, made: Split) -> Tensor:
    """(B, 4) excess on measured and hidden pixels, then what is stated.

    (k − m)² − k has the mean (λ − m)² and, about, the variance 2(m + v)² for counts k of a rate λ, m and v being the
    expected counts and the variance of the expectation as stated: the weights are those of least variance.
    """
    kept_back, times, exposure = (made.answered(x).double() for x in (made.kept_back, made.times, made.exposure))
    rate, deviation = found.rate.double(), found.log_deviation.double().exp()
    expected = times * rate
    variance = times.square() * (4 * rate * deviation.square() + 2 * deviation**4)
    spread = 2 * (expected + variance).square().clamp_min(1e-12)
    excess = ((kept_back - expected).square() - kept_back) * variance / spread
    stated = variance.square() / spread
    partly = (exposure > 0).double()
    hidden = (1 - partly) * (times > 0)
    return torch.stack([(x * where).sum((1, 2)) for x in (excess, stated) for where in (partly, hidden)], 1)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Kept photons of the same frames before and after, frame by frame.

    Attributes:
        gain: nats by which a kept photon is foretold better, mean over photons. error: its standard error.
        frames: how many were compared. better: how many of them are foretold better.
    """

    gain: float
    error: float
    frames: int
    better: int

    @property
    def sigmas(self) -> float:
        return self.gain / self.error if self.error > 0 else 0.0


def compare(
    before: npt.NDArray[np.float64], after: npt.NDArray[np.float64], photons: npt.NDArray[np.float64]
) -> Comparison:
    """Of (n,) nats of the same frames before and after, and their photons."""
    gains = before - after
    level = max(float(photons.mean()), 1e-9)
    error = float(gains.std(ddof=1)) / math.sqrt(len(gains)) / level if len(gains) > 1 else 0.0
    return Comparison(float(gains.mean()) / level, error, len(gains), int((gains > 0).sum()))
