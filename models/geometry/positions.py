"""Where every stored pixel is in the laboratory, from a geometry file; and which pixels the file calls bad.

Coordinates are CrystFEL's and CXI's: right-handed, +z along the beam, +y up, so that +x is to the right when one
looks into the beam; the direct beam is x = y = 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from models.errors import BadGeometry
from models.geometry.detector import BadRegion, DetectorGeometry, Panel
from models.runs.types import FlagImage, PixelFlag

FloatArray = npt.NDArray[np.float64]

_LEAST_COVERED = 0.5
"""A geometry that describes no more of the data than this is one of another detector."""


@dataclass(frozen=True, eq=False)
class PixelPositions:
    """Where the pixels of one stored frame (slab) are.

    Attributes:
        x, y: float64, shape of the slab, metres; NaN where nothing is said about a pixel.
        z: float32, shape of the slab, metres along the beam from the detector's nominal distance.
        pitch_m: size of a pixel of the assembled frame.
        outlines: (n, 4, 2) corners (y, x) of the panels, metres.
        name: of the file that says so.
        notes: what was assumed, in sentences.
    """

    x: FloatArray
    y: FloatArray
    z: npt.NDArray[np.float32]
    pitch_m: float
    outlines: FloatArray
    name: str
    notes: tuple[str, ...] = ()

    @cached_property
    def known(self) -> npt.NDArray[np.bool_]:
        """Shape of the slab, True where the pixel has a position."""
        finite: npt.NDArray[np.bool_] = np.isfinite(self.x) & np.isfinite(self.y) & np.isfinite(self.z)
        return finite

    @property
    def panels(self) -> int:
        return len(self.outlines)


def shape_text(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def positions_of(detector: DetectorGeometry, slab: tuple[int, ...]) -> PixelPositions:
    """Evaluate a geometry file for a slab of shape (ss, fs) or (modules, ss, fs).

    Raises:
        BadGeometry: the file describes another detector; both shapes are named.
    """
    notes = check_fit(detector, slab)
    size = math.prod(slab)
    x, y = np.full(size, np.nan), np.full(size, np.nan)
    z = np.zeros(size, np.float32)
    outlines = np.empty((len(detector.panels), 4, 2))
    twice = 0
    for number, panel in enumerate(detector.panels):
        where = panel_index(detector, panel, slab)
        height, width = panel.shape
        px, py, pz = _points(panel, np.arange(0.5, height), np.arange(0.5, width))
        twice += int(np.count_nonzero(~np.isnan(x[where])))
        x[where], y[where], z[where] = px, py, pz
        corners = [_points(panel, np.array([j]), np.array([i])) for j, i in _corners(*panel.shape)]
        outlines[number] = [(cy.item(), cx.item()) for cx, cy, _ in corners]
    if twice:
        notes.append(f"{twice} pixels of the data belong to two panels in {detector.name}: the later panel has them")
    pitches = np.array([1.0 / panel.resolution for panel in detector.panels])
    pitch = float(np.median(pitches))
    if np.ptp(pitches) > 1e-3 * pitch:
        notes.append(
            f"The panels in {detector.name} have pixels of {pitches.min() * 1e6:.4g} to {pitches.max() * 1e6:.4g} µm"
            f": the assembled frame has {pitch * 1e6:.4g} µm"
        )
    return PixelPositions(
        x=x.reshape(slab),
        y=y.reshape(slab),
        z=z.reshape(slab),
        pitch_m=pitch,
        outlines=outlines,
        name=detector.name,
        notes=tuple(notes),
    )


def check_fit(detector: DetectorGeometry, slab: tuple[int, ...]) -> list[str]:
    """Whether a geometry can be one of this data; sentences on what it leaves out. Raises BadGeometry."""
    expected = detector.slab_shape
    modules, slow, fast = _as_modules(expected)
    there, there_slow, there_fast = _as_modules(slab)
    rows, there_rows = modules * slow, there * there_slow
    same = (modules, slow) == (there, there_slow)
    stacked = rows == there_rows and 1 in (modules, there)  # modules one under the other: the same order of pixels
    part = (slow == there_slow or modules == there == 1) and there_rows * _LEAST_COVERED < rows < there_rows
    if fast != there_fast or not (same or stacked or part):
        raise BadGeometry(
            f"{detector.path} does not fit this run",
            cause=f"geometry expects {shape_text(expected)}, data is {shape_text(slab)}",
            hint="Choose the geometry file of this detector, in the layout of this data",
        )
    if rows < there_rows:
        said = f"{detector.name} describes {shape_text(expected)} pixels, the data have {shape_text(slab)}"
        return [f"{said}: the rest is not shown"]
    return []


def _as_modules(shape: tuple[int, ...]) -> tuple[int, int, int]:
    """(modules, ss, fs) with all axes before the slow scan counted as modules."""
    return math.prod(shape[:-2]), shape[-2], shape[-1]


def panel_index(detector: DetectorGeometry, panel: Panel, slab: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """(ss, fs) of the panel: places of its pixels in the flattened slab."""
    expected = detector.slab_shape
    module = 0
    for index, size in zip(panel.fixed, expected, strict=False):
        module = module * size + index
    rows = np.arange(panel.first[0], panel.last[0] + 1) + module * expected[-2]
    columns = np.arange(panel.first[1], panel.last[1] + 1)
    return rows[:, None] * slab[-1] + columns[None, :]


def bad_flags(detector: DetectorGeometry, positions: PixelPositions) -> FlagImage:
    """uint8 `PixelFlag` bits, shape of the slab: bad regions, panels not to be used, their edges."""
    slab = positions.x.shape
    flags = np.zeros(math.prod(slab), np.uint8)
    resolution = np.zeros(flags.size) if any(not region.in_data for region in detector.bad_regions) else None
    for panel in detector.panels:
        where = panel_index(detector, panel, slab)
        for bad in _bad_in_panel(detector, panel):
            flags[where[bad]] |= np.uint8(PixelFlag.MASKED)
        if resolution is not None:
            resolution[where] = panel.resolution
    if resolution is not None:
        x, y = positions.x.ravel() * resolution, positions.y.ravel() * resolution
        for region in detector.bad_regions:
            if not region.in_data:
                inside = _inside_laboratory(region, x, y)
                if region.panel:
                    inside &= _of_panel(detector, region.panel, slab)
                flags[inside] |= np.uint8(PixelFlag.MASKED)
    return flags.reshape(slab)


def _bad_in_panel(detector: DetectorGeometry, panel: Panel) -> Iterator[tuple[slice, slice]]:
    """The panel's own bad rows and columns."""
    height, width = panel.shape
    if panel.ignored:
        yield slice(None), slice(None)
    if edge := panel.edge_px:
        yield slice(0, edge), slice(None)
        yield slice(max(0, height - edge), None), slice(None)
        yield slice(None), slice(0, edge)
        yield slice(None), slice(max(0, width - edge), None)
    for region in detector.bad_regions:
        if region.in_data and region.panel in ("", panel.name):
            spans = []
            for axis, size in enumerate((height, width)):
                first = panel.first[axis]
                low, high = (min(max(end[axis] - first, -1.0), size) for end in (region.low, region.high))
                start = max(0, math.ceil(low))
                spans.append(slice(start, max(start, math.floor(high) + 1)))
            yield spans[0], spans[1]


def _inside_laboratory(region: BadRegion, x: FloatArray, y: FloatArray) -> npt.NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        inside: npt.NDArray[np.bool_] = (
            (y >= region.low[0]) & (y <= region.high[0]) & (x >= region.low[1]) & (x <= region.high[1])
        )
    return inside


def _of_panel(detector: DetectorGeometry, name: str, slab: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    own = np.zeros(math.prod(slab), np.bool_)
    for panel in detector.panels:
        if panel.name == name:
            own[panel_index(detector, panel, slab)] = True
    return own


def _points(panel: Panel, rows: FloatArray, columns: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """x, y and z in metres at (row, column) of a panel, counted from its corner; each (rows, columns)."""
    starts = (*panel.corner_px, 0.0)
    found = [
        (start + columns[None, :] * fs + rows[:, None] * ss) / panel.resolution
        for start, fs, ss in zip(starts, panel.fs, panel.ss, strict=True)
    ]
    return found[0], found[1], found[2] + panel.coffset_m


def _corners(height: float, width: float) -> tuple[tuple[float, float], ...]:
    return (0.0, 0.0), (0.0, width), (height, width), (height, 0.0)
