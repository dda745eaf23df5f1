"""The tour takes the real window through a whole day, touches nothing of the user's, and says what it saw."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from app.tour import run_tour
from models.progress import drain
from tests.app.conftest import N

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def test_the_tour_walks_through_everything(
    qtbot, tmp_path: Path, run_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    out = Path("tour")
    before = sorted(path.name for path in run_file.parent.iterdir())
    environment = dict(os.environ)
    names: list[str] = []
    seen = drain(run_tour(out, run_file, (1100, 760)), lambda step: names.append(step.message))
    assert dict(os.environ) == environment
    assert sorted(path.name for path in run_file.parent.iterdir()) == sorted([*before, "tour"]), "the run is a copy"
    assert not Path(os.environ["FRIEDEL_CONFIG"]).exists(), "the user's settings were not touched"
    assert not list(out.glob("tour")), "a relative folder is the same folder for every step"
    assert json.loads((out / "results.json").read_text()) == seen
    assert seen["frames"] == N
    assert seen["undo"] == [8, 6, 8]
    assert seen["exported"] == seen["selected"] > 0
    assert seen["result"]["starts"] == 3, "nothing of the reconstruction is made up here"
    assert any("beam at" in words for words in seen["pattern"]["steps"])
    assert seen["divider"] == 0.6
    assert "free LLK" in seen["compared"]
    assert seen["drawn_px"] > 0
    assert seen["exported_result_kb"] > 1
    assert seen["docked"]
    assert seen["label_rows"] == seen["after_restart"]["labels"] >= 10
    pictures = sorted(path.name for path in out.glob("*.png"))
    assert len(pictures) >= len(seen["steps"]) == len(names) - 1
    assert all((out / step["picture"]).stat().st_size > 5000 for step in seen["steps"])
