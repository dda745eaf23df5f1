"""Denoised frames on disk: a CXI file that other programs open, and that nobody can take for measured counts.

Layout (CXI file format 1.6, F. Maia, Nat. Methods 9:854): rates, their standard deviations, CXI's mask bits and
Friedel's validity codes in `/entry_1/instrument_1/detector_1`, linked into `/entry_1/data_1` as `data`, `errors`,
`mask` and `validity`; what made them in `/entry_1/process_1`; one number or sentence a frame in `/entry_1/result_1`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from models.denoising.types import Denoised, MethodInfo, Rests
from models.files.h5 import h5_text
from models.runs.types import DENOISED, DENOISED_BY, FlagImage, Run

if TYPE_CHECKING:
    import h5py

_PER_FRAME = "experiment_identifier"
_FILTERS: dict[str, Any] = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
_STACKS = {"data": np.float32, "errors": np.float32, "mask": np.uint32, "validity": np.uint8}


class DenoisedWriter:
    """Writes denoised frames one by one into an open file.

    Args:
        file: a new HDF5 file.
        run: where the frames are from.
        frames: how many there will be at most.
        info: the method. unit: of the counts; the run's own where None.
    """

    def __init__(self, file: h5py.File, run: Run, frames: int, info: MethodInfo, unit: str | None = None) -> None:
        from models.workspace.export import CXI_VERSION, write_geometry

        file["cxi_version"] = CXI_VERSION
        file["number_of_entries"] = 1
        self._entry = file.create_group("entry_1")
        self._detector = self._entry.create_group("instrument_1/detector_1")
        self._run = run
        self._stacks = {name: self._stack(name, frames, kind) for name, kind in _STACKS.items()}
        # Nothing becomes photons by being denoised.
        self._unit = (run.unit if unit is None else unit) or "photons"
        self._stacks["data"].attrs["units"] = self._unit + DENOISED
        self._stacks["data"].attrs[DENOISED_BY] = info.title
        self._stacks["errors"].attrs["units"] = self._unit + DENOISED
        self._stacks["errors"].attrs["description"] = "standard deviation of the rate"
        self._stacks["validity"].attrs["description"] = ", ".join(
            f"{rest.value} {rest.name.lower()}" for rest in Rests
        )
        write_geometry(self._entry, self._detector, run)
        self._shared: FlagImage | None = None
        self._indices: list[int] = []
        self._photons: list[float] = []
        self._results: list[tuple[float, float, float, str, str]] = []

    def write(self, index: int, photons: float, flags: FlagImage, result: Denoised) -> None:
        """Frame `index` of the run: its measured photons, flags (H, W) of `PixelFlag`, and what was made of it."""
        from models.workspace.export import cxi_mask

        n = len(self._indices)
        self._stacks["data"][n] = result.rate
        self._stacks["errors"][n] = result.deviation
        self._stacks["mask"][n] = cxi_mask(flags)
        self._shared = flags if self._shared is None else self._shared & flags
        self._stacks["validity"][n] = result.validity
        self._indices.append(index)
        self._photons.append(photons)
        y, x = result.centre_px or (math.nan, math.nan)
        speckle = math.nan if result.speckle_px is None else result.speckle_px
        self._results.append((speckle, y, x, " ".join(result.warnings), "; ".join(result.notes)))

    def finish(self, provenance: Mapping[str, Any]) -> None:
        """Cut the stacks to the frames written; write what is known of each, and of all."""
        import h5py

        from models.workspace.export import cxi_mask

        n = len(self._indices)
        if self._shared is not None:
            # What is bad in every frame, under Cheetah's name, so that a reader need not look at all of them.
            self._detector.create_dataset("mask_shared", data=cxi_mask(self._shared), compression="gzip")
        for stack in self._stacks.values():
            stack.resize(n, axis=0)
        events = self._run.events
        names = [(str(events[i]) if events is not None else "") or f"{self._run.name}:{i}" for i in self._indices]
        _texts(self._entry, _PER_FRAME, names)
        data = self._entry.create_group("data_1")
        for name in _STACKS:
            data[name] = h5py.SoftLink(f"/entry_1/instrument_1/detector_1/{name}")
        data[_PER_FRAME] = h5py.SoftLink(f"/entry_1/{_PER_FRAME}")
        result = self._entry.create_group("result_1")
        result.create_dataset("original_index", data=np.array(self._indices, np.int64))
        result.create_dataset("measured_photons", data=np.array(self._photons))
        result["measured_photons"].attrs["units"] = self._unit
        for place, name in enumerate(("speckle_size", "beam_y", "beam_x")):
            result.create_dataset(name, data=np.array([row[place] for row in self._results], np.float64))
            result[name].attrs["units"] = "px"
        _texts(result, "denoising_warnings", [row[3] for row in self._results])
        _texts(result, "denoising_notes", [row[4] for row in self._results])
        process = self._entry.create_group("process_1")
        for name, value in provenance.items():
            process[name] = value

    def _stack(self, name: str, frames: int, kind: Any) -> h5py.Dataset:
        height, width = self._run.shape
        stack = self._detector.create_dataset(
            name, (frames, height, width), kind, maxshape=(None, height, width), chunks=(1, height, width), **_FILTERS
        )
        stack.attrs["axes"] = f"{_PER_FRAME}:y:x"
        return stack


def _texts(group: h5py.Group, name: str, values: Sequence[str]) -> None:
    import h5py

    data = group.create_dataset(name, data=h5_text(values), dtype=h5py.string_dtype())
    data.attrs["axes"] = _PER_FRAME
