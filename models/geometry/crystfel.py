"""CrystFEL's detector geometry files (.geom), after the manual page crystfel_geometry(5).

`key = value` sets a value for all panels that are first mentioned further down, `panel/key = value` for one panel,
`;` begins a comment. Names that begin with "bad", "group" or "rigid_group" are no panels. Positions are in pixels:
the middle of the pixel in column i and row j of a panel is at corner + (i + ½)·fs + (j + ½)·ss, with +z along the
beam and +y up.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.errors import BadGeometry
from models.geometry.detector import (
    EVENT,
    FAST,
    SLOW,
    BadRegion,
    DetectorGeometry,
    MaskRule,
    Panel,
    Quantity,
    Vector,
)

LARGEST_FILE = 16 * 2**20
MOST_PANELS = 10_000
_LARGEST_INDEX = 2**20
_MOST_WARNINGS = 20
_LARGEST = {"corner_x": 1e7, "corner_y": 1e7, "res": 1e12, "coffset": 1e5}
"""Pixels, pixels per metre and metres beyond which no detector reaches."""
_LONGEST_STEP = 1e3
_LEAST_RESOLUTION = 1e-3
_DEFAULT_DATA = "/data/data"

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_QUANTITY = re.compile(rf"({_NUMBER})\s*([A-Za-zµÅ]*)")
# What was matched is not given back (++), or a line of thousands of digits would take seconds.
_TERM = re.compile(r"\s*+([+-]?)\s*+((?:\d++\.?\d*+|\.\d++)(?:[eE][+-]?\d++)?)?\s*+([xyz])")
_DIM = re.compile(r"dim(\d+)")
_MASK = re.compile(r"mask([0-7])_(data|file|goodbits|badbits)")
_OLD_MASK = {"mask": "data", "mask_file": "file", "mask_good": "goodbits", "mask_bad": "badbits"}
_BAD_LIMIT = re.compile(r"(min|max)_(fs|ss|x|y)")
_PANEL_LIMIT = re.compile(r"(min|max)_(fs|ss)")
_NOT_FOR_US = frozenset(
    {
        "badrow_direction",
        "bandwidth",
        "clen_for_centering",
        "integr_radius",
        "num_peaks_path",
        "peak_info_location",
        "peak_list",
        "peak_list_type",
        "peak_sep",
        "photon_energy_bandwidth",
        "rail_x",
        "rail_y",
        "rail_z",
        "saturation_map",
        "saturation_map_file",
    }
)
"""Keys that concern indexing and integration."""


def read_geom(path: str | Path) -> DetectorGeometry:
    """Read a geometry file.

    Raises:
        BadGeometry: it cannot be read, or says something impossible; names the line.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise BadGeometry(
                f"{path} is no geometry file",
                cause=f"it has {size / 2**20:.0f} MB, and a geometry is text of at most {LARGEST_FILE // 2**20} MB",
                hint="Choose a .geom file",
            )
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadGeometry(f"{path} cannot be read", cause=reason, hint="Choose the geometry file again") from error
    if b"\0" in content[:4096]:
        raise BadGeometry(
            f"{path} is no geometry file", cause="it is not text", hint="Choose a CrystFEL geometry (.geom)"
        )
    return parse_geom(content.decode("utf-8", "replace"), path)


def parse_geom(text: str, path: Path = Path("geometry")) -> DetectorGeometry:
    """The geometry that `text` describes; `path` is its name in messages. Raises BadGeometry."""
    return _Parser(path).parse(text)


@dataclass
class _Draft:
    """A panel, or the values for panels to come, while it is read."""

    values: dict[str, Any] = field(default_factory=dict)
    dims: dict[int, int | str] = field(default_factory=dict)
    masks: dict[int, dict[str, Any]] = field(default_factory=dict)
    line: int = 0

    def copy(self, line: int) -> _Draft:
        masks = {place: dict(rule) for place, rule in self.masks.items()}
        return _Draft(dict(self.values), dict(self.dims), masks, line)


