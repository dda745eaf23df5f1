"""The placed points of a map, and which of them lie near a position or inside a region."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


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
        good = np.isfinite(positions).all(axis=1)
        self.all_placed = bool(good.all())
        self.frames: npt.NDArray[np.intp] = np.flatnonzero(good)
        placed = positions if self.all_placed else positions[good]
        if len(placed):
            low, high = placed.min(axis=0).astype(np.float64), placed.max(axis=0).astype(np.float64)
        else:
            low = high = np.zeros(2)
        self.origin = (float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2)
        self.half = (float(high[0] - low[0]) / 2, float(high[1] - low[1]) / 2)
        self.x: Float32 = (placed[:, 0] - self.origin[0]).astype(np.float32)
        self.y: Float32 = (placed[:, 1] - self.origin[1]).astype(np.float32)
        self._d = np.empty_like(self.x)
        self._e = np.empty_like(self.x)

    def __len__(self) -> int:
        return len(self.x)

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
        if not len(self.x):
            return -1
        np.subtract(self.x, np.float32(x), out=self._d)
        np.multiply(self._d, self._d, out=self._d)
        np.subtract(self.y, np.float32(y), out=self._e)
        np.multiply(self._e, self._e, out=self._e)
        np.add(self._d, self._e, out=self._d)
        best = int(self._d.argmin())
        return best if float(self._d[best]) <= radius * radius else -1

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
        low, high = corners.min(axis=0), corners.max(axis=0)
        cells = grid.shape[0]
        steps = cells / np.maximum(high - low, 1e-30)
        column, row = self._d, self._e
        # Cells just outside the grid catch everything that is not in the bounding box.
        for values, axis, out in ((self.x, 0, column), (self.y, 1, row)):
            np.subtract(values, np.float32(low[axis]), out=out)
            np.multiply(out, np.float32(steps[axis]), out=out)
            np.clip(out, -1.0, float(cells), out=out)
            np.add(out, 1.0, out=out)
        padded = np.zeros((cells + 2, cells + 2), np.uint8)
        padded[1:-1, 1:-1] = grid
        padded[1:-1, 1:-1][edge] = 2
        # Rounding may put a point of the outermost cells one cell too far out.
        padded[[0, -1], :] = padded[[1, -2], :] & 2
        padded[:, [0, -1]] = padded[:, [1, -2]] & 2
        flat = row.astype(np.int32)
        flat *= cells + 2
        flat += column.astype(np.int32)
        found = padded.ravel()[flat]
        inside = found == 1
        doubtful = np.flatnonzero(found == 2)
        if len(doubtful):
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
    px, py = x.astype(np.float64), y.astype(np.float64)
    winding = np.zeros(len(px), np.int32)
    following = np.roll(corners, -1, axis=0)
    for (ax, ay), (bx, by) in zip(corners, following, strict=True):
        if ay == by:
            continue
        crosses = (py >= min(ay, by)) & (py < max(ay, by))
        if not crosses.any():
            continue
        left = (bx - ax) * (py - ay) - (px - ax) * (by - ay)
        if by > ay:
            winding += crosses & (left > 0)
        else:
            winding -= crosses & (left < 0)
    return winding != 0
