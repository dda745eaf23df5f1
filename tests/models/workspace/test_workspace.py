"""The workspace as a whole: where it is, that it is all there again, and that a kill loses nothing."""

from __future__ import annotations

import shutil
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.labels import kill_rounds
from models.errors import NotSaved
from models.runs.types import RunIdentity
from models.workspace import RunState, SavedEntry, Workspace, open_workspace
from models.workspace import location as location_module
from models.workspace.entries import RunKey
from models.workspace.journal import JournalReader
from models.workspace.labels import Labels
from models.workspace.location import folder_beside
from models.workspace.rosters import load_roster
from tests.models.workspace.conftest import FakeRun


def test_looking_at_a_run_writes_nothing(run: FakeRun, user_data: Path) -> None:
    space = open_workspace(run, "ada")
    assert space.folder == run.path.with_name("r0001.cxi.friedel")
    assert space.location_note == ""
    space.close()
    assert [p.name for p in run.path.parent.iterdir()] == ["r0001.cxi"]
    assert not user_data.exists()


def test_labels_undo_and_classes_are_there_after_a_restart(run: FakeRun) -> None:
    space = open_workspace(run, "ada")
    space.labels.add_class("ring", "#123456")
    space.labels.set([1, 2], "ring")
    space.labels.set(3, "single")
    space.labels.undo()
    assert space.close() == ()
    again = open_workspace(run, "ada")
    assert again.labels.counts()["ring"] == 2
    assert again.labels.codes[3] == -1
    again.labels.redo()
    assert again.labels.name_of(3) == "single"
    assert again.warnings == ()
    again.close()


def test_every_label_is_reported_saved(run: FakeRun) -> None:
    space = open_workspace(run, "ada")
    outcomes: list[SavedEntry | NotSaved] = []
    space.on_saved(outcomes.append)
    entries = [space.labels.set(i, "multi") for i in range(5)]
    assert space.flush()
    assert space.pending == 0
    space.close()
    assert [o.entry for o in outcomes if isinstance(o, SavedEntry)] == entries
    assert outcomes[0].path == space.journal


def test_two_annotators_at_once_see_each_other(run: FakeRun) -> None:
    ada, bob = open_workspace(run, "ada"), open_workspace(run, "bob")
    ada.labels.set([0, 1], "single")
    assert ada.flush()
    assert bob.refresh() == 1
    bob.labels.set(1, "multi")
    assert bob.flush()
    assert bob.refresh() == 0
    assert ada.refresh() == 1
    assert ada.labels.name_of(1) == "multi"
    assert [c.frame for c in ada.labels.conflicts()] == [1]
    ada.close()
    bob.close()


def test_the_same_annotator_twice_loses_nothing_and_can_undo_both(run: FakeRun) -> None:
    one, two = open_workspace(run, "ada"), open_workspace(run, "ada")
    one.labels.set(0, "single")
    assert one.flush()
    two.labels.set(1, "multi")
    assert two.flush()
    assert one.journal != two.journal
    assert one.refresh() == 1
    assert one.labels.undo() is not None
    assert one.labels.codes[:2].tolist() == [0, -1]
    one.close()
    two.close()


def test_a_read_only_folder_sends_labels_to_the_users_directory(run: FakeRun, user_data: Path) -> None:
    folder_beside(run.path).write_text("a file in the way")
    space = open_workspace(run, "ada")
    assert space.folder == user_data / "workspaces" / f"r0001-{run.digest}"
    assert "cannot be written" in space.location_note
    assert str(space.folder) in space.location_note
    space.labels.set(1, "single")
    assert space.close() == ()
    # The run is moved and renamed: its digest finds the labels again.
    moved = replace(run, path=run.path.with_name("renamed.cxi"), name="renamed")
    again = open_workspace(moved, "ada")
    assert again.labels.name_of(1) == "single"
    again.close()


def test_both_places_are_read_and_the_one_beside_the_run_is_written(run: FakeRun, user_data: Path) -> None:
    away = open_workspace(run, "ada", writable=lambda folder: folder.is_relative_to(user_data))
    away.labels.set(1, "single")
    assert away.close() == ()
    space = open_workspace(run, "ada")
    assert space.location_note == ""
    assert space.labels.name_of(1) == "single"
    space.labels.set(2, "multi")
    assert space.close() == ()
    assert space.journal.is_relative_to(run.path.parent)


def test_nowhere_to_write_is_said_at_once(run: FakeRun) -> None:
    space = open_workspace(run, "ada", writable=lambda _: False)
    assert "NOT saved" in space.location_note
    space.close()


