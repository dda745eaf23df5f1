"""Many starts: all advance, the best come first, commands do what they say, and nothing that dies takes the rest."""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import replace

import numpy as np
import pytest

from models.errors import BadParameter, BadPattern, FriedelError
from models.phasing.settings import PhasingSettings
from models.phasing.starts import Change, GiveUp, GoOn, Pause, Step, Stop, Watch, desk, processes, run_starts
from models.phasing.starts import run as run_module
from models.progress import Progress
from tests.models.patterns.make import photon_pattern
from tests.models.phasing.starts import conftest

PATTERN = photon_pattern(n=32, width=10)
SETTINGS = PhasingSettings(schedule="10*(20 RAAR + SW)", starts=4, stop_hopeless=False, refine_iterations=0)


def drive(settings=SETTINGS, workers=0, told=None, pattern=PATTERN, **more):
    """All records and the result; `told(record)` gives the command to send after it, or None."""
    work = run_starts(pattern, settings, workers, **more)
    records = [next(work)]
    while True:
        try:
            records.append(work.send(told(records[-1]) if told else None))
        except StopIteration as stop:
            return records, stop.value


def row_of(record, seed):
    return next(row for row in record.rows if row.seed == seed)


def test_all_starts_are_run_and_the_best_come_first(faked):
    faked["each_s"] = 1e-4
    records, result = drive()
    assert [start.seed for start in result.starts] == [1, 2, 0, 3]
    assert {start.iterations for start in result.starts} == {200}
    last = records[-1]
    assert [row.seed for row in last.rows] == [1, 2, 0, 3]
    assert {row.state for row in last.rows} == {"finished"}
    assert [r.done for r in records[:-1]] == sorted(r.done for r in records[:-1])
    before_end = [r for r in records if r.unit == "iterations"]
    assert before_end[0].done == 0
    assert before_end[-1].total == 800


def test_all_starts_advance_together(faked):
    faked["each_s"] = 2e-3
    records, _ = drive()
    half = next(record for record in records if record.done >= 400)
    assert min(row.iteration for row in half.rows) > 20
    assert any("best: start" in record.message for record in records)


def test_the_watched_start_is_shown_and_its_curve_grows(faked):
    faked["each_s"] = 5e-4
    asked = []

    def told(record):
        if not asked and record.done > 100:
            asked.append(record)
            return Watch(2)
        return None

    records, _ = drive(told=told)
    pictures = [record for record in records if record.preview is not None]
    first = [record.preview.object[0, 0].real for record in pictures]
    assert first[0] == 0
    assert first[-1] == 2
    curve = records[-1].history
    assert records[-1].watched == 2
    assert list(curve.iteration) == list(range(20, 201, 20))
    assert np.all(np.diff(curve.free_log_likelihood) < 0)


def test_the_curves_of_all_starts_come_without_gaps(faked):
    records, _ = drive()
    last = records[-1].curves
    assert set(last) == {row.seed for row in records[-1].rows}
    for history in last.values():
        assert list(history.iteration) == list(range(20, 201, 20))


def test_long_curves_are_thinned_but_end_where_the_start_is(faked, monkeypatch):
    monkeypatch.setattr("models.phasing.starts.table._CURVE_POINTS", 4)
    records, _ = drive()
    for history in records[-1].curves.values():
        assert len(history.iteration) <= 4
        assert history.iteration[-1] == 200


def test_a_pause_holds_everything_until_it_ends(faked):
    faked["each_s"] = 5e-4
    paused = []

    def told(record):
        if record.paused:
            paused.append(record.done)
            return GoOn() if len(paused) == 4 else None
        return Pause() if record.done and not paused else None

    records, result = drive(told=told)
    assert len(set(paused[1:])) == 1
    assert paused[0] < 800
    assert {start.iterations for start in result.starts} == {200}
    assert any(record.message == "paused" for record in records)


def test_steps_are_counted_in_iterations_of_every_start(faked):
    seen = []

    def told(record):
        seen.append({row.seed: row.iteration for row in record.rows})
        if len(seen) == 1:
            return Pause()
        if len(seen) in (3, 6):
            return Step(3)
        return Stop() if len(seen) == 9 else None

    _, result = drive(told=told)
    assert set(seen[8].values()) == {6}
    assert {start.iterations for start in result.starts} == {6}
    assert {start.ended for start in result.starts} == {"stopped"}