class _Parser:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.line = 0
        self.defaults = _Draft()
        self.panels: dict[str, _Draft] = {}
        self.bad: dict[str, _Draft] = {}
        self.beam: dict[str, Quantity] = {}
        self.groups: dict[str, tuple[str, ...]] = {}
        self.warnings: list[str] = []
        self.unknown: dict[str, list[int]] = {}
        numbers = ("corner_x", "corner_y", "coffset", "adu_per_eV", "adu_per_photon", "max_adu")
        flags = ("flag_lessthan", "flag_morethan", "flag_equal")
        self.readers: dict[str, Callable[[str], Any]] = {
            **dict.fromkeys((*numbers, *flags), self._number),
            "res": self._resolution,
            "fs": self._vector,
            "ss": self._vector,
            "data": str,
            "clen": self._quantity,
            "no_index": self._switch,
            "mask_edge_pixels": self._whole,
        }

    def parse(self, text: str) -> DetectorGeometry:
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for self.line, written in enumerate(lines, 1):
            content = written.split(";", 1)[0].strip()
            if not content:
                continue
            key, equals, value = (part.strip() for part in content.partition("="))
            if not equals or not key:
                self._warn(f"line {self.line} is not “key = value” and is ignored")
                continue
            self._take(key, value)
        self.line = 0
        if not self.panels:
            raise self._bad("it describes no panels", "Choose a CrystFEL geometry file (.geom)")
        panels = tuple(self._panel(name, draft) for name, draft in self.panels.items())
        self._check_axes(panels)
        for key, where in self.unknown.items():
            more = f" and {len(where) - 1} more" if len(where) > 1 else ""
            self._warn(f"line {where[0]}{more}: “{key}” is not known and is ignored")
        regions = [self._region(name, draft) for name, draft in self.bad.items()]
        if len(self.warnings) > _MOST_WARNINGS:
            left = len(self.warnings) - _MOST_WARNINGS
            self.warnings = [*self.warnings[:_MOST_WARNINGS], f"{left} more warnings are not shown"]
        return DetectorGeometry(
            path=self.path,
            panels=panels,
            bad_regions=tuple(region for region in regions if region is not None),
            photon_energy=self.beam.get("photon_energy"),
            wavelength=self.beam.get("wavelength"),
            shift=(self.beam.get("detector_shift_x"), self.beam.get("detector_shift_y")),
            groups=self.groups,
            warnings=tuple(self.warnings),
        )

    # -- one line --------------------------------------------------------------------------------------------------

    def _take(self, key: str, value: str) -> None:
        owner, slash, name = key.partition("/")
        owner, name = owner.strip(), name.strip()
        if not slash:
            self._take_global(key, value)
        elif owner.startswith("bad"):
            region = self.bad.setdefault(owner, _Draft(line=self.line))
            if _BAD_LIMIT.fullmatch(name):
                region.values[name] = self._number(value)
            elif name == "panel":
                region.values[name] = value
            elif match := _DIM.fullmatch(name):
                region.dims[int(match[1][:9])] = value
            else:
                self._unknown(name)
        else:
            if owner not in self.panels:
                if len(self.panels) >= MOST_PANELS:
                    raise self._bad(f"it describes more than {MOST_PANELS} panels")
                self.panels[owner] = self.defaults.copy(self.line)
            self._set(self.panels[owner], name, value)

    def _take_global(self, key: str, value: str) -> None:
        if key.startswith(("rigid_group", "group")):
            self.groups[key] = tuple(member.strip() for member in value.split(",") if member.strip())
        elif key in ("photon_energy", "wavelength", "detector_shift_x", "detector_shift_y"):
            self.beam[key] = self._quantity(value)
        elif key == "electron_voltage":
            self._warn(f"line {self.line}: electron_voltage is for electrons; the photon energy is not set by it")
        else:
            self._set(self.defaults, key, value)

    def _set(self, draft: _Draft, name: str, value: str) -> None:
        if name in self.readers:
            draft.values[name] = self.readers[name](value)
        elif _PANEL_LIMIT.fullmatch(name):
            draft.values[name] = self._index(value)
        elif match := _DIM.fullmatch(name):
            draft.dims[self._index(match[1])] = self._dim(value)
        elif name in _OLD_MASK or (match := _MASK.fullmatch(name)):
            place, part = (0, _OLD_MASK[name]) if name in _OLD_MASK else (int(match[1]), match[2])  # type: ignore[index]
            rule = draft.masks.setdefault(place, {})
            rule[part] = self._bits(value) if part.endswith("bits") else value
        elif name not in _NOT_FOR_US:
            self._unknown(name)

    # -- values ----------------------------------------------------------------------------------------------------

    def _number(self, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            raise self._bad(f"{text[:40]!r} is no number") from None
        if not math.isfinite(number):
            raise self._bad(f"{text[:40]!r} is not finite")
        return number

    def _resolution(self, text: str) -> float:
        number = self._number(text)
        if number < _LEAST_RESOLUTION:
            raise self._bad(f"{text[:40]!r} must be above 0, in pixels per metre")
        return number

    def _whole(self, text: str) -> int:
        number = self._number(text)
        if number != int(number) or number < 0:
            raise self._bad(f"{text[:40]!r} must be a whole number from 0")
        return int(number)

    def _index(self, text: str) -> int:
        number = self._whole(text)
        if number > _LARGEST_INDEX:
            raise self._bad(f"{text[:40]!r} is larger than any detector")
        return number

    def _dim(self, text: str) -> int | str:
        return text if text in (EVENT, SLOW, FAST) else self._index(text)

    def _switch(self, text: str) -> bool:
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        return self._number(text) != 0

    def _bits(self, text: str) -> int:
        try:
            bits = int(text[:40], 0)
        except ValueError:
            raise self._bad(f"{text[:40]!r} is no bit pattern", "Write it as 0x1f or as a whole number") from None
        if not 0 <= bits < 2**64:
            raise self._bad(f"{text[:40]!r} has more than 64 bits")
        return bits

    def _quantity(self, text: str) -> Quantity:
        if match := _QUANTITY.fullmatch(text):
            return Quantity(self._number(match[1]), unit=match[2], line=self.line)
        location, _, unit = text.partition(" ")
        if not location.startswith("/"):
            raise self._bad(f"{text[:40]!r} is neither a number nor a path in the data file")
        return Quantity(None, location=location, unit=unit.strip(), line=self.line)

    def _vector(self, text: str) -> Vector:
        parts = {"x": 0.0, "y": 0.0, "z": 0.0}
        at = 0
        while at < len(text.rstrip()):
            match = _TERM.match(text, at)
            if match is None or (at > 0 and not match[1]):
                raise self._bad(f"{text[:60]!r} is no direction", "Write it like +0.99x -0.01y +0.0z")
            size = self._number(match[2]) if match[2] else 1.0
            parts[match[3]] += -size if match[1] == "-" else size
            at = match.end()
        if at == 0:
            raise self._bad("a direction is empty", "Write it like +0.99x -0.01y +0.0z")
        return parts["x"], parts["y"], parts["z"]

    # -- panels and regions ----------------------------------------------------------------------------------------

    def _panel(self, name: str, draft: _Draft) -> Panel:
        self.line = draft.line
        values = draft.values
        needed = ("min_fs", "max_fs", "min_ss", "max_ss", "corner_x", "corner_y", "res")
        missing = [key for key in needed if key not in values]
        if missing:
            raise self._bad(f"panel {name} has no {', '.join(missing)}", "Add it, or take the whole panel out")
        first, last = (values["min_ss"], values["min_fs"]), (values["max_ss"], values["max_fs"])
        if first[0] > last[0] or first[1] > last[1]:
            raise self._bad(f"panel {name} ends before it begins (min above max)")
        fs, ss = values.get("fs", (1.0, 0.0, 0.0)), values.get("ss", (0.0, 1.0, 0.0))
        for key, largest in _LARGEST.items():
            if abs(values.get(key, 0.0)) > largest:
                raise self._bad(f"{key} of panel {name} is {values[key]:g}, which no detector reaches")
        if max(map(abs, (*fs, *ss))) > _LONGEST_STEP:
            raise self._bad(f"fs or ss of panel {name} steps over more than {_LONGEST_STEP:g} pixels")
        if abs(fs[0] * ss[1] - fs[1] * ss[0]) < 1e-6:
            raise self._bad(f"fs and ss of panel {name} point the same way, or along the beam")
        rules = [
            MaskRule(rule["data"], rule.get("file", ""), rule.get("goodbits", 0), rule.get("badbits", 0))
            for _, rule in sorted(draft.masks.items())
            if rule.get("data")
        ]
        return Panel(
            name=name,
            fs=fs,
            ss=ss,
            corner_px=(values["corner_x"], values["corner_y"]),
            resolution=values["res"],
            first=first,
            last=last,
            dims=self._dims(name, draft.dims),
            coffset_m=values.get("coffset", 0.0),
            clen=values.get("clen"),
            data=values.get("data", _DEFAULT_DATA),
            masks=tuple(rules),
            flag_below=values.get("flag_lessthan"),
            flag_above=values.get("flag_morethan"),
            flag_equal=values.get("flag_equal"),
            saturated_above=values.get("max_adu"),
            adu_per_eV=values.get("adu_per_eV"),
            adu_per_photon=values.get("adu_per_photon"),
            edge_px=values.get("mask_edge_pixels", 0),
            ignored=values.get("no_index", False),
            line=draft.line,
        )

    def _dims(self, name: str, dims: dict[int, int | str]) -> tuple[int | str, ...]:
        if not dims:
            return (SLOW, FAST)
        if len(dims) != max(dims) + 1:
            gone = next(place for place in range(len(dims)) if place not in dims)
            raise self._bad(f"panel {name} has dim{max(dims)} but no dim{gone}")
        found = tuple(dims[place] for place in range(len(dims)))
        if found.count(SLOW) != 1 or found.count(FAST) != 1:
            raise self._bad(f"panel {name} must have one dim = ss and one dim = fs")
        if found.index(FAST) < found.index(SLOW):
            raise self._bad(f"panel {name} has fs before ss", "The fast scan must be the later axis")
        return found

    def _check_axes(self, panels: tuple[Panel, ...]) -> None:
        """The slab of one event is only defined if all panels cut it the same way."""

        def kinds(panel: Panel) -> tuple[str, ...]:
            return tuple("n" if isinstance(dim, int) else dim for dim in panel.dims)

        for panel in panels[1:]:
            if kinds(panel) != kinds(panels[0]):
                self.line = panel.line
                raise self._bad(
                    f"panels {panels[0].name} and {panel.name} have different kinds of axes (dim0, dim1, …)"
                )

    def _region(self, name: str, draft: _Draft) -> BadRegion | None:
        self.line = draft.line
        limits = {key for key in draft.values if key != "panel"}
        in_data = any(key.endswith("s") for key in limits)
        if in_data and any(key.endswith(("x", "y")) for key in limits):
            raise self._bad(f"bad region {name} mixes fs/ss with x/y", "Use one of them for all four limits")
        panel = str(draft.values.get("panel", ""))
        if panel and panel not in self.panels:
            self._warn(f"line {draft.line}: bad region {name} is on panel {panel}, which is not described: ignored")
            return None
        axes = ("ss", "fs") if in_data else ("y", "x")
        low = tuple(draft.values.get(f"min_{axis}", -math.inf) for axis in axes)
        high = tuple(draft.values.get(f"max_{axis}", math.inf) for axis in axes)
        if not limits:
            self._warn(f"line {draft.line}: bad region {name} has no limits: ignored")
            return None
        if in_data and not panel and len(self.panels) > 1:
            self._warn(f"line {draft.line}: bad region {name} names no panel: it counts for all of them")
        return BadRegion(name, panel, in_data, (low[0], low[1]), (high[0], high[1]), draft.line)

    # -- telling ---------------------------------------------------------------------------------------------------

    def _unknown(self, name: str) -> None:
        self.unknown.setdefault(name[:40], []).append(self.line)

    def _warn(self, sentence: str) -> None:
        self.warnings.append(sentence)

    def _bad(self, cause: str, hint: str = "") -> BadGeometry:
        where = f", line {self.line}" if self.line else ""
        return BadGeometry(
            f"{self.path}{where}", cause=cause, hint=hint or "Correct the geometry file", line=self.line
        )
