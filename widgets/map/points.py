"""The placed points of a map, and which of them lie near a position or inside a region."""

from __future__ import annotations

import copy

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


_BLOCK = 1 << 15
"""Points handled at a time: their intermediate values stay in the processor's cache."""
_EDGE = 2


class MapPoints:
    """Positions of the frames that have one, as two contiguous float32 columns.

    Frames without a position (NaN) are left out; `frames` tells which frame each placed point is. Positions are kept
    relative to `origin` so that float32 keeps its precision at deep zoom.
    """

    def __init__(self, xy: npt.ArrayLike | None = None) -> None:
        positions = np.zeros((0, 2), np.float32) if xy is None else np.asarray(xy)
        if positions.ndim != 2 or positions.shape[1] != 2:
            raise ValueError(f"map positions must be (N, 2), not {positions.shape}")
        self.total = len(positions)
        x, y = positions[:, 0], positions[:, 1]
        good = np.isfinite(x)
        good &= np.isfinite(y)
        self.all_placed = bool(good.all())
        self.frames: npt.NDArray[np.intp] = np.arange(self.total) if self.all_placed else np.flatnonzero(good)
        if not self.all_placed:
            x, y = x[good], y[good]
        self.x, x_middle, x_half = _centred(x)
        self.y, y_middle, y_half = _centred(y)
        self.origin = (x_middle, y_middle)
        self.half = (x_half, y_half)

    def __len__(self) -> int:
        return len(self.x)

    def copy(self) -> MapPoints:
        """The same points with positions of their own."""
        twin = copy.copy(self)
        twin.x, twin.y = self.x.copy(), self.y.copy()
        return twin

    def place_of(self, frame: int) -> int:
        """Where a frame stands among the placed points, −1 where it has no position."""
        if not 0 <= frame < self.total:
            return -1
        if self.all_placed:
            return frame
        place = int(np.searchsorted(self.frames, frame))
        return place if place < len(self.frames) and self.frames[place] == frame else -1

    def nearest(self, x: float, y: float, radius: float) -> int:
        """The placed point nearest to a position, −1 where none is within `radius` (map units)."""
        best, found = np.inf, -1
        for start in range(0, len(self.x), _BLOCK):
            some = slice(start, start + _BLOCK)
            across = self.x[some] - np.float32(x)
            up = self.y[some] - np.float32(y)
            across *= across
            up *= up
            across += up
            place = int(across.argmin())
            if across[place] < best:
                best, found = float(across[place]), start + place
        return found if best <= radius * radius else -1

    def roughly_inside(self, x0: float, y0: float, x1: float, y1: float, sample: int = 20_000) -> int:
        """About how many points lie in a rectangle, judged from every n-th so that it costs nothing at a million."""
        step = max(1, len(self.x) // sample)
        x, y = self.x[::step], self.y[::step]
        return step * int(np.count_nonzero((x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)))

    def inside_rectangle(self, x0: float, y0: float, x1: float, y1: float) -> Bools:
        """(N,) over all frames: True for those placed inside the rectangle."""
        low_x, high_x = np.float32(min(x0, x1)), np.float32(max(x0, x1))
        low_y, high_y = np.float32(min(y0, y1)), np.float32(max(y0, y1))
        inside = (self.x >= low_x) & (self.x <= high_x) & (self.y >= low_y) & (self.y <= high_y)
        return self.over_frames(inside)

    def inside_polygon(self, corners: npt.NDArray[np.float64], grid: Bools, edge: Bools) -> Bools:
        """(N,) over all frames: True for those placed inside the closed polygon (non-zero winding).

        Args:
            corners: (M, 2) map positions (relative to `origin`).
            grid: (G, G) the polygon filled, over its bounding box, row 0 at the lowest y.
            edge: (G, G) cells its outline passes through; the points in these are tested exactly.
        """
        inside = np.zeros(len(self.x), bool)
        if len(corners) < 3 or not len(self.x):
            return self.over_frames(inside)
        low = corners.min(axis=0)
        cells = grid.shape[0]
        steps = (cells / np.maximum(corners.max(axis=0) - low, 1e-30)).astype(np.float32)
        low = low.astype(np.float32)
        # One cell more on each side catches everything outside the bounding box.
        kinds = np.zeros((cells + 2, cells + 2), np.uint8)
        kinds[1:-1, 1:-1] = grid
        kinds[1:-1, 1:-1][edge] = _EDGE
        # Rounding may put a point of the outermost cells one cell too far out.
        kinds[[0, -1], :] = kinds[[1, -2], :] & _EDGE
        kinds[:, [0, -1]] = kinds[:, [1, -2]] & _EDGE
        table = kinds.ravel()
        found = np.empty(len(self.x), np.uint8)
        for start in range(0, len(self.x), _BLOCK):
            some = slice(start, start + _BLOCK)
            column = np.clip((self.x[some] - low[0]) * steps[0], -1.0, cells)
            row = np.clip((self.y[some] - low[1]) * steps[1], -1.0, cells)
            flat = (row + np.float32(1)).astype(np.intp)
            flat *= cells + 2
            flat += (column + np.float32(1)).astype(np.intp)
            np.take(table, flat, out=found[some], mode="clip")
        inside = found == 1
        doubtful = np.flatnonzero(found == _EDGE)
        inside[doubtful] = winding_inside(self.x[doubtful], self.y[doubtful], corners)
        return self.over_frames(inside)

    def over_frames(self, placed: Bools) -> Bools:
        """A mask over the placed points as a mask over all frames."""
        if self.all_placed:
            return placed
        mask = np.zeros(self.total, bool)
        mask[self.frames] = placed
        return mask


def winding_inside(x: Float32, y: Float32, corners: npt.NDArray[np.float64]) -> Bools:
    """Exact test of points against a closed polygon: True where the winding number is not zero."""
    order = np.argsort(y)
    px, py = x[order].astype(np.float64), y[order].astype(np.float64)
    winding = np.zeros(len(px), np.int32)
    following = np.roll(corners, -1, axis=0)
    # Sorted by y, the points that an edge of the polygon can pass are one slice.
    lowest = np.searchsorted(py, np.minimum(corners[:, 1], following[:, 1]), side="left")
    highest = np.searchsorted(py, np.maximum(corners[:, 1], following[:, 1]), side="left")
    for first, last, (ax, ay), (bx, by) in zip(lowest, highest, corners, following, strict=True):
        if first == last:
            continue
        left = (bx - ax) * (py[first:last] - ay) - (px[first:last] - ax) * (by - ay)
        if by > ay:
            winding[first:last] += left > 0
        else:
            winding[first:last] -= left < 0
    inside = np.empty(len(px), bool)
    inside[order] = winding != 0
    return inside


def _centred(values: npt.NDArray[np.floating]) -> tuple[Float32, float, float]:
    """Values relative to the middle of their range, as contiguous float32; that middle, and half the range."""
    if not len(values):
        return np.zeros(0, np.float32), 0.0, 0.0
    column = np.ascontiguousarray(values)
    low, high = float(column.min()), float(column.max())
    middle = (low + high) / 2
    return (column - column.dtype.type(middle)).astype(np.float32), middle, (high - low) / 2
