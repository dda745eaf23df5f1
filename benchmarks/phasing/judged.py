"""What counts as success on the simulated objects, for the default preset and for other programs alike."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.phasing.quality import object_error

GOOD = 0.3
"""Object errors below this are a success."""
CONDITIONS = ((1e8, 0), (1e6, 3), (1e5, 3), (1e6, 6))
"""Photons scattered in all, and radius of the beam stop in px."""

Complex = npt.NDArray[np.complexfloating]


@dataclass(frozen=True, slots=True)
class Found:
    """What one start gave. object: complex, of the pattern's shape. score: the program's own, less is better."""

    object: Complex
    score: float


def judged(truth: Complex, found: Iterable[Found]) -> dict[str, Any]:
    """`error`: of the start that the program would choose; `starts`: of all, the chosen first.

    An object that is zero or not finite has the error 1, the largest there is; so has a program without any.
    """
    ranked = sorted(found, key=lambda start: start.score if np.isfinite(start.score) else np.inf)
    errors = [_error(truth, start.object) for start in ranked]
    return {"error": errors[0] if errors else 1.0, "starts": errors}


def chosen_is_good(rows: Iterable[dict[str, Any]]) -> tuple[int, int]:
    """Of how many objects the chosen start is good, and of how many any is."""
    with_good = [row for row in rows if min(row["starts"], default=1.0) < GOOD]
    return sum(row["error"] < GOOD for row in with_good), len(with_good)


def append(path: Path, row: dict[str, Any]) -> None:
    """A line of JSON more."""
    with path.open("a") as out:
        out.write(json.dumps(row) + "\n")


def read(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """The rows of such files, one after the other."""
    return [json.loads(line) for path in paths for line in path.read_text().splitlines() if line.strip()]


def conditions(texts: Iterable[str]) -> list[tuple[float, int]]:
    """Of “photons,stop” each; all where there is none."""
    pairs = [text.split(",") for text in texts]
    return [(float(photons), int(stop)) for photons, stop in pairs] or list(CONDITIONS)


def _error(truth: Complex, found: Complex) -> float:
    try:
        return object_error(truth, found)
    except BadParameter:
        return 1.0
