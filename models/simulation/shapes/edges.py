"""The faces and edges of a polyhedron laid out for its Fourier sum: all that q is multiplied with, in one table."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.simulation.shapes.body import Real


@dataclass(frozen=True, eq=False)
class Group:
    """Faces with as many edges as one another, F of them.

    Attributes:
        faces: which of the normals are theirs.
        edges: of each of their edges in turn, (F,) which it is.
        outward: of each of their edges in turn, which rows of the table hold its outward normal within the face.
        sizes: (F,) (2R/L)² of the first edge, R the body's radius.
    """

    faces: slice
    edges: list[npt.NDArray[np.int64]]
    outward: list[slice]
    sizes: Real


@dataclass(frozen=True, eq=False)
class Net:
    """What the sum over faces and edges needs.

    Attributes:
        rows: (N, 3) what q is multiplied with: the edges' middles, half of them from end to end, the faces' normals
            times L²/2 of their first edge, and the outward normals of every face's edges within it times L/2.
        middles, halves, normals: where the first three lie.
        groups: of faces.
    """

    rows: Real
    middles: slice
    halves: slice
    normals: slice
    groups: list[Group]


class _Edges:
    """Edges numbered as they are met; of a body that is its own mirror image opposite edges are one."""

    def __init__(self, radius: float, centric: bool) -> None:
        self._radius = radius
        self._centric = centric
        self._numbers: dict[tuple[float, ...], int] = {}
        self.middles: list[Real] = []
        self.halves: list[Real] = []

    def number(self, start: Real, end: Real) -> int:
        middle, half = (start + end) / 2, (end - start) / 2
        if self._centric and in_lower_half(middle, self._radius):
            middle, half = -middle, -half
        # Adding 0 makes −0 and 0 the same key.
        key = tuple((np.round(middle / self._radius, 9) + 0.0).tolist())
        if key not in self._numbers:
            self._numbers[key] = len(self.middles)
            self.middles.append(middle)
            self.halves.append(half)
        return self._numbers[key]


def net_of(vertices: Real, faces: Sequence[tuple[int, ...]], normals: Real, *, centric: bool) -> Net:
    """The net of a polyhedron; of a `centric` one, one face and one edge of each opposite pair, counted twice."""
    radius = float(np.linalg.norm(vertices, axis=1).max())
    by_count: dict[int, list[int]] = {}
    for number, face in enumerate(faces):
        if not (centric and in_lower_half(normals[number], 1.0)):
            by_count.setdefault(len(face), []).append(number)
    members = [number for group in by_count.values() for number in group]
    met = _Edges(radius, centric)
    edges = {number: [met.number(*ends) for ends in _sides(vertices, faces[number])] for number in members}
    lengths = 2 * np.linalg.norm(np.stack(met.halves), axis=1)
    first = lengths[[edges[number][0] for number in members]]
    table = [
        np.stack(met.middles),
        np.stack(met.halves),
        normals[members] * (first**2 * (1.0 if centric else 0.5))[:, None],
    ]
    bounds = np.cumsum([0, *map(len, table)]).tolist()
    groups, begin, place = [], bounds[3], 0
    for count, numbers in by_count.items():
        outward = []
        for turn in range(count):
            ends = [_sides(vertices, faces[number])[turn] for number in numbers]
            table.append(np.stack([np.cross(b - a, normals[n]) / 2 for (a, b), n in zip(ends, numbers, strict=True)]))
            outward.append(slice(begin, begin + len(numbers)))
            begin += len(numbers)
        theirs = slice(place, place + len(numbers))
        place += len(numbers)
        turns = [np.array([edges[number][turn] for number in numbers], dtype=np.int64) for turn in range(count)]
        groups.append(Group(theirs, turns, outward, (2 * radius / first[theirs]) ** 2))
    middles, halves, upright = itertools.starmap(slice, itertools.pairwise(bounds))
    return Net(np.concatenate(table), middles, halves, upright, groups)


def _sides(vertices: Real, face: tuple[int, ...]) -> list[tuple[Real, Real]]:
    """Start and end of each edge of a face."""
    return [(vertices[a], vertices[b]) for a, b in zip(face, face[1:] + face[:1], strict=True)]


def in_lower_half(place: Real, size: float) -> bool:
    """True for exactly one of a place and its opposite."""
    for component in place[::-1]:
        if abs(component) > 1e-9 * size:
            return bool(component < 0)
    return False
