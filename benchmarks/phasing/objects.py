"""Simulated objects and their patterns, for measuring how often a recipe finds them.

Twenty objects (any number can be drawn), five kinds in turn: lobed blobs, polygons, bent rods, rings with a hole off
their middle, clusters of discs. Each covers 4 to 6 % of 256² pixels, has an outline on the pixel grid, so that its
support is a definite set, a modulus that varies by ±15 %, and a phase whose 95th percentile is 1 rad. The numbers
drawn follow from the object's number and from nothing else; none was left out or replaced.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from models.patterns import Pattern

SIDE_PX = 256
KINDS = ("blob", "polygon", "rod", "ring", "cluster")
_FINE = 2  # outlines are drawn on a grid so many times finer
_LARGEST_SHARE = 0.46  # of the array's side: the autocorrelation fits, the pattern is oversampled

Real = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Simulated:
    """An object. values: complex64, 0 outside. kind: of `KINDS`. share: of the array that it covers."""

    values: npt.NDArray[np.complex64]
    kind: str
    share: float


def simulated(number: int, side: int = SIDE_PX) -> Simulated:
    """The object of this number."""
    rng = np.random.default_rng([20, number])
    kind = KINDS[number % len(KINDS)]
    fine = side * _FINE
    area = rng.uniform(0.04, 0.06) * fine * fine
    while True:
        outline = _outline(rng, kind, fine, area)
        rows, columns = np.nonzero(outline)
        wide = max(np.ptp(rows), np.ptp(columns)) if rows.size else fine
        if wide < _LARGEST_SHARE * fine and abs(rows.size / area - 1) < 0.1:
            break
    inside = outline.reshape(side, _FINE, side, _FINE).mean((1, 3)) > 0.5
    shift = [-round(float(at.mean()) / _FINE - side / 2) for at in (rows, columns)]
    inside = np.roll(inside, shift, (0, 1))
    modulus = 0.75 + 0.12 * _smooth(rng, side, 5) + 0.06 * _smooth(rng, side, 1.5)
    phase = _smooth(rng, side, 10) + 0.4 * _smooth(rng, side, 3)
    phase -= phase[inside].mean()
    phase /= np.percentile(np.abs(phase[inside]), 95)
    values = inside * np.clip(modulus, 0.25, None) * np.exp(1j * phase)
    return Simulated(values.astype(np.complex64), kind, float(inside.mean()))


def measured(
    values: npt.NDArray[np.complex64], photons: float, stop_px: int, seed: int
) -> tuple[Pattern, npt.NDArray[np.complex64]]:
    """A counted pattern of the object, and the object on the pattern's scale.

    Args:
        photons: scattered in all, those that the stop takes included. stop_px: radius of the beam stop, 0 for none.
    """
    side = values.shape[0]
    spectrum = np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(values), norm="ortho"))
    intensity = np.abs(spectrum) ** 2
    scale = photons / intensity.sum()
    rng = np.random.default_rng([7, seed, int(np.log10(photons)), stop_px])
    counts = rng.poisson(intensity * scale).astype(np.float32)
    at = np.arange(side) - side // 2
    seen = np.hypot(at[:, None], at[None, :]) > stop_px if stop_px else np.ones(counts.shape, bool)
    truth = (values * np.sqrt(scale)).astype(np.complex64)
    return Pattern(np.where(seen, counts, 0).astype(np.float32), seen), truth


def _outline(rng: np.random.Generator, kind: str, side: int, area: float) -> Bool:
    at = np.arange(side) - side / 2 + 0.5
    radius, turn = np.sqrt(area / np.pi), rng.uniform(0, np.pi)
    x = (np.cos(turn) * at[None, :] + np.sin(turn) * at[:, None]) / radius
    y = (np.cos(turn) * at[:, None] - np.sin(turn) * at[None, :]) / radius
    if kind == "polygon":
        return _polygon(rng, x, y, area)
    if kind == "blob":
        angle, lobes = np.arctan2(y, x), np.arange(2, 9)
        sizes, phases = rng.normal(0, 0.3 / lobes**0.7), rng.uniform(0, 2 * np.pi, lobes.size)
        field = 1 - np.hypot(x, y)
        for lobe, size, phase in zip(lobes, sizes, phases, strict=True):
            field = field + size * np.cos(lobe * angle + phase)
    elif kind == "rod":
        ratio, bend = rng.uniform(1.8, 2.6), rng.normal(0, 0.25)
        field = 1 - np.hypot(x / np.sqrt(ratio), (y - bend * x * x) * np.sqrt(ratio))
        field = field + 0.06 * _smooth(rng, side, 12 * _FINE)
    elif kind == "ring":
        middle, rough = rng.uniform(-0.3, 0.3, 2), _smooth(rng, side, 10 * _FINE)
        hole, ratio = rng.uniform(0.3, 0.5), rng.uniform(1, 1.5)
        field = 1.3 - np.hypot(x / np.sqrt(ratio), y * np.sqrt(ratio)) + 0.08 * rough
        field = np.where(np.hypot(x - middle[0], y - middle[1]) < hole, -1, field)
    else:
        centres, radii = rng.uniform(-0.9, 0.9, (4, 2)), rng.uniform(0.35, 0.7, 4)
        field = np.max([r - np.hypot(x - cx, y - cy) for r, (cx, cy) in zip(radii, centres, strict=True)], axis=0)
    cut: Bool = field > np.partition(field.ravel(), -int(area))[-int(area)]
    return cut


def _polygon(rng: np.random.Generator, x: Real, y: Real, area: float) -> Bool:
    """Corners by chance around the middle, scaled to the area."""
    corners = int(rng.integers(5, 10))
    angles, radii = np.sort(rng.uniform(0, 2 * np.pi, corners)), rng.uniform(0.5, 1.3, corners)
    low, high = 0.3, 3.0
    for _ in range(18):
        size = (low + high) / 2
        px, py = size * radii * np.cos(angles), size * radii * np.sin(angles)
        inside = np.zeros(x.shape, bool)
        for i in range(corners):
            crosses = (py[i] > y) != (py[i - 1] > y)
            rise = py[i - 1] - py[i] or 1e-9
            inside ^= crosses & (x < (px[i - 1] - px[i]) * (y - py[i]) / rise + px[i])
        low, high = (size, high) if inside.sum() < area else (low, size)
    return inside


def _smooth(rng: np.random.Generator, side: int, width: float) -> Real:
    field = gaussian_filter(rng.standard_normal((side, side)), width, mode="wrap")
    return np.asarray(field / field.std())
