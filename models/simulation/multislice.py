"""Scattering of bodies that refract and absorb, slice by slice: what extreme ultraviolet light needs.

Two propagators, for a body given by voxels of n − 1:

- "msft", the multi-slice Fourier transform: every slice scatters the incident wave as it arrives through the slices
  before it, straight ahead (attenuated and delayed), and what is scattered leaves without a further encounter;
- "split-step": the field is carried from slice to slice by the angular spectrum and scattered again in each, so
  everything but waves going backwards is there.

Both keep the exact phase of every slice, exp(−i qz z) with qz = √(k² − q⊥²) − k: they live on the Ewald sphere. Light
is a scalar wave here; the polarisation factor comes on top (`photons.polarisation`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.simulation.backend import to_numpy
from models.simulation.photons import ELECTRON_RADIUS_NM, tangents

if TYPE_CHECKING:
    from models.simulation.settings import SimulationSettings
    from models.simulation.shapes import Real, Shape

Complex = npt.NDArray[np.complex128]

BORN = "born"
MSFT = "msft"
SPLIT_STEP = "split-step"

_HORIZON = 0.98
"""sine of the angle beyond which waves creep along the slices and the propagators have nothing to say"""
_FINER = 4


def sliced_amplitude(
    shape: Shape,
    rotation: Real,
    scale: float,
    density_factor: float,
    settings: SimulationSettings,
    offset_px: tuple[float, float] = (0.0, 0.0),
    xp: Any = np,
    device: Any = None,
) -> Complex:
    """(H, W) complex128 amplitude in electrons of one body by `settings.propagator`, in the convention of shapes:
    for a weak body that of its density times `density_factor`.

    The refractive index is `index_contrast` of the body's voxels, which are `settings.voxel_nm` or fine enough for
    the detector.
    """
    step = settings.voxel_nm or voxel_size(settings, shape.radius * scale, offset_px)
    density, _ = shape.voxels(step / scale, rotation)
    contrast = index_contrast(density * density_factor, settings)
    f = far_field(contrast, step, settings, settings.propagator, offset_px, xp, device)
    return np.asarray(-f.conj() / ELECTRON_RADIUS_NM)


def index_contrast(density: npt.NDArray[Any], settings: SimulationSettings) -> Complex:
    """n − 1 = −δ + iβ of a density in electrons/nm³: δ by `settings.index_delta` or r_e λ² ρ/2π (far from absorption
    edges), β by `settings.index_beta`, both in proportion to the density."""
    relative = density / float(np.abs(density).max())
    if settings.index_delta is None:
        delta = ELECTRON_RADIUS_NM * settings.wavelength_nm**2 / (2 * np.pi) * density
    else:
        delta = settings.index_delta * relative
    return np.asarray(-delta + 1j * settings.index_beta * relative)


def voxel_size(settings: SimulationSettings, radius_nm: float, offset_px: tuple[float, float] = (0.0, 0.0)) -> float:
    """Edge of a voxel in nm that resolves what reaches the detector, with 48 or more of them across the body."""
    kx, ky, _ = _wave_vectors(settings, offset_px)
    reach = max(float(np.abs(kx).max()), float(np.abs(ky).max()))
    return min(np.pi / (1.6 * reach), radius_nm / 24)


def far_field(
    contrast: npt.NDArray[Any],
    step_nm: float,
    settings: SimulationSettings,
    method: str = SPLIT_STEP,
    offset_px: tuple[float, float] = (0.0, 0.0),
    xp: Any = np,
    device: Any = None,
) -> Complex:
    """(H, W) complex128 scattering length f in nm at the pixels' centres; |f|² is dσ/dΩ in nm²/sr.

    −f*/r_e is the amplitude in electrons; for a weak body that of its density.

    Args:
        contrast: (X, Y, Z) complex n − 1 of voxels about the origin, the beam along z.
        step_nm: edge of a voxel; at most half the shortest period that reaches the detector.
        settings: the beamline.
        method: "born" (every slice sees the incident wave), "msft" or "split-step".
        offset_px: the beam's (y, x) displacement from the middle of the frame.
        xp: array library, numpy or what `array_api_compat` makes of another.
        device: of that library; None for its own choice.

    Raises:
        BadParameter: where the voxels are too coarse for the detector.
    """
    kx, ky, kz = _wave_vectors(settings, offset_px)
    reach = max(float(np.abs(kx).max()), float(np.abs(ky).max()))
    if step_nm * reach > np.pi:
        raise BadParameter(
            f"voxels of {step_nm:g} nm are too coarse",
            cause="the detector resolves more",
            hint=f"use {np.pi / reach:.3g} nm or less",
        )
    if max(contrast.shape[:2]) < 2:
        raise BadParameter("a body of one voxel has no slices", hint="use smaller voxels")
    source = _source(contrast, step_nm, 2 * np.pi / settings.wavelength_nm, method, xp, device)
    return _at(source, contrast.shape[:2], step_nm, (kx, ky, kz))


def _wave_vectors(settings: SimulationSettings, offset_px: tuple[float, float]) -> tuple[Real, Real, Real]:
    """(H, W) each, momentum transfer in x, y and z to every pixel on the Ewald sphere, 1/nm."""
    wavenumber = 2 * np.pi / settings.wavelength_nm
    tangent_y, tangent_x = tangents(settings, offset_px)
    cosine = 1 / np.sqrt(1 + tangent_y**2 + tangent_x**2)
    return wavenumber * tangent_x * cosine, wavenumber * tangent_y * cosine, wavenumber * (cosine - 1)


def _source(contrast: npt.NDArray[Any], step: float, wavenumber: float, method: str, xp: Any, device: Any) -> Complex:
    """(M, M) complex128 flat source through the origin whose Fourier transform is f.

    Its first pixel is the first column of voxels; what spreads beyond the voxels comes round at the far ends.
    """
    rows, columns, _ = contrast.shape
    # Light that leaves sideways must not come in again on the other side.
    side = 1 << int(np.ceil(np.log2(2 * max(rows, columns))))
    keep = {} if device is None else {"device": device}
    slices = xp.asarray(np.ascontiguousarray(np.moveaxis(contrast, 2, 0), dtype=np.complex128), **keep)
    heights = (np.arange(len(slices)) - (len(slices) - 1) / 2) * step
    k1 = 2 * np.pi * np.fft.fftfreq(side, step)
    sine2 = (k1[:, None] ** 2 + k1[None, :] ** 2) / wavenumber**2
    travels = sine2 < _HORIZON**2
    cosine = np.sqrt(1 - np.where(travels, sine2, 0))
    # kz − k, written so that it keeps its digits at small angles.
    qz = xp.asarray(-wavenumber * np.where(travels, sine2, 0) / (1 + cosine), **keep)
    total = xp.zeros((side, side), dtype=xp.complex128, **keep)
    screen = xp.zeros((side, side), dtype=xp.complex128, **keep)
    if method == SPLIT_STEP:
        hop = xp.exp(1j * step * qz)
        # A wave at an angle is longer in the slice: in the one-way wave equation it scatters k/kz times as much.
        tilt = xp.asarray(np.where(travels, 1 / cosine, 0), **keep)
        for piece in slices:
            total = total * hop
            arriving = 1 + xp.fft.ifft2(total)[:rows, :columns]
            screen[:rows, :columns] = (xp.exp(1j * wavenumber * step * piece) - 1) * arriving
            total = total + tilt * xp.fft.fft2(screen)
        total = total * xp.exp(-1j * heights[-1] * qz)
        strength = -1j * wavenumber / (2 * np.pi) * xp.asarray(cosine * travels, **keep) * step**2
    else:
        through = xp.zeros((rows, columns), dtype=xp.complex128, **keep)
        for piece, height in zip(slices, heights, strict=True):
            arriving = xp.exp(1j * wavenumber * step * (through + piece / 2)) if method == MSFT else 1.0
            through = through + piece
            screen[:rows, :columns] = (2 * piece + piece**2) * arriving
            total = total + xp.exp(-1j * float(height) * qz) * xp.fft.fft2(screen)
        strength = xp.asarray(wavenumber**2 / (4 * np.pi) * step**3 * travels, **keep)
    return to_numpy(xp.fft.ifft2(total * strength))


def _at(source: Complex, voxels: tuple[int, ...], step: float, q: tuple[Any, Any, Any]) -> Complex:
    """f at wave vectors (x, y, z), by splines on a Fourier transform of the padded source.

    Every voxel holds the mean over its cube, which a division by three sinc functions undoes.
    """
    from scipy.ndimage import map_coordinates

    qx, qy, qz = q
    side = len(source) * _FINER
    # The middle of the body to the origin, so that f is smooth.
    middle = tuple((n - 1) // 2 for n in voxels)
    centred = np.roll(source, [len(source) // 2 - m for m in middle], axis=(0, 1))
    padded = np.zeros((side, side), np.complex128)
    padded[: len(source), : len(source)] = centred
    fine = np.fft.fft2(np.roll(padded, [-(len(source) // 2)] * 2, axis=(0, 1)))
    spacing = 2 * np.pi / (side * step)
    margin = 8
    lowest = [int(np.floor(component.min() / spacing)) - margin for component in (qx, qy)]
    highest = [int(np.ceil(component.max() / spacing)) + margin for component in (qx, qy)]
    window = [np.arange(low, high + 1) % side for low, high in zip(lowest, highest, strict=True)]
    near = fine[np.ix_(*window)]
    places = np.stack([qx / spacing - lowest[0], qy / spacing - lowest[1]])
    real, imaginary = (map_coordinates(part, places, order=5, mode="nearest") for part in (near.real, near.imag))
    value: Complex = real + 1j * imaginary
    for component, n in zip((qx, qy), voxels, strict=True):
        value *= np.exp(1j * component * step * ((n - 1) / 2 - (n - 1) // 2))
    for component in (qx, qy, qz):
        value /= np.sinc(component * step / (2 * np.pi))
    return value
