"""The protocol by which denoisers are compared: classes, doses, a mask, and the figures.

Frames of 128 × 128 pixels, symmetric about the middle; a quarter each spheres, spheroids, icosahedra and protein-like
clouds, 12 to 36 pixels across in the array whose transform the frame is; 100, 1 000 and 10 000 photons detected on
the mean, varying by 30 %; the whole detector, or one without a circle of 5 pixels in the middle and four rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.denoising.training.exposures import Exposures
from models.denoising.training.pool import SIDE_PX, station
from models.simulation.generate import Kind, render_batch
from models.simulation.particles import random_species

DOSES = (100.0, 1_000.0, 10_000.0)
CLASSES = ("sphere", "spheroid", "icosahedron", "protein")
PROTEINS = ("globule", "oligomer", "cage", "rod")
EXTENT_PX = (12.0, 36.0)
LEAST_RATE = 1e-6
"""Below this a rate counts as this in the divergence, which would be infinite where 0 is said and light is."""
STOP_PX, GAP_ROWS = 5.0, 4
FLUENCE_SPREAD = 0.3
_SPECKLE_NM_PX = 1245.0

Image = npt.NDArray[np.float64]
FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Protocol:
    """Noise-free frames (n, side, side) of sum 1, and the index of each frame's class in `CLASSES`."""

    frames: npt.NDArray[np.float64]
    classes: npt.NDArray[np.int64]


