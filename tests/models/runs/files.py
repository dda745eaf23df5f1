"""Small files as producers write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from models.errors import CannotOpen
from models.runs import open_run

SHAPE = (5, 20, 24)


def stack(shape: tuple[int, ...] = SHAPE, dtype: Any = np.float32) -> np.ndarray:
    """Frames whose values tell frame, row and column apart."""
    return (np.arange(np.prod(shape)) % 1000).reshape(shape).astype(dtype)


def write_cxi(path: Path, data: np.ndarray | None = None, **detector: Any) -> Path:
    """A CXI 1.6 file with frames, and any other datasets for the detector group."""
    data = stack() if data is None else data
    with h5py.File(path, "w") as file:
        file["cxi_version"] = 160
        file["number_of_entries"] = 1
        group = file.create_group("entry_1/instrument_1/detector_1")
        frames = group.create_dataset("data", data=data, chunks=(1, *data.shape[1:]) if data.ndim > 2 else None)
        frames.attrs["axes"] = "experiment_identifier:y:x"
        for name, value in detector.items():
            group[name] = value
        file["entry_1/data_1/data"] = h5py.SoftLink("/entry_1/instrument_1/detector_1/data")
    return path


def refused(path, dataset=None):
    """The one sentence that a file that cannot be opened gives."""
    with pytest.raises(CannotOpen) as caught:
        open_run(path, dataset)
    error = caught.value
    sentence = error.sentence()
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    assert error.hint, "it says what to do"
    assert Path(path).name.replace("\0", "") in sentence.replace("\\x00", "")
    return sentence
