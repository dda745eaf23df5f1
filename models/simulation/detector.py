"""The simulated detector: what it does not see, what it sees besides the sample, and photon counting."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from models.simulation.beam import GUINIER
from models.simulation.panels import ADU, MOST_COUNTS, BadPixels, DetectorSettings, beam_stop, missing, panel_map
from models.simulation.photons import tangents
from models.simulation.settings import SimulationSettings

FloatStack = npt.NDArray[np.float32]
BoolImage = npt.NDArray[np.bool_]


def gap(settings: SimulationSettings) -> BoolImage:
    """(H, W), True where there is no detector: `panels.missing`."""
    return missing(settings)


def usable(settings: SimulationSettings) -> BoolImage:
    """(H, W), True where there is a detector that the beam stop does not hide; read-only.

    Bad pixels count as usable: they are a matter of electronics, drawn anew for every seed.
    """
    return _usable(settings.shape, settings.gap_rows, settings.beam_stop_px, settings.detector)


@lru_cache(maxsize=16)
def _usable(shape: tuple[int, int], gap_rows: int, beam_stop_px: float, build: DetectorSettings) -> BoolImage:
    # Asked for with every frame; depends on nothing but these four.
    layout = SimulationSettings(
        height=shape[0], width=shape[1], gap_rows=gap_rows, beam_stop_px=beam_stop_px, detector=build
    )
    seen: BoolImage = ~(beam_stop(layout) | missing(layout))
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
    of the beam), or without a `form` a new one for every frame, as training wants it. Guinier-like where
    `settings.beam.background_form` says so; then it is the same in every frame.
    """
    if settings.beam.background_form == GUINIER:
        return np.repeat(_guinier(settings)[None], n, axis=0)
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


def _guinier(settings: SimulationSettings) -> npt.NDArray[np.float32]:
    """(H, W) float32 exp(−q²Rg²/3) about the beam (Guinier 1939), summing to 1 over the usable pixels."""
    y, x = tangents(settings, (0.0, 0.0))
    tangent2 = y * y + x * x
    cosine = 1 / np.sqrt(1 + tangent2)
    wavenumber = 2 * np.pi / settings.wavelength_nm
    q2 = 2 * wavenumber**2 * tangent2 * cosine**2 / (1 + cosine)
    seen = usable(settings)
    # From the innermost usable pixel on, because behind a large beam stop everything else would underflow to 0.
    spread = np.exp(-(q2 - q2[seen].min()) * settings.beam.guinier_rg_nm**2 / 3) * seen
    return np.asarray(spread / spread.sum(), dtype=np.float32)


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
    saturated: npt.NDArray[np.uint16] = np.minimum(counts, MOST_COUNTS).astype(np.uint16)
    return saturated


def read_out(
    rng: np.random.Generator,
    expected: npt.NDArray[np.floating[Any]],
    settings: SimulationSettings,
    bad: BadPixels | None = None,
) -> npt.NDArray[np.uint16] | npt.NDArray[np.float32]:
    """One frame as the detector gives it.

    Photons are Poisson and stop at the full well; noisy pixels add a false signal, hot ones are full, dead ones
    empty. An integrating detector then multiplies by its gain and adds common mode (per panel) and noise (per pixel).

    Args:
        rng: draws photons and noise.
        expected: (H, W) photons, 0 where there is no detector.
        settings: the detector.
        bad: its bad pixels (`panels.bad_pixels`).

    Returns:
        (H, W) uint16 counts, or float32 ADU with 0 where there is no detector.
    """
    build = settings.detector
    photons = rng.poisson(expected)
    if bad is not None:
        false = build.noisy_photons * rng.standard_normal(expected.shape)
        photons = np.where(bad.noisy, photons + np.abs(np.rint(false)).astype(photons.dtype), photons)
        photons[bad.hot] = build.full_well_photons
        photons[bad.dead] = 0
    photons = np.minimum(photons, build.full_well_photons)
    if build.readout != ADU:
        return photons.astype(np.uint16)
    signal = (photons * build.adu_per_photon).astype(np.float32)
    if build.common_mode_adu > 0:
        numbers = panel_map(settings)
        offsets = build.common_mode_adu * rng.standard_normal(int(numbers.max()) + 1)
        signal += offsets.astype(np.float32)[numbers]
    if build.read_noise_adu > 0:
        signal += build.read_noise_adu * rng.standard_normal(expected.shape, dtype=np.float32)
    signal[missing(settings)] = 0
    return signal
