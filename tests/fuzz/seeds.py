"""Small valid files of every format, from which mutants are made."""

from __future__ import annotations

import importlib
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import tifffile

from tests.fuzz.producers import MAKERS, RAW_HEADER
from tests.models.runs.files import stack, write_cxi

SHAPE = (4, 20, 24)
_LARGEST_REAL = 1_500_000
_REAL_SUFFIXES = (".cxi", ".h5", ".hdf5", ".npy", ".tif", ".tiff", ".cbf", ".edf", ".geom")


@dataclass(frozen=True)
class Seed:
    """One valid file, or folder of files.

    Attributes:
        name: unique; with the number it decides what is done to it.
        format: the row of the table.
        files: content by name inside a folder.
        opened: the name that is opened; "" for the folder itself.
        dataset: what `open_run` is told about it.
        measured: a real file.
    """

    name: str
    format: str
    files: dict[str, bytes]
    opened: str
    dataset: str | None = None
    measured: bool = False

    @property
    def is_geometry(self) -> bool:
        return self.format == "geom"


def make_seeds(folder: Path, real: Path | None = None) -> list[Seed]:
    """All seeds, made in an empty folder; measured files are added where `real` has small ones."""
    seeds = []
    for name, (kind, make) in {**_MAKERS, **MAKERS}.items():
        place = folder / name
        place.mkdir()
        opened = make(place)
        if opened is None:
            continue
        files = {file.name: file.read_bytes() for file in sorted(place.iterdir())}
        seeds.append(Seed(name, kind, files, opened, RAW_HEADER if kind == "raw" else None))
    if real is not None and real.is_dir():
        seeds += _real(real)
    return seeds


def _real(folder: Path) -> Iterator[Seed]:
    for path in sorted(folder.glob("*/*")):
        if path.suffix.lower() not in _REAL_SUFFIXES or path.stat().st_size > _LARGEST_REAL:
            continue
        if path.suffix == ".geom" and not has("models.geometry.crystfel"):
            continue
        kind = "geom" if path.suffix == ".geom" else "measured"
        files = {path.name: path.read_bytes()}
        yield Seed(f"real/{path.parent.name}/{path.name}", kind, files, path.name, measured=True)


def has(module: str) -> bool:
    """Whether a module is there."""
    try:
        importlib.import_module(module)
    except ImportError:
        return False
    return True


def _plain_cxi(folder: Path) -> str:
    mask = np.zeros(SHAPE[1:], np.uint32)
    mask[0] = 0x40000
    extra = {
        "mask": mask,
        "distance": 0.5,
        "x_pixel_size": 75e-6,
        "y_pixel_size": 75e-6,
        "corner_position": [0.0, 0, 1],
    }
    write_cxi(folder / "run.cxi", stack(SHAPE), **extra)
    with h5py.File(folder / "run.cxi", "r+") as file:
        file["entry_1/instrument_1/source_1/energy"] = 1.2e-15
        file["entry_1/event_id"] = [f"run7-{i}" for i in range(4)]
        file["entry_1/result_1/score"] = np.arange(4.0)
        file["entry_1/result_1/particle_size"] = np.linspace(10, 90, 4)
    return "run.cxi"


def _modules_cxi(folder: Path) -> str:
    with h5py.File(folder / "run.cxi", "w") as file:
        group = file.create_group("entry_1/instrument_1/detector_1")
        frames = group.create_dataset("data", data=stack((3, 4, 16, 20)), chunks=(1, 4, 16, 20), compression=1)
        frames.attrs["axes"] = "experiment_identifier:module_identifier:y:x"
        frames.attrs["numEvents"] = 3
        group["mask"] = np.zeros((3, 4, 16, 20), np.uint16)
        group["corner_position"] = np.zeros((4, 3))
        group["basis_vectors"] = np.zeros((4, 2, 3))
        group["experiment_identifier"] = np.array([b"a", b"b", b"c"])
        file["entry_1/data_1"] = h5py.SoftLink("/entry_1/instrument_1/detector_1")
    return "run.cxi"


