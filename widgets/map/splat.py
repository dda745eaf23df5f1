"""Points painted into an image with numpy: a million of them within a screen frame, without OpenGL.

Two steps. `project` finds for every pixel which point is on top (an index image), `compose` looks the colours up. A
change of colour needs only the second; a change of view both. Draw order comes from layers: points of higher layers
lie on top, and within one the later frame does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from widgets.map.points import MapPoints
from widgets.map.transform import MapTransform

DENSE = 6.0
"""From this many points sharing a pixel (as the typical point sees it) brightness shows density."""
SHADES = 16
"""Steps of brightness for density."""
EMPTY = 255
"""Code of a pixel without a point."""
FADED = 256
"""Added to the code of a point that is not in the selection."""
_BLOCK = 1 << 15
"""Points handled at a time: their intermediate values stay in the processor's cache."""
_FAINTEST = 0.4
_MOST_COUNTED = 4095


class Splat:
    """The index image of the points in one view."""

    def __init__(self) -> None:
        self.point_size = 1
        self.dense = False
        self._shape = (0, 0)
        self._index = np.zeros((0, 0), np.int32)
        self._lowest = np.zeros((0, 0), np.int32)
        self._shade = np.zeros((0, 0), np.uint16)
        self._spare: list[npt.NDArray[np.int32]] = []
        self._flat = np.zeros(0, np.intp)
        self._places = np.zeros(0, np.int32)

    def project(
        self, points: MapPoints, view: MapTransform, size: int, layers: Sequence[npt.NDArray[np.intp]] = ()
    ) -> None:
        """Find the top point of every pixel.

        Args:
            points: what to paint.
            view: its width and height are the image's, in pixels.
            size: diameter of a point in pixels.
            layers: places of points to paint over all others, lowest layer first.
        """
        height, width = max(1, int(view.height)), max(1, int(view.width))
        self._make_room(len(points), (height + 2, width + 2))
        self.point_size = size
        # One pixel more on each side catches every point outside, so that no mask over the points is needed.
        half = (size - 1) / 2
        scale = np.float32(view.scale)
        left, top = np.float32(view.offset_x + 1 - half), np.float32(view.offset_y + 1 - half)
        for start in range(0, len(points), _BLOCK):
            some = slice(start, start + _BLOCK)
            column = np.clip(points.x[some] * scale + left, 0, width + 1)
            row = np.clip(top - points.y[some] * scale, 0, height + 1)
            flat = row.astype(np.intp)
            flat *= width + 2
            flat += column.astype(np.intp)
            self._flat[some] = flat
        self._measure_density()
        self._lowest.fill(-1)
        self._lowest.ravel()[self._flat] = self._places
        self._grow(self._lowest)
        self._stack_layers(layers)

    def restack(self, layers: Sequence[npt.NDArray[np.intp]]) -> None:
        """Change the draw order in the same view."""
        self._stack_layers(layers)

    def compose(
        self,
        codes: npt.NDArray[np.uint16],
        table: npt.NDArray[np.uint32],
        out: npt.NDArray[np.uint32],
    ) -> None:
        """Paint the view.

        Args:
            codes: (points + 1,) row of the table for each point; the last one is for pixels without a point.
            table: (SHADES × 512,) or (512,) colours; with shades, row = shade · 512 + code.
            out: (height, width) receives the colours.
        """
        top = self._index[1:-1, 1:-1]
        # -1 (no point) picks the last code.
        picked = codes[top]
        if self.dense:
            picked += self._shade[1:-1, 1:-1]
        else:
            picked += np.uint16((SHADES - 1) * 512)
        np.take(table, picked, out=out, mode="clip")

    def _make_room(self, count: int, shape: tuple[int, int]) -> None:
        # Buffers are kept: fresh pages for ten megabytes cost as much as the arithmetic on them.
        if len(self._flat) != count:
            self._flat = np.empty(count, np.intp)
            self._places = np.arange(count, dtype=np.int32)
        if self._shape != shape:
            self._shape = shape
            self._index = np.empty(shape, np.int32)
            self._lowest = np.empty(shape, np.int32)
            self._shade = np.empty(shape, np.uint16)
            self._spare = [np.empty(shape, np.int32) for _ in range(3)]

    def _stack_layers(self, layers: Sequence[npt.NDArray[np.intp]]) -> None:
        np.copyto(self._index, self._lowest)
        for layer in layers:
            if not len(layer):
                continue
            above = self._spare[2]
            above.fill(-1)
            above.ravel()[self._flat[layer]] = layer
            self._grow(above)
            np.copyto(self._index, above, where=above >= 0)

    def _grow(self, index: npt.NDArray[np.int32]) -> None:
        """Make every point `point_size` pixels wide and round; where points meet, the later one stays on top."""
        size = self.point_size
        if size <= 1:
            return
        wide, total = self._spare[0], self._spare[1]
        total.fill(-1)
        previous = -1
        for first, rows in _disc_rows(size):
            if first != previous:
                np.copyto(wide, index)
                for shift in range(1, size - 2 * first):
                    np.maximum(wide[:, shift:], index[:, : index.shape[1] - shift], out=wide[:, shift:])
                previous = first
            for row in rows:
                high, across = index.shape
                np.maximum(total[row:, first:], wide[: high - row, : across - first], out=total[row:, first:])
        np.copyto(index, total)

    def _measure_density(self) -> None:
        self.dense = False
        count = len(self._flat)
        if count < 20_000:
            return
        per_pixel = np.bincount(self._flat, minlength=self._index.size).reshape(self._shape)
        per_pixel[[0, -1], :] = 0
        per_pixel[:, [0, -1]] = 0
        counts = per_pixel.ravel().astype(np.float32)
        # The mean over points, not over pixels: how many neighbours the typical point is hidden among.
        sharing = float(np.dot(counts, counts)) / max(1.0, float(counts.sum())) * self.point_size**2
        self.dense = sharing > DENSE
        if not self.dense:
            return
        for axis in (0, 1):
            single = per_pixel.copy() if self.point_size > 1 else per_pixel
            for shift in range(1, self.point_size):
                if axis == 0:
                    per_pixel[shift:] += single[:-shift]
                else:
                    per_pixel[:, shift:] += single[:, :-shift]
        most = min(_MOST_COUNTED, max(2, int(np.sqrt(sharing) * 20)))
        steps = np.log1p(np.arange(most + 1)) / np.log1p(most)
        shades = np.minimum(SHADES - 1, (steps * SHADES).astype(np.uint16)) * np.uint16(512)
        np.take(shades, per_pixel, out=self._shade, mode="clip")


