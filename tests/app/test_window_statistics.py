"""Statistics of a run in the window: a pass in the background, its pictures, and its columns."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtWidgets import QDialog

from app.main_window import MainWindow
from models.runs import open_run
from models.workspace.statistics import LIT, TOTAL
from tests.app.conftest import WAIT_MS

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def window(qtbot, make_window, open_in, run_file) -> MainWindow:
    window = make_window()
    open_in(window, run_file)
    return window


def through_the_run(qtbot, window: MainWindow) -> QDialog:
    assert window.actions_table.trigger("run.statistics")
    dialog = window.findChild(QDialog, "statistics")
    qtbot.waitUntil(lambda: window.session.statistics.made is not None, timeout=6 * WAIT_MS)
    qtbot.waitUntil(lambda: dialog.view.picture is not None, timeout=WAIT_MS)
    return dialog


def test_a_pass_gives_pictures_and_columns(qtbot, window: MainWindow, run_file) -> None:
    dialog = through_the_run(qtbot, window)
    run = open_run(run_file)
    frames = np.array([np.where(run.load(i).valid, run.frame(i), np.nan) for i in range(len(run))])
    run.close()
    np.testing.assert_allclose(dialog.view.picture.frame.raw, np.nanmean(frames, 0), rtol=1e-5)
    dialog.kind.setCurrentIndex(dialog.kind.findData("maximum"))
    qtbot.waitUntil(lambda: np.nanmax(dialog.view.picture.frame.raw) == np.nanmax(frames), timeout=WAIT_MS)
    columns = window.session.run.columns
    np.testing.assert_allclose(columns[TOTAL].values, np.nansum(frames, (1, 2)), rtol=1e-5)
    assert f"column:{LIT}" in dict(window.session.column_orders())
    window.session.set_order(f"column:{TOTAL}")
    qtbot.waitUntil(lambda: window.session.browser.order == f"column:{TOTAL}", timeout=WAIT_MS)
    dialog.close()


def test_labelled_frames_have_a_powder_of_their_own_and_all_is_there_after_a_restart(
    qtbot, window: MainWindow, open_in, run_file
) -> None:
    window.session.labels.give(1)
    dialog = through_the_run(qtbot, window)
    assert dialog.of.count() == 3, "all frames, no class, and the class"
    dialog.close()
    window.close_run()
    open_in(window, run_file)
    qtbot.waitUntil(lambda: window.session.statistics.made is not None, timeout=WAIT_MS)
    assert TOTAL in window.session.run.columns


def test_a_pass_that_was_stopped_can_be_started_again(qtbot, window: MainWindow, monkeypatch) -> None:
    monkeypatch.setattr("app.statistics.TASK", "tests.app.jobs_for_tests:slow_adaptation")
    assert window.actions_table.trigger("run.statistics")
    dialog = window.findChild(QDialog, "statistics")
    assert not dialog.again.isEnabled()
    window.jobs.cancel(window.session.statistics._job)
    qtbot.waitUntil(dialog.again.isEnabled, timeout=3 * WAIT_MS)
    assert not window.session.statistics.running
    dialog.close()