@pytest.mark.parametrize("workers", [0, 2])
def test_changed_settings_hold_from_the_next_iteration(faked, workers):
    faked["each_s"] = 2e-3
    sent = []

    def told(record):
        if record.done > 50 and not sent:
            sent.append(record.done)
            return Change(replace(SETTINGS, beta=0.5, starts=99, seed=7))
        return None

    _, result = drive(workers=workers, told=told)
    assert {start.schedule for start in result.starts} <= {"0.9,0.5", "0.5"}
    assert any(start.schedule == "0.9,0.5" for start in result.starts)
    assert [start.seed for start in result.starts] == [1, 2, 0, 3]
    ((iteration, values),) = result.changes
    assert 0 < iteration < 200
    assert (values["beta"], values["starts"], values["seed"]) == (0.5, 4, 0)


def test_settings_that_make_no_sense_are_refused_and_the_run_goes_on(faked):
    faked["each_s"] = 1e-4
    sent = []

    def told(record):
        if not sent and record.done:
            sent.append(record)
            return Change(replace(SETTINGS, schedule="30 HOI"))
        return None

    records, result = drive(told=told)
    assert any("stay as they were" in note for note in records[-1].notes)
    assert result.changes == ()


def test_stopping_gives_what_there_is(faked):
    faked["each_s"] = 1e-3
    records, result = drive(told=lambda record: Stop() if record.done >= 200 else None)
    assert {row.state for row in records[-1].rows} <= {"stopped", "finished"}
    assert 0 < min(start.iterations for start in result.starts) < 200


def test_stopping_before_the_first_iteration_says_so(faked):
    with pytest.raises(FriedelError, match="nothing to show yet"):
        drive(told=lambda record: Stop())


def test_stopping_does_not_wait_for_a_long_first_iteration(faked):
    faked["each_s"] = 60.0
    begun = time.monotonic()
    with pytest.raises(FriedelError, match="nothing to show yet"):
        drive(workers=1, told=lambda record: Stop() if time.monotonic() - begun > 0.5 else None)
    assert time.monotonic() - begun < 30


def test_stopping_again_leaves_the_comparison_of_the_starts(faked, monkeypatch):
    heard = []

    def assemble(pattern, starts, settings, held_out, *, changes=(), ranking=None):
        while not heard:
            if (yield Progress(done=1, total=4, unit="starts", message="laying the starts over one another")):
                heard.append(True)
        return (
            yield from conftest.fake_assemble(pattern, starts, settings, held_out, changes=changes, ranking=ranking)
        )

    monkeypatch.setattr("models.phasing.starts.run.assemble", assemble)
    drive(told=lambda record: Stop() if "laying" in record.message else None)
    assert heard


def test_one_start_can_be_given_up(faked):
    faked["each_s"] = 2e-3
    records, result = drive(told=lambda record: GiveUp(1) if record.done > 100 else None)
    assert row_of(records[-1], 1).state == "given up"
    assert records[-1].rows[-1].seed == 1
    gone = next(start for start in result.starts if start.seed == 1)
    assert gone.ended == "hopeless"
    assert gone.iterations < 200


def test_hopeless_starts_are_given_up_and_said(faked):
    faked["each_s"] = 3e-3
    records, result = drive(replace(SETTINGS, stop_hopeless=True))
    ended = {start.seed: start.ended for start in result.starts}
    assert ended == {0: "hopeless", 1: "finished", 2: "finished", 3: "hopeless"}
    assert [seed for seed in (0, 3) if any(f"start {seed} given up" in note for note in records[-1].notes)] == [0, 3]


def test_starts_given_up_before_are_none_of_the_two_that_stay(faked):
    faked["each_s"] = 3e-3
    settings = replace(SETTINGS, starts=3, stop_hopeless=True)
    told = []

    def give_up(record):
        if row_of(record, 2).iteration > 20 and not told:
            told.append(record)
            return GiveUp(2)
        return None

    _, result = drive(settings, told=give_up)
    assert {start.seed: start.ended for start in result.starts} == {0: "finished", 1: "finished", 2: "hopeless"}


