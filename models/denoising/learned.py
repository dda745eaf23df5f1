"""Friedel's network as a method: counts of the whole window in, rates and their deviations out of one pass.

Speckles wider than any in training are brought to the size the network knows by summing pixels, which loses nothing:
counts stay counts, and the intensity has no detail finer than a speckle. On speckles of 20 to 60 px that is worth 1.5
to 5 dB at 30 000 photons against the network on single pixels.

Frames brighter than any in training are shown to it by as many of their photons as it knows, drawn at random, and its
answer is scaled up; pixels with many counts are given a mean of that and of their own count, by their precision. So
the result goes over into the counts themselves as light grows.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.denoising.deviation import thinned
from models.denoising.limits import Limits, beyond
from models.denoising.pipeline import Beam, Found, Pipeline, Scene

if TYPE_CHECKING:
    from torch import Tensor

    from models.denoising.friedel import Folded
    from models.denoising.network import DenoiseNet, Estimate
    from models.denoising.settings import NetworkSettings

Image = npt.NDArray[np.float64]

_NETWORKS_KEPT = 2
_MOST_SUMMED = 16
_BRIGHT_PHOTONS = 2e5
_BRIGHT_PIXEL = 30.0
"""Expected photons from which on a pixel's own count is heard beside the network."""


def network(settings: NetworkSettings) -> Pipeline[NetworkSettings]:
    """The method; weights are read when the first frame is denoised."""
    return Pipeline("network", _step, settings, beam=Beam.ALWAYS)


def sketch(settings: NetworkSettings) -> Pipeline[NetworkSettings]:
    """The same from sums of 2 × 2 pixels, in a third of the time: a first look at large frames, not a result."""
    return Pipeline("network", partial(_step, least_summed=2), settings, beam=Beam.ALWAYS)


def digest(settings: NetworkSettings) -> str:
    """Of the weights.

    Raises:
        BadWeights: where there are none of that name.
    """
    from models.denoising import weights

    return weights.FORMAT.digest(settings.weights)


def binning(speckle_px: float | None, widest_px: float, photons: float) -> int:
    """Pixels to sum along each axis: the least power of two that brings speckles into the range of training.

    Half of that for a bright frame, where more is lost between the summed pixels than the noise hides.
    """
    if photons > _BRIGHT_PHOTONS:
        widest_px *= 2
    if speckle_px is None or speckle_px <= widest_px:
        return 1
    return min(_MOST_SUMMED, 1 << math.ceil(math.log2(speckle_px / widest_px)))


def _step(folded: Folded, scene: Scene, settings: NetworkSettings, least_summed: int = 1) -> Found:
    net, limits = _loaded(settings.weights)
    photons = float(folded.counts.sum(dtype=np.float64)) / (2 if scene.folded else 1)
    shown, times = folded, 1.0
    if limits is not None and photons > limits.photons[1]:
        times = photons / limits.photons[1]
        shown = replace(folded, counts=thinned(folded.counts, 1 / times))
    summed = 1 if limits is None else binning(scene.speckle_px, limits.speckle_px[1], photons / times)
    rate, variance = _answer(net, shown, scene, max(summed, least_summed))
    rate, variance = _with_counts(rate * times, variance * times**2, folded, _BRIGHT_PIXEL / times)
    warnings = beyond(limits, folded, scene, photons=photons, summed=summed)
    return Found(rate.astype(np.float32), np.sqrt(variance).astype(np.float32), warnings)


def _answer(net: DenoiseNet, folded: Folded, scene: Scene, summed: int) -> tuple[Image, Image]:
    """The network's rates, and their variances."""
    import torch

    height = folded.counts.shape[0]
    counts, exposure = (torch.from_numpy(a)[None] for a in (folded.counts, folded.exposure))
    with torch.inference_mode():
        if summed > 1:
            found = _of_sums(net, counts, exposure, scene.centre_px, summed)
        else:
            half = (height + 1) // 2 if scene.folded else None
            found = net(counts, exposure, _radius(counts, scene.centre_px), half)
        rate, of_root = found.rate[0].double(), (2 * found.log_deviation[0].double()).exp()
        # Of (√rate + e)², with e normal: exact, also where the rate is nothing beside its uncertainty.
        variance = 4 * rate * of_root + 2 * of_root**2
        if len(rate) < height:
            rate, variance = (torch.cat([a, a.flip(0, 1)[height % 2 :]]) for a in (rate, variance))
    return rate.numpy(), variance.numpy()


def _with_counts(rate: Image, variance: Image, folded: Folded, least: float) -> tuple[Image, Image]:
    """The network's answer and the pixel's own count, each by its precision, where more than `least` are expected.

    A count that the network has seen speaks twice: where it is low, its word is left at that.
    """
    bright = rate * folded.exposure > least
    own = np.divide(rate + np.sqrt(variance), folded.exposure, out=np.ones_like(rate), where=bright)
    share = np.where(bright, variance / (variance + own), 0.0)
    counted = np.divide(folded.counts, folded.exposure, out=np.zeros_like(rate), where=bright)
    return (1 - share) * rate + share * counted, np.where(bright, share * own, variance)


def _of_sums(
    net: DenoiseNet, counts: Tensor, exposure: Tensor, centre_px: tuple[float, float], summed: int
) -> Estimate:
    """The network's answer for sums over squares of pixels, as rates of single pixels again."""
    import torch.nn.functional as F

    from models.denoising.network import Estimate

    height, width = counts.shape[1:]
    rim = (0, -width % summed, 0, -height % summed)
    light = F.avg_pool2d(F.pad(counts, rim), summed) * summed**2
    seen = F.avg_pool2d(F.pad(exposure, rim), summed)
    y, x = ((c + 0.5) / summed - 0.5 for c in centre_px)
    found = net(light, seen, _radius(light, (y, x)))

    def spread(values: Tensor, mode: str) -> Tensor:
        wide = F.interpolate(values[None], scale_factor=float(summed), mode=mode, align_corners=False)[0]
        return wide[:, :height, :width]

    log_rate = spread(found.rate.clamp_min(1e-30).log(), "bicubic") - 2 * math.log(summed)
    return Estimate(log_rate.exp(), spread(found.log_deviation, "bilinear") - math.log(summed))


def _radius(counts: Tensor, centre_px: tuple[float, float]) -> Tensor:
    """(1, h, w) distance from the beam, px."""
    import torch

    y, x = (torch.arange(n, dtype=torch.float32) - c for n, c in zip(counts.shape[1:], centre_px, strict=True))
    return torch.hypot(y[:, None], x[None, :])[None]


@lru_cache(maxsize=_NETWORKS_KEPT)
def _cached(path: str, _changed_ns: int) -> tuple[DenoiseNet, Limits | None]:
    from models.denoising import weights

    net, info = weights.load(path)
    return net, Limits.of(info.provenance)


def _loaded(name_or_path: str) -> tuple[DenoiseNet, Limits | None]:
    from models.denoising import weights

    path = weights.FORMAT.locate(name_or_path)
    return _cached(str(path), path.stat().st_mtime_ns)
