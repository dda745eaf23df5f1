"""Labels and hit rate of a run, from what its workspace keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.embedding.few_shot.types import Verdicts
from models.runs import Run, open_run
from models.workspace import RunState, open_workspace
from models.workspace.results import save_verdicts, verdicts_path
from models.workspace.state import save_state
from models.workspace.summary import VERDICT_COUNTS, labels_and_hits, verdict_counts
from tests.models.runs.files import write_cxi

VERDICTS = Verdicts(
    classes=("single", "Blank"),
    probabilities=np.array([[0.9, 0.1], [0.2, 0.8], [0.2, 0.8], [0.3, 0.4], [0.0, 0.0]], np.float32),
    unknown=np.array([0, 0, 0, 0.9, 0], np.float32),
    label=np.array([0, 1, 1, -1, -1], np.int16),
    confidence=np.full(5, 0.9, np.float32),
    missing=np.array([False, False, False, False, True]),
    provenance={},
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return open_run(write_cxi(tmp_path / "run.cxi"))


def test_a_run_nobody_looked_at(run: Run, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert labels_and_hits(run, tmp_path / "data") == (None, None)
    assert sorted(tmp_path.rglob("*")) == before


def test_labels_of_everybody_count(run: Run, tmp_path: Path) -> None:
    for annotator, frames in (("ada", [0, 1]), ("bob", [1, 3])):
        workspace = open_workspace(run, annotator, tmp_path / "data")
        workspace.labels.set(np.array(frames), "single", source="key")
        workspace.close()
    assert labels_and_hits(run, tmp_path / "data")[0] == 3


def test_hit_rate_of_the_windows_last_verdicts(run: Run, tmp_path: Path) -> None:
    workspace = open_workspace(run, "ada", tmp_path / "data")
    state = RunState(extra={VERDICT_COUNTS: verdict_counts(VERDICTS)})
    save_state(workspace.folder, "ada", state)
    workspace.close()
    assert labels_and_hits(run, tmp_path / "data") == (None, 0.25)


def test_hit_rate_of_a_file_of_verdicts(run: Run, tmp_path: Path) -> None:
    workspace = open_workspace(run, "ada", tmp_path / "data")
    path = verdicts_path(workspace.folder, run.identity.pixels)
    save_verdicts(path, VERDICTS, run_digest=run.identity.digest)
    workspace.close()
    assert labels_and_hits(run, tmp_path / "data") == (None, 0.25)


def test_a_state_that_makes_no_sense_is_left_alone(run: Run, tmp_path: Path) -> None:
    workspace = open_workspace(run, "ada", tmp_path / "data")
    workspace.folder.mkdir(exist_ok=True)
    for name, text in (("a", "{"), ("b", '{"extra": {"verdicts": {"classes": 3}}}'), ("c", "[]"), ("d", "{}")):
        (workspace.folder / f"state-{name}.json").write_text(text)
    workspace.close()
    assert labels_and_hits(run, tmp_path / "data") == (None, None)
