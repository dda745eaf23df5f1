"""The last refinement, and the temporary folder that is gone afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.errors import NotSaved
from models.phasing.quality import object_error
from models.phasing.settings import PhasingSettings
from models.phasing.starts import Change, GoOn, Pause, Stop, folder, refining, run_starts
from models.progress import drain
from tests.models.phasing.starts.test_run import PATTERN, SETTINGS, drive
from tests.models.phasing.test_search import particle, pattern_of

REFINED = replace(SETTINGS, refine_iterations=60)


def test_every_start_goes_on_with_the_figures_it_was_ranked_by(faked):
    faked["each_s"] = 1e-4
    records, result = drive(REFINED)
    assert {start.iterations for start in result.starts} == {260}
    counted = [record for record in records if record.unit == "iterations"]
    assert counted[-1].done == counted[-1].total == counted[0].total == 4 * 260
    assert [record.done for record in counted] == sorted(record.done for record in counted)
    # The fake solver's figure begins anew; shown and kept is what it had come to.
    later = [record for record in records if "refining" in record.message]
    assert later
    free = {start.seed: start.free_log_likelihood for start in result.starts}
    for row in later[-1].rows:
        assert row.free_log_likelihood == free[row.seed] == pytest.approx({0: 4, 1: 1, 2: 1.2, 3: 30}[row.seed], 0.2)
    assert all(start.refinement for start in result.starts)


def test_it_can_be_paused_and_stopped_and_takes_no_other_settings(faked):
    faked["each_s"] = 2e-3
    seen = []

    def told(record):
        if "refining" not in record.message and not seen:
            return None
        seen.append(record.done)
        return {1: Pause(), 4: GoOn(), 6: Change(replace(REFINED, beta=0.3)), 9: Stop()}.get(len(seen))

    records, result = drive(REFINED, told=told)
    assert result.changes == ()
    assert any("being refined" in note for note in records[-1].notes)
    assert 4 * 200 < sum(start.iterations for start in result.starts) < 4 * 260
    assert {start.ended for start in result.starts} == {"finished"}


def test_settings_sent_while_the_starts_are_ranked_are_not_said_to_have_held(faked):
    told = Change(replace(REFINED, beta=0.3))
    records, result = drive(REFINED, told=lambda record: told if "ranking" in record.message else None)
    assert any("ranking" in record.message for record in records)
    assert result.changes == ()


def test_nothing_is_lost_where_there_is_no_room_for_the_refinement(faked, monkeypatch):
    def full(*_):
        raise NotSaved("The temporary file was not written", cause="No space left on device")

    monkeypatch.setattr(refining, "tasks_of", full)
    _, result = drive(REFINED)
    assert {start.iterations for start in result.starts} == {200}
    assert any("No space left" in warning for warning in result.trust.warnings)
    assert any("4 of 4 starts are not refined" in warning for warning in result.trust.warnings)


def test_stopped_starts_and_those_given_up_are_not_refined(faked):
    faked["each_s"] = 1e-3
    _, result = drive(REFINED, told=lambda record: Stop() if record.done >= 200 else None)
    assert not any(start.refinement for start in result.starts)
    faked["each_s"] = 3e-3
    _, result = drive(replace(REFINED, stop_hopeless=True))
    assert {start.seed for start in result.starts if not start.refinement} == {0, 3}


def test_the_bests_of_earlier_generations_are_refined_too(faked):
    records, result = drive(replace(REFINED, generations=2))
    assert all(start.refinement for start in result.starts)
    counted = [record for record in records if record.unit == "iterations"]
    assert counted[-1].done == 1600 + 5 * 60


@pytest.mark.parametrize("more", [{"refine_iterations": 0}, {"background": True}, {"coherence_px": None}])
def test_when_it_is_left_out(more):
    held = np.ones(PATTERN.shape, bool)
    assert refining.is_wanted(REFINED, held)
    assert not refining.is_wanted(REFINED, ~held)
    assert not refining.is_wanted(replace(REFINED, **more), held)


def test_bright_patterns_end_with_the_likelihood():
    bright = replace(PATTERN, intensity=np.full(PATTERN.shape, 50, np.float32), measured=np.ones(PATTERN.shape, bool))
    assert refining.refinement(REFINED, bright) == "30 ER + 30 ML"
    assert refining.refinement(REFINED, replace(bright, unit="arbitrary")) == "60 ER"
    assert refining.refinement(REFINED, replace(bright, intensity=np.ones(PATTERN.shape, np.float32))) == "60 ER"
    assert refining.refinement(replace(REFINED, schedule="50 RAAR + 20 ML"), bright) == "60 ML"
    assert refining.refinement(replace(REFINED, refine_iterations=1), bright) == "1 ER"


def test_the_held_out_pixels_make_the_object_better():
    pattern, truth = pattern_of(particle(64), 1e6, 0)
    given = np.abs(truth) > 0
    settings = PhasingSettings(schedule="150 RAAR + 60 ER", first_support="given", starts=2, refine_iterations=0)
    rough, fine = (
        drain(run_starts(pattern, replace(settings, refine_iterations=n), 0, support=given)) for n in (0, 60)
    )
    assert object_error(truth, fine.object) < object_error(truth, rough.object)
    assert fine.trust.free_log_likelihood == rough.trust.free_log_likelihood
    assert [start.seed for start in fine.starts] == [start.seed for start in rough.starts]
    assert np.array_equal(fine.first_support, given)
    disc = replace(settings, schedule="5 ER", first_support="disc")
    assert drain(run_starts(pattern, disc, 0, support=given)).first_support is None


def left(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in tmp_path.glob("friedel-starts-*"))


def test_no_folder_stays_behind(faked, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    work = run_starts(PATTERN, SETTINGS, 0)
    next(work)
    assert len(left(tmp_path)) == 1
    work.close()
    assert not left(tmp_path)
    drive()
    assert not left(tmp_path)


def test_folders_of_killed_processes_are_removed_and_those_of_others_are_not(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    mine = f"friedel-starts-{folder._host()}"
    for name in (f"{mine}-{gone.pid}-abc", f"{mine}-{os.getppid()}-abc", "friedel-starts-elsewhere-1-abc"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "intensity.npy").touch()
    folder.remove_stale()
    assert left(tmp_path) == sorted([f"{mine}-{os.getppid()}-abc", "friedel-starts-elsewhere-1-abc"])


def test_a_folder_in_use_stays_though_its_process_is_not_seen_from_here(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(folder, "_lives", lambda _process: False)
    with folder.own_folder() as used:
        folder.remove_stale()
        assert used.is_dir()
        (tmp_path / f"{used.name}x").mkdir()
        (tmp_path / f"{used.name}x" / folder._LOCK).touch()
        folder.remove_stale()
        assert left(tmp_path) == [used.name]
    assert not left(tmp_path)


def test_a_terminated_process_leaves_no_folder(tmp_path):
    code = (
        "import time\nfrom models.phasing.starts.folder import own_folder\n"
        "with own_folder() as where:\n    (where / 'a').touch()\n    print('in', flush=True)\n    time.sleep(60)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    assert process.stdout is not None
    process.stdout.readline()
    assert left(tmp_path)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 143
    assert not left(tmp_path)
