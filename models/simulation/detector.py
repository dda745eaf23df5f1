"""The simulated detector: what it does not see, what it sees besides the sample, and photon counting."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
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
    """(H, W), True where photons are counted; read-only."""
    return _usable(settings.shape, settings.gap_rows, settings.beam_stop_px)


@lru_cache(maxsize=16)
def _usable(shape: tuple[int, int], gap_rows: int, beam_stop_px: float) -> BoolImage:
    # Asked for with every frame; depends on nothing but these three.
    layout = SimulationSettings(height=shape[0], width=shape[1], gap_rows=gap_rows, beam_stop_px=beam_stop_px)
    seen: BoolImage = ~(beam_stop(layout) | gap(layout))
    seen.setflags(write=False)
    return seen


@dataclass(frozen=True, slots=True)
class BackgroundForm:
    """How background is spread: `(1 + (r/width)²)^(−3/2)` around the beam, on a flat floor.

    Attributes:
        width: of the halo, as a part of the frame's side.
        floor: share of the background that is flat.
    """

    width: float
    floor: float


def random_form(rng: np.random.Generator) -> BackgroundForm:
    """The background of some beamline on some day."""
    return BackgroundForm(float(rng.uniform(0.08, 0.3)), float(rng.uniform(0.2, 0.9)))


def background(
    rng: np.random.Generator, n: int, settings: SimulationSettings, form: BackgroundForm | None = None
) -> FloatStack:
    """(n, H, W) float32 expected background, each summing to 1 over the usable pixels.

    Scattering of gas and apertures: `form` with small fluctuations and a slight slope from frame to frame (pointing
    of the beam), or without a `form` a new one for every frame, as training wants it.
    """
    cy, cx = settings.centre_px
    side = min(settings.shape)
    y = ((np.arange(settings.height) - cy) / side).astype(np.float32)[:, None]
    x = ((np.arange(settings.width) - cx) / side).astype(np.float32)[None, :]
    r2 = y * y + x * x
    seen = usable(settings).astype(np.float32)
    area = seen.sum()
    out = np.empty((n, *settings.shape), dtype=np.float32)
    for i in range(n):
        base = random_form(rng) if form is None else form
        width = np.float32(base.width * rng.uniform(0.9, 1.1))
        floor = np.float32(min(1.0, base.floor * rng.uniform(0.85, 1.15)))
        slope_y, slope_x = rng.normal(0.0, 0.1, 2).astype(np.float32)
        halo = 1 / (1 + r2 / width**2)
        halo *= np.sqrt(halo)
        halo *= (1 - floor) / np.vdot(halo, seen)
        halo += floor / area
        halo *= np.clip(1 + slope_y * y + slope_x * x, 0, 2)
        halo /= np.vdot(halo, seen)
        out[i] = halo
    return out


def expected_counts(
    signal: FloatStack,
    photons: npt.ArrayLike,
    share: npt.ArrayLike,
    rng: np.random.Generator,
    settings: SimulationSettings,
    form: BackgroundForm | None = None,
) -> FloatStack:
    """(n, H, W) float32 expected photons of sample and background together, 0 on pixels that are not usable.

    Args:
        signal: (n, H, W) noise-free sample intensity in any unit; all 0 for a blank.
        photons: (n,) expected photons on the usable pixels of each frame.
        share: (n,) part of them that is background; a blank's are all background whatever is given.
        rng: draws the background's fluctuations.
        settings: the beamline.
        form: of the background; None draws one for every frame.
    """
    seen = usable(settings)
    total = np.broadcast_to(np.asarray(photons, dtype=np.float32), len(signal))
    part = np.broadcast_to(np.asarray(share, dtype=np.float32), len(signal))
    visible = np.einsum("nhw,hw->n", signal, seen.astype(np.float32))
    blank = visible <= 0
    gain = np.where(blank, 0, total * (1 - part) / np.where(blank, 1, visible)).astype(np.float32)
    rest = np.where(blank, total, total * part).astype(np.float32)
    out = background(rng, len(signal), settings, form)
    out *= rest[:, None, None]
    out += signal * gain[:, None, None]
    out *= seen
    return out


def sample_counts(rng: np.random.Generator, expected: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.uint16]:
    """Poisson counts of expected photons, uint16 (counts above 65 535 saturate there)."""
    counts = rng.poisson(expected)
    saturated: npt.NDArray[np.uint16] = np.minimum(counts, 65_535).astype(np.uint16)
    return saturated
