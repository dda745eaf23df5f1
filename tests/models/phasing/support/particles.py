"""Particles of known area and their patterns behind a stop, for the tests of this folder."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from models.patterns import Pattern


def outline(shape: tuple[int, ...], area: float, rng: np.random.Generator, aspect: float = 1.3) -> np.ndarray:
    """A lobed outline that covers a share `area` of the array; in 3-D an ellipsoid."""
    offsets = [(g - n // 2) / n for g, n in zip(np.ogrid[tuple(map(slice, shape))], shape, strict=True)]
    stretch = [aspect**0.5, aspect**-0.5, 1.0][: len(shape)]
    radius = np.sqrt(sum((o * s) ** 2 for o, s in zip(offsets, stretch, strict=True)))
    if len(shape) == 2:
        angle = np.arctan2(offsets[0] * stretch[0], offsets[1] * stretch[1])
        for lobes in (2, 3, 5):
            radius = radius / (1 + 0.2 / lobes**0.5 * rng.normal() * np.cos(lobes * angle + rng.uniform(0, 6.28)))
    return radius <= np.quantile(radius, area)


def particle(support: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A complex object with texture in modulus and phase."""
    texture, phase = (ndimage.gaussian_filter(rng.normal(size=support.shape), 2.5) for _ in range(2))
    modulus = np.clip(1 + 0.3 * texture / texture.std(), 0.1, None)
    return support * modulus * np.exp(0.5j * phase / phase.std())


def diffracted(obj: np.ndarray, photons: float, stop_px: float, rng: np.random.Generator) -> Pattern:
    """Its pattern with photon noise behind a round stop."""
    intensity = np.abs(np.fft.fftshift(np.fft.fftn(np.fft.ifftshift(obj)))) ** 2
    counts = rng.poisson(intensity * photons / intensity.sum()).astype(np.float32)
    grid = np.ogrid[tuple(map(slice, obj.shape))]
    q = np.sqrt(sum((g - n // 2) ** 2 for g, n in zip(grid, obj.shape, strict=True)))
    measured = q > stop_px if stop_px else np.ones(obj.shape, bool)
    return Pattern(np.where(measured, counts, 0).astype(np.float32), measured)
