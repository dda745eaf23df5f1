"""From particles to the diffraction intensity on a flat detector, first Born approximation.

The detector's pixels lie in q space on one of three surfaces (`q_map`): the Ewald sphere itself, its paraboloid at
small angles ("paraxial"), or the plane qz = 0 ("projected"). On the last two the phase of a blob separates into a
factor of the row and a factor of the column, exp(i qy y) · exp(i qx x), so that a whole frame is one matrix product.
Coordinates: x along columns, y along rows, z along the beam; nm and nm⁻¹.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from models.simulation.backend import cast, like
from models.simulation.multislice import BORN, sliced_amplitude
from models.simulation.photons import pixel_weights, tangents
from models.simulation.rotations import random_quaternions, rotation_matrix
from models.simulation.settings import SimulationSettings
from models.simulation.shapes import Blobs, Real, Shape


@dataclass(frozen=True, eq=False)
class Placed:
    """One particle in the beam: rotated by `rotation`, scaled by `scale`, its origin at `position` (nm), and its
    density times `density_factor`."""

    shape: Shape
    rotation: Real
    position: Real
    scale: float = 1.0
    density_factor: float = 1.0


def q_axes(settings: SimulationSettings, offset_px: tuple[float, float] = (0.0, 0.0)) -> tuple[Real, Real]:
    """(H,) qy and (W,) qx of rows and columns on the projected and paraxial surfaces: 2π/λ · p/D per pixel, float64.

    `offset_px` is the beam's (y, x) displacement from the middle of the frame.
    """
    wavenumber = 2 * np.pi / settings.wavelength_nm
    step = wavenumber * settings.pixel_size_m / settings.distance_m
    cy, cx = settings.centre_px
    qy = (np.arange(settings.height) - cy - offset_px[0]) * step
    qx = (np.arange(settings.width) - cx - offset_px[1]) * step
    return qy, qx


def q_map(
    settings: SimulationSettings,
    offset_px: tuple[float, float] = (0.0, 0.0),
    dtype: npt.DTypeLike = np.float32,
    xp: Any = np,
    device: Any = None,
) -> Any:
    """(3, H, W) momentum transfer (x, y, z) in nm⁻¹ of every pixel's centre on `settings.surface`.

    ewald: q = k (ŝ − ẑ) with ŝ the unit vector to the pixel; paraxial: qz = −(qx² + qy²)/2k; projected: qz = 0.

    Args:
        settings: the beamline.
        offset_px: the beam's (y, x) displacement from the middle of the frame.
        dtype: float32 or float64.
        xp: array library, numpy or what `array_api_compat` makes of another.
        device: of that library; None for its own choice.
    """
    tangent_y, tangent_x = tangents(settings, offset_px, xp, device)
    wavenumber = 2 * np.pi / settings.wavelength_nm
    tangent2 = tangent_y**2 + tangent_x**2
    qx, qy = wavenumber * tangent_x, wavenumber * tangent_y
    if settings.surface == "ewald":
        cosine = 1 / xp.sqrt(1 + tangent2)
        qx, qy = qx * cosine, qy * cosine
        # cos θ − 1 written so that it keeps its digits at small angles.
        qz = -wavenumber * tangent2 * cosine**2 / (1 + cosine)
    elif settings.surface == "paraxial":
        qz = -wavenumber / 2 * tangent2
    else:
        qz = xp.zeros_like(tangent2)
    q = xp.stack([xp.broadcast_to(component, settings.shape) for component in (qx, qy, qz)])
    return cast(q, np.dtype(dtype).name, xp)


def amplitude(
    placed: list[Placed],
    settings: SimulationSettings,
    offset_px: tuple[float, float] = (0.0, 0.0),
    xp: Any = np,
    device: Any = None,
) -> Any:
    """(H, W) complex64 coherent sum Σ exp(i q·t) F(Rᵀ q) over the particles in the beam, electrons."""
    if settings.propagator != BORN:
        return _sliced(placed, settings, offset_px, xp, device)
    clouds = [p for p in placed if isinstance(p.shape, Blobs)]
    others = [p for p in placed if not isinstance(p.shape, Blobs)]
    total: Any = None
    if clouds and settings.surface != "ewald":
        total = _separable(clouds, settings, offset_px, xp, device)
    elif clouds:
        others = placed
    if others:
        q = q_map(settings, offset_px, xp=xp, device=device)
        for particle in others:
            turn = like(particle.rotation.T.astype(np.float32) * np.float32(particle.scale), q, xp)
            value = particle.shape.amplitude(xp.tensordot(turn, q, axes=1)) * float(
                particle.scale**3 * particle.density_factor
            )
            if particle.position.any():
                phase = xp.tensordot(like(particle.position.astype(np.float32), q, xp), q, axes=1)
                value = value * _phasor(phase, xp)
            total = value if total is None else total + value
    return cast(total, "complex64", xp)


def _sliced(
    placed: list[Placed], settings: SimulationSettings, offset_px: tuple[float, float], xp: Any, device: Any
) -> Any:
    """The coherent sum for bodies that refract and absorb; each of them is lit as if it were alone."""
    q = q_map(settings, offset_px)
    total = np.zeros(settings.shape, np.complex64)
    for p in placed:
        value = sliced_amplitude(p.shape, p.rotation, p.scale, p.density_factor, settings, offset_px, xp, device)
        total += value * _phasor(np.tensordot(p.position.astype(np.float32), q, axes=1), np)
    return total if xp is np else xp.asarray(total, device=device)


def _separable(
    clouds: list[Placed], settings: SimulationSettings, offset_px: tuple[float, float], xp: Any, device: Any
) -> Any:
    """Blob clouds on a surface where q·r = (qx x + c qx² z) + (qy y + c qy² z): one matrix product per blob width."""
    axes = (axis.astype(np.float32) for axis in q_axes(settings, offset_px))
    qy, qx = (xp.asarray(axis, device=device) if xp is not np else axis for axis in axes)
    curvature = float(np.float32(0.0 if settings.surface == "projected" else -settings.wavelength_nm / (4 * np.pi)))
    total: Any = None
    by_width: dict[float, list[Placed]] = {}
    for particle in clouds:
        assert isinstance(particle.shape, Blobs)
        by_width.setdefault(particle.shape.sigma * particle.scale, []).append(particle)
    for sigma, members in by_width.items():
        points, weights = [], []
        for particle in members:
            assert isinstance(particle.shape, Blobs)
            points.append(particle.shape.positions @ (particle.rotation.T * particle.scale) + particle.position)
            weights.append(particle.shape.weights * (particle.scale**3 * particle.density_factor))
        r = like(np.concatenate(points).astype(np.float32), qy, xp)
        w = like(np.concatenate(weights).astype(np.float32), qy, xp)
        rows = _phasor(qy[:, None] * r[:, 1] + (curvature * qy * qy)[:, None] * r[:, 2], xp)
        columns = _phasor(r[:, 0, None] * qx + r[:, 2, None] * (curvature * qx * qx), xp)
        # exp(−q²σ²/2) separates as well; qz² is of fourth order in the angle and left out, like the paraxial step.
        narrow = float(np.float32(sigma**2 / 2))
        rows *= xp.exp(-qy * qy * narrow)[:, None]
        rows *= w
        columns *= xp.exp(-qx * qx * narrow)
        part = rows @ columns
        total = part if total is None else total + part
    return total


def _phasor(phase: Any, xp: Any) -> Any:
    """exp(i phase); with numpy twice as fast as the complex exponential: sin and cos are vectorised in float32."""
    if xp is not np:
        return xp.cos(phase) + 1j * xp.sin(phase)
    value = np.empty(phase.shape, dtype=np.complex64)
    np.cos(phase, out=value.real)
    np.sin(phase, out=value.imag)
    return value


def intensity(
    placed: list[Placed],
    settings: SimulationSettings,
    offset_px: tuple[float, float] = (0.0, 0.0),
    xp: Any = np,
    device: Any = None,
) -> Any:
    """(H, W) float32 |amplitude|² at the pixel centres, electrons²; times polarisation factor and solid angle (sr)
    where the settings weigh pixels (`photons.pixel_weights`)."""
    value = amplitude(placed, settings, offset_px, xp, device)
    real, imaginary = xp.real(value), xp.imag(value)
    square = real**2 + imaginary**2
    weights = pixel_weights(settings, offset_px, xp, device)
    return square if weights is None else cast(square * weights, "float32", xp)


def aggregate(shape: Shape, copies: int, rng: np.random.Generator, scale: float = 1.0) -> tuple[list[Placed], Real]:
    """`copies` of one particle in random orientations, touching.

    Grown as by ballistic particle–cluster aggregation (Vold 1963; the multi-hits of skopi): each newcomer flies along
    a random line through the cluster's neighbourhood and sticks where its beads first touch those present.

    Returns:
        The particles, centred on the mean of their origins, and the (copies, 4) quaternions.
    """
    turns = random_quaternions(rng, copies)
    matrices = [rotation_matrix(turn) for turn in turns]
    own = shape.beads * scale
    clouds = [np.concatenate([own[:, :3] @ matrix.T, own[:, 3:]], axis=1) for matrix in matrices]
    positions = np.zeros((copies, 3))
    present = clouds[0]
    for i in range(1, copies):
        positions[i] = _first_touch(present, clouds[i], rng)
        present = np.concatenate([present, clouds[i] + np.append(positions[i], 0.0)])
    positions -= positions.mean(axis=0)
    return [Placed(shape, m, p, scale) for m, p in zip(matrices, positions, strict=True)], turns


def _first_touch(present: Real, newcomer: Real, rng: np.random.Generator) -> Real:
    """(3,) where the newcomer's origin comes to rest, flying in along a random line."""
    middle = (present[:, :3].min(axis=0) + present[:, :3].max(axis=0)) / 2
    reach = float((np.linalg.norm(present[:, :3] - middle, axis=1) + present[:, 3]).max())
    apart = present[:, None, :3] - newcomer[None, :, :3]
    contact2 = (present[:, None, 3] + newcomer[None, :, 3]) ** 2
    while True:
        flight = rng.standard_normal(3)
        flight /= np.linalg.norm(flight)
        sideways = rng.standard_normal(3)
        sideways -= flight * (sideways @ flight)
        sideways *= reach * np.sqrt(rng.random()) / np.linalg.norm(sideways)
        line = middle + sideways
        gap = apart - line
        along = gap @ flight
        room = contact2 - ((gap * gap).sum(axis=2) - along * along)
        hits = room > 0
        if hits.any():
            # Coming from +∞ along `flight`, the first contact is the one farthest out.
            return np.asarray(line + flight * float((along[hits] + np.sqrt(room[hits])).max()))
