"""Whether a folder or a file is European XFEL's."""

from __future__ import annotations

from pathlib import Path

from models.runs.euxfel.names import data_files
from models.runs.euxfel.parts import has_modules
from models.runs.hdf5.values import READ_ERRORS

_LOOKED_AT = 3


def is_euxfel_folder(folder: Path) -> bool:
    """Whether a folder holds data files of European XFEL: by their names, and one of them by its content.

    Where the facility's names lead to files that cannot be read, they count: opening says what is wrong with them.
    """
    import h5py

    try:
        files = data_files(folder)
    except OSError:
        return False
    for path in files[:_LOOKED_AT]:
        try:
            with h5py.File(path, "r", locking=False) as file:
                if "INDEX/trainId" in file:
                    return True
        except READ_ERRORS:
            return True
    return False


def is_euxfel_file(path: Path, dataset: str | None = None) -> bool:
    """Whether an HDF5 file is one of European XFEL's with a detector's modules.

    A dataset of it that is named without * for the module's number is opened like one of any other file.
    """
    import h5py

    if dataset is not None and "*" not in dataset:
        return False
    try:
        with h5py.File(path, "r", locking=False) as file:
            return has_modules(file)
    except READ_ERRORS:
        return False
