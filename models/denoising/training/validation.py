"""The protocol by which denoisers are compared: classes, doses, a mask, and the figures.

Frames of 128 × 128 pixels, symmetric about the middle; a quarter each spheres, spheroids, icosahedra and protein-like
clouds, 12 to 36 pixels across in the array whose transform the frame is; 100, 1 000 and 10 000 photons detected on
the mean, varying by 30 %; the whole detector, or one without a circle of 5 pixels in the middle and four rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    mask = hole(side) if masked else np.ones((side, side), np.bool_)
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
    r, t = np.maximum(rate, 1e-9), np.maximum(truth, 1e-12)
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
