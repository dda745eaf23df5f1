"""The search for the support, a stage of the run: trials run as starts do, and starts begin from what is found."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest

from models.errors import FriedelError
from models.phasing.starts import Change, Stop
from models.phasing.starts import run as run_module
from tests.models.patterns.make import photon_pattern
from tests.models.phasing.starts.fakes import FakeSolver
from tests.models.phasing.starts.test_run import SETTINGS, drive


def trial(seed, settings, first, side, *, whole):
    support = np.ones((side, side), bool)
    return SimpleNamespace(seed=seed, settings=settings, support=support, first=first, whole=whole)


class FakeSearch:
    """Two rounds of three trials; the second only with results of the first."""

    taken: ClassVar[list[list[int]]] = []

    def __init__(self, pattern, settings, held_out, fitted):
        FakeSearch.taken = []
        self.pattern, self.held_out = photon_pattern(n=16, width=5), np.zeros((16, 16), bool)
        self.fitted = self.pattern
        self.rounds, self.settings = 2, settings

    def trials(self):
        number = len(FakeSearch.taken)
        if number == 2:
            return ()
        own = replace(self.settings, schedule="40 RAAR", beta=0.95, first_support="given")
        first = None if number == 0 else np.full((16, 16), 3, np.complex64)
        seeds = [1000 * (number + 1) + n for n in range(3)]
        return tuple(trial(seed, own, first, 16, whole=False) for seed in seeds)

    def take(self, results):
        FakeSearch.taken.append(sorted(start.seed for start in results))

    def starts(self):
        first = np.full((32, 32), 7, np.complex64)
        own = replace(self.settings, first_support="given", area_low=0.1, area_high=0.12)
        return tuple(trial(number, own, first, 32, whole=True) for number in range(self.settings.starts))


@pytest.fixture
def searching(faked, monkeypatch):
    monkeypatch.setitem(sys.modules, "models.phasing.search", SimpleNamespace(Search=FakeSearch))
    monkeypatch.setattr(run_module, "validate", lambda settings: settings)
    return faked


def test_the_support_is_searched_for_before_the_starts(searching):
    searching["each_s"] = 5e-4
    records, result = drive(replace(SETTINGS, first_support="search"))
    assert FakeSearch.taken == [[1000, 1001, 1002], [2000, 2001, 2002]]
    stages = list(dict.fromkeys(record.stage for record in records))
    assert stages[-1] == ""
    assert [stage for stage in stages if "round" in stage] == [
        f"searching for the support, round {number} of 2" for number in (1, 2)
    ]
    # All starts begin from what was found; what the search took counts.
    assert [start.object[0, 0].real for start in result.starts] == [8] * 4
    assert result.seconds == pytest.approx(6 * 40 * 5e-4)  # the fake reconstruction counts none of its own
    done = [record.done for record in records if record.unit == "iterations"]
    assert done == sorted(done)
    assert done[-1] == records[-2].total == 6 * 40 + 4 * 200


def test_changes_leave_what_is_a_start_s_own(searching):
    searching["each_s"] = 1e-3
    sent = []

    def told(record):
        if record.stage == "" and record.done > 300 and not sent:
            sent.append(record)
            return Change(replace(SETTINGS, first_support="search", beta=0.5))
        return None

    _, result = drive(replace(SETTINGS, first_support="search"), told=told)
    assert sent
    assert all(start.schedule.endswith("0.5") for start in result.starts if start.iterations == 200)


def test_what_is_changed_in_the_search_holds_for_the_starts(searching):
    searching["each_s"] = 1e-3
    asked = replace(SETTINGS, first_support="search")
    sent = []

    def told(record):
        if "round 1" in record.stage and record.done > 20 and not sent:
            sent.append(record)
            return Change(replace(asked, schedule="50 RAAR", beta=0.5))
        return None

    _, result = drive(asked, told=told)
    assert sent
    assert result.changes[0][0] == 0
    assert {start.iterations for start in result.starts if start.ended == "finished"} == {50}
    assert all(start.schedule.endswith("0.5") for start in result.starts)


def test_later_generations_keep_the_area_that_was_found(searching, monkeypatch):
    begun = {}
    start = FakeSolver.start

    def seen(solver, ended=""):
        begun[solver.task.seed] = (solver.settings.first_support, solver.settings.area_low, solver.task.support)
        return start(solver, ended)

    monkeypatch.setattr(FakeSolver, "start", seen)
    _, result = drive(replace(SETTINGS, first_support="search", generations=2))
    last = {seed: begun[seed] for seed in (4, 5, 6, 7)}
    assert {low for _, low, _ in last.values()} == {0.1}
    assert [kind for kind, _, _ in last.values()] == ["given"] * 3 + ["search"]  # a quarter begins from chance
    assert [support is None for _, _, support in last.values()] == [False] * 3 + [True]
    assert len(result.starts) == 5


def test_one_start_agrees_with_no_other(searching):
    asked = replace(SETTINGS, first_support="search")
    for starts, said in ((4, True), (1, False)):
        _, result = drive(replace(asked, starts=starts))
        assert len(result.starts) == starts
        assert any("their agreement" in text for text in result.trust.warnings) is said


def test_stopping_in_the_search_says_so(searching):
    searching["each_s"] = 1e-3
    with pytest.raises(FriedelError, match="nothing to show yet") as caught:
        drive(replace(SETTINGS, first_support="search"), told=lambda record: Stop() if record.done > 20 else None)
    assert "search" in caught.value.cause