def test_a_start_that_fails_leaves_the_others(faked):
    faked["trouble"] = {1: "error", 2: "bug"}
    records, result = drive()
    assert sorted(start.seed for start in result.starts) == [0, 3]
    assert row_of(records[-1], 1).state == "failed"
    assert any("lower beta" in text.lower() for text in result.trust.warnings)
    assert any("ZeroDivisionError" in text for text in result.trust.warnings)


def test_when_all_fail_the_first_reason_is_told(faked):
    faked["trouble"] = dict.fromkeys(range(4), "error")
    with pytest.raises(FriedelError, match="range of numbers"):
        drive()


def test_a_process_that_dies_takes_only_its_own_starts(faked):
    faked["each_s"] = 2e-4
    faked["trouble"] = {1: "die"}
    records, result = drive(workers=2)
    assert sorted(start.seed for start in result.starts) == [0, 2]
    assert {row_of(records[-1], seed).state for seed in (1, 3)} == {"failed"}
    (note,) = [note for note in records[-1].notes if "lost" in note]
    assert "starts 1, 3 were lost" in note
    assert "signal 9" in note


def lanes():
    return [each for each in multiprocessing.active_children() if "lane" in each.name]


def test_closing_sees_the_processes_off(faked):
    faked["each_s"] = 1e-3
    work = run_starts(PATTERN, SETTINGS, 2)
    while not next(work).done:
        pass
    assert len(lanes()) == 2
    work.close()
    assert not lanes()


def test_a_daemon_runs_them_itself(faked, monkeypatch):
    monkeypatch.setattr(processes, "may_have_children", lambda: False)
    _, result = drive(workers=2)
    assert len(result.starts) == 4


def test_starts_that_do_not_fit_into_memory_wait(faked, monkeypatch):
    monkeypatch.setattr(run_module, "running_at_once", lambda *_: 1)
    faked["each_s"] = 2e-3  # a start takes longer than the time between two records
    records, result = drive(replace(SETTINGS, starts=3))
    assert len(result.starts) == 3
    assert "1 of 3 starts run at a time" in records[0].notes[0]
    assert max(sum(row.state == "RAAR" for row in record.rows) for record in records) == 1


def test_of_too_many_results_the_best_are_kept(faked, monkeypatch):
    monkeypatch.setattr(desk, "kept_at_most", lambda *_: 2)
    _, result = drive()
    assert [start.seed for start in result.starts] == [1, 2]
    assert any("did not fit into memory" in text for text in result.trust.warnings)


def test_later_generations_begin_from_the_best_and_some_from_chance(faked):
    records, result = drive(replace(SETTINGS, generations=2))
    last = {start.seed: start for start in result.starts}
    # Seeds go on counting; a quarter is fresh; the best of the first generation stays in.
    assert sorted(last) == [1, 4, 5, 6, 7]
    assert [last[seed].object[0, 0].real for seed in (4, 5, 6, 7)] == [2, 2, 2, 1]
    assert {record.generation for record in records} == {0, 1}
    counted = [record for record in records if record.unit == "iterations"]
    assert counted[-1].done == counted[-1].total == 1600
    assert counted[0].total == 1600
    assert any("generations" in text for text in result.trust.warnings)


def test_the_time_of_all_generations_counts(faked):
    faked["each_s"] = 1e-4
    _, result = drive(replace(SETTINGS, generations=3))
    # The fake reconstruction counts none; the last generation and the best of each are among its starts.
    assert result.seconds == pytest.approx(2 * 3 * 200 * 1e-4)


def test_a_given_support_is_given_to_all_generations(faked):
    settings = replace(SETTINGS, generations=2, first_support="given")
    records, result = drive(settings, support=np.ones(PATTERN.shape, bool))
    assert sorted(start.seed for start in result.starts) == [1, 4, 5, 6, 7]
    assert not records[-1].notes


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        (replace(SETTINGS, schedule="10 XYZ"), BadParameter),
        (replace(SETTINGS, starts=0), BadParameter),
        (replace(SETTINGS, first_support="given"), FriedelError),
    ],
)
def test_what_cannot_be_run_is_said_before_anything_starts(faked, settings, error):
    with pytest.raises(error):
        next(run_starts(PATTERN, settings, 0))


def test_hostile_patterns_are_refused(faked):
    with pytest.raises(BadPattern):
        next(run_starts(replace(PATTERN, measured=np.zeros(PATTERN.shape, bool)), SETTINGS, 0))
