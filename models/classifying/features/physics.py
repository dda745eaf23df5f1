"""Numbers a physicist would read off a frame, after Bobkov et al. (J. Synchrotron Rad. 22, 1345, 2015).

Their parameters, each computed here from its definition: the radial profile (power spectral density), the photons,
the particle's size from the profile, angular Fourier components, fringe visibility, and how far and how evenly the
autocorrelation reaches. Two particles that touch double the autocorrelation's extent along one direction.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from models.classifying.features.angular import harmonics
from models.classifying.features.grid import Grid, to_grid
from models.classifying.features.polar import Cells, to_cells
from models.classifying.types import Array, BoolArray, FloatArray

RINGS = 16
SECTORS = 18
BANDS = 4
ORDERS = 6
_SIZES = 48
_PADDED = 128
_REACH = (0.5, 0.8, 0.95)
DIMENSIONS = RINGS + 2 + 2 + BANDS * ORDERS + BANDS + len(_REACH) + 2


def physical_features(
    frames: FloatArray, valid: BoolArray, centre_px: tuple[float, float] | None = None
) -> FloatArray:
    """(n, 53) float32.

    In order: ln of 16 ring means over their mean; ln(1 + photons per valid pixel) and the share of lit pixels; the
    size of the best fitting sphere (as 1/long side) and its misfit; root mean square of angular harmonics 1 … 6 in 4
    bands of rings; fringe visibility in the bands; radii that hold 50, 80 and 95 % of the autocorrelation, as parts
    of the grid; its anisotropy; its weight beyond the fitted sphere.
    """
    grid = to_grid(frames, valid, centre_px=centre_px)
    cells = to_cells(grid, RINGS, SECTORS)
    profile = cells.ring_means()
    level = profile.mean(1, keepdims=True)
    shape = profile / np.where(level > 0, level, 1.0)
    size, misfit = sphere_size(profile)
    reach, anisotropy, beyond = autocorrelation_extent(grid, size)
    area = np.maximum(grid.share.sum((1, 2)), 1e-6)
    photons = grid.photons.sum((1, 2), dtype=np.float64)
    lit = (grid.counts > 0).sum((1, 2)) / np.maximum((grid.share > 0).sum((1, 2)), 1)
    angular = np.sqrt((harmonics(cells, ORDERS) ** 2).reshape(len(profile), BANDS, -1, ORDERS).mean(2))
    rows = np.concatenate(
        [
            np.log(np.maximum(shape, 1e-3)),
            np.stack([np.log1p(photons / area), lit, size, misfit], axis=1),
            angular.reshape(len(profile), -1),
            visibility(cells),
            reach,
            np.stack([anisotropy, beyond], axis=1),
        ],
        axis=1,
    )
    rows[~grid.seen] = np.nan
    return np.asarray(rows, np.float32)


def sphere_size(profile: Array) -> tuple[Array, Array]:
    """Diameter of the sphere whose form factor fits a radial profile best.

    Args:
        profile: (n, R) intensity of equally wide rings from 3 % to 50 % of the long side.

    Returns:
        (n,) diameter in units of λD / long side of the detector, and (n,) misfit, 1 − correlation of the roots.
    """
    sizes, models = _sphere_profiles(profile.shape[1])
    roots = np.sqrt(profile)
    roots -= roots.mean(1, keepdims=True)
    norm = np.linalg.norm(roots, axis=1, keepdims=True)
    fit = roots / np.where(norm > 0, norm, 1.0) @ models.T
    best = fit.argmax(1)
    return sizes[best], 1.0 - fit[np.arange(len(fit)), best]


@lru_cache(maxsize=4)
def _sphere_profiles(rings: int) -> tuple[Array, Array]:
    """(S,) diameters and (S, R) root intensities of spheres, mean removed and of unit norm."""
    edges = np.linspace(0.03, 0.5, rings + 1)
    radius = edges[:-1, None] + np.diff(edges)[:, None] * ((np.arange(5) + 0.5) / 5)
    sizes = np.geomspace(2.0, 24.0, _SIZES)
    # Phase across half the sphere: q·R = π · diameter · radius in these units.
    u = np.pi * sizes[:, None, None] * radius
    amplitude = 3 * (np.sin(u) - u * np.cos(u)) / u**3
    roots = np.sqrt((amplitude**2).mean(2))
    roots -= roots.mean(1, keepdims=True)
    return sizes, roots / np.linalg.norm(roots, axis=1, keepdims=True)


def visibility(cells: Cells) -> Array:
    """(n, BANDS) contrast of the speckles: standard deviation over mean within rings, less what counting adds."""
    rings = np.where(cells.seen, cells.counts / np.maximum(cells.area, 1e-6), 0.0)
    number = cells.seen.sum(2)
    some = np.maximum(number, 1)
    mean = rings.sum(2) / some
    variance = (np.where(cells.seen, rings - mean[:, :, None], 0.0) ** 2).sum(2) / some
    # A cell of area a that expects a·m photons has a variance m / a from counting alone.
    noise = (np.where(cells.seen, 1.0 / np.maximum(cells.area, 1e-6), 0.0)).sum(2) / some * mean
    contrast = np.maximum(variance - noise, 0.0) / np.maximum(mean**2, 1e-12)
    contrast = np.where((mean > 0) & (number > 1), contrast, 0.0)
    return np.asarray(np.sqrt(contrast.reshape(len(contrast), BANDS, -1).mean(2)), np.float64)


def autocorrelation_extent(grid: Grid, size: Array) -> tuple[Array, Array, Array]:
    """How far the autocorrelation of the density reaches: the modulus of the frame's Fourier transform.

    Holes are filled with their surroundings' mean before, or they would ring through the transform.

    Args:
        grid: the frames.
        size: (n,) diameter of the fitted sphere, see `sphere_size`.

    Returns:
        (n, 3) radii holding 50, 80, 95 % of its weight as parts of the grid; (n,) anisotropy 0 … 1 of its second
        moments; (n,) share of its weight beyond the fitted sphere's.
    """
    from scipy.fft import rfft2

    n, height, width = grid.counts.shape
    filled = _contrast(grid)
    modulus = np.abs(rfft2(filled, s=(_PADDED, _PADDED), workers=1))
    row = np.fft.fftfreq(_PADDED)[:, None]
    column = np.arange(_PADDED // 2 + 1)[None, :] / _PADDED
    radius = np.hypot(row, column)
    # Half the Fourier plane is stored: columns in between stand for two. The noise floor is what lies far out.
    weight = np.where((column > 0) & (column < 0.5), 2.0, 1.0)
    floor = np.median(modulus[:, radius > 0.4], axis=1)[:, None, None]
    signal = np.maximum(modulus - floor, 0.0) * weight * (radius < 0.45)
    total = np.maximum(signal.sum((1, 2)), 1e-12)
    order = np.argsort(radius.ravel())
    grown = np.cumsum(signal.reshape(n, -1)[:, order], axis=1) / total[:, None]
    sorted_radius = radius.ravel()[order]
    reach = np.stack([sorted_radius[np.minimum((grown < part).sum(1), len(order) - 1)] for part in _REACH], axis=1)
    yy = (signal * row**2).sum((1, 2)) / total
    xx = (signal * column**2).sum((1, 2)) / total
    both = (signal * (row * column)).sum((1, 2)) / total
    spread = np.sqrt((yy - xx) ** 2 + 4 * both**2)
    anisotropy = spread / np.maximum(yy + xx, 1e-12)
    # A sphere's autocorrelation ends at its diameter; in cycles per pixel that is diameter / long side.
    edge = np.searchsorted(sorted_radius, size / max(height, width))
    beyond = 1.0 - grown[np.arange(n), np.minimum(edge, len(order) - 1)]
    return reach, anisotropy, beyond


def _contrast(grid: Grid) -> FloatArray:
    """(n, h, w) deviation from the blurred surroundings in units of counting noise; 0 where missing."""
    from scipy.ndimage import gaussian_filter

    sigma = (0, 4.0, 4.0)
    near = gaussian_filter(grid.photons, sigma, mode="constant")
    near /= np.maximum(gaussian_filter(grid.share, sigma, mode="constant"), 1e-3)
    deviation = (grid.counts - near) * grid.share / np.sqrt(near + 0.05)
    return np.asarray(deviation, np.float32)
