"""Event identifiers that are numbers stay numbers, and read as the texts they stand for."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from models.runs import open_run
from models.runs.events import LazyEvents, NumberedEvents, in_memory


@pytest.mark.parametrize("width", [(), (1,)])
def test_numbers_of_any_length_are_the_texts_they_stand_for(tmp_path, width):
    trains, pulses = np.array([10**18, 5, 5]), np.array([0, 8, 16])
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["entry_1/data_1/data"] = np.ones((3, 16, 16), np.uint16)
        file["entry_1/trainId"] = trains.astype(np.uint64).reshape(3, *width)
        file["entry_1/pulseId"] = pulses.astype(np.uint16).reshape(3, *width)
    with open_run(path) as run:
        assert list(run.events) == [f"{10**18}:0", "5:8", "5:16"]
        assert run.events[2] == "5:16"
        assert run.events[-2:][0] == "5:8"
        held = in_memory(run.events)
    assert list(held) == [f"{10**18}:0", "5:8", "5:16"], "what is in memory needs no file"


def test_many_are_walked_in_order():
    events = NumberedEvents([np.arange(50_001), np.arange(50_001) % 7], "-")
    some = [text for place, text in enumerate(events) if place in (0, 20_000, 50_000)]
    assert some == ["0-0", "20000-1", "50000-6"]
    assert "20000-1" in events
    assert len(events) == 50_001


def test_too_few_are_filled_up_with_nothing():
    events = LazyEvents(4, lambda: NumberedEvents([np.array([7, 9])]))
    assert list(events) == ["7", "9", "", ""]
    assert list(LazyEvents(1, lambda: NumberedEvents([np.array([7, 9])]))) == ["7"]
