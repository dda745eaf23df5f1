"""Frames are selected by a range of one of the run's columns."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QRadioButton

from app.main_window import MainWindow
from models.runs.types import Column

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def window(qtbot, make_window, open_in, run_file) -> MainWindow:
    window = make_window()
    open_in(window, run_file)
    count = len(window.session.run)
    score = np.arange(count, dtype=float)
    score[0] = np.nan
    window.session.run.columns = {"hit_score": Column("hit_score", score, "σ")}
    return window


def ask(window: MainWindow) -> QDialog:
    assert window.actions_table.trigger("frame.select_by_column")
    return window.findChildren(QDialog, "select_by_column")[-1]


def ok(dialog: QDialog):
    return dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)


def test_a_range_of_a_column(window: MainWindow) -> None:
    dialog = ask(window)
    dialog.plot.range_dragged.emit(2.0, 4.0)
    assert "3 frames" in ok(dialog).text()
    assert "1 frame without a number" in dialog.said.text()
    ok(dialog).click()
    assert window.session.browser.selection().tolist() == [2, 3, 4]
    again = ask(window)
    again.findChild(QRadioButton, "narrow").setChecked(True)
    again.set_range(4.0, 99.0)
    ok(again).click()
    assert window.session.browser.selection().tolist() == [4]
    more = ask(window)
    more.findChild(QRadioButton, "add").setChecked(True)
    more.set_range(1.0, 1.0)
    ok(more).click()
    assert window.session.browser.selection().tolist() == [1, 4]


def test_an_empty_range_cannot_be_taken(window: MainWindow) -> None:
    dialog = ask(window)
    dialog.set_range(1e6, 2e6)
    assert not ok(dialog).isEnabled()
    dialog.reject()