def _virtual_cxi(folder: Path) -> str:
    layout = h5py.VirtualLayout((4, 20, 24), "u2")
    for number in range(2):
        with h5py.File(folder / f"part{number}.h5", "w") as file:
            file["entry/data"] = stack((2, 20, 24), "u2")
        layout[2 * number : 2 * number + 2] = h5py.VirtualSource(f"part{number}.h5", "entry/data", (2, 20, 24))
    with h5py.File(folder / "run.cxi", "w", libver="latest") as file:
        file.create_virtual_dataset("entry_1/data_1/data", layout, fillvalue=0)
        file["entry_1/trainId"] = np.arange(4, dtype=np.uint64)
        file["entry_1/pulseId"] = np.arange(4, dtype=np.uint64)
    return "run.cxi"


def _plain_hdf5(folder: Path) -> str:
    with h5py.File(folder / "run.h5", "w") as file:
        file["photons"] = stack(SHAPE, "i4")
        file["photons"].attrs["units"] = "ADU"
        file["mask"] = np.zeros(SHAPE[1:], np.uint8)
        file["g/energy_ev"] = np.full(4, 1200.0)
        file["g/names"] = ["a", "b", "c", "d"]
        file["g/again"] = h5py.SoftLink("/photons")
    return "run.h5"


def _packed_hdf5(folder: Path) -> str:
    with h5py.File(folder / "run.h5", "w", libver="latest") as file:
        how = {"chunks": (2, 20, 24), "compression": "gzip", "shuffle": True, "fletcher32": True}
        file.create_dataset("frames", data=stack(SHAPE, "u2"), maxshape=(None, 20, 24), **how)
        file.create_dataset("table", data=np.zeros(4, [("x", "f4"), ("n", "S5")]))
        file["score"] = np.arange(4)
    return "run.h5"


def _bitshuffle_hdf5(folder: Path) -> str:
    import hdf5plugin

    with h5py.File(folder / "run.h5", "w") as file:
        file.create_dataset("data", data=stack(SHAPE, "u4"), chunks=(1, 20, 24), **hdf5plugin.Bitshuffle())
    return "run.h5"


def _groups_hdf5(folder: Path) -> str:
    with h5py.File(folder / "run.h5", "w") as file:
        for tag in range(5):
            group = file.create_group(f"run_1/detector_1/tag_{1000 + tag}")
            group["detector_data"] = stack((20, 24))
        file["run_1/event_info/tag_number_list"] = np.arange(1000, 1005)
    return "run.h5"


def _nexus(folder: Path) -> str:
    with h5py.File(folder / "run.nxs", "w") as file:
        file.attrs["default"] = "entry"
        entry = file.create_group("entry")
        entry.attrs.update({"NX_class": "NXentry", "default": "data"})
        data = entry.create_group("data")
        data.attrs.update({"NX_class": "NXdata", "signal": "data", "axes": [".", "y", "x"]})
        data["data"] = stack(SHAPE, "u2")
        data["y"], data["x"] = np.arange(20), np.arange(24)
        detector = entry.create_group("instrument/detector")
        detector.attrs["NX_class"] = "NXdetector"
        detector["pixel_mask"] = np.zeros(SHAPE[1:], np.uint32)
        detector["beam_center_x"] = 12.0
        detector["beam_center_y"] = 10.0
        detector["beam_center_x"].attrs["units"] = detector["beam_center_y"].attrs["units"] = "pixel"
        detector["saturation_value"] = 60000
    return "run.nxs"


def _eiger(folder: Path) -> str:
    with h5py.File(folder / "x_master.h5", "w") as master:
        for number in (1, 2):
            name = f"x_data_{number:06d}.h5"
            with h5py.File(folder / name, "w") as file:
                file["entry/data/data"] = stack((2, 20, 24), "u4")
            master[f"entry/data/data_{number:06d}"] = h5py.ExternalLink(name, "/entry/data/data")
        master["entry/instrument/detector/detectorSpecific/nimages"] = 4
    return "x_master.h5"


def _npy(folder: Path) -> str:
    np.save(folder / "run.npy", stack(SHAPE, "u2"))
    return "run.npy"


