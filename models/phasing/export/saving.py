"""Saving by the name's ending."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from models.errors import BadParameter
from models.phasing.export.cxi import save_cxi
from models.phasing.export.pictures import save_npy, save_picture
from models.phasing.types import Reconstruction
from models.progress import Progress

SUFFIXES = {
    ".cxi": "CXI: object, starts, pattern, PRTF, history and settings",
    ".npy": "NPY: the object as complex numbers",
    ".png": "PNG: a picture of the object",
    ".tif": "TIFF: a picture, modulus and phase as numbers",
}


def save(
    reconstruction: Reconstruction, path: Path, *, shown: str = "complex", title: str = ""
) -> Generator[Progress, None, Path]:
    """Save a reconstruction as what its name says; a file of that name is replaced.

    Args:
        path: ends in .cxi (or .h5), .npy, .png, .tif or .tiff.
        shown: for pictures, one of `SHOWN`.
        title: for CXI.

    Raises:
        BadParameter: the name has another ending.
        NotSaved: it cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix in (".cxi", ".h5", ".hdf5"):
        return (yield from save_cxi(reconstruction, path, title=title))
    if suffix not in (".npy", ".png", ".tif", ".tiff"):
        raise BadParameter(
            f"a reconstruction cannot be saved as {path.name}", cause=f"its name ends in {', '.join(SUFFIXES)}"
        )
    yield Progress(done=0, total=1, unit="files", message=f"writing {path.name}")
    if suffix == ".npy":
        return save_npy(reconstruction, path)
    return save_picture(reconstruction, path, shown)
