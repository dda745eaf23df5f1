"""A run whose frames are calibrated, put together by geometry and masked as they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.calibration import make_calibrator
from models.geometry import make_geometry
from models.masking import make_mask
from models.runs.types import BoolImage, Column, FlagImage, FloatImage, Frame, Geometry, PixelFlag, Run, RunIdentity
from models.workspace.location import folder_beside

if TYPE_CHECKING:
    from models.treatment.types import Treatment


def treat(run: Run, treatment: Treatment) -> TreatedRun:
    """The run with all its frames treated; reads the treatment's files, but no frame.

    Raises:
        FriedelError: a part does not fit this run.
    """
    return TreatedRun(run, treatment)


class TreatedRun:
    """A run around a run (see `models.runs.types.Run`); closing it closes the other.

    Attributes beyond the protocol:
        base: the run as stored. treatment: what is done to its frames.
        depth_m: (H, W) metres that each pixel lies behind the geometry's distance; None for a flat detector.
    """

    def __init__(self, base: Run, treatment: Treatment) -> None:
        self.base = base
        self.treatment = treatment
        self._calibrator = make_calibrator(treatment.calibration, base)
        placed = make_geometry(treatment.geometry, base)
        self._assembly = None if placed is None else placed.assembly
        self._value_flags = None if placed is None else placed.value_flags
        self.depth_m: FloatImage | None = None if placed is None else placed.depth_m
        self.path: Path = base.path
        self.name: str = base.name
        self.dataset: str = base.dataset
        self.shape: tuple[int, int] = base.shape if self._assembly is None else self._assembly.shape
        self.dtype: np.dtype[Any] = base.dtype if self._calibrator is None else np.dtype(np.float32)
        self.unit: str = base.unit if self._calibrator is None else self._calibrator.unit
        self.geometry: Geometry = base.geometry if placed is None else placed.geometry
        self.columns: Mapping[str, Column] = base.columns
        self.events: Sequence[str] | None = base.events
        self.incomplete: str = getattr(base, "incomplete", "")
        # Lists of photons have said already which detector file put them into a frame.
        self.identity: RunIdentity = replace(base.identity, treatment=base.identity.treatment + treatment.digest)
        # Pixels of a mask are in the workspace, which goes where the run goes.
        self._user = make_mask(treatment.masking, self.shape, (folder_beside(base.path),))
        self.warnings: tuple[str, ...] = (
            *(base.warnings if placed is None else placed.still_true(base.warnings)),
            *(() if self._calibrator is None else self._calibrator.notes),
            *(() if placed is None else placed.notes),
        )
        mask = self._static_mask()
        mask.setflags(write=False)
        self.mask: BoolImage = mask

    def __len__(self) -> int:
        return len(self.base)

    def __repr__(self) -> str:
        return f"<treated {self.base!r}>"

    def load(self, index: int) -> Frame:
        """Frame `index`, treated. Raises as the run's own `load`."""
        frame = self.base.load(index)
        raw: npt.NDArray[Any] = frame.raw
        flags: FlagImage = frame.flags
        if self._value_flags is not None:  # limits of the geometry file, which are in stored units
            flags = self._value_flags.apply(raw, flags)
        if self._calibrator is not None:
            raw, flags = self._calibrator.apply(raw, flags)
        if self._assembly is not None:
            raw, flags = self._assembly.apply(raw, flags)
        return Frame(index=index, raw=raw, flags=self._with_user(flags))

    def frame(self, index: int) -> FloatImage:
        """(H, W) float32 of frame `index`; raises as `load`."""
        return self.load(index).data

    def read(self, indices: Sequence[int]) -> FloatImage:
        """(n, H, W) float32 of several frames, one read each; raises as `load`."""
        out = np.empty((len(indices), *self.shape), np.float32)
        with np.errstate(over="ignore", invalid="ignore"):
            for place, index in enumerate(indices):
                out[place] = self.load(int(index)).raw
        return out

    def close(self) -> None:
        self.base.close()

    def _with_user(self, flags: FlagImage) -> FlagImage:
        if self._user is None:
            return flags
        masked: FlagImage = np.where(self._user, flags, flags | np.uint8(PixelFlag.USER))
        return masked

    def _static_mask(self) -> BoolImage:
        """What is masked in every frame."""
        mask = self.base.mask
        if self._assembly is not None:
            flags = np.where(mask, 0, np.uint8(PixelFlag.MASKED)).astype(np.uint8)
            _, flags = self._assembly.apply(np.zeros(self.base.shape, np.uint8), flags)
            mask = flags == 0
        user = np.ones(self.shape, np.bool_) if self._user is None else self._user
        used: BoolImage = mask & user
        return used
