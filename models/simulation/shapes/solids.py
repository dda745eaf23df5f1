"""The usual polyhedra, and any convex one from its corners.

All are centred on their centre of mass; `diameter` is the distance of opposite corners, that is twice the distance
of the corners from the centre.
"""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.simulation.shapes.body import Real
from models.simulation.shapes.polyhedron import Polyhedron

_GOLDEN = (1 + 5**0.5) / 2


def icosahedron(diameter: float, density: float = 1.0) -> Polyhedron:
    """A regular icosahedron whose opposite corners are `diameter` apart."""
    corners = []
    for a in (-1.0, 1.0):
        for b in (-_GOLDEN, _GOLDEN):
            corners += [(0.0, a, b), (a, b, 0.0), (b, 0.0, a)]
    vertices = np.array(corners)
    edge = 2.0
    faces = []
    close = np.abs(np.linalg.norm(vertices[:, None] - vertices[None], axis=2) - edge) < 1e-6
    for i in range(12):
        for j in range(i + 1, 12):
            for k in range(j + 1, 12):
                if close[i, j] and close[j, k] and close[i, k]:
                    outward = np.linalg.det(vertices[[i, j, k]]) > 0
                    faces.append((i, j, k) if outward else (i, k, j))
    return Polyhedron(vertices * (diameter / 2 / np.linalg.norm(vertices[0])), tuple(faces), density)


def box(a: float, b: float, c: float, density: float = 1.0) -> Polyhedron:
    """A rectangular box with sides a, b, c (nm) along x, y, z."""
    vertices = np.array([(x, y, z) for x in (-a, a) for y in (-b, b) for z in (-c, c)]) / 2
    faces = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
    return Polyhedron(vertices, faces, density)


def tetrahedron(diameter: float, density: float = 1.0) -> Polyhedron:
    """A regular tetrahedron whose corners lie on a sphere of `diameter`."""
    return _on_sphere([(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)], diameter, density)


def octahedron(diameter: float, density: float = 1.0) -> Polyhedron:
    """A regular octahedron, corners on the axes."""
    return _on_sphere(np.concatenate([np.eye(3), -np.eye(3)]), diameter, density)


def dodecahedron(diameter: float, density: float = 1.0) -> Polyhedron:
    """A regular dodecahedron."""
    corners = list(itertools.product((-1.0, 1.0), repeat=3))
    for a, b in itertools.product((-1 / _GOLDEN, 1 / _GOLDEN), (-_GOLDEN, _GOLDEN)):
        corners += [(0.0, a, b), (a, b, 0.0), (b, 0.0, a)]
    return _on_sphere(corners, diameter, density)


def truncated(solid: Polyhedron, share: float) -> Polyhedron:
    """The same solid with every corner cut off.

    Args:
        solid: any convex polyhedron.
        share: of each edge's length that is lost at each of its ends: 1/3 makes a truncated octahedron of an
            octahedron (the form of many metal clusters) and a football of an icosahedron; at most 1/2.

    Raises:
        BadParameter: for a share outside 0 … 1/2.
    """
    if not 0 < share <= 0.5:
        raise BadParameter(f"corners cut off by {share:g} of an edge", cause="it must lie in 0 … 0.5")
    cuts = []
    for face in solid.faces:
        for start, end in zip(face, face[1:] + face[:1], strict=True):
            cuts.append(solid.vertices[start] * (1 - share) + solid.vertices[end] * share)
    return convex(np.array(cuts), solid.density)


def convex(points: npt.ArrayLike, density: float = 1.0, *, centred: bool = True) -> Polyhedron:
    """The convex hull of points (N, 3), nm; points inside it are left out.

    Args:
        points: corners, in any order, doubled or not.
        density: electrons/nm³.
        centred: move the centre of mass to the origin, which otherwise must lie inside.

    Raises:
        BadParameter: for fewer than four points, points in one plane, or an origin outside where it must not be.
    """
    from scipy.spatial import ConvexHull, QhullError

    cloud = np.asarray(points, dtype=np.float64)
    if cloud.ndim != 2 or cloud.shape[1] != 3 or len(cloud) < 4 or not np.isfinite(cloud).all():
        raise BadParameter(
            f"a polyhedron from points of shape {cloud.shape}", cause="it takes four or more finite x, y, z"
        )
    middle, size = cloud.mean(axis=0), float(np.ptp(cloud, axis=0).max())
    try:
        outermost = (cloud - middle)[ConvexHull(cloud - middle).vertices]
        # Corners that agree to rounding are one corner: an edge between the two would have no direction.
        tidy = _distinct(outermost, 1e-7 * size)
        hull = ConvexHull(tidy)
    except (QhullError, ValueError) as error:
        raise BadParameter("a polyhedron from these points", cause="they lie in one plane or on one line") from error
    solid = _joined(tidy, hull.equations, density)
    if solid.volume < 1e-9 * size**3:
        raise BadParameter("a polyhedron from these points", cause="they lie in one plane or nearly so")
    if centred:
        return Polyhedron(solid.vertices - solid.centroid, solid.faces, density)
    placed = Polyhedron(solid.vertices + middle, solid.faces, density)
    if placed.depth(np.zeros((1, 3)))[0] <= 0:
        raise BadParameter("a polyhedron with the origin outside", hint="leave it centred on its centre of mass")
    return placed


def _joined(points: Real, equations: Real, density: float) -> Polyhedron:
    """The polyhedron of a hull's triangles, given by their planes; those in one plane are joined to one face."""
    size = float(np.ptp(points, axis=0).max())
    alike = np.abs(equations[:, None, :3] - equations[None, :, :3]).max(axis=2) < 1e-6
    planes = equations[alike.argmax(axis=1) == np.arange(len(equations))]
    on_plane = np.abs(points @ planes[:, :3].T + planes[:, 3]) < 1e-6 * size
    # A corner lies on three faces or more; points on an edge or within a face are none.
    corner = on_plane.sum(axis=1) >= 3
    points, on_plane = points[corner], on_plane[corner]
    faces = [
        _turned(points, np.flatnonzero(members), plane[:3]) for members, plane in zip(on_plane.T, planes, strict=True)
    ]
    return Polyhedron(points, tuple(tuple(int(number) for number in face) for face in faces), density)


def _turned(points: Real, members: npt.NDArray[np.intp], normal: Real) -> npt.NDArray[np.intp]:
    """A face's corners counter-clockwise seen from outside."""
    local = points[members] - points[members].mean(axis=0)
    first = local[0] / np.linalg.norm(local[0])
    angles = np.arctan2(local @ np.cross(normal, first), local @ first)
    return np.asarray(members[np.argsort(angles)])


def _distinct(points: Real, gap: float) -> Real:
    """Of points closer than `gap` to one another the first."""
    close = np.abs(points[:, None] - points[None]).max(axis=2) <= gap
    return np.asarray(points[close.argmax(axis=1) == np.arange(len(points))])


def _on_sphere(corners: npt.ArrayLike, diameter: float, density: float) -> Polyhedron:
    directions = np.asarray(corners, dtype=np.float64)
    return convex(directions * (diameter / 2 / np.linalg.norm(directions[0])), density)
