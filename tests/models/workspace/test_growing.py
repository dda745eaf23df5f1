"""Labels of a run that grows while they are given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models.workspace import open_workspace
from models.workspace.rosters import load_roster
from tests.models.workspace.conftest import FakeRun


def lengthen(run: FakeRun, count: int, digest: str = "") -> None:
    run.n = count
    if run.events is not None:
        run.events = [f"e{i}" for i in range(count)]
    if digest:
        run.digest = digest


@pytest.fixture(params=[True, False], ids=["events", "no events"])
def growing(request: pytest.FixtureRequest, tmp_path: Path, user_data: Path) -> FakeRun:
    path = tmp_path / "live.h5"
    path.touch()
    return FakeRun(path, n=4, events=[f"e{i}" for i in range(4)] if request.param else None)


def test_frames_that_came_can_be_labelled_and_those_before_keep_theirs(growing: FakeRun) -> None:
    space = open_workspace(growing, "ada")
    space.labels.set([0, 3], "single")
    lengthen(growing, 9)
    space.grow()
    labels = space.labels
    assert labels.codes.tolist() == [0, -1, -1, 0, -1, -1, -1, -1, -1]
    labels.set(8, "multi")
    labels.set_unsure(5)
    assert labels.counts()["single"] == 2
    assert labels.counts()["multi"] == 1
    assert labels.counts()["unsure"] == 1
    labels.undo()
    assert labels.codes[5] == -1
    assert labels.n_labelled == 3
    space.close()
    again = open_workspace(growing, "ada")
    np.testing.assert_array_equal(again.labels.codes, labels.codes)
    assert again.warnings == ()
    again.close()


def test_labels_of_frames_that_were_not_here_yet_find_them_when_they_come(growing: FakeRun) -> None:
    lengthen(growing, 8)
    ahead = open_workspace(growing, "bob")
    ahead.labels.set([2, 7], "single")
    ahead.labels.set(6, "multi")
    ahead.labels.undo()
    ahead.close()
    lengthen(growing, 4)
    space = open_workspace(growing, "ada")
    assert space.labels.lost > 0
    space.labels.set(1, "multi")
    lengthen(growing, 8)
    space.grow()
    assert space.labels.lost == 0
    assert space.labels.codes[[1, 2, 7, 6]].tolist() == [space.labels.class_names.index("multi"), 0, 0, -1]
    space.labels.undo()
    assert space.labels.codes[1] == -1
    assert space.labels.codes[7] == 0
    space.close()


def test_labels_stay_when_a_small_run_has_another_identity_after_growing(growing: FakeRun) -> None:
    space = open_workspace(growing, "ada")
    space.labels.set([1, 3], "single")
    lengthen(growing, 80)
    space.grow()
    space.labels.set(70, "single")
    space.close()
    lengthen(growing, 120, digest="fedcba9876543210")
    again = open_workspace(growing, "ada")
    assert np.flatnonzero(again.labels.codes == 0).tolist() == [1, 3, 70]
    again.close()


def test_the_identifiers_of_a_lasso_are_kept_with_those_that_came(tmp_path: Path, user_data: Path) -> None:
    path = tmp_path / "live.h5"
    path.touch()
    run = FakeRun(path, n=2000, events=[f"e{i}" for i in range(2000)])
    space = open_workspace(run, "ada")
    space.labels.set(np.arange(1500), "single")
    space.flush()
    lengthen(run, 4000)
    space.grow()
    space.labels.set(np.arange(2500, 4000), "single")
    space.close()
    kept = load_roster([space.folder], run.digest)
    assert kept is not None
    assert len(kept) == 4000
    lengthen(run, 4000, digest="fedcba9876543210")
    run.events = list(reversed(run.events or []))
    again = open_workspace(run, "ada")
    assert again.labels.counts()["single"] == 3000
    assert again.labels.codes[0] == 0
    again.close()
