"""`friedel adapt-denoise` as a user types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.cli.dispatch import EXIT_BAD_INPUT, dispatch
from tests.models.denoising.adapt.runs import small_weights


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "run.cxi"
    argv = ["simulate", str(path), "--frames", "24", "--height", "32", "--width", "40", "--seed", "3"]
    assert dispatch([*argv, "--blank", "0", "--contaminant", "0"]) == 0
    return path


def test_it_reports_what_was_gained_and_where_the_weights_are(
    simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    argv = ["adapt-denoise", str(simulated), "--frames", "2:24", "--out", str(tmp_path / "out"), "--json"]
    flags = ["--weights", str(small_weights(tmp_path)), "--steps", "40", "--learning-rate", "4e-3", "--threads", "1"]
    assert dispatch([*argv, *flags]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["frames_learned"] + found["frames_watched"] + found["frames_judged"] == 22
    assert found["gain_error"] > 0
    there = list((tmp_path / "out").glob("*.safetensors"))
    assert [str(path) for path in there] == ([] if found["weights"] is None else [found["weights"]])
    assert ("stays as it is" in found["verdict"]) == (found["weights"] is None)


def test_too_few_frames_are_refused_in_a_sentence(
    simulated: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["adapt-denoise", str(simulated), "--frames", "0:5", "--out", str(tmp_path)]
    assert dispatch([*argv, "--weights", str(small_weights(tmp_path))]) == EXIT_BAD_INPUT
    assert "at least 8 are needed" in capsys.readouterr().err
