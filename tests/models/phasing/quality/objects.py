"""Objects and starts for these tests."""

from __future__ import annotations

import numpy as np

from models.patterns import Pattern
from models.phasing.quality.transform import to_fourier
from models.phasing.types import History, Start


def particle(shape: tuple[int, ...], seed: int = 0, size: float = 0.17) -> tuple[np.ndarray, np.ndarray]:
    """A speckled complex object in an ellipse, and its support."""
    chance = np.random.default_rng(seed)
    axes = np.meshgrid(*((np.arange(n) - n // 2) / n for n in shape), indexing="ij")
    squared = sum((axis / (size * (1 - 0.2 * k))) ** 2 for k, axis in enumerate(axes))
    support = squared < 1
    values = (1 + 0.5 * chance.standard_normal(shape)) * np.exp(0.5j * chance.standard_normal(shape))
    return (support * values).astype(np.complex128), support


def moved(values: np.ndarray, shift: tuple[float, ...]) -> np.ndarray:
    """Shifted by the Fourier shift theorem."""
    spectrum = np.fft.fftn(np.fft.ifftshift(values))
    for axis, s in enumerate(shift):
        ramp = np.exp(-2j * np.pi * s * np.fft.fftfreq(values.shape[axis]))
        spectrum *= ramp.reshape([-1 if k == axis else 1 for k in range(values.ndim)])
    return np.fft.fftshift(np.fft.ifftn(spectrum))


def twin(values: np.ndarray) -> np.ndarray:
    """conj(o(−r)) about index n // 2."""
    flipped = np.flip(values)
    return np.conj(np.roll(flipped, [1 - n % 2 for n in values.shape], tuple(range(values.ndim))))


def start(
    values: np.ndarray,
    support: np.ndarray,
    *,
    seed: int = 0,
    free: float = 1.0,
    r: float = 0.1,
    ended: str = "finished",
) -> Start:
    history = History(
        np.array([0, 100], np.int32),
        np.array([0.5, r], np.float32),
        np.array([9.0, free], np.float32),
        np.array([support.sum()] * 2, np.int32),
    )
    return Start(
        seed, values.astype(np.complex64), support, history, r, free, 100, 1.5, ended, "4*(20 RAAR + SW) + 20 ER"
    )


def pattern_of(values: np.ndarray, stop: float = 0.0, unit: str = "photons") -> Pattern:
    """Noise-free intensities of an object, with a stop of that radius."""
    intensity = np.abs(to_fourier(values)) ** 2
    axes = np.meshgrid(*(np.arange(n) - n // 2 for n in values.shape), indexing="ij")
    measured = np.sqrt(sum(axis**2 for axis in axes)) >= stop
    return Pattern(
        np.where(measured, intensity, 0).astype(np.float32), measured, unit=unit, pixel_nm=(5.0,) * values.ndim
    )
