"""Figures on file, so that tables can be put together from parts measured at different times, or taken up again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Measured:
    """Figures of a method on a set of frames.

    Attributes:
        figures: (n,) of each frame, by name; see `measure`. NaN where a figure has no meaning.
        ms: median processor time of a frame.
    """

    figures: dict[str, npt.NDArray[np.float64]]
    ms: float

    def __len__(self) -> int:
        return len(next(iter(self.figures.values())))

    def mean(self, name: str, first: int | None = None) -> float:
        """Over the first frames, those left out in which the figure has no meaning; NaN if all."""
        values = self.figures[name][:first]
        known = values[np.isfinite(values)]
        return float(known.mean()) if len(known) else float("nan")


class Kept:
    """Lines of JSON, one for each method on each set of frames.

    Args:
        paths: files to read, those that are not there yet left out; new lines go to the first. None for no file.
    """

    def __init__(self, paths: Sequence[Path] = ()) -> None:
        self._out = paths[0] if paths else None
        self._known: dict[str, Measured] = {}
        for path in paths:
            if path.is_file():
                for line in path.read_text().splitlines():
                    one = json.loads(line)
                    figures = {name: np.array(values, np.float64) for name, values in one["figures"].items()}
                    self._known[one["key"]] = Measured(figures, one["ms"])

    def get(self, key: str) -> Measured | None:
        """What was measured under this key; None where nothing was."""
        return self._known.get(key)

    def put(self, key: str, found: Measured) -> None:
        """Remember it."""
        self._known[key] = found
        if self._out is not None:
            figures = {name: values.tolist() for name, values in found.figures.items()}
            with self._out.open("a") as file:
                file.write(json.dumps({"key": key, "ms": found.ms, "figures": figures}) + "\n")
