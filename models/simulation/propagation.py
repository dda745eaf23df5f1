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

from models.simulation.rotations import random_quaternions, rotation_matrix
from models.simulation.settings import SimulationSettings
from models.simulation.shapes import Amplitude, Blobs, Real, Shape

FloatImage = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Placed:
    """One particle in the beam: rotated by `rotation`, scaled by `scale`, its origin at `position` (nm)."""

    shape: Shape
    rotation: Real
    position: Real
    scale: float = 1.0


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
) -> Real:
    """(3, H, W) momentum transfer (x, y, z) in nm⁻¹ of every pixel on `settings.surface`.

    ewald: q = k (ŝ − ẑ) with ŝ the unit vector to the pixel; paraxial: qz = −(qx² + qy²)/2k; projected: qz = 0.
    """
    qy, qx = q_axes(settings, offset_px)
    wavenumber = 2 * np.pi / settings.wavelength_nm
    q = np.zeros((3, settings.height, settings.width))
    q[0] = qx
    q[1] = qy[:, None]
    if settings.surface == "paraxial":
        q[2] = -(q[0] ** 2 + q[1] ** 2) / (2 * wavenumber)
    elif settings.surface == "ewald":
        tangent2 = (q[0] ** 2 + q[1] ** 2) / wavenumber**2
        cosine = 1 / np.sqrt(1 + tangent2)
        # cos θ − 1 written so that it keeps its digits at small angles.
        q[2] = -wavenumber * tangent2 * cosine**2 / (1 + cosine)
        q[:2] *= cosine
    return q.astype(dtype)


def amplitude(
    placed: list[Placed], settings: SimulationSettings, offset_px: tuple[float, float] = (0.0, 0.0)
) -> Amplitude:
    """(H, W) complex64 coherent sum Σ exp(i q·t) F(Rᵀ q) over the particles in the beam."""
    clouds = [p for p in placed if isinstance(p.shape, Blobs)]
    others = [p for p in placed if not isinstance(p.shape, Blobs)]
    total: Any = np.zeros(settings.shape, dtype=np.complex64)
    if clouds and settings.surface != "ewald":
        total = total + _separable(clouds, settings, offset_px)
    elif clouds:
        others = placed
    if others:
        q = q_map(settings, offset_px)
        for particle in others:
            turned = np.tensordot(particle.rotation.T.astype(np.float32) * np.float32(particle.scale), q, axes=1)
            value = particle.shape.amplitude(turned) * np.float32(particle.scale**3)
            if particle.position.any():
                phase = np.tensordot(particle.position.astype(np.float32), q, axes=1)
                value = value * _phasor(phase)
            total = total + value
    result: Amplitude = total.astype(np.complex64, copy=False)
    return result


def _separable(
    clouds: list[Placed], settings: SimulationSettings, offset_px: tuple[float, float]
) -> npt.NDArray[np.complex64]:
    """Blob clouds on a surface where q·r = (qx x + c qx² z) + (qy y + c qy² z): one matrix product per blob width."""
    qy, qx = (axis.astype(np.float32) for axis in q_axes(settings, offset_px))
    curvature = np.float32(0.0 if settings.surface == "projected" else -settings.wavelength_nm / (4 * np.pi))
    total = np.zeros(settings.shape, dtype=np.complex64)
    by_width: dict[float, list[Placed]] = {}
    for particle in clouds:
        assert isinstance(particle.shape, Blobs)
        by_width.setdefault(particle.shape.sigma * particle.scale, []).append(particle)
    for sigma, members in by_width.items():
        points, weights = [], []
        for particle in members:
            assert isinstance(particle.shape, Blobs)
            points.append(particle.shape.positions @ (particle.rotation.T * particle.scale) + particle.position)
            weights.append(particle.shape.weights * particle.scale**3)
        r = np.concatenate(points).astype(np.float32)
        w = np.concatenate(weights).astype(np.float32)
        rows = _phasor(qy[:, None] * r[:, 1] + (curvature * qy * qy)[:, None] * r[:, 2])
        columns = _phasor(r[:, 0, None] * qx + r[:, 2, None] * (curvature * qx * qx))
        # exp(−q²σ²/2) separates as well; qz² is of fourth order in the angle and left out, like the paraxial step.
        narrow = np.float32(sigma**2 / 2)
        rows *= np.exp(-qy * qy * narrow)[:, None]
        rows *= w
        columns *= np.exp(-qx * qx * narrow)
        total += rows @ columns
    return total


def _phasor(phase: Real) -> npt.NDArray[np.complex64]:
    """exp(i phase); twice as fast as the complex exponential because sin and cos are vectorised in float32."""
    value = np.empty(phase.shape, dtype=np.complex64)
    np.cos(phase, out=value.real)
    np.sin(phase, out=value.imag)
    return value


def intensity(
    placed: list[Placed], settings: SimulationSettings, offset_px: tuple[float, float] = (0.0, 0.0)
) -> FloatImage:
    """(H, W) float32 |amplitude|² at the pixel centres, in arbitrary units."""
    value = amplitude(placed, settings, offset_px)
    result: FloatImage = value.real**2 + value.imag**2
    return result


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
