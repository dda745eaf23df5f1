"""`Treatment`: everything that was decided about the pixels of a run, as one value that can be kept and sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from models.calibration.settings import CalibrationSettings
from models.errors import BadParameter
from models.geometry.settings import GeometrySettings
from models.masking.settings import MaskSettings
from models.parameters import from_dict, to_dict

VERSION = 1
_PARTS: tuple[tuple[str, type[Any]], ...] = (
    ("calibration", CalibrationSettings),
    ("geometry", GeometrySettings),
    ("masking", MaskSettings),
)


@dataclass(frozen=True)
class Treatment:
    """How frames are treated, in this order.

    Attributes:
        calibration: values of the stored pixels: pedestal, common mode, gain.
        geometry: where the pixels are: panels by a geometry file, and what the user corrected of the run's own word.
        masking: which pixels are not used, beside what the file says.
    """

    calibration: CalibrationSettings = field(default_factory=CalibrationSettings)
    geometry: GeometrySettings = field(default_factory=GeometrySettings)
    masking: MaskSettings = field(default_factory=MaskSettings)

    @property
    def is_nothing(self) -> bool:
        return self.calibration.is_nothing and self.geometry.is_nothing and self.masking.is_nothing

    @cached_property
    def digest(self) -> str:
        """8 hex digits that tell the pixels of this treatment from others, the files it rests on included; "" where
        they are as stored.

        Distance, energy and pixel size change no pixel, the beam's centre does: some features are taken about it.
        A file that is missing counts with its name alone: opening the run will say what is missing.
        """
        placed = GeometrySettings(self.geometry.positions, centre_px=self.geometry.centre_px)
        # Numbers of steps that are switched off change no pixel either.
        done = self.but(calibration=self.calibration.in_effect, geometry=placed)
        if done.is_nothing:
            return ""
        # Of masks it is their pixels that count, not the names they go by.
        decided = {**done.to_state(), "masking": self.masking.digest}
        told = hashlib.sha256(json.dumps(decided, sort_keys=True).encode())
        for path in sorted(done._files()):
            told.update(_contents(path))
        return told.hexdigest()[:8]

    def but(self, **parts: Any) -> Treatment:
        """The same with another `calibration`, `geometry` or `masking`."""
        return replace(self, **parts)

    def to_state(self) -> dict[str, Any]:
        """JSON-ready values that `from_state` takes."""
        return {
            "version": VERSION,
            "calibration": to_dict(self.calibration),
            "geometry": to_dict(self.geometry),
            "masking": self.masking.to_state(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Treatment:
        """The treatment `to_state` gave, also after a journey through JSON; missing parts are nothing.

        Raises:
            BadParameter: made by a newer version, or a part does not fit.
        """
        version = state.get("version", VERSION)
        if not isinstance(version, int) or version > VERSION:
            raise BadParameter(
                f"the treatment is of version {version!r}",
                cause=f"this program knows version {VERSION}",
                hint="Update Friedel",
            )
        parts = {}
        for name, kind in _PARTS:
            values = state.get(name) or {}
            if not isinstance(values, Mapping):
                raise BadParameter(f"{name} of the treatment is no table of parameters")
            parts[name] = from_dict(kind, {key: _tuples(value) for key, value in values.items()})
        unknown = sorted(set(state) - {"version", *parts})
        if unknown:
            raise BadParameter(f"unknown part {unknown[0]!r} of a treatment", cause=f"it has {', '.join(parts)}")
        return cls(**parts)

    def _files(self) -> set[str]:
        """Paths among the parameters: their contents are part of what is done."""
        found: set[str] = set()
        for part in (self.calibration, self.geometry):
            for value in to_dict(part).values():
                if isinstance(value, str) and Path(value).is_absolute():
                    found.add(value)
        return found


UNTREATED = Treatment()


def _tuples(value: Any) -> Any:
    """JSON has no tuples, and settings have no lists."""
    return tuple(_tuples(item) for item in value) if isinstance(value, list | tuple) else value


def _contents(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return path.encode("utf-8", "surrogateescape")
