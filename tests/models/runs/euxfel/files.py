"""Files of European XFEL's data acquisition, small, in the layout of its data format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np

AGIPD = "SPB_DET_AGIPD1M-1"
JUNGFRAU = "SPB_IRDA_JF4M"

Trains = Sequence[tuple[int, Sequence[int]]]
"""(train identifier, pulses) of every entry of a file, in its order"""


def value(module: int, train: int, pulse: int) -> int:
    """The value of every pixel of a module in a frame, so that frames tell where they come from."""
    return 1000 * (module + 1) + 100 * (train % 10) + pulse


def _file(path: Path, trains: Sequence[int], version: str, flag: Sequence[int] | None, sources: Sequence[str]) -> Any:
    file = h5py.File(path, "w")
    file["INDEX/trainId"] = np.array(trains, "u8")
    listed = np.array([*(name.encode() for name in sources), b"", b""], dtype=object)
    where = "METADATA/dataSourceId" if version == "0.5" else "METADATA/dataSources/dataSourceId"
    file.create_dataset(where, data=listed, dtype=h5py.string_dtype("ascii"))
    if version != "0.5":
        file["METADATA/dataFormatVersion"] = np.array([version.encode()])
        file["INDEX/flag"] = np.array([1] * len(trains) if flag is None else flag, "i4")
    return file


def write_module(
    folder: Path,
    module: int,
    trains: Trains,
    *,
    kind: str = "RAW",
    run: int = 238,
    sequence: int = 0,
    device: str = AGIPD,
    shape: tuple[int, int] = (16, 8),
    version: str = "1.0",
    flag: Sequence[int] | None = None,
    mask: int | None = None,
    old_index: bool = False,
    stored: int | None = None,
    pulse_ids: bool = True,
    **storage: Any,
) -> Path:
    """One file of an AGIPD module: raw data with a gain plane, or corrected ones with gain and mask.

    Args:
        mask: what the mask of corrected data is everywhere but in its first pixel, which is 0.
        old_index: the index gives the last row and a status in place of a count.
        stored: how many frames are in the file; None for all that its index tells of.
        storage: of the frames' dataset.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source = f"{device}/DET/{module}CH0:xtdf"
    path = folder / f"{kind}-R{run:04d}-AGIPD{module:02d}-S{sequence:05d}.h5"
    with _file(path, [train for train, _ in trains], version, flag, [f"INSTRUMENT/{source}/image"]) as file:
        counts = np.array([len(pulses) for _, pulses in trains], "u8")
        first = (np.cumsum(counts) - counts).astype("u8")
        file[f"INDEX/{source}/image/first"] = first
        if old_index:
            file[f"INDEX/{source}/image/last"] = np.where(counts > 0, first + counts - np.uint64(1), first)
            file[f"INDEX/{source}/image/status"] = (counts > 0).astype("u4")
        else:
            file[f"INDEX/{source}/image/count"] = counts
        rows = [(train, pulse) for train, pulses in trains for pulse in pulses][:stored]
        image = file.create_group(f"INSTRUMENT/{source}/image")
        values = np.array([value(module, *row) for row in rows]).reshape(-1, 1, 1)
        raw = kind == "RAW"
        if raw:
            frames = np.zeros((len(rows), 2, *shape), "u2")
            frames[:, 0] = values
            frames[:, 1] = 7777  # the gain plane must never be shown
        else:
            frames = np.broadcast_to(values, (len(rows), *shape)).astype("f4")
        image.create_dataset("data", data=frames, **storage)
        column = (len(rows), 1) if raw else (len(rows),)
        image["trainId"] = np.array([train for train, _ in rows], "u8").reshape(column)
        if pulse_ids:
            image["pulseId"] = np.array([pulse for _, pulse in rows], "u8").reshape(column)
        image["cellId"] = np.array([pulse + 200 for _, pulse in rows], "u2").reshape(column)
        if not raw:
            image["gain"] = np.zeros(frames.shape, "u1")
            bad = np.full(frames.shape, 0 if mask is None else mask, "u4")
            bad[:, 0, 0] = 0
            image.create_dataset("mask", data=bad, compression="gzip", compression_opts=1)
    return path


def write_jungfrau(folder: Path, module: int, trains: Sequence[int], *, cells: int = 4) -> Path:
    """One file of a JUNGFRAU module: one entry to a train with `cells` frames; (8, 16) pixels for speed."""
    folder.mkdir(parents=True, exist_ok=True)
    source = f"{JUNGFRAU}/DET/JNGFR{module:02d}:daqOutput"
    path = folder / f"RAW-R0012-JNGFR{module:02d}-S00000.h5"
    with _file(path, trains, "1.0", None, [f"INSTRUMENT/{source}/data"]) as file:
        file[f"INDEX/{source}/data/first"] = np.arange(len(trains), dtype="u8")
        file[f"INDEX/{source}/data/count"] = np.ones(len(trains), "u8")
        data = file.create_group(f"INSTRUMENT/{source}/data")
        adc = np.zeros((len(trains), cells, 8, 16), "u2")
        for row, train in enumerate(trains):
            for cell in range(cells):
                adc[row, cell] = value(module, train, cell)
        data["adc"] = adc
        data["gain"] = np.zeros(adc.shape, "u1")
        data["memoryCell"] = np.tile(np.arange(cells, dtype="u1") + 3, (len(trains), 1))
        data["trainId"] = np.array(trains, "u8")
    return path


def write_camera(folder: Path, trains: Sequence[int]) -> Path:
    """A file of the control system's data acquisition, with a camera and no detector."""
    folder.mkdir(parents=True, exist_ok=True)
    source = "SPB_IRU_CAM/CAM/SIDEMIC:daqOutput"
    path = folder / "RAW-R0238-DA01-S00000.h5"
    with _file(path, trains, "1.0", None, [f"INSTRUMENT/{source}/data"]) as file:
        file[f"INDEX/{source}/data/first"] = np.arange(len(trains), dtype="u8")
        file[f"INDEX/{source}/data/count"] = np.ones(len(trains), "u8")
        file[f"INSTRUMENT/{source}/data/image/pixels"] = np.zeros((len(trains), 32, 40), "u2")
    return path
