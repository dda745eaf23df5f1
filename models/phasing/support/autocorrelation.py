"""The object's autocorrelation from a pattern with missing pixels, and what its extent says of the object's area.

The autocorrelation is the Fourier transform of the intensity. With a missing centre set to zero it is high-passed:
negative wells and rings as wide as the array, from which no extent can be read. Here the missing intensities are
unknowns: for a trial extent they are chosen so that the autocorrelation has the least energy outside it (linear
least squares, the closed form of Gerchberg's and Papoulis' iteration, solved by conjugate gradients from a smooth
radial guess; stopping early leaves what cannot be known at the guess). What stays outside the true extent is noise,
of known power where photons were counted: the smallest extent that leaves hardly more is the object's own, first
among discs, then cut narrower direction by direction. A stop hides few modes of the extent, speckles show the rest.

The extent D of the autocorrelation is the difference body of the object S: for a convex S |D|/6 ≤ |S| ≤ |D|/4, the
upper value for every centrosymmetric one (Rogers & Shephard, Arch. Math. 8, 220, 1957).
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from models.patterns import Pattern

Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

# The object's share of the array as multiples of |D|/4. Measured on simulated particles with stops of 0, 3 and 6 px
# and 10^5 … 10^8 photons: 0.5 … 1.25 with sharp edges, up to 1.6 where the density falls off towards its edge.
AREA_OF_EXTENT = (0.5, 1.5)

_LARGEST_2D, _LARGEST_3D = 160, 64  # only so much of the centre is used: extents need no resolution
_SMALLEST, _FEWEST_PIXELS = 16, 64
_LOWEST, _HIGHEST, _STEP = 0.02, 0.6, 1.3  # trial radii, as shares of the array's side, and their ratio
_KNEE = 4.0  # energy outside grows by more than this per step once a trial extent cuts into the true one
_TOLERANCE = 5e-4  # as much of it is put down to fits that have not converged
_LITTLE = 0.02  # and what stays outside the true one is less than this share of the energy


@dataclass(frozen=True, slots=True)
class AutocorrelationFit:
    """What a pattern says of the extent of its autocorrelation.

    Attributes:
        filled: intensity, tapered towards the edge, with fitted values where nothing was measured; float32, middle at
            index n // 2, cropped to the centre.
        directions, reach: unit vectors (k, d) and the extent along them, as share of the array's sides; radius: of
            the disc that holds it, in the same unit.
        area: share of the array within the extent. hull_area: a quarter of it (2-D; an eighth in 3-D).
        note: a sentence where the extent could not be found, else empty.
    """

    filled: Array
    directions: npt.NDArray[np.float64]
    reach: npt.NDArray[np.float64]
    radius: float
    area: float
    note: str = ""

    @property
    def hull_area(self) -> float:
        return self.area / float(2**self.filled.ndim)

    @property
    def area_range(self) -> tuple[float, float]:
        """Smallest and largest share of the array the object may cover; wide where the extent was not found."""
        if self.note:
            return 0.005, 0.25
        low, high = (factor * self.hull_area for factor in AREA_OF_EXTENT)
        return low, high

    def within(self, positions: Sequence[npt.NDArray[Any]]) -> BoolArray:
        """Whether positions (one open grid per axis, as share of the array's side) lie in the extent."""
        found: BoolArray = np.asarray(sum(p * p for p in positions) <= self.radius**2)
        for direction, reach in zip(self.directions, self.reach, strict=True):
            found &= np.abs(_along(positions, direction)) <= reach
        return found


def estimate_area(pattern: Pattern) -> tuple[float, float]:
    """Range of the share of the array that the object covers, from the autocorrelation's extent.

    Where the extent cannot be found (hardly anything measured, or an object too large for the array) it is wide.
    """
    return fit_autocorrelation(pattern).area_range


def autocorrelation(pattern: Pattern, fit: AutocorrelationFit | None = None) -> Array:
    """Modulus of the object's autocorrelation, 1 at no shift, float32, middle at index n // 2, the pattern's shape.

    Missing pixels have the values that fit the autocorrelation's extent best, not zero.
    """
    import scipy.fft

    fit = fit or fit_autocorrelation(pattern)
    whole = np.zeros(pattern.shape, np.float32)
    whole[_middle(pattern.shape, fit.filled.shape)] = fit.filled
    values = np.abs(scipy.fft.fftshift(scipy.fft.fftn(scipy.fft.ifftshift(whole))))
    top = float(values.max(initial=0.0))
    result: Array = (values / (top if top > 0 else 1)).astype(np.float32, copy=False)
    return result


def fit_autocorrelation(pattern: Pattern) -> AutocorrelationFit:
    """Find the extent of the autocorrelation and fitting values for what was not measured.

    Costs some hundred Fourier transforms of at most 160² or 64³ points, whatever the pattern's size.
    """
    problem = _Problem(pattern)
    if problem.reason:
        return problem.unknown(problem.reason)
    return problem.fit()


class _Problem:
    """The central pixels of a pattern in FFT order, and the least-squares problem of their missing ones."""

    def __init__(self, pattern: Pattern) -> None:
        import scipy.fft

        largest = _LARGEST_2D if pattern.intensity.ndim == 2 else _LARGEST_3D
        self.shape = tuple(min(n, largest) for n in pattern.shape)
        cut = _middle(pattern.shape, self.shape)
        measured = pattern.measured[cut]
        intensity = np.where(measured, pattern.intensity[cut], 0).astype(np.float32)
        self.reason = ""
        if min(self.shape) < _SMALLEST or np.count_nonzero(measured) < _FEWEST_PIXELS:
            self.reason = "There are too few measured pixels to see the extent of the autocorrelation."
        elif not np.isfinite(intensity).all() or not intensity.any():
            self.reason = "There is no intensity to see the extent of the autocorrelation in."
        taper = _taper(self.shape)
        guess = intensity if self.reason else np.where(measured, intensity, _radial_guess(intensity, measured))
        shift = scipy.fft.ifftshift
        self.missing = shift(~measured).astype(np.float32)
        self.start: Array = shift(guess * taper).astype(np.float32)
        weights = (taper**2)[measured] * intensity[measured]
        total = float(weights.sum(dtype=np.float64))
        # The variance of a photon count is the count; other units have no noise that could be known beforehand.
        self.noise = total if pattern.unit == "photons" else 0.0
        spread = float(np.square(weights, dtype=np.float64).sum())
        self.noise_spread = 3 / np.sqrt(total * total / spread) if spread > 0 else 0.0
        self.steps = 40 if len(self.shape) == 2 else 8
        # One half of the plane of shifts is enough: the other is its complex conjugate.
        self.grid = [
            (np.fft.rfftfreq(n) if axis == len(self.shape) - 1 else np.fft.fftfreq(n)).reshape(
                [-1 if a == axis else 1 for a in range(len(self.shape))]
            )
            for axis, n in enumerate(self.shape)
        ]

    def unknown(self, note: str) -> AutocorrelationFit:
        filled = np.fft.fftshift(self.start)
        none = np.zeros((0, len(self.shape)))
        return AutocorrelationFit(filled, none, np.zeros(0), np.inf, 1.0, note)

    def fit(self) -> AutocorrelationFit:
        radii = np.sqrt(sum(g * g for g in self.grid))
        trials = _HIGHEST / _STEP ** np.arange(int(np.log(_HIGHEST / _LOWEST) / np.log(_STEP)) + 1)
        solutions, left, start = [], [], self.start
        for trial in trials:
            start = self.solve(radii > trial, start)
            solutions.append(start)
            left.append(float(self.energy(start)[radii > trial].mean()))
        noise = self.noise * (1 + self.noise_spread)
        strength = left[-1]
        if strength <= 2 * noise:
            return self.unknown("There are too few photons to see the extent of the autocorrelation.")
        # Inwards from the widest as long as little is left outside and each step adds little to it: past the knee.
        floor = max(noise, _TOLERANCE * strength)
        at = 0
        while at + 1 < len(trials) and (
            left[at + 1] <= floor or left[at + 1] < min(_KNEE * left[at], _LITTLE * strength)
        ):
            at += 1
        if left[at] > max(_LITTLE * strength, 2 * noise):
            return self.unknown("The autocorrelation fills the array: the object is too large for this sampling.")
        level = max(floor, 2 * left[at])
        low, high, filled = trials[min(at + 1, len(trials) - 1)], trials[at], solutions[at]
        for _ in range(4):
            trial = np.sqrt(low * high)
            found = self.solve(radii > trial, filled)
            if float(self.energy(found)[radii > trial].mean()) > level:
                low = trial
            else:
                high, filled = trial, found
        return self.narrowed(radii <= high, float(high), filled, max(self.noise, left[at], _TOLERANCE * strength))

    def narrowed(self, inside: BoolArray, radius: float, filled: Array, noise: float) -> AutocorrelationFit:
        """The extent cut along each direction as far as its cap holds hardly more than noise."""
        directions = _directions(len(self.shape))
        level = noise * (2 + self.noise_spread)
        reach = np.full(len(directions), radius)
        for k, direction in enumerate(directions):
            along = np.abs(_along(self.grid, direction))
            low, high = 0.1 * radius, radius
            for _ in range(4):
                trial = (low + high) / 2
                cap = inside & (along > trial)
                if not cap.any():
                    high = trial
                    continue
                found = self.solve(~inside | cap, filled)
                if float(self.energy(found)[cap].mean()) > level:
                    low = trial
                else:
                    high, filled = trial, found
                    inside = inside & ~cap
            reach[k] = high
        weight = np.full(inside.shape, 2.0)
        weight[..., 0] = 1.0  # the column that is its own mirror image
        share = float((weight * inside).sum() / weight.sum())
        return AutocorrelationFit(np.fft.fftshift(filled), directions, reach, radius, share)

    def energy(self, intensity: Array) -> Array:
        import scipy.fft

        values = scipy.fft.rfftn(intensity)
        result: Array = np.square(values.real) + np.square(values.imag)
        return result

    def solve(self, outside: BoolArray, start: Array) -> Array:
        """The intensities whose missing ones make the energy `outside` least, by a few conjugate gradients."""
        import scipy.fft

        if not self.missing.any():
            return start

        def gradient(values: Array) -> Array:
            spectrum = scipy.fft.rfftn(values)
            spectrum *= outside
            back: Array = scipy.fft.irfftn(spectrum, self.shape) * self.missing
            return back

        found = start.copy()
        residual = -gradient(found)
        direction = residual.copy()
        norm = first = float(np.vdot(residual, residual))
        for _ in range(self.steps):
            if norm <= 1e-10 * first:
                break
            curved = gradient(direction)
            step = norm / float(np.vdot(direction, curved))
            found += np.float32(step) * direction
            residual -= np.float32(step) * curved
            norm, before = float(np.vdot(residual, residual)), norm
            direction = residual + np.float32(norm / before) * direction
        return found


def _radial_guess(intensity: Array, measured: BoolArray) -> Array:
    """A smooth intensity that depends on the radius only: ring means, Guinier's law towards the centre."""
    shape = intensity.shape
    radii = np.sqrt(sum((g - n // 2) ** 2 for g, n in zip(np.ogrid[tuple(map(slice, shape))], shape, strict=True)))
    ring = radii.astype(np.int64)
    rings = int(ring.max()) + 1
    pixels = np.bincount(ring[measured], minlength=rings)
    sums = np.bincount(ring[measured], weights=intensity[measured], minlength=rings)
    known = np.flatnonzero(pixels)
    means = sums[known] / pixels[known]
    profile = np.interp(np.arange(rings), known, means)
    inner = known[0]
    if inner > 0 and known.size >= 4:
        slope, height = np.polyfit(known[:4] ** 2.0, np.log(means[:4] + 1e-3), 1)
        profile[:inner] = np.exp(height + min(slope, 0.0) * np.arange(inner) ** 2.0)
    result: Array = profile[ring].astype(np.float32)
    return result


def _taper(shape: tuple[int, ...]) -> Array:
    """1 in the middle, a squared cosine to 0 at the edge: a pattern cut off would ring over the whole array."""
    taper = np.ones(shape, np.float32)
    for axis, n in enumerate(shape):
        out = np.clip(np.abs(np.arange(n) - n // 2) / (n / 2) - 0.5, 0, None) / 0.5
        taper *= np.cos(out * np.pi / 2).reshape([-1 if a == axis else 1 for a in range(len(shape))]) ** 2
    return taper


def _directions(ndim: int) -> npt.NDArray[np.float64]:
    """Directions spread over a half circle (8) or half sphere (axes, face and body diagonals, 13)."""
    if ndim == 2:
        angles = np.pi * np.arange(8) / 8
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)
    lattice = np.array([v for v in itertools.product((-1, 0, 1), repeat=ndim) if v > (0,) * ndim], float)
    directions: npt.NDArray[np.float64] = lattice / np.linalg.norm(lattice, axis=1, keepdims=True)
    return directions


def _along(grid: Sequence[npt.NDArray[Any]], direction: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(sum(g * d for g, d in zip(grid, direction, strict=True)), np.float64)


def _middle(shape: tuple[int, ...], size: tuple[int, ...]) -> tuple[slice, ...]:
    """The central `size` of an array, its middle again at index n // 2."""
    return tuple(slice(n // 2 - s // 2, n // 2 - s // 2 + s) for n, s in zip(shape, size, strict=True))