def test_a_run_inside_the_program_keeps_its_labels_with_the_user(
    run: FakeRun, user_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(location_module, "_PROGRAM", run.path.parent.parent)
    resources = run.path.parent.parent / "resources"
    resources.mkdir()
    space = open_workspace(replace(run, path=resources / "demo.cxi"), "ada")
    assert space.folder.is_relative_to(user_data)
    assert "part of the program" in space.location_note
    space.close()


def test_a_moved_run_finds_the_labels_it_left_behind_and_a_copy_does_not(run: FakeRun, tmp_path: Path) -> None:
    space = open_workspace(run, "ada")
    space.labels.set(1, "single")
    assert space.close() == ()
    elsewhere = tmp_path / "archive" / "r0001.cxi"
    elsewhere.parent.mkdir()
    shutil.copy(run.path, elsewhere)
    copied = open_workspace(replace(run, path=elsewhere), "ada")
    assert copied.labels.n_labelled == 0
    copied.close()
    run.path.unlink()
    moved = open_workspace(replace(run, path=elsewhere), "ada")
    assert moved.labels.name_of(1) == "single"
    assert moved.folder.parent == elsewhere.parent
    moved.close()


def test_a_lasso_follows_its_events_into_a_reordered_file(run: FakeRun) -> None:
    n = 3000
    run = replace(run, n=n, events=[f"e{i}" for i in range(n)])
    space = open_workspace(run, "ada")
    space.labels.set(np.arange(2000), "multi", source="lasso")
    space.labels.set(2500, "single")
    assert space.close() == ()
    turned = replace(run, events=[f"e{i}" for i in reversed(range(n))], digest="f" * 16)
    turned.identity = RunIdentity("f" * 16, n)
    again = open_workspace(turned, "ada")
    assert again.labels.counts()["multi"] == 2000
    assert (again.labels.codes[1000:] == 1).all()
    assert again.labels.name_of(499) == "single"
    assert again.warnings == ()
    again.close()


def test_labels_of_another_file_of_that_name_are_not_shown_as_this_ones(run: FakeRun) -> None:
    space = open_workspace(run, "ada")
    space.labels.set([1, 2], "single")
    assert space.close() == ()
    other = replace(run, digest="e" * 16, dataset="/other/data")
    again = open_workspace(other, "ada")
    assert again.labels.n_labelled == 0
    assert "2 labels are of frames that are not in this version" in again.warnings[0]
    again.close()


def test_a_journal_that_cannot_be_read_is_announced_and_the_rest_is_used(run: FakeRun) -> None:
    space = open_workspace(run, "ada")
    space.labels.set(1, "single")
    assert space.close() == ()
    (space.folder / "labels-eve@x.jsonl").mkdir()
    again = open_workspace(run, "ada")
    assert again.labels.n_labelled == 1
    assert "labels-eve@x.jsonl cannot be read" in again.warnings[0]
    again.close()


def test_unsaved_labels_are_rescued_into_the_users_directory_and_found_again(run: FakeRun, user_data: Path) -> None:
    space = open_workspace(run, "ada")
    folder_beside(run.path).write_text("appeared after the run was opened")
    told = threading.Event()
    space.on_saved(lambda outcome: told.set() if isinstance(outcome, NotSaved) else None)
    entry = space.labels.set(1, "single")
    assert told.wait(10)
    assert space.save_error is not None
    assert "folder should be" in space.save_error.sentence()
    assert space.close() == (entry,)
    assert space.rescue() == ()
    folder_beside(run.path).unlink()
    again = open_workspace(run, "ada")
    assert again.labels.name_of(1) == "single"
    again.close()


def test_a_lasso_is_rescued_from_a_folder_that_is_gone_with_the_events_it_is_about(run: FakeRun) -> None:
    run.n, run.events = 2000, [f"5:{i}" for i in range(2000)]
    space = open_workspace(run, "ada")
    folder_beside(run.path).write_text("appeared after the run was opened")
    entry = space.labels.set(np.arange(1500), "multi", "lasso")
    assert space.close() == (entry,)
    assert space.rescue() == ()
    run.events, run.digest = run.events[::-1], "fedcba9876543210"
    reordered = JournalReader(next(space.rescue_folder.glob("labels-*.jsonl"))).read_new()
    labels = Labels(
        RunKey(run.digest, run.n, run.dataset, run.shape, has_events=True),
        run.events,
        annotator="ada",
        roster=lambda digest: load_roster([space.rescue_folder], digest),
    )
    labels.merge(reordered)
    assert labels.labelled().tolist() == list(range(500, 2000))


def test_the_windows_state_is_kept_for_each_annotator(run: FakeRun) -> None:
    ada, bob = open_workspace(run, "ada"), open_workspace(run, "bob")
    ada.save_state(RunState(frame=7, selection=np.arange(3)))
    assert ada.load_state().frame == 7
    assert bob.load_state().frame == 0
    ada.close()
    bob.close()


def test_no_label_said_to_be_saved_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    report = kill_rounds(tmp_path, rounds=5, seed=7)
    assert report.acknowledged >= 5
    assert (report.lost, report.unreadable) == (0, 0)


@pytest.mark.skipif(sys.platform == "win32", reason="no modes there")
def test_a_group_that_shares_the_runs_folder_shares_the_workspace(run: FakeRun) -> None:
    run.path.parent.chmod(0o2775)
    space = open_workspace(run, "ada")
    space.labels.set(1, "single")
    space.save_state(RunState())
    assert space.close() == ()
    assert space.folder.stat().st_mode & 0o2070 == 0o2070
    assert (space.folder / "state-ada.json").stat().st_mode & 0o060 == 0o060


def test_opening_makes_no_thread_that_outlives_it(run: FakeRun) -> None:
    before = threading.active_count()
    space: Workspace = open_workspace(run, "ada")
    space.close()
    assert threading.active_count() == before
