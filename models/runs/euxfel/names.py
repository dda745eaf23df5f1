"""What European XFEL calls its files, its data sources and its detectors."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

_FILE = re.compile(
    r"^(?P<kind>[A-Z]+)-R(?P<run>\d{4,})-(?P<aggregator>[A-Za-z0-9_-]*[A-Za-z_-])(?P<number>\d*)"
    r"-S(?P<sequence>\d{5,})\.h5$"
)
_MODULE = re.compile(
    r"^(?P<device>[^/:*]+)/(?P<stage>DET|CORR)/(?P<before>|JNGFR|MODULE_|RECEIVER-)(?P<number>\d{1,3})"
    r"(?P<after>|CH\d+):(?P<channel>[^/:*]+)$"
)


@dataclass(frozen=True, slots=True)
class FileName:
    """What a file's name says: RAW-R0238-AGIPD05-S00002.h5.

    Attributes:
        kind: "RAW", "CORR" …
        run: number of the run.
        aggregator: what was written, without its number ("AGIPD", "DA").
        number: the aggregator's number, of detectors that of the module; None where there is none.
        sequence: place of the file in the run, from 0.
    """

    kind: str
    run: int
    aggregator: str
    number: int | None
    sequence: int


def parse_file_name(name: str) -> FileName | None:
    """What a file's name says; None where it is not one of the facility's."""
    found = _FILE.match(name)
    if found is None:
        return None
    number = found["number"]
    return FileName(
        found["kind"], int(found["run"]), found["aggregator"], int(number) if number else None, int(found["sequence"])
    )


def data_files(folder: Path) -> list[Path]:
    """The facility's files in a folder, in order of their names. Raises OSError."""
    names = sorted(name for name in os.listdir(folder) if name.endswith(".h5"))  # noqa: PTH208  (folders may be long)
    return [folder / name for name in names if parse_file_name(name) is not None]


@dataclass(frozen=True, slots=True)
class ModuleSource:
    """A data source that is one module of a detector.

    Attributes:
        device: the detector's name ("SPB_DET_AGIPD1M-1").
        number: the module's number as the source counts them.
        pattern: the source's name with * for the number; the same for all modules of the detector.
    """

    device: str
    number: int
    pattern: str


def parse_module(source: str) -> ModuleSource | None:
    """Which module of which detector a source ("SPB_DET_AGIPD1M-1/DET/7CH0:xtdf") is; None where it is none."""
    found = _MODULE.match(source)
    if found is None or not (found["before"] or found["after"]):
        return None
    pattern = f"{found['device']}/{found['stage']}/{found['before']}*{found['after']}:{found['channel']}"
    return ModuleSource(found["device"], int(found["number"]), pattern)


@dataclass(frozen=True, slots=True)
class DetectorType:
    """What is known of a detector by its name.

    Attributes:
        name: as people call it.
        modules: how many it has; None where that differs from one detector to the next.
        first: number of its first module.
        pixel_size_m: pitch of its (square) pixels; None where it has others.
    """

    name: str
    modules: int | None
    first: int
    pixel_size_m: float | None


_TYPES = (
    ("AGIPD1M", DetectorType("AGIPD", 16, 0, 200e-6)),
    ("AGIPD500K", DetectorType("AGIPD", 8, 0, 200e-6)),
    ("AGIPD", DetectorType("AGIPD", None, 0, 200e-6)),
    ("LPD1M", DetectorType("LPD", 16, 0, 500e-6)),
    ("LPD", DetectorType("LPD", None, 0, 500e-6)),
    ("DSSC1M", DetectorType("DSSC", 16, 0, None)),  # its pixels are hexagons
    ("JF4M", DetectorType("JUNGFRAU", 8, 1, 75e-6)),
    ("JF1M", DetectorType("JUNGFRAU", 2, 1, 75e-6)),
    ("JF", DetectorType("JUNGFRAU", None, 1, 75e-6)),
    ("JUNGF", DetectorType("JUNGFRAU", None, 1, 75e-6)),
    ("JNGFR", DetectorType("JUNGFRAU", None, 1, 75e-6)),
)


def detector_type(device: str) -> DetectorType | None:
    """What is known of the detector called `device`; None where it is of no known type."""
    name = device.upper()
    return next((kind for part, kind in _TYPES if part in name), None)
