"""What tests of hostile files share: a good file beside them, and refusals that leave everything as it was."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from models.runs import open_run
from tests.models.runs.files import refused, write_cxi


@pytest.fixture
def others_stay_as_they_are(tmp_path: Path) -> Iterator[None]:
    """The file beside the hostile one is neither changed nor kept from opening."""
    good = write_cxi(tmp_path / "neighbour.cxi")
    before = good.read_bytes(), good.stat().st_mtime_ns
    yield
    assert (good.read_bytes(), good.stat().st_mtime_ns) == before
    with open_run(good) as run:
        assert run.load(0).valid.all()


def contents(folder: Path) -> dict[str, str]:
    """What lies in a folder, by name."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in folder.rglob("*")
    }


def refused_untouched(path: Path, dataset: str | None = None) -> str:
    """The sentence of a refusal that leaves the folder as it was."""
    before = contents(path.parent)
    sentence = refused(path, dataset)
    assert contents(path.parent) == before
    return sentence


def hdf5(path: Path, **datasets: object) -> Path:
    with h5py.File(path, "w") as file:
        for name, value in datasets.items():
            file[name] = value
    return path


def packed(path: Path) -> tuple[Path, int]:
    """Twenty compressed frames, and where in the file the eighth lies."""
    with h5py.File(path, "w") as file:
        data = np.random.default_rng(1).poisson(3, (20, 32, 32))
        frames = file.create_dataset("data", data=data, chunks=(1, 32, 32), compression=4)
        return path, frames.id.get_chunk_info(8).byte_offset
