"""What all starts share, as files that every process maps: it may be large, and pipes copy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.files.disk import not_saved
from models.patterns import Pattern
from models.phasing.settings import PhasingSettings
from models.phasing.starts.lane import MakeSolver, SolverLike, Task
from models.phasing.types import BoolArray


@dataclass(frozen=True, slots=True)
class Material:
    """Patterns as files, each in a part (a folder) of its own; "" is the whole one.

    Attributes:
        folder: holds intensity.npy, measured.npy, held_out.npy, and the parts. device: for the solvers.
    """

    folder: Path
    unit: str
    device: str

    @staticmethod
    def write(folder: Path, pattern: Pattern, held_out: BoolArray, device: str) -> Material:
        """Write the whole pattern. Raises NotSaved where there is no room for temporary files."""
        material = Material(folder, pattern.unit, device)
        material.add("", pattern, held_out)
        return material

    def add(self, part: str, pattern: Pattern, held_out: BoolArray) -> None:
        """Write another pattern. Raises NotSaved."""
        folder = self.folder / part
        folder.mkdir(exist_ok=True)
        _save(folder / "intensity.npy", pattern.intensity)
        _save(folder / "measured.npy", pattern.measured)
        _save(folder / "held_out.npy", held_out)

    def keep(self, name: str, values: npt.NDArray[Any]) -> Path:
        """Write an array beside the others, in place of an older one of this name. Raises NotSaved."""
        path = self.folder / f"{name}.npy"
        # Another process may still map the older one: it keeps what it has.
        path.unlink(missing_ok=True)
        _save(path, values)
        return path

    def maker(self) -> MakeSolver:
        """Makes solvers; every pattern is read once."""
        patterns: dict[str, tuple[Pattern, BoolArray]] = {}

        def make(task: Task, settings: PhasingSettings) -> SolverLike:
            from models.phasing.solver import Solver

            if task.part not in patterns:
                patterns[task.part] = self._pattern(task.part)
            pattern, held_out = patterns[task.part]
            return Solver(
                pattern,
                settings,
                task.seed,
                held_out=held_out,
                device=self.device,
                first=None if task.first is None else _mapped(task.first),
                support=None if task.support is None else _mapped(task.support),
            )

        return make

    def _pattern(self, part: str) -> tuple[Pattern, BoolArray]:
        folder = self.folder / part
        pattern = Pattern(_mapped(folder / "intensity.npy"), _mapped(folder / "measured.npy"), self.unit)
        return pattern, _mapped(folder / "held_out.npy")


def _save(path: Path, values: npt.NDArray[Any]) -> None:
    try:
        np.save(path, values)
    except OSError as error:
        raise not_saved(f"The temporary file {path} was not written", error) from error


def _mapped(path: Path) -> npt.NDArray[Any]:
    stored: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return stored