def render(ids: Sequence[int], n: int, seed: int, side_px: int = SIDE_PX) -> Protocol:
    """The first n particles of `ids`, classes in turn."""
    rng = np.random.default_rng([seed, 5])
    frames = np.empty((n, side_px, side_px))
    for i in range(n):
        family = CLASSES[i % 4] if i % 4 < 3 else PROTEINS[i // 4 % 4]
        extent = rng.uniform(*EXTENT_PX) * _SPECKLE_NM_PX / SIDE_PX
        species = random_species(ids[i], family, (extent, extent))
        frames[i] = render_batch([species], [Kind.SINGLE], None, rng, station(side_px=side_px))[0]
    frames /= frames.sum((1, 2), keepdims=True)
    return Protocol(frames, np.arange(n) % 4)


def hole(side_px: int = SIDE_PX) -> npt.NDArray[np.bool_]:
    """(side, side), True = measured: all but the circle and the rows."""
    place = np.arange(side_px) - (side_px - 1) / 2
    y, x = place[:, None], place[None, :]
    mask: npt.NDArray[np.bool_] = (y * y + x * x >= STOP_PX**2) & (np.abs(y) > GAP_ROWS / 2)
    return mask


def count(protocol: Protocol, dose: float, masked: bool, seed: int) -> Exposures:
    """The frames with so many photons detected on the mean, Poisson-distributed."""
    rng = np.random.default_rng([seed, 6, round(dose), int(masked)])
    side = protocol.frames.shape[1]
    return detect(protocol, dose, hole(side) if masked else np.ones((side, side), np.bool_), rng)


def detect(protocol: Protocol, dose: float, mask: npt.NDArray[np.bool_], rng: np.random.Generator) -> Exposures:
    """The same for any mask (H, W), True = measured."""
    detected = (protocol.frames * mask).sum((1, 2), keepdims=True)
    jitter = np.exp(rng.normal(0, FLUENCE_SPREAD, (len(protocol.frames), 1, 1)))
    rate = protocol.frames / detected * dose * jitter
    counts = rng.poisson(rate) * mask
    measured = np.broadcast_to(mask, counts.shape)
    return Exposures(counts.astype(np.float32), measured.astype(np.float32), rate.astype(np.float32))


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one frame.

    Attributes:
        psnr_dB: of √rate against the largest √rate, on measured pixels. divergence: Poisson divergence from the truth
            on measured pixels, nats. hole_error: Σ|√rate − √truth| / Σ√truth on the others; NaN where there are none.
        covered, hole_covered: shares of true √rates within one standard deviation, weighted by the rate so that
            empty pixels do not decide; of measured pixels and of others.
    """

    psnr_dB: float
    divergence: float
    hole_error: float
    covered: float
    hole_covered: float


def judge(rate: Image, deviation: FloatArray, truth: Image, measured: npt.NDArray[np.bool_]) -> Figures:
    """Figures of a denoised frame.

    Args:
        rate, truth: (H, W) expected photons. deviation: (H, W) standard deviation of √rate. measured: (H, W) bool.
    """
    root, true_root = np.sqrt(np.maximum(rate, 0)), np.sqrt(truth)
    error = np.abs(root - true_root)
    r, t = np.maximum(rate, LEAST_RATE), np.maximum(truth, 1e-12)
    divergence = float((t * np.log(t / r) - t + r)[measured].sum())
    psnr = 10 * np.log10(truth.max() / max(float((error[measured] ** 2).mean()), 1e-30))
    within = error <= deviation

    def share(where: npt.NDArray[np.bool_]) -> float:
        light = true_root[where].sum()
        return float((within * true_root)[where].sum() / light) if light > 0 else float("nan")

    hidden = ~measured
    return Figures(
        float(psnr),
        divergence,
        float(error[hidden].sum() / true_root[hidden].sum()) if hidden.any() else float("nan"),
        share(measured),
        share(hidden) if hidden.any() else float("nan"),
    )


def root_deviation(rate: FloatArray, deviation: FloatArray) -> FloatArray:
    """Standard deviation of √rate, which `judge` takes, for one of the rate; both (H, W).

    The rate is read as (√rate + e)² with e normal of standard deviation s, whose own is √(4 rate s² + 2 s⁴).
    """
    r, d = np.asarray(rate, np.float64), np.asarray(deviation, np.float64)
    half = d * d / 2
    # √(r² + half) − r, without the cancellation.
    with np.errstate(invalid="ignore"):
        square = np.where(np.isfinite(half), half / np.maximum(np.sqrt(r * r + half) + r, 1e-30), half)
    return np.sqrt(square).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Anisotropy:
    """How much of what differs along the rings, the fringes, a result keeps; of 1 and 1 for the truth.

    Attributes:
        likeness: correlation of the azimuthal deviations of result and truth: 0 for an azimuthal mean, and for noise.
        contrast: slope of the result's on the truth's: 0 for an azimuthal mean, below 1 where fringes are blurred.
    """

    likeness: float
    contrast: float


def anisotropy(
    rate: Image, truth: Image, measured: npt.NDArray[np.bool_], centre_px: tuple[float, float] | None = None
) -> Anisotropy:
    """Whether fringes are kept, which a result may lose and still have a good PSNR.

    The azimuthal deviation of a picture, a, is √rate less what is a function of the radius: in each ring of one pixel
    a straight line in the radius is fitted to the measured pixels and taken off, since close to the beam the profile
    is steep within a ring. Over measured pixels, with b that of the truth, the likeness is Σab / √(Σa² Σb²) and the
    contrast Σab / Σb². Of roots, whose counting noise is the same everywhere, so that pixels count by how well their
    fringes can be seen. Of little meaning for spheres, which have none.

    Args:
        rate, truth: (H, W) expected photons. measured: (H, W) bool.
        centre_px: (y, x) of the beam; None for the middle.
    """
    cy, cx = centre_px or tuple((n - 1) / 2 for n in truth.shape)
    y, x = np.ogrid[: truth.shape[0], : truth.shape[1]]
    radius = np.hypot(y - cy, x - cx)[measured]
    ring = np.rint(radius).astype(np.intp)
    found, true = (_less_rings(np.sqrt(np.maximum(v, 0))[measured], radius, ring) for v in (rate, truth))
    along, own, own_true = float((found * true).sum()), float((found**2).sum()), float((true**2).sum())
    if own_true <= 0:
        return Anisotropy(float("nan"), float("nan"))
    return Anisotropy(along / np.sqrt(own * own_true) if own > 0 else 0.0, along / own_true)


def _less_rings(
    root: npt.NDArray[np.float64], radius: npt.NDArray[np.float64], ring: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
    pixels = np.maximum(np.bincount(ring), 1)
    outwards = radius - (np.bincount(ring, radius) / pixels)[ring]
    rest = root - (np.bincount(ring, root) / pixels)[ring]
    slope = np.bincount(ring, rest * outwards) / np.maximum(np.bincount(ring, outwards**2), 1e-12)
    return np.asarray(rest - slope[ring] * outwards, np.float64)


def log_norm_error(rate: Image, truth: Image) -> float:
    """Mean squared error of log(1 + I) / max: Bellisario's (J. Appl. Cryst. 55, 122, 2022), for comparison only.

    I is the intensity over the truth's largest, the maximum each picture's own, so that the scale of photons is lost;
    the mean is over all (H, W) pixels, hidden ones included, and the central speckle decides.
    """
    peak = max(float(truth.max()), 1e-30)
    found, true = (np.log1p(np.maximum(v, 0) / peak) for v in (rate, truth))
    return float(((found / max(found.max(), 1e-30) - true / max(true.max(), 1e-30)) ** 2).mean())


Answer = tuple[FloatArray, FloatArray | None]
"""(n, H, W) rates, and the standard deviations of their roots where a method says them."""


def evaluate(answer: Callable[[Exposures], Answer], frames: Protocol, seed: int) -> dict[str, dict[str, Any]]:
    """Means over frames of the figures, the mean PSNR of each class and the worst, by dose and mask (`key`)."""
    found = {}
    for dose in DOSES:
        for masked in (False, True):
            exposures = count(frames, dose, masked, seed)
            rates, deviations = answer(exposures)
            each = [
                judge(
                    rate.astype(np.float64),
                    np.full_like(rate, np.nan) if deviations is None else deviations[i],
                    truth.astype(np.float64),
                    measured > 0,
                )
                for i, (rate, truth, measured) in enumerate(
                    zip(rates, exposures.rate, exposures.measured, strict=True)
                )
            ]
            names = [name for name in asdict(each[0]) if deviations is not None or "covered" not in name]
            figures: dict[str, Any] = {name: _mean([getattr(one, name) for one in each]) for name in names}
            figures["worst_psnr_dB"] = min(one.psnr_dB for one in each)
            for i, name in enumerate(CLASSES):
                figures[f"psnr_dB_{name}"] = _mean(
                    [one.psnr_dB for one, of in zip(each, frames.classes, strict=True) if of == i]
                )
            found[key(dose, masked)] = figures
    return found


def key(dose: float, masked: bool) -> str:
    return f"{dose:g} photons{', holes' if masked else ''}"


def _mean(values: list[float]) -> float | None:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else None
