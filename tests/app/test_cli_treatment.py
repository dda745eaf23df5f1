"""Frames of every verb are treated as flags and files say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from app.cli.dispatch import EXIT_BAD_INPUT, EXIT_OK, dispatch


@pytest.fixture
def run_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FRIEDEL_DATA", str(tmp_path / "data"))
    path = tmp_path / "run.npy"
    np.save(path, np.arange(3 * 20 * 20, dtype=np.int16).reshape(3, 20, 20))
    np.save(tmp_path / "dark.npy", np.full((20, 20), 100.0, np.float32))
    return path


def first_frame(path: Path, *flags: str) -> np.ndarray:
    out = path.parent / f"out{len(list(path.parent.glob('out*.npy')))}.npy"
    assert dispatch(["frame", str(path), "1", "-o", str(out), *flags]) == EXIT_OK
    return np.load(out)


def test_flags(run_path: Path) -> None:
    plain = first_frame(run_path)
    found = first_frame(run_path, "--dark", str(run_path.parent / "dark.npy"), "--adu-per-photon", "4")
    np.testing.assert_allclose(found, (plain - 100.0) / 4)


def test_a_file_and_flags_over_it(run_path: Path) -> None:
    treatment = run_path.parent / "t.toml"
    treatment.write_text('[calibration]\ndark = "dark.npy"\nadu_per_photon = 4.0\n')
    plain = first_frame(run_path)
    np.testing.assert_allclose(first_frame(run_path, "--treatment", str(treatment)), (plain - 100.0) / 4)
    flagged = first_frame(run_path, "--treatment", str(treatment), "--adu-per-photon", "8")
    np.testing.assert_allclose(flagged, (plain - 100.0) / 8)


def test_a_mask_and_numbers_of_the_geometry(run_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mask = np.ones((20, 20), np.bool_)
    mask[:5] = False
    np.save(run_path.parent / "mask.npy", mask)
    flags = ["--add-mask", str(run_path.parent / "mask.npy"), "--distance-m", "0.7"]
    assert dispatch(["info", str(run_path), "--json", *flags]) == EXIT_OK
    said = json.loads(capsys.readouterr().out)
    assert said["masked_pixels"] == 100
    assert said["distance_m"] == 0.7


def test_mistakes_are_said(run_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save(run_path.parent / "small.npy", np.zeros((3, 3), np.float32))
    assert dispatch(["info", str(run_path), "--dark", str(run_path.parent / "small.npy")]) == EXIT_BAD_INPUT
    assert "3×3" in capsys.readouterr().err
    assert dispatch(["info", str(run_path), "--treatment", "nowhere.json"]) == EXIT_BAD_INPUT
    assert "nowhere.json" in capsys.readouterr().err
