"""Frames as detectors count them: doses, backgrounds and masks, others in every frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.denoising.training.settings import FrameTrainingSettings

FloatStack = npt.NDArray[np.float32]
Image = npt.NDArray[np.float64]
BoolImage = npt.NDArray[np.bool_]

LEAST_MEASURED = 0.15
"""Least share of measured pixels in a frame."""
WIDEST_HOLE_PX = 20.0
"""Diameter of the largest beam stop; modules may be lost beside, but have no measured pixels all around."""
_LEAST_SHARE = 0.02
_BACKGROUND_SHARES = (0.003, 0.3)


@dataclass(frozen=True, eq=False)
class Exposures:
    """Frames and what they are counts of.

    Attributes:
        counts: (n, H, W) photons, 0 where not measured.
        measured: (n, H, W), 1 or 0.
        rate: (n, H, W) expected photons, masked pixels included.
    """

    counts: FloatStack
    measured: FloatStack
    rate: FloatStack


def expose(
    draw: Callable[[], Image],
    n: int,
    settings: FrameTrainingSettings,
    rng: np.random.Generator,
    blank: float = 0.0,
) -> Exposures:
    """n frames.

    Args:
        draw: gives a noise-free frame of sum 1. settings: how it is exposed. rng: the only source of chance.
        blank: share of frames with a background and nothing else.
    """
    rates, masks = [], []
    for _ in range(n):
        frame = draw()
        if blank and rng.random() < blank:
            frame = blank_frame(frame.shape, rng)
        elif rng.random() < settings.background:
            frame = with_background(frame, rng)
        mask = random_mask(frame.shape, rng) if rng.random() < settings.masked else np.ones(frame.shape, np.bool_)
        rates.append(frame * (photons(settings, rng) / max(frame[mask].sum(), _LEAST_SHARE)))
        masks.append(mask)
    rate, measured = np.stack(rates), np.stack(masks)
    counts = rng.poisson(rate) * measured
    return Exposures(counts.astype(np.float32), measured.astype(np.float32), rate.astype(np.float32))


def photons(settings: FrameTrainingSettings, rng: np.random.Generator) -> float:
    """Expected photons of a frame, log-uniform in one of two ranges."""
    low, high = settings.photons_low, settings.photons_common
    if rng.random() < settings.rare:
        low, high = settings.photons_common, settings.photons_high
    return float(low * (high / low) ** rng.random())


def with_background(frame: Image, rng: np.random.Generator) -> Image:
    """The frame with a floor and a halo about the beam added, of sum 1 again."""
    y, x = _from_middle(frame.shape)
    halo = rng.uniform(0, 20) * rng.random() * np.exp(-(y * y + x * x) / (2 * rng.uniform(6, 60) ** 2))
    shape = rng.random() + 1e-3 + halo
    low, high = _BACKGROUND_SHARES
    share = low * (high / low) ** rng.random()
    mixed: Image = (1 - share) * frame + share * shape / shape.sum()
    return mixed


def blank_frame(shape: tuple[int, ...], rng: np.random.Generator) -> Image:
    """(H, W) light without a particle: a floor, in half of the frames with a halo about the beam; its sum is 1."""
    y, x = _from_middle(shape)
    frame = np.ones(shape)
    if rng.random() < 0.5:
        frame += rng.uniform(0, 10) * np.exp(-(y * y + x * x) / (2 * rng.uniform(6, 60) ** 2))
    whole: Image = frame / frame.sum()
    return whole


def random_mask(shape: tuple[int, ...], rng: np.random.Generator) -> BoolImage:
    """(H, W), True = measured: gaps, a beam stop, lost quarters, patches and dead pixels, each or not."""
    h, w = shape
    y, x = _from_middle(shape)
    mask = np.ones(shape, np.bool_)
    if rng.random() < 0.6:
        width = int(rng.integers(2, 9))
        off = int(rng.integers(-3, 4)) if rng.random() < 0.5 else 0
        first = int(h / 2 - width / 2 + off)
        mask[first : first + width] = False
    if rng.random() < 0.3:
        first = int(rng.integers(w))
        mask[:, first : first + int(rng.integers(2, 9))] = False
    if rng.random() < 0.6:
        dy, dx = rng.normal(0, 1.0, 2) if rng.random() < 0.4 else (0.0, 0.0)
        mask &= (y - dy) ** 2 + (x - dx) ** 2 >= rng.uniform(1.5, WIDEST_HOLE_PX / 2) ** 2
    if rng.random() < 0.15:
        lost = rng.random((2, 2)) < 0.5
        lost.ravel()[rng.integers(4)] = False
        mask &= ~lost[(y > 0).astype(int), (x > 0).astype(int)]
    if rng.random() < 0.2:
        for _ in range(int(rng.integers(1, 6))):
            (top, left), (tall, wide) = rng.integers(0, (h, w)), rng.integers(2, 14, 2)
            mask[top : top + tall, left : left + wide] = False
    if rng.random() < 0.2:
        mask &= rng.random(shape) > rng.uniform(0, 0.05)
    return mask if mask.mean() >= LEAST_MEASURED else np.ones(shape, np.bool_)


def _from_middle(shape: tuple[int, ...]) -> tuple[Image, Image]:
    h, w = shape
    return np.arange(h, dtype=np.float64)[:, None] - (h - 1) / 2, np.arange(w, dtype=np.float64)[None, :] - (
        w - 1
    ) / 2
