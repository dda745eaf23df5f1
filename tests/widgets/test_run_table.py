"""The table of runs: what it shows, how it is sorted and filtered, and what opens a run."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QAbstractItemModelTester

from models.runs.run_table import RunRow, RunState
from widgets.run_table import RunTableView
from widgets.run_table_model import COLUMNS, HITS, RunTableModel, cell_text, natural


def row(name: str, **facts: object) -> RunRow:
    known: dict[str, object] = {"modified_s": 1.79e9, "bytes": 1000, "state": RunState.COMPLETE}
    return RunRow(path=f"/raw/{name}", name=name, **{**known, **facts})  # type: ignore[arg-type]


ROWS = (
    row("r2", frames=500, height=64, width=32, dtype="uint16", modified_s=3.0, bytes=2_500_000_000),
    row("r10", frames=20, height=64, width=64, dtype="float32", modified_s=1.0, labels=7, hit_rate=0.125),
    row("r1", state=RunState.UNREADABLE, status="The file is incomplete", modified_s=2.0),
    row("r3", frames=1000, labels=0, state=RunState.WRITTEN, status="Another program has it open for writing"),
)


@pytest.fixture
def view(qtbot) -> RunTableView:
    shown = RunTableView()
    qtbot.addWidget(shown)
    shown.resize(900, 400)
    shown.set_folder("/raw")
    shown.add_rows(ROWS)
    shown.finish({r.path for r in ROWS})
    shown.show()
    return shown


def names(view: RunTableView) -> list[str]:
    return [row.name for row in view.model.shown]


def click_heading(view: RunTableView, qtbot, column: str) -> None:
    header = view.table.horizontalHeader()
    assert header is not None
    place = header.sectionViewportPosition(COLUMNS.index(column)) + 15
    qtbot.mouseClick(
        header.viewport(), Qt.MouseButton.LeftButton, pos=header.viewport().rect().topLeft() + _at(place)
    )


def _at(x: int):
    from PyQt6.QtCore import QPoint

    return QPoint(x, 8)


def test_runs_come_as_people_count(view: RunTableView) -> None:
    assert names(view) == ["r1", "r2", "r3", "r10"]


def test_cells_have_units_and_nothing_where_nothing_is_known() -> None:
    texts = [cell_text(ROWS[0], column).replace("\u202f", " ") for column in range(len(COLUMNS))]
    assert texts[2:6] == ["500", "64 × 32", "uint16", "2.5 GB"]
    assert cell_text(ROWS[1], HITS).replace("\u202f", " ") == "12.5 %"
    assert [cell_text(ROWS[2], column) for column in (2, 3, 4, 6, 7)] == [""] * 5
    assert cell_text(ROWS[2], 8) == "unreadable: The file is incomplete"


def test_the_status_tells_on_hovering_what_was_found_odd(view: RunTableView) -> None:
    view.add_rows([row("r1", notes=("3 modules are missing",))])
    tip = view.model.data(view.model.index(0, COLUMNS.index("Status")), Qt.ItemDataRole.ToolTipRole)
    assert tip == "complete\n3 modules are missing"


@pytest.mark.parametrize(
    ("column", "first", "second"),
    [
        ("Frames", ["r3", "r2", "r10", "r1"], ["r10", "r2", "r3", "r1"]),
        ("Labels", ["r10", "r3", "r1", "r2"], ["r3", "r10", "r1", "r2"]),
        ("On disk", ["r2", "r1", "r3", "r10"], ["r1", "r3", "r10", "r2"]),
    ],
)
def test_a_click_on_a_heading_sorts_and_another_turns_it(
    view: RunTableView, qtbot, column: str, first: list[str], second: list[str]
) -> None:
    click_heading(view, qtbot, column)
    assert names(view) == first, "the most first; what is not known stays at the end"
    click_heading(view, qtbot, column)
    assert names(view) == second


def test_filtering_by_words_and_by_status(view: RunTableView, qtbot) -> None:
    view.filter.setText("incomplete")
    assert names(view) == ["r1"]
    assert "showing 1 of 4 runs" in view.summary()
    view.filter.setText("no such run")
    assert "No run matches" in view.text()
    view.filter.clear()
    assert view.text() == ""
    view.states.setCurrentIndex(view.states.findData(RunState.WRITTEN))
    assert names(view) == ["r3"]


def test_the_summary_counts(view: RunTableView) -> None:
    assert view.summary().replace("\u202f", " ") == "4 runs · 1 520 frames · 1 being written · 1 unreadable"


def test_double_click_and_enter_open_a_run(view: RunTableView, qtbot) -> None:
    opened: list[str] = []
    view.open_requested.connect(opened.append)
    place = view.table.visualRect(view.model.index(1, 0)).center()
    viewport = view.table.viewport()
    qtbot.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    assert opened == []
    assert view.selected() == "/raw/r2"
    qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=place)
    assert opened == ["/raw/r2"]
    qtbot.keyClick(view.table, Qt.Key.Key_Down)
    qtbot.keyClick(view.table, Qt.Key.Key_Return)
    assert opened == ["/raw/r2", "/raw/r3"]
    view.open_button.click()
    assert opened[-1] == "/raw/r3"


def test_what_is_selected_stays_while_rows_come_and_are_sorted(view: RunTableView, qtbot) -> None:
    view.table.selectRow(3)
    assert view.selected() == "/raw/r10"
    view.add_rows([row("r0"), row("r7"), row("r10", frames=21)])
    assert view.selected() == "/raw/r10"
    click_heading(view, qtbot, "Frames")
    assert view.selected() == "/raw/r10"
    view.filter.setText("r2")
    assert view.selected() == ""
    assert not view.open_button.isEnabled()


def test_while_listing_and_after_stopping(view: RunTableView, qtbot) -> None:
    view.set_folder("/proc")
    assert "No runs in this folder" in view.text()
    view.begin()
    assert "Looking for runs" in view.text()
    assert view.cancel_button.isVisible()
    assert not view.refresh_button.isEnabled()
    with qtbot.waitSignal(view.cancel_requested):
        view.cancel_button.click()
    view.add_rows([row("r5")])
    view.finish(None)
    assert names(view) == ["r5"], "what was found stays"
    assert not view.cancel_button.isVisible()
    assert view.refresh_button.isEnabled()


def test_refreshing_renews_and_removes(view: RunTableView) -> None:
    view.begin()
    view.add_rows([row("r2", frames=501)])
    view.finish({"/raw/r2"}, ["2 files hold no frames and are left out"])
    assert [(r.name, r.frames) for r in view.model.shown] == [("r2", 501)]
    assert "2 files hold no frames" in view.summary()


def test_without_a_folder_one_can_be_chosen(qtbot) -> None:
    view = RunTableView()
    qtbot.addWidget(view)
    assert "Choose a folder" in view.text()
    with qtbot.waitSignal(view.folder_requested):
        view.folder_button.click()


def test_the_model_keeps_qts_rules(qtbot) -> None:
    model = RunTableModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    batches: Iterable[tuple[RunRow, ...]] = (ROWS[:2], ROWS[1:], (row("r2", frames=7), row("a")))
    for batch in batches:
        model.put(batch)
        model.sort(2, Qt.SortOrder.DescendingOrder)
    model.set_filter("r", None)
    model.set_filter("complete", RunState.COMPLETE)
    model.put([row("r2", state=RunState.UNREADABLE)])
    model.set_filter("", None)
    model.keep_only({"/raw/r2", "/raw/a"})
    assert [r.name for r in model.shown] == ["a", "r2"]
    model.clear()
    assert model.rowCount() == 0
    del tester


def test_natural_order() -> None:
    assert sorted(["r10", "R2", "r1b", "r1"], key=natural) == ["r1", "r1b", "R2", "r10"]
