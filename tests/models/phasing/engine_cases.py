"""Small objects, their patterns and the projections as the papers write them, for the tests of the engine."""

from __future__ import annotations

import numpy as np

from models.patterns import Pattern
from models.phasing.constraints import Values


def particle(shape=(32, 30), seed=0, kind="complex", photons=1e6):
    """A lopsided object whose support no shift and no twin fits: (object, support), centred."""
    rng = np.random.default_rng(seed)
    axes = np.meshgrid(*[np.arange(n) - n // 2 for n in shape], indexing="ij")
    inside = sum((a / (0.18 * n)) ** 2 for a, n in zip(axes, shape, strict=True)) < 1
    inside &= ~((axes[0] > 0) & (axes[-1] > 1))
    values = rng.uniform(0.3, 1.0, shape)
    if kind in ("complex", "positive real part"):
        spread = np.pi / 2 if kind == "complex" else 0.4
        values = values * np.exp(1j * rng.uniform(-spread, spread, shape))
    elif kind == "real":
        values = values * rng.choice([-1, 1], shape)
    wave = np.where(inside, values, 0)
    return wave * np.sqrt(photons / np.sum(np.abs(wave) ** 2)), inside


def transform(wave):
    return np.fft.fftshift(np.fft.fftn(np.fft.ifftshift(wave), norm="ortho"))


def pattern_of(wave, measured=None, noise=None):
    """Float64 intensities, so that precision is lost nowhere but in the engine."""
    mean = np.abs(transform(wave)) ** 2
    if noise is not None:
        mean = np.random.default_rng(noise).poisson(mean).astype(np.float64)
    measured = np.ones(wave.shape, bool) if measured is None else measured
    return Pattern(np.where(measured, mean, 0.0), measured)


def onto_moduli(x, amplitude, fitted):
    """P_M, FFT order: measured moduli, other pixels as they are."""
    wave = np.fft.fftn(x, norm="ortho")
    wave = np.where(fitted, amplitude * np.exp(1j * np.angle(wave)), wave)
    return np.fft.ifftn(wave, norm="ortho")


def onto_object(x, support, values: Values):
    """P_S, FFT order, from the definition: the nearest allowed value of each pixel."""
    if values.real:
        x = x.real
        if values.floor:
            x = np.maximum(x, 0)
    elif values.wedge is not None:
        middle = np.arctan2(values.wedge[1], values.wedge[0])
        half = np.arctan2(values.wedge[3], values.wedge[2])
        angle = np.angle(x * np.exp(-1j * middle))
        edge = np.exp(1j * (middle + np.sign(angle) * half))
        along = np.maximum((x * edge.conj()).real, 0)
        x = np.where(np.abs(angle) <= half + 1e-12, x, along * edge)
    return np.where(support, x, 0)


def fits(x, support, values: Values):
    return support & (np.abs(onto_object(x, support, values) - x) < 1e-12 * np.abs(x).max())


def error_up_to_phase(found, truth):
    """Relative distance after the best global phase."""
    phase = np.vdot(found, truth)
    phase /= abs(phase)
    return np.linalg.norm(found * phase - truth) / np.linalg.norm(truth)
