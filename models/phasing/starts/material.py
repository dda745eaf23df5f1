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
    """What all starts share, as files that every process maps (it may be large, and pipes copy).

    Attributes:
        folder: holds intensity.npy, measured.npy, held_out.npy. unit: the pattern's. device: for the solvers.
    """

    folder: Path
    unit: str
    device: str

    @staticmethod
    def write(folder: Path, pattern: Pattern, held_out: BoolArray, device: str) -> Material:
        """Write them. Raises NotSaved where there is no room for temporary files."""
        _save(folder / "intensity.npy", pattern.intensity)
        _save(folder / "measured.npy", pattern.measured)
        _save(folder / "held_out.npy", held_out)
        return Material(folder, pattern.unit, device)

    def keep(self, name: str, values: npt.NDArray[Any]) -> Path:
        """Write an array of the pattern's shape beside the others, in place of an older one of this name."""
        path = self.folder / f"{name}.npy"
        # Another process may still map the older one: it keeps what it has.
        path.unlink(missing_ok=True)
        _save(path, values)
        return path

    def maker(self) -> MakeSolver:
        """Makes solvers; the arrays are read once."""
        pattern = Pattern(_mapped(self.folder / "intensity.npy"), _mapped(self.folder / "measured.npy"), self.unit)
        held_out = _mapped(self.folder / "held_out.npy")

        def make(task: Task, settings: PhasingSettings) -> SolverLike:
            from models.phasing.solver import Solver

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


def _save(path: Path, values: npt.NDArray[Any]) -> None:
    try:
        np.save(path, values)
    except OSError as error:
        raise not_saved(f"The temporary file {path} was not written", error) from error


def _mapped(path: Path) -> npt.NDArray[Any]:
    stored: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return stored
