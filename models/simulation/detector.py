"""The simulated detector: what it does not see, what it sees besides the sample, and photon counting."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.simulation.settings import SimulationSettings

FloatStack = npt.NDArray[np.float32]
BoolImage = npt.NDArray[np.bool_]


def beam_stop(settings: SimulationSettings) -> BoolImage:
    """(H, W), True behind the beam stop."""
    cy, cx = settings.centre_px
    y, x = np.ogrid[: settings.height, : settings.width]
    behind: BoolImage = (y - cy) ** 2 + (x - cx) ** 2 < settings.beam_stop_px**2
    return behind


def gap(settings: SimulationSettings) -> BoolImage:
    """(H, W), True in the missing rows between the detector's halves."""
    missing = np.zeros(settings.shape, dtype=np.bool_)
    first = (settings.height - settings.gap_rows) // 2
    missing[first : first + settings.gap_rows] = True
    return missing


def usable(settings: SimulationSettings) -> BoolImage:
    """(H, W), True where photons are counted."""
    return ~(beam_stop(settings) | gap(settings))


def background(rng: np.random.Generator, n: int, settings: SimulationSettings) -> FloatStack:
    """(n, H, W) float32 expected background, each summing to 1 over the usable pixels.

    Scattering of gas and apertures falls off from the beam, (1 + (r/r₀)²)^(−3/2), on a flat floor; width, floor and a
    slight slope differ from frame to frame.
    """
    cy, cx = settings.centre_px
    y = ((np.arange(settings.height) - cy) / settings.height).astype(np.float32)[:, None]
    x = ((np.arange(settings.width) - cx) / settings.width).astype(np.float32)[None, :]
    r2 = y * y + x * x
    seen = usable(settings)
    out = np.empty((n, *settings.shape), dtype=np.float32)
    for i in range(n):
        width = np.float32(rng.uniform(0.06, 0.25))
        halo = 1 / (1 + r2 / width**2)
        halo *= np.sqrt(halo)
        floor = np.float32(rng.uniform(0.1, 0.9))
        slope_y, slope_x = rng.normal(0.0, 0.15, 2).astype(np.float32)
        picture = (halo * ((1 - floor) / halo[seen].sum()) + floor / seen.sum()) * np.clip(
            1 + slope_y * y + slope_x * x, 0, 2
        )
        out[i] = picture / picture[seen].sum()
    return out


def expected_counts(
    signal: FloatStack,
    photons: npt.ArrayLike,
    share: npt.ArrayLike,
    rng: np.random.Generator,
    settings: SimulationSettings,
) -> FloatStack:
    """(n, H, W) float32 expected photons of sample and background together, 0 on pixels that are not usable.

    Args:
        signal: (n, H, W) noise-free sample intensity in any unit; all 0 for a blank.
        photons: (n,) expected photons on the usable pixels of each frame.
        share: (n,) part of them that is background; a blank's are all background whatever is given.
        rng: draws the background's form.
        settings: the beamline.
    """
    seen = usable(settings)
    total = np.broadcast_to(np.asarray(photons, dtype=np.float32), len(signal))
    part = np.broadcast_to(np.asarray(share, dtype=np.float32), len(signal))
    visible = np.einsum("nhw,hw->n", signal, seen.astype(np.float32))
    blank = visible <= 0
    gain = np.where(blank, 0, total * (1 - part) / np.where(blank, 1, visible)).astype(np.float32)
    rest = np.where(blank, total, total * part).astype(np.float32)
    out = background(rng, len(signal), settings)
    out *= rest[:, None, None]
    out += signal * gain[:, None, None]
    out *= seen
    return out


def sample_counts(rng: np.random.Generator, expected: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.uint16]:
    """Poisson counts of expected photons, uint16 (counts above 65 535 saturate there)."""
    counts = rng.poisson(expected)
    saturated: npt.NDArray[np.uint16] = np.minimum(counts, 65_535).astype(np.uint16)
    return saturated
