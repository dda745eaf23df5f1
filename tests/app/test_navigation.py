"""Walking through a run: orders, ends, next wanted frame, and finding a frame by what the user typed."""

from __future__ import annotations

import numpy as np
import pytest

from app import navigation
from models.runs.types import Column


def test_steps_stop_at_both_ends() -> None:
    walk = navigation.file_order(5)
    assert walk.step(2, 1) == 3
    assert walk.step(2, 10) == 4
    assert walk.step(2, -10) == 0


def test_order_by_values_is_stable_and_puts_nan_last() -> None:
    walk = navigation.by_values(np.array([0.5, np.nan, 0.1, 0.5]), "confidence")
    assert walk.sequence.tolist() == [2, 0, 3, 1]
    assert walk.step(0, 1) == 3
    assert (walk.first(), walk.last()) == (2, 1)


def test_next_wanted_frame_follows_the_order_not_the_index() -> None:
    walk = navigation.by_values(np.array([3.0, 2.0, 1.0, 0.0]), "x")
    wanted = np.array([True, False, True, False])
    assert walk.find(3, wanted, forward=True) == 2
    assert walk.find(2, wanted, forward=True) == 0
    assert walk.find(0, wanted, forward=True) is None
    assert walk.find(0, wanted, forward=False) == 2


def test_likeness_starts_at_the_frame_itself_and_puts_unplaced_frames_last() -> None:
    positions = np.array([[0, 0], [5, 0], [0, 0], [1, 0], [np.nan, 0]], np.float32)
    assert navigation.by_likeness(positions, 2).sequence.tolist() == [2, 0, 3, 1, 4]


def test_selection_first() -> None:
    selected = np.array([False, True, False, True])
    assert navigation.selected_first(selected).sequence.tolist() == [1, 3, 0, 2]


def test_time_order_prefers_a_time_column_and_falls_back_to_events() -> None:
    column = Column("timestamp", np.array([3, 1, 2]), "ns")
    assert navigation.by_time({"timestamp": column}, None, 3).sequence.tolist() == [1, 2, 0]
    walk = navigation.by_time({}, ["run-10", "run-9", "run-1"], 3)
    assert walk.sequence.tolist() == [2, 1, 0]
    assert navigation.by_time({}, None, 3).sequence.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("3", 3), ("#1", 1), (" 2 ", 2), ("99", None), ("", None), ("run:7:b", 1), ("7:c", 2), ("run:7", None),
        ("²", None), ("9" * 5000, None), ("un:8", 3), ("-1", None),
    ],
)  # fmt: skip
def test_what_is_typed_finds_a_frame(text: str, found: int | None) -> None:
    events = ["run:7:a", "run:7:b", "run:7:c", "run:8:a"]
    assert navigation.FrameFinder(events, 4).find(text) == found


def test_without_identifiers_only_indices_are_found() -> None:
    finder = navigation.FrameFinder(None, 4)
    assert [finder.find(text) for text in ("3", "4", "run")] == [3, None, None]


def test_identifiers_of_two_lines_do_not_shift_the_others() -> None:
    assert navigation.FrameFinder(["a\nb", "c", "dog"], 3).find("dog") == 2


def test_an_event_identifier_wins_over_an_index_of_the_same_digits() -> None:
    finder = navigation.FrameFinder(["9", "2", "7"], 3)
    assert finder.find("2") == 1
    assert finder.find("#2") == 2
