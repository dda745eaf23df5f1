"""Labels in memory: classes, the last word, undo and redo, merging annotators."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import BadParameter
from models.workspace.entries import MAX_LISTED, Entry, RunKey
from models.workspace.labels import Labels
from tests.models.workspace.conftest import Clock, MakeLabels, replay, same, through_json


def test_a_run_starts_with_four_classes_told_apart_by_colour_key_and_marker(make_labels: MakeLabels) -> None:
    labels = make_labels()
    assert labels.class_names == ("single", "multi", "blank", "contaminant")
    assert [c.key for c in labels.classes] == ["1", "2", "3", "4"]
    assert len({c.colour for c in labels.classes}) == len({c.marker for c in labels.classes}) == 4
    assert (labels.codes == -1).all()


def test_the_last_word_counts_and_shows_at_once(make_labels: MakeLabels) -> None:
    labels = make_labels()
    labels.set(3, "single")
    labels.set([3, 4, 4], "multi")
    labels.set_unsure(5)
    labels.set(4, None)
    assert labels.codes[:6].tolist() == [-1, -1, -1, 1, -1, -2]
    assert labels.counts() == {"single": 0, "multi": 1, "blank": 0, "contaminant": 0, "unsure": 1}
    assert [labels.name_of(i) for i in (3, 4, 5)] == ["multi", "", "unsure"]
    assert labels.labelled().tolist() == [3]
    assert [(s.word, s.undone) for s in labels.history(4)] == [("multi", False), ("", False)]
    assert labels.n_mine == 2


def test_codes_cannot_be_written_from_outside(make_labels: MakeLabels) -> None:
    with pytest.raises(ValueError, match="read-only"):
        make_labels().codes[0] = 1


def test_a_mask_selects_and_frames_outside_are_refused(make_labels: MakeLabels) -> None:
    labels = make_labels(4)
    labels.set(np.array([True, False, False, True]), "blank")
    assert labels.codes.tolist() == [2, -1, -1, 2]
    for wrong in (-1, 4, [0, 9], np.array([True])):
        with pytest.raises(IndexError):
            labels.set(wrong, "blank")
    assert labels.set([], "blank") is None
    assert len(labels.entries) == 1


def test_an_unknown_class_is_refused_and_leaves_no_entry(make_labels: MakeLabels) -> None:
    labels = make_labels()
    with pytest.raises(BadParameter, match="no class 'ring'"):
        labels.set(0, "ring")
    assert labels.entries == ()


def test_undo_and_redo_go_through_everything_and_a_new_label_ends_redo(make_labels: MakeLabels) -> None:
    labels = make_labels()
    labels.set(1, "single")
    labels.set(1, "multi")
    labels.add_class("ring")
    labels.set(2, "ring")
    undone = labels.undo()
    assert undone is not None
    assert undone.frames == [2]
    labels.undo()
    assert "ring" not in labels.class_names
    labels.undo()
    assert labels.name_of(1) == "single"
    labels.redo()
    assert labels.name_of(1) == "multi"
    assert labels.can_redo
    labels.set(5, "blank")
    assert not labels.can_redo
    assert labels.redo() is None
    while labels.undo():
        pass
    assert (labels.codes == -1).all()
    assert not labels.can_undo


def test_undo_works_across_restarts(make_labels: MakeLabels) -> None:
    labels = make_labels()
    for i in range(4):
        labels.set(i, "single")
    labels.undo()
    again = replay(labels)
    same(labels, again)
    again.undo()
    assert again.labelled().tolist() == [0, 1]
    again.redo()
    again.redo()
    assert again.labelled().tolist() == [0, 1, 2, 3]


def test_only_ones_own_labels_are_undone(make_labels: MakeLabels) -> None:
    ada, bob = make_labels(who="ada"), make_labels(who="bob")
    ada.set(0, "single")
    bob.merge(ada.entries)
    assert not bob.can_undo
    bob.set(1, "multi")
    ada.merge(bob.entries)
    ada.undo()
    assert ada.codes[:2].tolist() == [-1, 1]
    # An undo that names somebody else's entry has no effect either.
    forged = Entry("x", "2030-01-01T00:00:00.000Z", "bob", "undo", of=ada.entries[0].id)
    ada.redo()
    ada.merge([forged])
    assert ada.name_of(0) == "single"


def test_undoing_below_anothers_word_does_not_show_it(make_labels: MakeLabels) -> None:
    ada, bob = make_labels(who="ada"), make_labels(who="bob")
    ada.set(0, "single")
    bob.merge(ada.entries)
    bob.set(0, "multi")
    ada.merge(bob.entries)
    ada.undo()
    assert ada.name_of(0) == "multi"
    bob.merge(ada.entries)
    bob.undo()
    assert bob.name_of(0) == ""


def test_what_the_annotator_does_counts_even_if_another_clock_is_ahead(make_labels: MakeLabels) -> None:
    ahead = make_labels(who="bob", clock=Clock(1_900_000_000_000))
    ahead.set(0, "multi")
    ada = make_labels(who="ada")
    ada.merge(ahead.entries)
    ada.set(0, "single")
    assert ada.name_of(0) == "single"
    same(ada, replay(ada))


def test_a_disagreement_is_listed_with_who_said_what(make_labels: MakeLabels) -> None:
    ada, bob = make_labels(who="ada"), make_labels(who="bob", clock=Clock(1_700_000_500_000))
    ada.set([0, 1, 2, 3], "single")
    bob.set([1, 2], "multi")
    bob.set_unsure(3)
    bob.set(2, "single")
    ada.merge(bob.entries)
    (conflict,) = ada.conflicts()
    assert (conflict.frame, conflict.words, conflict.present) == (1, {"ada": "single", "bob": "multi"}, "multi")


def test_ties_in_time_are_settled_the_same_way_everywhere(make_labels: MakeLabels) -> None:
    ada, bob = make_labels(who="ada"), make_labels(who="bob")
    ada.set(0, "single")
    bob.set(0, "multi")
    assert ada.entries[0].time == bob.entries[0].time
    ada.merge(bob.entries)
    bob.merge(ada.entries)
    assert ada.name_of(0) == bob.name_of(0) == "multi"


def test_renaming_keeps_labels_and_survives_a_concurrent_label(make_labels: MakeLabels) -> None:
    ada, bob = make_labels(who="ada"), make_labels(who="bob", clock=Clock(1_700_000_500_000))
    ada.add_class("ring", "#123abc")
    ada.set(0, "ring")
    bob.merge(ada.entries)
    ada.rename("ring", "halo")
    bob.set(1, "ring")
    ada.merge(bob.entries)
    assert ada.counts()["halo"] == 2
    ada.add_class("ring")
    ada.set(2, "ring")
    assert ada.counts()["halo"] == 2
    assert ada.counts()["ring"] == 1
    same(ada, replay(ada))


def test_removing_hides_and_undo_brings_back_and_later_labels_revive(make_labels: MakeLabels) -> None:
    ada, bob = make_labels(who="ada"), make_labels(who="bob", clock=Clock(1_700_000_500_000))
    ada.set(0, "multi")
    bob.merge(ada.entries)
    ada.remove("multi")
    assert ada.class_names == ("single", "blank", "contaminant")
    assert ada.codes[0] == -1
    ada.undo()
    assert ada.name_of(0) == "multi"
    ada.redo()
    bob.set(1, "multi")
    ada.merge(bob.entries)
    assert [ada.name_of(0), ada.name_of(1)] == ["multi", "multi"]


def test_classes_of_the_same_name_from_two_annotators_are_one(make_labels: MakeLabels) -> None:
    ada, bob = make_labels(who="ada"), make_labels(who="bob", clock=Clock(1_700_000_500_000))
    ada.add_class("ring", key="7")
    ada.set(0, "ring")
    bob.add_class("ring")
    bob.set(1, "ring")
    ada.merge(bob.entries)
    assert ada.counts()["ring"] == 2
    assert len(ada.classes) == 5


def test_names_made_equal_by_renaming_are_told_apart(make_labels: MakeLabels) -> None:
    ada, bob = make_labels(who="ada"), make_labels(who="bob", clock=Clock(1_700_000_500_000))
    ada.rename("single", "good")
    bob.rename("multi", "good")
    ada.merge(bob.entries)
    assert ada.class_names[:2] == ("good", "good (2)")


@pytest.mark.parametrize("name", ["", "  ", "single", "unsure", "Unknown", "a\nb", "x" * 65])
def test_impossible_class_names_are_refused(make_labels: MakeLabels, name: str) -> None:
    with pytest.raises(BadParameter):
        make_labels().add_class(name)


def test_class_properties_are_checked_and_changed(make_labels: MakeLabels) -> None:
    labels = make_labels()
    for wrong in ({"colour": "red"}, {"key": "1"}, {"key": "0"}, {"marker": "smiley"}):
        with pytest.raises(BadParameter):
            labels.add_class("ring", **wrong)
    labels.recolour("single", "#abcdef")
    labels.set_key("single", "9")
    labels.set_marker("single", "star")
    assert (labels.classes[0].colour, labels.classes[0].key, labels.classes[0].marker) == ("#ABCDEF", "9", "star")
    assert labels.add_class("ring").key == "1"


def test_more_than_nine_classes_have_no_key(make_labels: MakeLabels) -> None:
    labels = make_labels()
    added = [labels.add_class(f"c{i}") for i in range(7)]
    assert [c.key for c in added] == ["5", "6", "7", "8", "9", "", ""]


def test_a_lasso_is_one_entry_of_ranges(make_labels: MakeLabels) -> None:
    labels = make_labels(200_000)
    frames = np.r_[0:60_000, 100_000:140_000]
    entry = labels.set(frames, "multi", source="lasso")
    assert entry is not None
    assert list(entry.ranges) == [0, 60_000, 100_000, 40_000]
    assert not entry.events
    assert labels.counts()["multi"] == 100_000
    labels.set(5, "single")
    labels.undo()
    labels.undo()
    assert labels.n_labelled == 0


def test_overlapping_lassos_and_singles_undo_in_any_depth(make_labels: MakeLabels) -> None:
    labels = make_labels(5_000)
    labels.set(np.arange(0, 3_000), "single")
    labels.set(np.arange(2_000, 5_000), "multi")
    labels.set(2_500, "blank")
    labels.set(np.arange(1_000, 4_000), "contaminant")
    for _ in range(3):
        labels.undo()
    assert labels.counts() == {"single": 3_000, "multi": 0, "blank": 0, "contaminant": 0, "unsure": 0}
    for _ in range(3):
        labels.redo()
    assert labels.counts() == {"single": 1_000, "multi": 1_000, "blank": 0, "contaminant": 3_000, "unsure": 0}
    same(labels, replay(labels))


N = 40
_frames = st.one_of(
    st.integers(0, N - 1), st.lists(st.integers(0, N - 1), min_size=1, max_size=8), st.just(list(range(N)))
)
_actions = st.one_of(
    st.tuples(st.just("set"), _frames, st.integers(0, 3)),
    st.tuples(st.just("several"), _frames, st.integers(0, 3)),
    st.tuples(st.just("clear"), _frames, st.just(0)),
    st.tuples(st.just("unsure"), _frames, st.just(0)),
    st.tuples(st.sampled_from(["undo", "undo", "redo", "add", "rename", "remove"]), st.just(0), st.integers(0, 3)),
)


def act(labels: Labels, action: tuple[str, object, int]) -> None:
    what, frames, n = action
    names = labels.class_names
    if what == "set" and names:
        labels.set(frames, names[n % len(names)])
    elif what == "several":
        with labels.as_one():
            added = labels.add_class(f"class {len(labels.entries)}")
            labels.set(frames, added.name)
            labels.set(n, names[n % len(names)])
    elif what == "clear":
        labels.set(frames, None)
    elif what == "unsure":
        labels.set_unsure(frames)
    elif what == "undo":
        labels.undo()
    elif what == "redo":
        labels.redo()
    elif what == "add" and len(names) < 9:
        labels.add_class(f"class {len(labels.entries)}")
    elif what == "rename" and names:
        labels.rename(names[n % len(names)], f"renamed {len(labels.entries)}")
    elif what == "remove" and len(names) > 2:
        labels.remove(names[n % len(names)])


@given(st.lists(_actions, max_size=40))
@settings(max_examples=60, deadline=None)
def test_replay_gives_what_was_shown_and_undoing_all_gives_nothing(actions: list[tuple[str, object, int]]) -> None:
    key = RunKey("d1", N, "/data", (6, 5))
    labels = Labels(key, None, annotator="ada", clock=Clock())
    for action in actions:
        act(labels, action)
    again = Labels(key, None, annotator="ada")
    again.merge([through_json(e, key) for e in labels.entries])
    same(labels, again)
    assert again.can_undo == labels.can_undo
    assert again.can_redo == labels.can_redo
    while labels.undo():
        pass
    assert (labels.codes == -1).all()
    assert labels.class_names == ("single", "multi", "blank", "contaminant")


@given(st.lists(st.tuples(st.sampled_from("ab"), _actions, st.booleans()), max_size=40), st.randoms())
@settings(max_examples=60, deadline=None)
def test_two_annotators_agree_in_the_end_whatever_the_order_of_arrival(steps, random) -> None:
    key = RunKey("d1", N, "/data", (6, 5))
    clock = Clock()
    both = {who: Labels(key, None, annotator=who, clock=clock) for who in "ab"}
    for who, action, syncs in steps:
        clock.now += 1
        act(both[who], action)
        if syncs:
            both["a" if who == "b" else "b"].merge(both[who].entries)
    everything = [*both["a"].entries, *both["b"].entries]
    for who in "ab":
        random.shuffle(everything)
        for start in range(0, len(everything), 7):
            both[who].merge(everything[start : start + 7])
    np.testing.assert_array_equal(both["a"].codes, both["b"].codes)
    assert both["a"].classes == both["b"].classes
    assert both["a"].conflicts() == both["b"].conflicts()
    fresh = Labels(key, None, annotator="a")
    fresh.merge(everything)
    same(both["a"], fresh)


def test_what_is_done_as_one_is_undone_and_redone_as_one_also_after_reopening(make_labels: MakeLabels) -> None:
    labels = make_labels()
    labels.set(0, "blank")
    with labels.as_one():
        labels.add_class("ring")
        labels.set([0, 1], "ring")
        labels.set(2, "multi")
    again = Labels(labels._run, None, annotator="ada")
    again.merge([through_json(entry, labels._run) for entry in labels.entries])
    for one in (labels, again):
        last = one.undo()
        assert last is not None
        assert last.frames == [2]
        assert ([one.name_of(i) for i in range(3)], "ring" in one.class_names) == (["blank", "", ""], False)
        one.redo()
        assert ([one.name_of(i) for i in range(3)], one.can_redo) == (["ring", "ring", "multi"], False)
        one.undo()
        one.undo()
        assert not one.can_undo
    bob = make_labels(who="bob")
    bob.merge(labels.entries)
    assert bob.n_labelled == 0
    assert not bob.can_undo


@pytest.mark.parametrize("taken", ["Single", "SINGLE"])
def test_upper_and_lower_case_do_not_tell_classes_apart(make_labels: MakeLabels, taken: str) -> None:
    ada, bob = make_labels(who="ada"), make_labels(who="bob", clock=Clock(1_700_000_500_000))
    with pytest.raises(BadParameter, match="already"):
        ada.add_class(taken)
    ada.add_class("ring")
    bob.add_class("Ring")
    ada.merge(bob.entries)
    assert ada.class_names[-2:] == ("ring", "Ring (2)")
    ada.rename("ring", "RING")
    assert "RING" in ada.class_names


def test_entries_of_at_most_a_thousand_frames_carry_events(make_labels: MakeLabels) -> None:
    events = [f"e{i}" for i in range(2 * MAX_LISTED)]
    labels = make_labels(len(events), events=events)
    few, many = labels.set(np.arange(MAX_LISTED), "single"), labels.set(np.arange(MAX_LISTED + 1), "multi")
    assert few is not None
    assert many is not None
    assert few.events == events[:MAX_LISTED]
    assert (list(many.ranges), list(many.events)) == ([0, MAX_LISTED + 1], [])
