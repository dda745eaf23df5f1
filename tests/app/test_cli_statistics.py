"""`friedel statistics`: what the file holds is what numpy finds in the frames."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from app.cli.dispatch import EXIT_BAD_INPUT, EXIT_OK, dispatch
from models.workspace.statistics import load_statistics


@pytest.fixture
def run_path(tmp_path: Path) -> Path:
    path = tmp_path / "run.npy"
    np.save(path, np.random.default_rng(4).poisson(1.0, (12, 20, 20)).astype(np.int16))
    return path


def test_all_frames_and_each_class(run_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stack = np.load(run_path).astype(float)
    labels, out = run_path.parent / "labels.csv", run_path.parent / "s.h5"
    labels.write_text("index,label\n0,single\n1,single\n5,multi\n")
    assert dispatch(["statistics", str(run_path), "-o", str(out), "--labels", str(labels), "--json"]) == EXIT_OK
    said = json.loads(capsys.readouterr().out)
    assert said["frames"] == 12
    assert said["classes"] == {"no class": 9, "single": 2, "multi": 1}
    assert said["maximum"] == stack.max()
    with h5py.File(out) as file:
        np.testing.assert_allclose(file["whole/mean"], stack.mean(0), rtol=1e-6)
        assert file["class_1"].attrs["name"] == "single"
    kept = load_statistics(out, 12)
    np.testing.assert_allclose(kept.by_class["single"].mean, stack[:2].mean(0), rtol=1e-6)
    np.testing.assert_array_equal(kept.numbers.total, stack.sum((1, 2)))
    assert dispatch(["statistics", str(run_path), "-o", str(out)]) == EXIT_BAD_INPUT
    assert "--overwrite" in capsys.readouterr().err


def test_some_frames(run_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = run_path.parent / "s.h5"
    assert dispatch(["statistics", str(run_path), "-o", str(out), "--frames", "2:6", "--every", "2"]) == EXIT_OK
    stack = np.load(run_path).astype(float)[[2, 4]]
    np.testing.assert_allclose(load_statistics(out, 12).whole.mean, stack.mean(0), rtol=1e-6)
