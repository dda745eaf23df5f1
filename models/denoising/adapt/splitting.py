"""Photons divided at random into those the network is shown and those it has to foretell.

Each photon of a Poisson pixel is shown with the same chance p, independently: what is shown and what is not are then
independent Poisson counts of p and 1 − p times the rate (binomial thinning; Krull et al., arXiv:2306.12321). So the
photons held back are a fair judge of the rate found from the others, whatever the true rate is. Islands of pixels
are hidden altogether, beside: their photons judge what is put into holes.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch  # noqa: TID253
from torch import Tensor  # noqa: TID253

from models.denoising.adapt.sample import Sample
from models.denoising.adapt.settings import DenoiseAdaptSettings
from models.denoising.types import BoolArray, FloatArray

_ISLAND_PX = (2.0, 8.0)
_TRIES = 4
_LEAST_SHOWN = 5.0


@dataclass(frozen=True, eq=False)
class Split:
    """Frames divided into what is shown and what is to be foretold; (B, h, w) float32 each.

    Attributes:
        shown: photons. exposure: how often each pixel was exposed, 0 where hidden or not measured.
        radius: px from the beam.
        kept_back: photons not shown. times: how many of them are expected there for a rate of one in `shown`'s
            exposure; 0 where nothing was measured.
        half: rows of the network's answer, see `DenoiseNet.forward`; None for all.
    """

    shown: Tensor
    exposure: Tensor
    radius: Tensor
    kept_back: Tensor
    times: Tensor
    half: int | None

    def answered(self, values: Tensor) -> Tensor:
        """The rows of (B, h, w) values for which the network answers."""
        return values[:, : self.half]


def split(counts: FloatArray, share: float, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Each photon goes to the first array with chance `share`, to the second otherwise; whole counts of any shape."""
    shown = np.zeros_like(counts)
    lit = counts > 0
    shown[lit] = rng.binomial(np.rint(counts[lit]).astype(np.int64), share)
    return shown, counts - shown


def islands(shape: tuple[int, int], share: float, rng: np.random.Generator) -> BoolArray:
    """(H, W), True in discs of random place and size that cover about this share."""
    h, w = shape
    found = np.zeros(shape, np.bool_)
    wanted = share * h * w
    y, x = np.ogrid[:h, :w]
    low, high = _ISLAND_PX
    while found.sum() < wanted:
        radius = low * (high / low) ** rng.random()
        cy, cx = rng.uniform(0, h), rng.uniform(0, w)
        found |= (y - cy) ** 2 + (x - cx) ** 2 <= radius**2
    return found


def draw(
    sample: Sample, rows: npt.NDArray[np.int64], settings: DenoiseAdaptSettings, rng: np.random.Generator
) -> Split:
    """One batch: frames of the sample, all with mates summed or none, mirrored, split and cut at random."""
    folded = bool(sample.folded[rows[0]])
    parts = []
    for row in rows:
        counts, exposure = sample.counts[row], sample.exposure[row]
        if folded:
            # Mirror images of a window about the beam lie about it, too.
            step = (1 if rng.random() < 0.5 else -1), (1 if rng.random() < 0.5 else -1)
            counts, exposure = counts[:: step[0], :: step[1]], exposure[:: step[0], :: step[1]]
        share = float(rng.uniform(settings.shown_low, settings.shown_high))
        shown, rest = split(counts, share, rng)
        hidden = islands(counts.shape, rng.uniform(0, 2 * settings.hidden), rng)
        parts.append(_parts(shown, rest, exposure, hidden, share, folded))
    if max(sample.radius.shape) <= settings.crop_px:
        return _whole(parts, sample.radius, folded)
    cuts = [_cut(each[0], settings.crop_px, rng) for each in parts]
    return _joined([tuple(x[cut] for x in (*each, sample.radius)) for each, cut in zip(parts, cuts, strict=True)])


def halves(sample: Sample, rows: npt.NDArray[np.int64], hidden_share: float, seed: int) -> tuple[Split, Split]:
    """Two splits to judge networks by: each half of the photons foretells the other; islands hidden in both.

    The draws depend on the seed and the frames' places in the run alone, so that all networks see the same.
    """
    folded = bool(sample.folded[rows[0]])
    both: tuple[list[tuple[FloatArray, ...]], list[tuple[FloatArray, ...]]] = ([], [])
    for row in rows:
        rng = np.random.default_rng([seed, 0xADF, int(sample.indices[row])])
        counts, exposure = sample.counts[row], sample.exposure[row]
        one, other = split(counts, 0.5, rng)
        hidden = islands(counts.shape, hidden_share, rng)
        both[0].append(_parts(one, other, exposure, hidden, 0.5, folded))
        both[1].append(_parts(other, one, exposure, hidden, 0.5, folded))
    return _whole(both[0], sample.radius, folded), _whole(both[1], sample.radius, folded)


def _parts(
    shown: FloatArray, rest: FloatArray, exposure: FloatArray, hidden: BoolArray, share: float, folded: bool
) -> tuple[FloatArray, ...]:
    """Shown photons, exposure, photons kept back and their multiple, of one frame.

    What is hidden (mates too, where these are summed) is kept back whole: 1/p times the photons that the network
    would have been shown.
    """
    if folded:
        hidden = hidden | hidden[::-1, ::-1]
    light = np.where(hidden, np.float32(0), shown)
    kept_back = np.where(hidden, shown + rest, rest)
    times = np.where(hidden, 1 / share, (1 - share) / share).astype(np.float32) * exposure
    parts = (light, np.where(hidden, np.float32(0), exposure), kept_back, times)
    if folded:
        parts = tuple(values + values[::-1, ::-1] for values in parts)  # type: ignore[assignment]
        if len(light) % 2:
            # The middle row is its own mirror image: each of its pairs is there twice.
            for values in parts[2:]:
                values[len(light) // 2] /= 2
    return parts


def _cut(light: FloatArray, side_px: int, rng: np.random.Generator) -> tuple[slice, slice]:
    """Where a frame is cut: at random, but where there is light; about its middle if none is found."""
    tall, wide = (min(n, side_px) for n in light.shape)
    top, left = ((n - m) // 2 for n, m in zip(light.shape, (tall, wide), strict=True))
    for _ in range(_TRIES):
        y, x = int(rng.integers(light.shape[0] - tall + 1)), int(rng.integers(light.shape[1] - wide + 1))
        if light[y : y + tall, x : x + wide].sum() >= _LEAST_SHOWN:
            top, left = y, x
            break
    return slice(top, top + tall), slice(left, left + wide)


def _whole(parts: list[tuple[FloatArray, ...]], radius: FloatArray, folded: bool) -> Split:
    """Whole windows; of frames with mates summed the upper half is answered for."""
    return _joined([(*each, radius) for each in parts], (len(radius) + 1) // 2 if folded else None)


def _joined(frames: list[tuple[FloatArray, ...]], half: int | None = None) -> Split:
    """Of shown photons, exposure, photons kept back, their multiple, and radius of each frame."""
    shown, exposure, kept_back, times, radius = (
        torch.from_numpy(np.stack(values).astype(np.float32, copy=False)) for values in zip(*frames, strict=True)
    )
    return Split(shown, exposure, radius, kept_back, times, half)
