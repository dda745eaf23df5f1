"""Label tables: what people have, read with clear complaints; what is written comes back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import BadLabels, NotSaved
from models.workspace.entries import RunKey
from models.workspace.labels import Labels
from models.workspace.tables import import_labels, read_labels, write_labels, write_specklenn_labels
from tests.models.workspace.conftest import MakeLabels

EVENTS = ["7:1", "7:2", "8:1", "8:2", "8:2"]


def put(folder: Path, text: str | bytes) -> Path:
    path = folder / "labels.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def as_dict(path: Path, n: int = 5, events: list[str] | None = None) -> dict[int, str]:
    table = read_labels(path, n, events)
    return dict(zip(table.frames.tolist(), table.names, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "index,label\n0,single\n3,multi\n",
        "label;index\r\nsingle;0\r\nmulti;3\r\n",
        "index\tlabel\n0\tsingle\n3\tmulti",
        "# made by hand\n\nIndex , Label\n 0 , single \n\n#0,blank\n3,multi\n",
        '\ufeff"index","label"\n"0","single"\n"3","multi"\n',
        "index,event,label,annotator,time\n0,,single,ada,\n3,,multi,ada,\n",
        "index,label\n0.0,single\n3.0,multi\n2,\n",
        "index,label\n0,blank\n3,multi\n0,single\n",
        "index,label\n0,single\n3,multi\n".encode("utf-16"),
    ],
)
def test_tables_as_people_write_them(tmp_path: Path, text: str | bytes) -> None:
    assert as_dict(put(tmp_path, text)) == {0: "single", 3: "multi"}


def test_events_decide_and_the_index_chooses_among_equals(tmp_path: Path) -> None:
    path = put(tmp_path, "index,event,label\n0,8:1,single\n4,8:2,multi\n1,,blank\n,7:1,ring\n3,9:9,lost\n")
    table = read_labels(path, 5, EVENTS)
    assert dict(zip(table.frames.tolist(), table.names, strict=True)) == {
        2: "single",
        4: "multi",
        1: "blank",
        0: "ring",
    }
    assert table.n_unknown == 1
    assert "9:9 (line 6)" in table.warnings[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("a,b\n1,2\n", "no columns index"),
        ("index,verdict\n1,2\n", "no columns index"),
        ("index,label\n0,single\n5,single\n", "line 3: there is no frame 5"),
        ("index,label\n-1,single\n", "line 2: there is no frame -1"),
        ("index,label\n\n\n1.5,single\n", "line 4: there is no frame 1.5"),
        ("index,label\nnan,single\n", "line 2"),
        ("index,label\n1e400,single\n", "line 2"),
        ("index,label\none,single\n", "'one' is no frame index"),
        ("event,label\nabc,single\n", "line 2: there is no index"),
        ("index,label\n,single\n", "line 2: there is no index"),
        ('index,label\n1,"single\n', "line 2"),
        (b"\x00\x01\x02", "no text"),
        ("index,label\n" + "".join(f"{i % 5},c{i}\n" for i in range(300)), "different labels"),
        ("index,label\n1," + "x" * 100 + "\n", "cannot be a class"),
    ],
)
def test_bad_tables_get_one_clear_sentence(tmp_path: Path, text: str | bytes, words: str) -> None:
    path = put(tmp_path, text)
    with pytest.raises(BadLabels) as caught:
        read_labels(path, 5)
    assert words in caught.value.sentence()
    assert "labels.csv" in caught.value.sentence()


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(BadLabels, match="cannot be read"):
        read_labels(tmp_path / "none.csv", 5)


def test_importing_labels_the_frames_and_reports(tmp_path: Path, make_labels: MakeLabels) -> None:
    labels = make_labels(5)
    path = put(tmp_path, "index,label,annotator\n0,Single,a\n1,ring,b\n2,unsure,a\n3,?,a\n")
    report = import_labels(read_labels(path, 5), labels)
    assert [labels.name_of(i) for i in range(5)] == ["single", "ring", "unsure", "unsure", ""]
    assert (report.n_applied, report.new_classes) == (4, ("ring",))
    assert "2 annotators" in report.warnings[0]
    assert labels.history(0)[0].source == "import"
    labels.undo()
    assert not labels.can_undo
    assert (labels.codes == -1).all()
    assert "ring" not in labels.class_names
    labels.redo()
    assert [labels.name_of(i) for i in range(5)] == ["single", "ring", "unsure", "unsure", ""]


def test_spellings_of_one_class_are_one_class(tmp_path: Path) -> None:
    table = read_labels(put(tmp_path, "index,label\n0,Ring\n1,ring\n2,RING\n"), 5)
    assert table.names == ("Ring", "Ring", "Ring")
    assert [warning.split(" was")[0] for warning in table.warnings] == ["ring", "RING"]


@pytest.mark.parametrize("index", ["\u00b2", "9" * 5000, "\u0663"])
def test_odd_digits_are_no_index_but_the_event_serves(tmp_path: Path, index: str) -> None:
    table = read_labels(put(tmp_path, f"index,event,label\n{index},7:2,single\n"), 5, EVENTS)
    assert table.frames.tolist() == [1]


def test_events_that_are_no_text_are_written_as_escapes(tmp_path: Path, make_labels: MakeLabels) -> None:
    events = ["a", "b\udcff", "c"]
    labels = make_labels(3, events=events)
    labels.set([1, 2], "single")
    assert write_labels(tmp_path / "l.csv", labels, events) == 2
    assert (tmp_path / "l.csv").read_text(encoding="utf-8").splitlines()[1].startswith("1,b\\udcff,single")


def test_specklenn_tables_are_read_by_number(tmp_path: Path, make_labels: MakeLabels) -> None:
    path = put(
        tmp_path, "exp,run,event_num,label\namo06516,90,0,1\namo06516,90,2,2\namo06516,90,3,9\namo06516,90,4,3\n"
    )
    table = read_labels(path, 5)
    assert dict(zip(table.frames.tolist(), table.names, strict=True)) == {0: "single", 2: "multi", 3: "blank", 4: "3"}
    assert "1 as single" in table.warnings[0]


def test_specklenn_tables_come_back(tmp_path: Path, make_labels: MakeLabels) -> None:
    labels = make_labels(5, events=["10", "20", "30", "40", "50"])
    labels.set([0, 1], "single")
    labels.set(3, "multi")
    labels.set_unsure(4)
    path = tmp_path / "s.csv"
    assert write_specklenn_labels(path, labels, "amo06516", "90", ["10", "20", "30", "40", "50"]) == 3
    assert path.read_text().splitlines()[:2] == ["exp,run,event_num,label", "amo06516,90,10,1"]
    assert as_dict(path, 5, ["50", "40", "30", "20", "10"]) == {4: "single", 3: "single", 1: "multi"}


def test_labels_are_written_with_their_annotator_and_time(tmp_path: Path, make_labels: MakeLabels) -> None:
    labels = make_labels(5, events=EVENTS)
    labels.set([3, 0], "single")
    labels.set_unsure(1)
    assert write_labels(tmp_path / "out.csv", labels, EVENTS) == 3
    lines = (tmp_path / "out.csv").read_text().splitlines()
    assert lines[0] == "index,event,label,annotator,time"
    assert lines[1].startswith("0,7:1,single,ada,2023-11-14T22:13:20.000Z")
    assert lines[2].startswith("1,7:2,unsure,ada")


def test_a_table_that_cannot_be_written_says_so(tmp_path: Path, make_labels: MakeLabels) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotSaved, match="labels were not saved"):
        write_labels(tmp_path / "file" / "out.csv", make_labels())


names = st.text(min_size=1, max_size=12).filter(
    lambda s: s.strip() == s and s.isprintable() and s.casefold() not in ("unsure", "unknown", "?")
)


@given(st.dictionaries(st.integers(0, 49), names, max_size=20), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_labels_survive_the_way_through_a_table(tmp_path_factory, given_labels: dict[int, str], by_event) -> None:
    events = [f"train {i % 7},{i}" for i in range(50)] if by_event else None
    key = RunKey("d", 50, "/data", (6, 5))
    labels = Labels(key, events, annotator="ada")
    by_fold: dict[str, str] = {name.casefold(): name for name in labels.class_names}
    for frame, name in given_labels.items():
        name = by_fold.setdefault(name.casefold(), name)
        if name not in labels.class_names:
            labels.add_class(name)
        labels.set(frame, name)
    path = tmp_path_factory.mktemp("table") / "t.csv"
    write_labels(path, labels, events)
    again = Labels(key, events, annotator="bob")
    import_labels(read_labels(path, 50, events), again)
    assert [again.name_of(i) for i in range(50)] == [labels.name_of(i) for i in range(50)]


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_no_file_makes_the_reader_fail_otherwise(tmp_path_factory, junk: bytes) -> None:
    path = tmp_path_factory.mktemp("junk") / "j.csv"
    for data in (junk, b"index,label\n" + junk):
        path.write_bytes(data)
        try:
            table = read_labels(path, 5)
        except BadLabels:
            continue
        assert np.isin(table.frames, np.arange(5)).all()
