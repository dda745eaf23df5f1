"""Small valid files of formats that have writers in other tests, and of those that need an extra."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from tests.models.runs.files import stack


def emc(folder: Path) -> str:
    from tests.models.runs.test_emc import detector, photons, write_detector, write_emc

    write_detector(folder / "det_run.dat", detector())
    return write_emc(folder / "run.emc", photons()).name


def dense_emc(folder: Path) -> str:
    from tests.models.runs.test_emc import photons, write_emc

    return write_emc(folder / "run.emc", photons(16, 16), kind=1).name


def sparse_hdf5(folder: Path) -> str:
    from tests.models.runs.test_emc import detector, photons, write_detector, write_sparse_hdf5

    write_detector(folder / "det_run.h5", detector())
    return write_sparse_hdf5(folder / "run.h5", photons()).name


def raw(folder: Path) -> str:
    (folder / "run.bin").write_bytes(stack((4, 20, 24), "u2").tobytes())
    return "run.bin"


def euxfel(folder: Path) -> str:
    from tests.models.runs.euxfel.files import write_module

    for module in (0, 1):
        write_module(folder, module, [(10, (0, 1)), (11, (0, 1))])
    return ""


def matlab(folder: Path) -> str:
    from tests.models.runs.producers.test_matlab import mat

    return mat(folder / "run.mat", frames=stack((20, 24, 3), "f8"), name="a run").name


def smalldata(folder: Path) -> str:
    from tests.models.runs.producers.test_smalldata import smalldata as write

    return write(folder / "run.h5").name


def spimage(folder: Path) -> str:
    with h5py.File(folder / "run.h5", "w") as file:
        file["real"] = stack((20, 24, 1))
        file["imag"] = stack((20, 24, 1))
        file["mask"] = np.ones((20, 24, 1), np.int32)
        for name, value in (("shifted", 1), ("scaled", 1), ("phased", 0), ("version", 2), ("num_dimensions", 2)):
            file[name] = np.array([float(value)])
        file["lambda"], file["detector_distance"], file["pixel_size"] = [32.0], [50.0], [0.02]
        file["image_center"] = np.array([10.0, 12.0, 0.0])
    return "run.h5"


def edf(folder: Path) -> str | None:
    try:
        from fabio.edfimage import EdfImage
    except ImportError:
        return None
    picture = EdfImage(data=stack((20, 24), "u2"), header={"Detector": "any", "PSize_1": "75e-6"})
    picture.append_frame(data=stack((20, 24), "u2"))
    picture.write(str(folder / "run.edf"))
    return "run.edf"


def cbf(folder: Path) -> str | None:
    try:
        from fabio.cbfimage import CbfImage
    except ImportError:
        return None
    CbfImage(data=stack((20, 24), "i4")).write(str(folder / "run.cbf"))
    return "run.cbf"


def cbf_folder(folder: Path) -> str | None:
    for number in range(3):
        if cbf(folder) is None:
            return None
        (folder / "run.cbf").rename(folder / f"frame_{number:05d}.cbf")
    return ""


RAW_HEADER = "raw:20x24:uint16:le:0"
"""How the raw seed is to be read."""

MAKERS: dict[str, tuple[str, Callable[[Path], str | None]]] = {
    "emc": ("EMC", emc),
    "emc-dense": ("EMC", dense_emc),
    "emc-hdf5": ("EMC", sparse_hdf5),
    "raw": ("raw", raw),
    "euxfel": ("European XFEL", euxfel),
    "matlab": ("HDF5", matlab),
    "smalldata": ("HDF5", smalldata),
    "spimage": ("HDF5", spimage),
    "edf": ("EDF, CBF", edf),
    "cbf": ("EDF, CBF", cbf),
    "cbf-folder": ("EDF, CBF", cbf_folder),
}
