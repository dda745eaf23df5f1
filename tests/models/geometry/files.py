"""Geometry files and runs for the tests, made in code."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from models.runs import open_run
from models.runs.types import Run

REAL = ("agipd_vds", "cspad-cxiformat", "jf4m_vds", "om_mfx_epix10k2M", "xfel7927_r0354")
"""Geometry files of facilities among the measured data."""

TWO_PANELS = """
; two panels of 4 rows and 6 columns in a slab of 8 × 6, the second one turned by 90°
photon_energy = 8000
clen = 0.5
res = 10000
dim0 = %
dim1 = ss
dim2 = fs
data = /entry_1/data_1/data

a/min_fs = 0
a/max_fs = 5
a/min_ss = 0
a/max_ss = 3
a/fs = +1.0x
a/ss = -1.0y
a/corner_x = 2
a/corner_y = 8

b/min_fs = 0
b/max_fs = 5
b/min_ss = 4
b/max_ss = 7
b/fs = y
b/ss = x
b/corner_x = -6
b/corner_y = -3
"""


def write_geom(folder: Path, text: str = TWO_PANELS, name: str = "two.geom") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def modules_geom(modules: int = 4, height: int = 6, width: int = 5, extra: str = "") -> str:
    """Modules side by side, 10 pixels apart, each stored as one of a (modules, ss, fs) block."""
    lines = ["clen = 200 mm", "photon_energy = 7.5 keV", "res = 5000", "dim0 = %", extra]
    for module in range(modules):
        lines += [
            f"m{module}/dim1 = {module}",
            f"m{module}/dim2 = ss",
            f"m{module}/dim3 = fs",
            f"m{module}/min_fs = 0",
            f"m{module}/max_fs = {width - 1}",
            f"m{module}/min_ss = 0",
            f"m{module}/max_ss = {height - 1}",
            f"m{module}/fs = +1x +0y",
            f"m{module}/ss = +0x +1y",
            f"m{module}/corner_x = {10 * module - 20}",
            f"m{module}/corner_y = -3",
        ]
    return "\n".join(lines)


def write_run(path: Path, frames: npt.NDArray[np.generic], **datasets: object) -> Run:
    """A CXI file with these frames; `datasets` by their path with "__" for "/"; an `axes` attribute names modules."""
    with h5py.File(path, "w") as file:
        data = file.create_dataset("entry_1/data_1/data", data=frames)
        if frames.ndim == 4:
            data.attrs["axes"] = "experiment_identifier:module_identifier:y:x"
        for name, value in datasets.items():
            file[name.replace("__", "/")] = value
    return open_run(path)


def slab_run(folder: Path, shape: tuple[int, ...] = (8, 6), **datasets: object) -> Run:
    """Two frames whose pixels are their own place in the slab, from 1."""
    frame = np.arange(1, np.prod(shape) + 1, dtype=np.int32).reshape(shape)
    return write_run(folder / "run.cxi", np.stack([frame, frame]), **datasets)
