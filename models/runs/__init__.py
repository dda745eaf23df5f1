"""Run files become `Run`s: one module per format, one small protocol (`models.runs.types`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from models.runs.masks import AS_READ, MaskOverride
from models.runs.types import Column, Frame, Geometry, PixelFlag, Run, RunIdentity

__all__ = [
    "Column",
    "Frame",
    "Geometry",
    "MaskOverride",
    "PixelFlag",
    "Run",
    "RunIdentity",
    "RunInfo",
    "describe",
    "open_run",
    "read_columns",
]


def open_run(path: str | Path, dataset: str | None = None, mask: MaskOverride = AS_READ) -> Run:
    """Open a file or folder of detector frames. Reads metadata only; frames come with `Run.load`.

    The format is recognised by content: CXI, NeXus and any other HDF5; run directories of European XFEL; NPY and NPZ;
    Dragonfly's EMC photons; TIFF, EDF, CBF and ADSC files, or a folder of these.

    Args:
        path: the file or folder.
        dataset: which dataset (HDF5) or array (NPZ) holds the frames, or what makes frames of photon lists
            ("detector:FILE", "shape:HxW") or of raw numbers ("raw:512x512:uint16:le:0"); None to find it.
        mask: how the file's own masks are to be read, where Friedel reads them wrongly.

    Raises:
        CannotOpen: it is missing, unreadable, damaged, or holds no frames.
        AmbiguousRun: several datasets might be the frames; the error lists them, best first.
        BadParameter: `dataset` begins like the header of a raw file, but does not go on like one.
    """
    from models.runs.recognise import recognise

    path = Path(path).expanduser()
    kind = recognise(path, dataset)
    if kind == "raw":
        from models.runs.raw import RawHeader, open_raw_run

        return open_raw_run(path, RawHeader.from_text(dataset or ""))
    if kind == "hdf5":
        from models.runs.emc_hdf5 import is_sparse_photons, open_sparse_hdf5_run
        from models.runs.hdf5.run import open_hdf5_run

        if is_sparse_photons(path, dataset):
            return open_sparse_hdf5_run(path, dataset, mask)
        from models.runs.euxfel.recognition import is_euxfel_file
        from models.runs.euxfel.run import open_euxfel_run

        if is_euxfel_file(path, dataset):
            return open_euxfel_run(path, dataset, mask)
        return open_hdf5_run(path, dataset, mask)
    if kind == "euxfel":
        from models.runs.euxfel.run import open_euxfel_run

        return open_euxfel_run(path, dataset, mask)
    if kind in ("npy", "npz"):
        from models.runs.npy import open_npy_run, open_npz_run

        return open_npy_run(path) if kind == "npy" else open_npz_run(path, dataset)
    if kind == "emc":
        from models.runs.emc import open_emc_run

        return open_emc_run(path, dataset, mask)
    if kind == "tiff":
        from models.runs.tiff import open_tiff_run

        return open_tiff_run(path)
    from models.runs.pictures import open_picture_folder, open_picture_run

    return open_picture_run(path) if kind == "picture" else open_picture_folder(path)


def read_columns(run: Run) -> tuple[str, ...]:
    """Read the run's columns into memory now, before its frames are served from another thread.

    Returns:
        A sentence for each column that cannot be read; it is then no column of the run any more.
    """
    from models.runs.columns import LazyColumns

    return run.columns.read_ahead() if isinstance(run.columns, LazyColumns) else ()


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What a run is, in one record.

    Attributes:
        dataset: path of the frames inside the file, "" where the file is the array.
        frames, height, width: number and size of the frames.
        dtype: stored type of a pixel, as numpy names it.
        masked_pixels: pixels that the file's mask excludes in every frame.
        photon_energy_eV, distance_m: None where the file does not say.
        pixel_size_m: one number where pixels are square, else (y, x); None where the file does not say.
        columns: names of the per-frame numbers.
        warnings: what was assumed or found odd.
    """

    dataset: str
    frames: int
    height: int
    width: int
    dtype: str
    masked_pixels: int
    photon_energy_eV: float | None
    distance_m: float | None
    pixel_size_m: float | tuple[float, float] | None
    columns: Sequence[str]
    warnings: Sequence[str]

    def to_dict(self) -> dict[str, Any]:
        """The record as JSON-ready values."""
        values = asdict(self)
        for name in ("pixel_size_m", "columns", "warnings"):
            if isinstance(values[name], tuple):
                values[name] = list(values[name])
        return values


def describe(run: Run) -> RunInfo:
    """What `friedel info` says of a run. Reads nothing but what opening has read."""
    geometry = run.geometry
    pixel: float | tuple[float, float] | None = geometry.pixel_size_m
    if geometry.pixel_size_m is not None:
        y, x = geometry.pixel_size_m
        pixel = y if abs(y - x) <= 1e-9 * max(abs(y), abs(x)) else (y, x)
    return RunInfo(
        dataset=run.dataset,
        frames=len(run),
        height=run.shape[0],
        width=run.shape[1],
        dtype=run.dtype.name,
        masked_pixels=int(run.mask.size - run.mask.sum()),
        photon_energy_eV=geometry.photon_energy_eV,
        distance_m=geometry.distance_m,
        pixel_size_m=pixel,
        columns=tuple(run.columns),
        warnings=tuple(run.warnings),
    )
