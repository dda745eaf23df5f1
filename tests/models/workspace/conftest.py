"""A run without a file, and ways to make labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from models.errors import FrameUnreadable
from models.runs.types import Column, Frame, Geometry, RunIdentity
from models.workspace.entries import Entry, RunKey
from models.workspace.labels import Labels


@dataclass
class FakeRun:
    """Frames made up on the spot; `bad` cannot be read."""

    path: Path
    n: int = 20
    name: str = "r0001"
    dataset: str = "/entry_1/data_1/data"
    shape: tuple[int, int] = (6, 5)
    dtype: np.dtype[Any] = field(default_factory=lambda: np.dtype(">u2"))
    unit: str = "photons"
    geometry: Geometry = field(default_factory=Geometry)
    columns: Mapping[str, Column] = field(default_factory=dict)
    events: Sequence[str] | None = None
    warnings: tuple[str, ...] = ()
    digest: str = "0123456789abcdef"
    bad: frozenset[int] = frozenset()
    flags: Mapping[int, npt.NDArray[np.uint8]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.mask = np.ones(self.shape, dtype=np.bool_)
        self.identity = RunIdentity(self.digest, self.n)

    def __len__(self) -> int:
        return self.n

    def load(self, index: int) -> Frame:
        if index in self.bad:
            raise FrameUnreadable(f"frame {index} cannot be read", index=index)
        pixels = np.arange(self.shape[0] * self.shape[1]).reshape(self.shape) + 100 * index
        flags = self.flags.get(index, np.zeros(self.shape, dtype=np.uint8))
        return Frame(index, pixels.astype(self.dtype.newbyteorder("=")), flags)

    def frame(self, index: int) -> npt.NDArray[np.float32]:
        return self.load(index).data

    def read(self, indices: Sequence[int]) -> npt.NDArray[np.float32]:
        return np.stack([self.frame(i) for i in indices])

    def close(self) -> None:
        pass


@pytest.fixture
def run(tmp_path: Path) -> FakeRun:
    folder = tmp_path / "beamtime"
    folder.mkdir()
    path = folder / "r0001.cxi"
    path.write_bytes(b"frames")
    return FakeRun(path)


@pytest.fixture(autouse=True)
def user_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keeps every test out of the user's own data directory."""
    monkeypatch.setenv("FRIEDEL_DATA", str(tmp_path / "user data"))
    return tmp_path / "user data"


@dataclass
class Clock:
    now: int = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now


MakeLabels = Callable[..., Labels]


@pytest.fixture
def make_labels() -> MakeLabels:
    def make(n: int = 20, who: str = "ada", events: Sequence[str] | None = None, **more: Any) -> Labels:
        key = RunKey("d1", n, "/data", (6, 5), has_events=events is not None)
        return Labels(key, events, annotator=who, **{"clock": Clock(), **more})

    return make


def replay(labels: Labels, who: str | None = None) -> Labels:
    """The same labels made anew from their entries."""
    again = Labels(labels._run, labels._events, annotator=who or labels.annotator)
    again.merge(labels.entries)
    return again


def same(one: Labels, other: Labels) -> None:
    """Assert that two records show the same."""
    np.testing.assert_array_equal(one.codes, other.codes)
    assert one.classes == other.classes
    assert one.counts() == other.counts()
    assert one.n_mine == other.n_mine
    assert [e.id for e in one.entries] == [e.id for e in other.entries]


def through_json(entry: Entry, run: RunKey | None = None) -> Entry:
    """The entry after a way through its journal line."""
    import json

    from models.workspace.entries import decode, encode

    return decode(json.loads(encode(entry)), run, "journal")
