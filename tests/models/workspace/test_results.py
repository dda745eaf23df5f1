"""Maps and verdicts on disk."""

from __future__ import annotations

import csv
from pathlib import Path

import h5py
import numpy as np
import pytest

from models.embedding.few_shot.types import Verdicts
from models.errors import CannotOpen, NotSaved
from models.workspace.results import (
    Layout,
    load_layouts,
    load_verdicts,
    save_layout,
    save_verdicts,
    write_verdicts_csv,
)


def some_verdicts() -> Verdicts:
    return Verdicts(
        classes=("single", "ring, big"),
        probabilities=np.array([[0.7, 0.2], [0.1, 0.2], [0, 0]], dtype=np.float32),
        unknown=np.array([0.1, 0.7, 1], dtype=np.float32),
        label=np.array([0, -1, -1], dtype=np.int16),
        confidence=np.array([0.7, 0.7, 0], dtype=np.float32),
        missing=np.array([False, False, True]),
        provenance={"examples": {"single": np.int64(3)}, "threshold": 0.5},
    )


def test_maps_come_back_by_name_and_run(tmp_path: Path) -> None:
    places = np.random.default_rng(1).normal(size=(5, 2)).astype(np.float32)
    places[2] = np.nan
    save_layout(tmp_path, Layout("UMAP", places, {"neighbours": 15}, "run1", "net1"))
    save_layout(tmp_path, Layout("PCA", places * 2, {}, "run1", "net1"))
    save_layout(tmp_path, Layout("PCA", places * 3, {}, "run1", "net2"))
    save_layout(tmp_path, Layout("PCA", places, {}, "run2", "net1"))
    pca, umap = load_layouts(tmp_path, "run1", 5)
    assert (pca.name, pca.model_digest, umap.name, umap.settings) == ("PCA", "net2", "UMAP", {"neighbours": 15})
    np.testing.assert_array_equal(umap.positions, places)
    assert load_layouts(tmp_path, "run1", 6) == ()
    (tmp_path / "map-PCA-run1.h5").write_bytes(b"damaged")
    assert [layout.name for layout in load_layouts(tmp_path, "run1", 5)] == ["UMAP"]


def test_verdicts_come_back(tmp_path: Path) -> None:
    verdicts = some_verdicts()
    save_verdicts(tmp_path / "v.h5", verdicts, run_digest="run1", events=["a", "b", "ü"])
    found = load_verdicts(tmp_path / "v.h5")
    assert found.classes == verdicts.classes
    for name in ("probabilities", "unknown", "label", "confidence", "missing"):
        np.testing.assert_array_equal(getattr(found, name), getattr(verdicts, name))
    assert found.provenance == {"examples": {"single": 3}, "threshold": 0.5}
    with h5py.File(tmp_path / "v.h5") as file:
        assert file["event"].asstr()[2] == "ü"
        assert file["index"][()].tolist() == [0, 1, 2]


def test_events_that_are_no_text_are_kept_as_escapes(tmp_path: Path) -> None:
    save_verdicts(tmp_path / "v.h5", some_verdicts(), events=["a\udcff", "b\0", "c"])
    with h5py.File(tmp_path / "v.h5") as file:
        assert file["event"].asstr()[()].tolist() == ["a\\udcff", "b", "c"]


def test_verdicts_that_do_not_fit_are_not_read(tmp_path: Path) -> None:
    save_verdicts(tmp_path / "v.h5", some_verdicts())
    with h5py.File(tmp_path / "v.h5", "a") as file:
        file["label"][0] = 9
    with pytest.raises(CannotOpen, match="cannot be read"):
        load_verdicts(tmp_path / "v.h5")
    save_verdicts(tmp_path / "v.h5", some_verdicts())
    with h5py.File(tmp_path / "v.h5", "a") as file:
        del file["missing"]
        file["missing"] = np.zeros(2, np.uint8)
    with pytest.raises(CannotOpen) as raised:
        load_verdicts(tmp_path / "v.h5")
    assert "do not fit" in raised.value.sentence()
    with pytest.raises(CannotOpen):
        load_verdicts(tmp_path / "none.h5")


def test_the_verdict_table_has_a_line_for_each_frame(tmp_path: Path) -> None:
    write_verdicts_csv(tmp_path / "v.csv", some_verdicts(), ["a", "b", "c"])
    with (tmp_path / "v.csv").open(newline="") as file:
        lines = list(csv.reader(file))
    assert lines == [
        ["index", "event", "label", "confidence", "p_single", "p_ring, big"],
        ["0", "a", "single", "0.70000", "0.70000", "0.20000"],
        ["1", "b", "unknown", "0.70000", "0.10000", "0.20000"],
        ["2", "c", "", "", "", ""],
    ]


def test_a_result_that_cannot_be_written_says_so_and_keeps_the_old_one(tmp_path: Path) -> None:
    save_verdicts(tmp_path / "v.h5", some_verdicts())
    before = (tmp_path / "v.h5").read_bytes()
    wrong = some_verdicts()
    object.__setattr__(wrong, "classes", (3, object()))
    with pytest.raises(AttributeError):
        save_verdicts(tmp_path / "v.h5", wrong)
    assert (tmp_path / "v.h5").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["v.h5"]
    with pytest.raises(NotSaved, match="verdicts were not saved"):
        save_verdicts(tmp_path / "v.h5" / "x.h5", some_verdicts())
