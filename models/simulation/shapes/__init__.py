"""Bodies and their Fourier amplitudes F(q) = ∫ ρ(r) exp(i q·r) dr, in electrons.

Lengths are nanometres, densities electrons/nm³, q is in nm⁻¹ with |q| = 4π sin θ/λ. Each shape gives its amplitude at
any set of q, in the precision, the array library (numpy or torch) and on the device of q; the radius of its bounding
sphere; a few *beads* (spheres) by which aggregates find contact; and its density on voxels.
"""

from models.simulation.shapes.atoms import Atoms
from models.simulation.shapes.blobs import Blobs
from models.simulation.shapes.body import Amplitude, Real, Shape
from models.simulation.shapes.density_map import VoxelMap
from models.simulation.shapes.droplets import helium_droplet
from models.simulation.shapes.ellipsoid import Ellipsoid, sphere, spheroid
from models.simulation.shapes.layers import Layered, Nested, core_shell, nested
from models.simulation.shapes.polyhedron import Polyhedron
from models.simulation.shapes.solids import (
    box,
    convex,
    dodecahedron,
    icosahedron,
    octahedron,
    tetrahedron,
    truncated,
)

__all__ = [
    "Amplitude",
    "Atoms",
    "Blobs",
    "Ellipsoid",
    "Layered",
    "Nested",
    "Polyhedron",
    "Real",
    "Shape",
    "VoxelMap",
    "box",
    "convex",
    "core_shell",
    "dodecahedron",
    "helium_droplet",
    "icosahedron",
    "nested",
    "octahedron",
    "sphere",
    "spheroid",
    "tetrahedron",
    "truncated",
]
