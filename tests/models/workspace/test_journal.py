"""Reading journals: whole, torn, damaged, foreign, growing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.workspace.entries import Entry, RunKey, encode, line
from models.workspace.journal import TORN_OP, JournalReader, file_name, run_line
from models.workspace.labels import Labels
from tests.models.workspace.conftest import Clock

RUN = RunKey("d1", 50, "/data", (6, 5), has_events=True)


def some_entries() -> list[Entry]:
    labels = Labels(RUN, [f"{i}:ä" for i in range(50)], annotator="Ada Löwe", clock=Clock())
    labels.set(3, "single")
    labels.set([4, 5, 9], "multi", source="lasso")
    labels.undo()
    labels.add_class("ring ○", "#010203")
    with labels.as_one():
        labels.set_unsure(1)
        labels.set(7, None)
    return list(labels.entries)


ENTRIES = some_entries()
JOURNAL = line(run_line(RUN)) + b"".join(encode(e) for e in ENTRIES)


def fields(entry: Entry) -> tuple[object, ...]:
    return (
        entry.id, entry.time, entry.who, entry.op, list(entry.frames), list(entry.ranges), list(entry.events),
        entry.cls, entry.source, entry.of, entry.group, dict(entry.fields), entry.run,
    )  # fmt: skip


def read(path: Path, data: bytes) -> tuple[list[Entry], list[str]]:
    path.write_bytes(data)
    reader = JournalReader(path)
    return reader.read_new(), reader.warnings


def test_a_journal_gives_back_its_entries(tmp_path: Path) -> None:
    entries, warnings = read(tmp_path / "j", JOURNAL)
    assert [fields(e) for e in entries] == [fields(e) for e in ENTRIES]
    assert warnings == []


@pytest.mark.parametrize("time", ["2026-03-01T10:22:33.12?Z", "z" * 23 + "Z", "9999-12-31T23:59:59.999Z", "1066"])
def test_a_time_that_cannot_be_is_damage_and_labelling_goes_on(tmp_path: Path, time: str) -> None:
    odd = {"v": 1, "id": "x", "t": time, "who": "eve", "op": "label", "class": "single", "frames": [1]}
    entries, warnings = read(tmp_path / "j", JOURNAL + line(odd))
    assert [e.id for e in entries] == [e.id for e in ENTRIES]
    assert "damaged" in warnings[0]
    labels = Labels(RUN, None, annotator="ada")
    labels.merge(entries)
    assert labels.set(1, "multi") is not None


@given(st.integers(0, len(JOURNAL)))
@settings(max_examples=150, deadline=None)
def test_any_beginning_of_a_journal_is_a_beginning_of_its_entries(
    tmp_path_factory: pytest.TempPathFactory, n
) -> None:
    entries, warnings = read(tmp_path_factory.mktemp("cut") / "j", JOURNAL[:n])
    ids = [e.id for e in entries]
    assert ids == [e.id for e in ENTRIES[: len(ids)]]
    assert len(ids) >= JOURNAL[:n].count(b"\n") - 1
    assert warnings == []


@given(st.integers(0, len(JOURNAL) - 1), st.binary(min_size=0, max_size=30))
@settings(max_examples=150, deadline=None)
def test_damage_costs_only_the_lines_it_touches(
    tmp_path_factory: pytest.TempPathFactory, at: int, junk: bytes
) -> None:
    damaged = JOURNAL[:at] + junk + JOURNAL[at + len(junk) :]
    entries, _ = read(tmp_path_factory.mktemp("damaged") / "j", damaged)
    read_ids = {e.id for e in entries}
    start = 0
    for raw in JOURNAL.split(b"\n")[:-1]:
        stop = start + len(raw) + 1
        if (stop <= at or start > at + len(junk)) and b'"op":"run"' not in raw:
            assert json.loads(raw)["id"] in read_ids
        start = stop


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_no_bytes_can_stop_the_reader(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    entries, _ = read(tmp_path_factory.mktemp("junk") / "j", JOURNAL + junk + b"\n" + encode(ENTRIES[0]))
    assert [e.id for e in entries][: len(ENTRIES)] == [e.id for e in ENTRIES]
    assert entries[-1].id == ENTRIES[0].id


def test_a_damaged_line_is_named_with_file_and_line(tmp_path: Path) -> None:
    lines = JOURNAL.split(b"\n")
    lines[2] = lines[2][:-7]
    entries, warnings = read(tmp_path / "labels-x.jsonl", b"\n".join(lines))
    assert len(entries) == len(ENTRIES) - 1
    (warning,) = warnings
    assert "labels-x.jsonl: line 3 is damaged" in warning


def test_a_line_known_to_be_torn_is_not_complained_of(tmp_path: Path) -> None:
    torn = JOURNAL[:-9] + b"\n" + line({"v": 1, "op": TORN_OP}) + encode(ENTRIES[0])
    _, warnings = read(tmp_path / "j", torn)
    assert warnings == []


@pytest.mark.parametrize(
    "bad",
    [
        b"[1,2]",
        b'{"v":1,"id":"x","t":"2026-01-01T00:00:00.000Z","who":"a","op":["label"]}',
        b'{"v":1,"id":"x","t":"2026-01-01T00:00:00.000Z","who":"a","op":"clear","frames":7}',
        b'{"v":1,"id":"x","t":"2026-01-01T00:00:00.000Z","who":"a","op":"label"}',
        b'{"v":1,"id":1,"t":"2026-01-01T00:00:00.000Z","who":"a","op":"undo","of":"y"}',
        b'{"v":1,"id":"x","t":"yesterday","who":"a","op":"clear","frames":[1]}',
        b'{"v":1,"id":"x","t":"2026-01-01T00:00:00.000Z","who":"a","op":"clear","frames":[-1]}',
        b'{"v":1,"id":"x","t":"2026-01-01T00:00:00.000Z","who":"a","op":"clear","frames":[1.5]}',
        b'{"v":1,"id":"x","t":"2026-01-01T00:00:00.000Z","who":"a","op":"clear","frames":[1],"events":["a","b"]}',
        b'{"v":1,"id":"x","t":"2026-01-01T00:00:00.000Z","who":"a","op":"clear","ranges":[1]}',
        b"[" * 100_000,
    ],
)
def test_lines_of_a_wrong_kind_are_left_out(tmp_path: Path, bad: bytes) -> None:
    entries, warnings = read(tmp_path / "j", line(run_line(RUN)) + bad + b"\n" + encode(ENTRIES[0]))
    assert [e.id for e in entries] == [ENTRIES[0].id]
    assert len(warnings) == 1


def test_entries_of_a_newer_program_are_announced(tmp_path: Path) -> None:
    newer = b'{"v":2,"id":"x","t":"2026-01-01T00:00:00.000Z","who":"a","op":"poll","frames":[1]}\n'
    entries, warnings = read(tmp_path / "j", line({**run_line(RUN), "v": 2}) + newer + encode(ENTRIES[0]))
    assert len(entries) == 1
    assert len(warnings) == 2
    assert "newer Friedel" in warnings[0]


def test_a_growing_journal_is_read_on_from_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "j"
    reader = JournalReader(path)
    path.write_bytes(JOURNAL[:-20])
    first = reader.read_new()
    with path.open("ab") as file:
        file.write(JOURNAL[-20:])
    second = reader.read_new()
    assert [e.id for e in (*first, *second)] == [e.id for e in ENTRIES]
    assert reader.read_new() == []
    assert reader.warnings == []


def test_a_replaced_journal_is_read_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(JOURNAL)
    reader = JournalReader(path)
    reader.read_new()
    path.unlink()
    path.write_bytes(line(run_line(RUN)) + encode(ENTRIES[1]))
    assert [e.id for e in reader.read_new()] == [ENTRIES[1].id]


def test_times_written_by_hand_are_understood(tmp_path: Path) -> None:
    by_hand = b'{"id":"x","t":"2026-01-01T12:00:00+02:00","who":"a","op":"label","class":"single","frames":[1]}\n'
    (entry,), _ = read(tmp_path / "j", by_hand)
    assert entry.time == "2026-01-01T10:00:00.000Z"


def test_file_names_hold_any_annotator() -> None:
    assert file_name("Ada Löwe", host="max-p3a001.desy.de") == "labels-Ada_Löwe@max-p3a001.desy.de.jsonl"
    assert file_name("../../etc/x", 2, host="") == "labels-etc_x@host-2.jsonl"
