"""What a geometry file says about a detector, as plain data: panels, bad regions, masks, beam."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

EVENT, SLOW, FAST = "%", "ss", "fs"

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number, or the place in the data file where it is found.

    Attributes:
        value: None where `location` says where it is.
        location: path in the data file, "" for a plain number.
        unit: as written, "" for none.
        line: line of the geometry file, from 1.
    """

    value: float | None
    location: str = ""
    unit: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class MaskRule:
    """One of up to eight bad-pixel masks: bad if (m & good) != good or m & bad.

    Attributes:
        location: path of the mask in its file. file: name of that file, "" for the data file itself.
    """

    location: str
    file: str = ""
    good: int = 0
    bad: int = 0


@dataclass(frozen=True, slots=True)
class Panel:
    """A rectangle of detector pixels that lies flat.

    Attributes:
        fs, ss: direction of fast and slow scan in the laboratory (x, y, z), in pixels.
        corner_px: (x, y) of the outer corner of the first pixel, in pixels of this panel.
        coffset_m: offset along the beam from `clen`.
        resolution: pixels per metre.
        first, last: (ss, fs) of the first and last pixel in the data block, inclusive.
        dims: what each axis of the data block is: "%", "ss", "fs" or a fixed index.
        flag_below, flag_above, flag_equal: a pixel with a value below, above or equal to it is bad.
        saturated_above: value above which a pixel is saturated (`max_adu`).
        edge_px: width of the frame of bad pixels round the panel.
        ignored: all of it is bad (`no_index`).
        line: where the panel is first mentioned.
    """

    name: str
    fs: Vector
    ss: Vector
    corner_px: tuple[float, float]
    resolution: float
    first: tuple[int, int]
    last: tuple[int, int]
    dims: tuple[int | str, ...]
    coffset_m: float = 0.0
    clen: Quantity | None = None
    data: str = ""
    masks: tuple[MaskRule, ...] = ()
    flag_below: float | None = None
    flag_above: float | None = None
    flag_equal: float | None = None
    saturated_above: float | None = None
    adu_per_eV: float | None = None
    adu_per_photon: float | None = None
    edge_px: int = 0
    ignored: bool = False
    line: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """(ss, fs) number of pixels."""
        return self.last[0] - self.first[0] + 1, self.last[1] - self.first[1] + 1

    @property
    def fixed(self) -> tuple[int, ...]:
        """Indices of the data block's axes that are neither events nor the panel's own."""
        return tuple(dim for dim in self.dims if isinstance(dim, int))


@dataclass(frozen=True, slots=True)
class BadRegion:
    """A rectangle of bad pixels, either in the data block or in the laboratory.

    Attributes:
        panel: the panel it is confined to, "" for all.
        in_data: True: `low` and `high` are (ss, fs), inclusive; False: (y, x) in the laboratory, in pixels.
    """

    name: str
    panel: str
    in_data: bool
    low: tuple[float, float]
    high: tuple[float, float]
    line: int = 0


@dataclass(frozen=True)
class DetectorGeometry:
    """A geometry file.

    Attributes:
        panels: in the file's order, at least one; all with the same kinds of axes.
        groups: panels or groups by the name of their group, as written.
        shift: (x, y) of the whole detector, None where it is not shifted.
        warnings: what was not understood or assumed, with line numbers.
    """

    path: Path
    panels: tuple[Panel, ...]
    bad_regions: tuple[BadRegion, ...] = ()
    photon_energy: Quantity | None = None
    wavelength: Quantity | None = None
    shift: tuple[Quantity | None, Quantity | None] = (None, None)
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.path.name

    @cached_property
    def slab_shape(self) -> tuple[int, ...]:
        """Shape of one event's data block that the panels span: (ss, fs), or (modules, ss, fs) and so on."""
        fixed = [max(indices) + 1 for indices in zip(*(panel.fixed for panel in self.panels), strict=True)]
        slow, fast = (max(panel.last[axis] for panel in self.panels) + 1 for axis in (0, 1))
        return (*fixed, slow, fast)
