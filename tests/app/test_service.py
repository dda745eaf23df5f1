"""The service process: answers in time, the latest wins, errors and its own death reach the window as sentences."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from app.jobs.arrays import Scratch, pack, unpack
from app.jobs.service import Service
from models.errors import BadParameter
from tests.app.conftest import WAIT_MS

JOBS = "tests.app.service_for_tests"


@pytest.fixture
def service():
    made = Service()
    yield made
    made.close()


def asked(qtbot, lane, target: str, *args: object) -> object:
    """The answer to one request, or the error."""
    outcome: list[object] = []
    lane.submit(f"{JOBS}:{target}", args, outcome.append, outcome.append)
    qtbot.waitUntil(lambda: bool(outcome), timeout=WAIT_MS)
    return outcome[0]


def test_arrays_of_any_size_come_back_as_they_were(qtbot, service) -> None:
    lane = service.lane("a")
    for n in (0, 3, 100_000):
        given = np.arange(n, dtype=np.float32)
        doubled, note = asked(qtbot, lane, "doubled", lane.share(given))
        assert np.array_equal(doubled, 2 * given)
        assert note == "twice"


def test_a_mapped_file_is_not_copied_but_a_part_of_one_is(tmp_path) -> None:
    path = tmp_path / "whole.npy"
    np.save(path, np.arange(12.0).reshape(6, 2))
    whole = np.load(path, mmap_mode="r")
    scratch = Scratch()
    assert scratch.share(whole).path == str(path)
    part = scratch.share(whole[2:4])
    assert part.path != str(path)
    assert np.array_equal(part.open(), whole[2:4])
    folder = scratch.folder
    scratch.close()
    assert not folder.exists()


def test_parcels_leave_no_file_behind(tmp_path) -> None:
    value = {"many": np.arange(1_000_000, dtype=np.int16), "few": np.ones(3), "word": "x"}
    parcel = pack(value, str(tmp_path))
    assert len(list(tmp_path.iterdir())) == 1
    again = unpack(parcel)
    assert not list(tmp_path.iterdir())
    assert again["word"] == "x"
    assert np.array_equal(again["many"], value["many"])
    assert np.array_equal(again["few"], value["few"])


def test_only_the_latest_of_many_requests_arrives(qtbot, service) -> None:
    lane = service.lane("a")
    seen: list[object] = []
    for i in range(20):
        lane.submit(f"{JOBS}:after", (0.02, i), seen.append, seen.append)
    qtbot.waitUntil(lambda: not lane.busy, timeout=WAIT_MS)
    assert seen == [19]


def test_what_is_forgotten_does_not_arrive(qtbot, service) -> None:
    lane = service.lane("a")
    seen: list[object] = []
    lane.submit(f"{JOBS}:after", (0.05, 1), seen.append, seen.append)
    lane.forget()
    qtbot.waitUntil(lambda: not lane.busy, timeout=WAIT_MS)
    assert seen == []
    assert asked(qtbot, lane, "after", 0.0, 2) == 2


def test_lanes_do_not_wait_for_each_other(qtbot, service) -> None:
    slow, quick = service.lane("slow"), service.lane("quick")
    seen: list[object] = []
    asked(qtbot, quick, "after", 0.0, "warm")
    slow.submit(f"{JOBS}:after", (0.5, "slow"), seen.append, seen.append)
    quick.submit(f"{JOBS}:after", (0.0, "quick"), seen.append, seen.append)
    qtbot.waitUntil(lambda: len(seen) == 2, timeout=WAIT_MS)
    assert seen == ["quick", "slow"]


def test_errors_arrive_as_sentences(qtbot, service) -> None:
    lane = service.lane("a")
    known = asked(qtbot, lane, "refuse")
    assert isinstance(known, BadParameter)
    assert known.sentence() == BadParameter("this is refused", hint="ask otherwise").sentence()
    defect = asked(qtbot, lane, "break_down")
    assert "ZeroDivisionError" in defect.sentence()


def test_a_service_that_died_says_so_and_is_started_again(qtbot, service) -> None:
    lane = service.lane("a")
    first = asked(qtbot, lane, "process_number")
    assert "ended unexpectedly" in asked(qtbot, lane, "die").sentence()
    assert asked(qtbot, lane, "process_number") not in (first, os.getpid())


def test_nothing_is_left_in_memory_when_it_is_closed(qtbot) -> None:
    service = Service()
    lane = service.lane("a")
    where = lane.share(np.arange(100_000))
    asked(qtbot, lane, "doubled", where)
    folder = Path(where.path).parent
    service.close()
    assert not folder.exists()
