"""Which pixels a drawn shape covers: exact, on pixel centres at whole numbers.

A pixel belongs to a shape as its centre does:

- rectangle and polygon hold their upper and left edges and not their lower and right ones (y0 ≤ y < y1): shapes with
  a common edge share no pixel and leave none out; polygons that cross themselves follow the even-odd rule.
- an ellipse holds its outline: ((y−cy)/ry)² + ((x−cx)/rx)² ≤ 1; with a radius of 0 it covers nothing.
- a brush covers what is at most half its diameter away from its path, the outline included.

A Friedel mate is the shape with all its points mirrored at the beam, put on pixels by the same rules.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from models.masking.settings import MaskShape
from models.runs.types import BoolImage

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Box:
    """Pixels top ≤ y < bottom, left ≤ x < right."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def empty(self) -> bool:
        return self.bottom <= self.top or self.right <= self.left

    @property
    def shape(self) -> tuple[int, int]:
        return max(0, self.bottom - self.top), max(0, self.right - self.left)

    @property
    def slices(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def common(self, other: Box) -> Box:
        """What lies in both."""
        return Box(
            max(self.top, other.top),
            max(self.left, other.left),
            min(self.bottom, other.bottom),
            min(self.right, other.right),
        )

    def joined(self, other: Box) -> Box:
        """The smallest box round both."""
        if self.empty or other.empty:
            return other if self.empty else self
        return Box(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )


NOWHERE = Box(0, 0, 0, 0)
_FAR = 1e9
"""pixels: beyond any frame, and far within what integers can say"""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Pixels of a part of a frame.

    Attributes:
        box: where, inside the frame.
        covered: bool of the box's shape.
    """

    box: Box
    covered: BoolImage

    def part(self, box: Box) -> BoolImage:
        """What is covered of a smaller box inside."""
        top, left = box.top - self.box.top, box.left - self.box.left
        return self.covered[top : top + box.shape[0], left : left + box.shape[1]]


def stamps(shape: MaskShape, frame: tuple[int, int]) -> Iterator[Stamp]:
    """What a rectangle, ellipse, polygon or brush covers of a frame of (H, W) pixels, and then its mate.

    Raises:
        ValueError: for a shape that has no outline ("grow", "pixels").
    """
    for outline in (shape, *mates(shape)):
        yield _stamp(outline, frame)


def bounds(shape: MaskShape, frame: tuple[int, int]) -> Box:
    """A box outside which a rectangle, ellipse, polygon or brush, with its mate, covers nothing."""
    found = NOWHERE
    for outline in (shape, *mates(shape)):
        points = np.clip(np.asarray(outline.points, np.float64), -_FAR, _FAR).reshape(-1, 2)
        reach = (outline.size_px / 2, outline.size_px / 2) if outline.kind == "brush" else (0.0, 0.0)
        if outline.kind == "ellipse":
            points, reach = points[:1], (float(points[1, 0]), float(points[1, 1]))
        found = found.joined(_around(points, reach, frame))
    return found


def mates(shape: MaskShape) -> tuple[MaskShape, ...]:
    """The same shape on the other side of the beam, where that was asked for."""
    if shape.mate_of is None or not shape.points:
        return ()
    y, x = shape.mate_of
    points = np.asarray(shape.points).reshape(-1, 2)
    if shape.kind == "ellipse":
        mirrored = np.array([2 * np.array([y, x]) - points[0], points[1]])
    else:
        mirrored = 2 * np.array([y, x]) - points
    if shape.kind == "rectangle":
        mirrored = np.sort(mirrored, axis=0)
    return (replace(shape, points=tuple(mirrored.reshape(-1).tolist()), mate_of=None),)


def _stamp(shape: MaskShape, frame: tuple[int, int]) -> Stamp:
    points = np.clip(np.asarray(shape.points, np.float64), -_FAR, _FAR).reshape(-1, 2)
    if shape.kind == "rectangle":
        return _rectangle(points, frame)
    if shape.kind == "ellipse":
        return _ellipse(points, frame)
    if shape.kind == "polygon":
        return _polygon(points, frame)
    if shape.kind == "brush":
        return _brush(points, shape.size_px / 2, frame)
    raise ValueError(f"a mask's {shape.kind!r} has no outline")


def _rectangle(points: Points, frame: tuple[int, int]) -> Stamp:
    low, high = points.min(axis=0), points.max(axis=0)
    box = _inside(
        frame,
        math.ceil(_near(low[0])),
        math.ceil(_near(low[1])),
        math.ceil(_near(high[0])),
        math.ceil(_near(high[1])),
    )
    return Stamp(box, np.ones(box.shape, np.bool_))


def _ellipse(points: Points, frame: tuple[int, int]) -> Stamp:
    (cy, cx), (ry, rx) = points
    if ry <= 0 or rx <= 0:
        return Stamp(NOWHERE, np.zeros((0, 0), np.bool_))
    box = _around(points[:1], (ry, rx), frame)
    y = (np.arange(box.top, box.bottom) - cy) / ry
    x = (np.arange(box.left, box.right) - cx) / rx
    covered: BoolImage = (y * y)[:, None] + (x * x)[None, :] <= 1.0
    return Stamp(box, covered)


def _polygon(corners: Points, frame: tuple[int, int]) -> Stamp:
    """Row by row: a pixel is inside where an odd number of edges cross the row at or left of its centre."""
    box = _around(corners, (0.0, 0.0), frame)
    height, width = box.shape
    if box.empty:
        return Stamp(box, np.zeros((height, width), np.bool_))
    # crossings[y, x] counts edges whose crossing lies in (x - 1, x]: a running count along the row does the rest
    crossings = np.zeros((height, width + 1), np.int32)
    for (y0, x0), (y1, x1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        if y0 > y1:
            y0, x0, y1, x1 = y1, x1, y0, x0
        first, last = max(box.top, math.ceil(y0)), min(box.bottom, math.ceil(y1))
        if first >= last:
            continue
        rows = np.arange(first, last)
        at = x0 + (rows - y0) * ((x1 - x0) / (y1 - y0))
        columns = np.clip(np.ceil(np.clip(at, -_FAR, _FAR)) - box.left, 0, width).astype(np.intp)
        crossings[rows - box.top, columns] += 1
    np.cumsum(crossings, axis=1, out=crossings)
    covered: BoolImage = (crossings[:, :width] & 1).astype(np.bool_)
    return Stamp(box, covered)


def _brush(path: Points, radius: float, frame: tuple[int, int]) -> Stamp:
    """Row by row: what lies within a radius of a straight line is convex, one stretch of each row."""
    box = _around(path, (radius, radius), frame)
    height, width = box.shape
    if radius <= 0 or box.empty:
        return Stamp(box, np.zeros(box.shape, np.bool_))
    # +1 where a stretch begins and −1 behind its end: a running count along the row does the rest
    edges = np.zeros((height, width + 1), np.int32)
    starts = path[:-1] if len(path) > 1 else path
    ends = path[1:] if len(path) > 1 else path
    for start, end in zip(starts, ends, strict=True):
        part = _around(np.array([start, end]), (radius, radius), frame)
        if part.empty:
            continue
        rows = np.arange(part.top, part.bottom)
        left, right = _stretches(rows.astype(np.float64), start, end, radius)
        first = np.clip(np.ceil(np.clip(left, -_FAR, _FAR)) - box.left, 0, width).astype(np.intp)
        behind = np.clip(np.floor(np.clip(right, -_FAR, _FAR)) + 1 - box.left, 0, width).astype(np.intp)
        some = behind > first
        places = rows[some] - box.top
        edges[places, first[some]] += 1
        edges[places, behind[some]] -= 1
    np.cumsum(edges, axis=1, out=edges)
    covered: BoolImage = edges[:, :width] > 0
    return Stamp(box, covered)


def _stretches(rows: Points, start: Points, end: Points, radius: float) -> tuple[Points, Points]:
    """(n,) leftmost and rightmost x of what is at most a radius away from a line; +∞ and −∞ in rows without.

    That is a disc round either end, and the rectangle between them.
    """
    left, right = np.full(len(rows), np.inf), np.full(len(rows), -np.inf)
    for y, x in (start, end):
        inside = radius * radius - (rows - y) ** 2
        half = np.sqrt(np.maximum(inside, 0.0))
        left = np.where(inside >= 0, np.minimum(left, x - half), left)
        right = np.where(inside >= 0, np.maximum(right, x + half), right)
    length = math.hypot(*(end - start))
    if length == 0:
        return left, right
    across = np.array([start[1] - end[1], end[0] - start[0]]) * (radius / length)
    corners = (start + across, end + across, end - across, start - across)
    for (y0, x0), (y1, x1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if abs(y1 - y0) < 1e-12:
            continue  # its two ends are those of its neighbours
        share = (rows - y0) / (y1 - y0)
        at = x0 + share * (x1 - x0)
        met = (share >= 0) & (share <= 1)
        left = np.where(met, np.minimum(left, at), left)
        right = np.where(met, np.maximum(right, at), right)
    return left, right


def _around(points: Points, radius: tuple[float, float], frame: tuple[int, int]) -> Box:
    """Every pixel of the frame that could be within (y, x) radii of the points."""
    low, high = points.min(axis=0) - radius, points.max(axis=0) + radius
    return _inside(
        frame,
        math.floor(_near(low[0])),
        math.floor(_near(low[1])),
        math.floor(_near(high[0])) + 2,
        math.floor(_near(high[1])) + 2,
    )


def _inside(frame: tuple[int, int], top: int, left: int, bottom: int, right: int) -> Box:
    height, width = frame
    top, left = min(max(0, top), height), min(max(0, left), width)
    return Box(top, left, max(top, min(bottom, height)), max(left, min(right, width)))


def _near(position: float) -> float:
    """Within what integers can say: a position may be anything that is finite."""
    return min(max(float(position), -_FAR), _FAR)
