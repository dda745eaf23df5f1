"""Labels follow their events when a file was re-ordered, cut or made anew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from models.workspace.entries import Entry, RunKey, compress, expand
from models.workspace.labels import Labels
from models.workspace.placement import Placement


def key(digest: str, n: int, *, events: bool = True, dataset: str = "/data") -> RunKey:
    return RunKey(digest, n, dataset, (6, 5), has_events=events)


def entry(run: RunKey, frames: Sequence[int], events: Sequence[str] = ()) -> Entry:
    return Entry("id", "2026-01-01T00:00:00.000Z", "ada", "label", list(frames), (), list(events), "single", run=run)


def lasso(run: RunKey, ranges: Sequence[int]) -> Entry:
    return Entry("id", "2026-01-01T00:00:00.000Z", "ada", "label", (), list(ranges), (), "single", run=run)


def places(found: object) -> list[int]:
    return [] if found is None else np.atleast_1d(np.asarray(found)).tolist()


def test_labels_follow_events_in_a_reordered_file() -> None:
    new = Placement(key("new", 4), ["d", "c", "b", "a"])
    old = key("old", 4)
    assert places(new.place(entry(old, [0], ["a"]))) == [3]
    assert places(new.place(entry(old, [0, 1], ["a", "b"]))) == [2, 3]
    assert places(new.place(entry(old, [2], ["gone"]))) == []
    assert new.lost == 1


def test_the_index_chooses_among_frames_of_one_event() -> None:
    new = Placement(key("d", 4), ["a", "x", "a", "a"])
    assert places(new.place(entry(key("d", 4), [2], ["a"]))) == [2]
    assert places(new.place(entry(key("d", 4), [1], ["a"]))) == [0]


def test_a_lasso_follows_its_events_through_the_roster() -> None:
    rosters = {"old": ["a", "b", "c", "d"]}
    new = Placement(key("new", 5), ["d", "c", "b", "z", "a"], rosters.get)
    assert places(new.place(lasso(key("old", 4), [0, 2]))) == [2, 4]
    assert places(new.place(lasso(key("older", 4), [0, 2]))) == []
    assert new.lost == 2


def test_without_identifiers_the_index_serves_for_the_same_dataset_only() -> None:
    new = Placement(key("new", 3, events=False), None)
    assert places(new.place(entry(key("old", 4, events=False), [1]))) == [1]
    assert new.by_index == 1
    assert places(new.place(entry(key("old", 4, events=False, dataset="/other"), [1]))) == []
    assert places(new.place(entry(key("old", 4, events=False), [3]))) == []
    assert new.lost == 2


def test_empty_identifiers_count_as_none() -> None:
    new = Placement(key("d", 3), ["", "", ""])
    assert places(new.place(entry(key("d", 3), [2], [""]))) == [2]
    assert places(new.place(entry(key("d", 3), [0, 2], ["", ""]))) == [0, 2]


@pytest.mark.parametrize("ranges", [[0, 2**39], [2**39, 2**39], [1, 2**39, 3, 2**39]])
def test_ranges_beyond_any_run_cost_no_memory(ranges: list[int]) -> None:
    new = Placement(key("d", 4), None)
    assert len(places(new.place(lasso(key("d", 4), ranges)))) <= 4
    assert new.lost > 2**38


def test_ranges_hold_any_set_of_frames() -> None:
    for frames in ([], [5], [0, 1, 2], [0, 2, 3, 9]):
        given = np.array(frames, dtype=np.int64)
        np.testing.assert_array_equal(expand(compress(given)), given)


def test_labels_of_a_shortened_run_are_kept_but_not_shown() -> None:
    long = Labels(key("old", 10), [f"e{i}" for i in range(10)], annotator="ada")
    long.set([1, 8], "multi")
    short = Labels(key("new", 5), [f"e{i}" for i in range(5)], annotator="ada")
    short.merge(long.entries)
    assert short.labelled().tolist() == [1]
    assert short.lost == 1
    assert list(short.entries[0].frames) == [1, 8]


def test_where_an_entrys_frames_are_now() -> None:
    old = Labels(key("old", 4), ["a", "b", "c", "d"], annotator="ada")
    old.set([0, 1], "multi")
    new = Labels(key("new", 4), ["d", "c", "b", "a"], annotator="ada")
    new.merge(old.entries)
    undone = new.undo()
    assert undone is not None
    assert new.frames_of(undone).tolist() == [2, 3]
    assert new.frames_of(new.entries[-1]).tolist() == []