def _disc_rows(size: int) -> list[tuple[int, list[int]]]:
    """A disc `size` pixels wide as rows: (pixels cut off on each side, rows with that cut)."""
    if size <= 2:
        return [(0, list(range(size)))]
    radius = size / 2
    cuts: dict[int, list[int]] = {}
    for row in range(size):
        off = row + 0.5 - radius
        half = math.sqrt(max(0.0, radius * radius - off * off))
        cuts.setdefault(round(radius - half), []).append(row)
    return sorted(cuts.items())


def shaded_table(
    colours: npt.NDArray[np.uint8], background: tuple[int, int, int], fade: float
) -> npt.NDArray[np.uint32]:
    """The colour table that `Splat.compose` reads: (SHADES × 512,) 0xffRRGGBB.

    Args:
        colours: (256, 3) RGB for the codes; the last one (`EMPTY`) is overwritten with the background.
        background: RGB behind the points.
        fade: how much background is mixed into points outside the selection, 0..1.
    """
    behind = np.array(background, np.float32)
    plain = colours[:, :3].astype(np.float32)
    plain[EMPTY] = behind
    both = np.concatenate([plain, plain * (1 - fade) + behind * fade])
    strength = _FAINTEST + (1 - _FAINTEST) * np.arange(SHADES, dtype=np.float32) / (SHADES - 1)
    table = behind + (both[None] - behind) * strength[:, None, None]
    rgb = np.rint(table).astype(np.uint32).reshape(-1, 3)
    return (np.uint32(0xFF000000) | (rgb[:, 0] << 16) | (rgb[:, 1] << 8) | rgb[:, 2]).astype(np.uint32)


def comfortable_size(points: MapPoints, view: MapTransform, ratio: float) -> int:
    """Diameter in pixels at which the points in view cover a good part of it without hiding each other."""
    half_x, half_y = view.width / 2 / view.scale, view.height / 2 / view.scale
    x, y = view.centre_x, view.centre_y
    visible = max(1, points.roughly_inside(x - half_x, y - half_y, x + half_x, y + half_y))
    size = np.sqrt(0.35 * view.width * view.height / visible)
    return int(np.clip(np.floor(size), 1, 6 * ratio))
