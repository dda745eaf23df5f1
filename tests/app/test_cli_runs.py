"""`friedel runs`: the runs of a folder, for people and for programs."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from app.cli.dispatch import dispatch
from models.workspace import open_workspace
from tests.app.conftest import make_run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    from models.runs import open_run

    place = tmp_path / "raw"
    place.mkdir()
    for name, frames in (("r0002.cxi", 4), ("r0010.cxi", 6)):
        make_run(place / name, frames)
        os.utime(place / name, (time.time() - 3600, time.time() - 3600))
    run = open_run(place / "r0010.cxi")
    workspace = open_workspace(run, "ada")
    workspace.labels.set([0, 1, 2], "single")
    workspace.close()
    run.close()
    return place


def test_for_programs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch(["runs", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["folder"] == str(folder)
    assert [run["name"] for run in found["runs"]] == ["r0002.cxi", "r0010.cxi"]
    first, second = found["runs"]
    assert (first["frames"], first["height"], first["width"], first["state"]) == (4, 24, 32, "complete")
    assert (first["labels"], first["hit_rate"]) == (None, None)
    assert second["labels"] == 3


def test_for_people(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "broken.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    assert dispatch(["runs", str(folder)]) == 0
    out = capsys.readouterr().out
    for word in ("r0010.cxi", "24×32 px", "complete", "broken.h5", "labels"):
        assert word in out


def test_an_empty_folder_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch(["runs", str(tmp_path)]) == 0
    assert "none" in capsys.readouterr().out


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch(["runs", str(tmp_path / "gone")]) == 2
    said = capsys.readouterr().err
    assert "there is no such folder" in said
    assert said.count("\n") == 1
