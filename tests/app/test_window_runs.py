"""A folder of runs in the window: listed, opened from, and there again when the run is closed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFileDialog

from app.main_window import MainWindow
from models.runs.run_table import RunState
from tests.app.conftest import WAIT_MS, make_run

Make = Callable[..., MainWindow]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    raw = tmp_path / "raw"
    (raw / "night").mkdir(parents=True)
    for name, frames in (("r0002.cxi", 4), ("night/r0010.cxi", 6)):
        make_run(raw / name, frames)
        os.utime(raw / name, (time.time() - 3600, time.time() - 3600))
    (raw / "r0003.cxi").write_bytes(b"")
    return raw


def listed(window: MainWindow, qtbot, folder: Path) -> None:
    window.run_table.list_folder(str(folder))
    qtbot.waitUntil(lambda: len(window.run_table.view.model.rows) == 3, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.run_table.view.refresh_button.isEnabled(), timeout=WAIT_MS)


def test_a_folder_of_runs_is_asked_for_and_listed(
    make_window: Make, qtbot, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make_window()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    window.actions_table.trigger("run.open_runs")
    view = window.run_table.view
    assert window.pages.currentWidget() is view
    qtbot.waitUntil(lambda: len(view.model.rows) == 3, timeout=WAIT_MS)
    assert [row.name for row in view.model.shown] == ["night/r0010.cxi", "r0002.cxi", "r0003.cxi"]
    assert {row.name: row.frames for row in view.model.rows}["r0002.cxi"] == 4
    assert next(row for row in view.model.rows if row.name == "r0003.cxi").state is not RunState.COMPLETE
    assert window.settings.last_folder == str(folder)


def test_a_run_is_opened_from_the_table_and_the_table_comes_back(make_window: Make, qtbot, folder: Path) -> None:
    window = make_window()
    listed(window, qtbot, folder)
    view = window.run_table.view
    view.table.selectRow(1)
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        qtbot.keyClick(view.table, Qt.Key.Key_Return)
    assert window.session is not None
    assert window.session.run.name == "r0002.cxi"
    assert window.panes is not None
    assert window.pages.currentWidget() is window.panes.frame_page
    assert window.run_table.dock.widget() is view
    window.actions_table.trigger("run.runs")
    assert window.run_table.dock.isVisible()
    assert view.selected().endswith("r0002.cxi")
    window.close_run()
    assert window.pages.currentWidget() is view
    assert not window.run_table.dock.isVisible()
    view.close_button.click()
    assert window.pages.currentWidget() is window.welcome
    window.actions_table.trigger("run.runs")
    assert window.pages.currentWidget() is view


def test_without_a_folder_the_table_says_how_to_get_one(make_window: Make, qtbot) -> None:
    window = make_window()
    window.actions_table.trigger("run.runs")
    assert "Choose a folder" in window.run_table.view.text()


def test_labels_are_seen_after_a_refresh(make_window: Make, qtbot, folder: Path) -> None:
    window = make_window()
    listed(window, qtbot, folder)
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        window.open_path(str(folder / "r0002.cxi"))
    assert window.session is not None
    window.session.labels.give(1)
    window.close_run()
    view = window.run_table.view
    view.refresh_button.click()
    qtbot.waitUntil(lambda: view.refresh_button.isEnabled(), timeout=WAIT_MS)
    assert {row.name: row.labels for row in view.model.rows}["r0002.cxi"] == 1


def test_a_folder_that_is_no_run_offers_to_list_its_runs(make_window: Make, qtbot, folder: Path) -> None:
    window = make_window()
    window.open_path(str(folder / "night"))
    qtbot.waitUntil(lambda: window.notice.is_problem(), timeout=WAIT_MS)
    window.notice.action_requested.emit()
    qtbot.waitUntil(lambda: len(window.run_table.view.model.rows) == 1, timeout=WAIT_MS)
    assert not window.notice.text()


def test_stopping_keeps_what_was_found(make_window: Make, qtbot, folder: Path) -> None:
    window = make_window()
    listed(window, qtbot, folder)
    view = window.run_table.view
    view.refresh_button.click()
    view.cancel_button.click()
    assert len(view.model.rows) == 3
    assert view.refresh_button.isEnabled()
    qtbot.waitUntil(lambda: not window.jobs.running(), timeout=WAIT_MS)


def test_a_listing_stopped_from_the_jobs_can_be_taken_up_again(make_window: Make, qtbot, folder: Path) -> None:
    window = make_window()
    window.run_table.list_folder(str(folder))
    window.jobs.cancel_all()
    view = window.run_table.view
    qtbot.waitUntil(lambda: view.refresh_button.isEnabled(), timeout=WAIT_MS)
    view.refresh_button.click()
    qtbot.waitUntil(lambda: len(view.model.rows) == 3, timeout=WAIT_MS)


def test_a_folder_that_vanished_says_so(make_window: Make, qtbot, tmp_path: Path) -> None:
    window = make_window()
    window.run_table.list_folder(str(tmp_path / "gone"))
    qtbot.waitUntil(lambda: "there is no such folder" in window.notice.text(), timeout=WAIT_MS)
    assert window.run_table.view.refresh_button.isEnabled()
