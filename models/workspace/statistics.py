"""Statistics of a run as the workspace keeps them: the latest pass over its frames, treated as they are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from models.errors import CannotOpen
from models.files.h5 import REMAKE, new_h5, stored_h5
from models.runs.types import Column
from models.statistics.types import FrameNumbers, PixelStatistics, RunStatistics
from models.workspace.provenance import origin

TOTAL, LIT, LARGEST = "frame_total", "lit_pixels", "frame_maximum"
"""Names of the columns that a pass gives."""

_PICTURES = ("mean", "variance", "maximum", "lit_fraction")


def statistics_path(folder: Path, run_digest: str) -> Path:
    """Where the workspace keeps the statistics of a run; `run_digest` is `RunIdentity.pixels`."""
    return folder / f"statistics-{run_digest}.h5"


def save_statistics(path: Path, made: RunStatistics, *, run_digest: str = "") -> None:
    """Write statistics as HDF5.

    Groups `whole` and `class_N` (attribute `name`) with `mean`, `variance`, `maximum`, `lit_fraction` (H, W) float32
    and `count` (H, W) int32; of every frame `total`, `lit_pixels`, `largest` (N,); `unreadable` frames.

    Raises:
        NotSaved: it cannot be written.
    """
    packed: dict[str, Any] = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
    with new_h5(path, f"The statistics were not saved to {path}") as file:
        for name, group in (
            ("whole", made.whole),
            *((f"class_{n}", g) for n, g in enumerate(made.by_class.values())),
        ):
            for picture in (*_PICTURES, "count"):
                file.create_dataset(f"{name}/{picture}", data=getattr(group, picture), **packed)
            file[name].attrs["frames"] = group.frames
        for n, label in enumerate(made.by_class):
            file[f"class_{n}"].attrs["name"] = label
        for name in ("total", "lit_pixels", "largest"):
            file.create_dataset(name, data=getattr(made.numbers, name))
        file.create_dataset("unreadable", data=np.asarray(made.unreadable, np.int64))
        file.attrs.update(origin(run_digest=run_digest))
        file.attrs["unit"] = made.unit
        file.attrs["lit_from"] = made.lit_from


def load_statistics(path: Path, n_frames: int) -> RunStatistics | None:
    """Statistics that were kept, or None where there are none of a run with so many frames. Raises CannotOpen."""
    if not path.exists():
        return None
    with stored_h5(path, "The statistics in", hint=REMAKE) as file:
        groups = {}
        for name in file:
            if name == "whole" or name.startswith("class_"):
                group = file[name]
                pictures = {picture: np.asarray(group[picture][()], np.float32) for picture in _PICTURES}
                label = "" if name == "whole" else str(group.attrs["name"])
                groups[name] = (
                    label,
                    PixelStatistics(
                        frames=int(group.attrs["frames"]), count=np.asarray(group["count"][()], np.int32), **pictures
                    ),
                )
        numbers = FrameNumbers(
            np.asarray(file["total"][()], np.float64),
            np.asarray(file["lit_pixels"][()], np.int64),
            np.asarray(file["largest"][()], np.float64),
        )
        if "whole" not in groups:
            raise CannotOpen(f"The statistics in {path} cannot be read", cause="the file is damaged", hint=REMAKE)
        found = RunStatistics(
            unit=str(file.attrs["unit"]),
            lit_from=float(file.attrs["lit_from"]),
            whole=groups.pop("whole")[1],
            numbers=numbers,
            by_class={
                label: group for _, (label, group) in sorted(groups.items(), key=lambda item: int(item[0][6:]))
            },
            unreadable=tuple(int(index) for index in file["unreadable"][()]),
        )
    return found if len(found.numbers.total) == n_frames else None


def statistics_columns(made: RunStatistics) -> Mapping[str, Column]:
    """What every frame of the run was found to hold, as columns to sort and colour by."""
    numbers = made.numbers
    lit = np.where(numbers.lit_pixels < 0, np.nan, numbers.lit_pixels.astype(np.float64))
    return {
        TOTAL: Column(TOTAL, numbers.total, made.unit),
        LIT: Column(LIT, lit, "pixels"),
        LARGEST: Column(LARGEST, numbers.largest, made.unit),
    }
