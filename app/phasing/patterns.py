"""Patterns on their way between the processes: prepared once, written to a folder, mapped by whoever needs them.

Runs in the service and the workers: no Qt.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from app.phasing.pictures import measured_picture
from app.phasing.records import VOLUME, Prepared, Subject
from models.errors import BadPattern, FriedelError
from models.parameters import from_dict
from models.patterns import Pattern, PatternSettings, Step


def prepare(subject: Subject, values: Mapping[str, Any], folder: str) -> Prepared:
    """Prepare the pattern of a frame (or of the whole run as a volume) and write it to `folder`.

    Raises:
        FriedelError: the frame cannot be read, a setting does not fit, or the pattern cannot be phased.
    """
    return _kept(subject, values, _read(subject, from_dict(PatternSettings, values)), folder)


def take_up(subject: Subject, result_folder: str, folder: str) -> Prepared:
    """The pattern that a result was made from, written to `folder`: prepared as it was then, not as is set now."""
    return _kept(subject, {}, load_pattern(Path(result_folder)), folder)


def _kept(subject: Subject, values: Mapping[str, Any], pattern: Pattern, folder: str) -> Prepared:
    from models.patterns.check import check_pattern

    doubts = check_pattern(pattern)
    save_pattern(Path(folder), pattern)
    return Prepared(
        subject=subject,
        settings=dict(values),
        folder=folder,
        shape=pattern.shape,
        pixel_nm=pattern.pixel_nm,
        unit=pattern.unit,
        source=pattern.source,
        photons=pattern.photons,
        measured=float(pattern.measured.mean()),
        steps=pattern.steps,
        centre=_centre(pattern),
        amplitudes=measured_picture(pattern),
        doubts=doubts,
    )


def save_pattern(folder: Path, pattern: Pattern) -> None:
    """Write a pattern to a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "intensity.npy", pattern.intensity)
    np.save(folder / "measured.npy", pattern.measured)
    about = {
        "unit": pattern.unit,
        "pixel_nm": pattern.pixel_nm,
        "source": pattern.source,
        "steps": [{"name": step.name, "words": step.words, "values": dict(step.values)} for step in pattern.steps],
    }
    (folder / "pattern.json").write_text(json.dumps(about, default=_plain), "utf-8")


def load_pattern(folder: Path) -> Pattern:
    """The pattern in a folder; its arrays are mapped, not read."""
    about = json.loads((folder / "pattern.json").read_text("utf-8"))
    return Pattern(
        intensity=np.load(folder / "intensity.npy", mmap_mode="r", allow_pickle=False),
        measured=np.load(folder / "measured.npy", mmap_mode="r", allow_pickle=False),
        unit=about["unit"],
        pixel_nm=None if about["pixel_nm"] is None else tuple(about["pixel_nm"]),
        steps=tuple(Step(step["name"], step["words"], step["values"]) for step in about["steps"]),
        source=about["source"],
    )


def pixel_words(pattern: Pattern, y: int, x: int, calculated: np.ndarray[Any, Any] | None = None) -> str:
    """What the readout says of a pixel of the pattern (of a volume's middle plane)."""
    middle = () if pattern.intensity.ndim == 2 else (pattern.shape[0] // 2,)
    place = (*middle, y, x)
    height, width = pattern.shape[-2:]
    if not (0 <= y < height and 0 <= x < width):
        return ""
    unit = " photons" if pattern.unit == "photons" else ""
    parts = [f"y {y - height // 2}  x {x - width // 2} px"]
    if pattern.measured[place]:
        parts.append(f"measured {float(pattern.intensity[place]):.4g}{unit}")
    else:
        parts.append("not measured")
    if calculated is not None:
        parts.append(f"calculated {float(calculated[place]) ** 2:.4g}{unit}")
    q = q_at(pattern, y, x)
    if q is not None:
        parts.append(f"q {q:.4g} nm⁻¹")
        if q > 0:
            parts.append(f"d {2 * math.pi / q:.4g} nm")
    return "   ·   ".join(parts)


def q_at(pattern: Pattern, y: int, x: int) -> float | None:
    """|q| in nm⁻¹ of a pixel; a pixel of the pattern is 2π / (n · object pixel). None without geometry."""
    if pattern.pixel_nm is None:
        return None
    (height, width), (down, across) = pattern.shape[-2:], pattern.pixel_nm[-2:]
    return 2 * math.pi * math.hypot((y - height // 2) / (height * down), (x - width // 2) / (width * across))


def _read(subject: Subject, settings: PatternSettings) -> Pattern:
    path, dataset = Path(subject.path), subject.dataset or None
    if subject.frame == VOLUME:
        from models.patterns.read import read_pattern

        pattern = read_pattern(path, None, dataset, settings)
        if pattern.intensity.ndim != 3:
            raise BadPattern(f"{path.name} is no volume", cause=f"it has {pattern.intensity.ndim} axes")
        return pattern
    from models.patterns.prepare import prepare_pattern
    from models.treatment import open_treated

    run = open_treated(path, dataset, subject.treatment)
    try:
        if not 0 <= subject.frame < len(run):
            raise FriedelError(f"{run.name} has no frame {subject.frame}", cause=f"it has {len(run)}")
        frame = run.load(subject.frame)
        treated = f", treated ({subject.treatment.digest})" if subject.treatment.digest else ""
        source = f"{run.name}, frame {subject.frame}{treated}"
        return prepare_pattern(frame, run.geometry, settings, unit=run.unit, source=source)
    finally:
        run.close()


def _centre(pattern: Pattern) -> tuple[float, float] | None:
    """Where the steps say the beam is on the frame."""
    for step in pattern.steps:
        if step.name == "centre":
            found = step.values.get("centre_px", ())
            if len(found) >= 2:
                return float(found[-2]), float(found[-1])
    return None


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be kept as JSON")