def _npz(folder: Path) -> str:
    np.savez_compressed(folder / "run.npz", frames=stack(SHAPE), mask=np.zeros(SHAPE[1:], bool), score=np.arange(4.0))
    return "run.npz"


def _stored_npz(folder: Path) -> str:
    with zipfile.ZipFile(folder / "run.npz", "w") as archive:
        for name, values in (("data", stack(SHAPE, "f8")), ("mask", np.ones(SHAPE[1:], np.uint8))):
            content = io.BytesIO()
            np.save(content, values)
            archive.writestr(f"{name}.npy", content.getvalue())
    return "run.npz"


def _tiff(folder: Path) -> str:
    with tifffile.TiffWriter(folder / "run.tif") as file:
        for picture in stack(SHAPE, "u2"):
            file.write(picture, contiguous=False, description="# Pixel_size 172e-6 m x 172e-6 m")
    return "run.tif"


def _packed_tiff(folder: Path) -> str:
    how = {"compression": "zlib", "tile": (16, 16), "bigtiff": True}
    tifffile.imwrite(folder / "run.tif", stack(SHAPE), photometric="minisblack", **how)
    return "run.tif"


def _geom(folder: Path) -> str | None:
    if not has("models.geometry.crystfel"):
        return None
    lines = ["clen = /LCLS/clen", "coffset = 0.58", "photon_energy = 9000 eV", "adu_per_eV = 0.001", "res = 13333.3"]
    lines += [
        "data = /entry_1/data_1/data",
        "dim0 = %",
        "dim1 = ss",
        "dim2 = fs",
        "mask = /entry_1/mask",
        "mask_good = 0",
    ]
    lines += [
        "rigid_group_q0 = p0,p1",
        "rigid_group_collection_all = q0",
        "bad_edge/min_x = -3",
        "bad_edge/max_x = 3",
    ]
    lines += [
        "bad_edge/min_y = -2",
        "bad_edge/max_y = 2",
        "bad_row/panel = p1",
        "bad_row/min_fs = 0",
        "bad_row/max_fs = 3",
    ]
    lines += ["bad_row/min_ss = 10", "bad_row/max_ss = 12", "; the panels"]
    for number in range(2):
        name = f"p{number}"
        lines += [f"{name}/min_ss = {10 * number}", f"{name}/max_ss = {10 * number + 9}", f"{name}/min_fs = 0"]
        lines += [f"{name}/max_fs = 23", f"{name}/fs = +0.99x +0.01y", f"{name}/ss = -0.01x +0.99y"]
        lines += [f"{name}/corner_x = -12.5", f"{name}/corner_y = {-12.0 + 12 * number}", f"{name}/coffset = 0.001"]
    (folder / "run.geom").write_text("\n".join(lines) + "\n")
    return "run.geom"


def _tiff_folder(folder: Path) -> str:
    for number in range(4):
        tifffile.imwrite(folder / f"frame_{number}.tif", stack((20, 24), "i4") + number)
    return ""


_MAKERS: dict[str, tuple[str, Callable[[Path], str | None]]] = {
    "cxi": ("CXI", _plain_cxi),
    "cxi-modules": ("CXI", _modules_cxi),
    "cxi-virtual": ("CXI", _virtual_cxi),
    "hdf5": ("HDF5", _plain_hdf5),
    "hdf5-packed": ("HDF5", _packed_hdf5),
    "hdf5-bitshuffle": ("HDF5", _bitshuffle_hdf5),
    "hdf5-groups": ("HDF5", _groups_hdf5),
    "nexus": ("NeXus", _nexus),
    "nexus-eiger": ("NeXus", _eiger),
    "npy": ("NPY", _npy),
    "npz": ("NPZ", _npz),
    "npz-stored": ("NPZ", _stored_npz),
    "tiff": ("TIFF", _tiff),
    "tiff-packed": ("TIFF", _packed_tiff),
    "tiff-folder": ("TIFF folder", _tiff_folder),
    "geom": ("geom", _geom),
}
