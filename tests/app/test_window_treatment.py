"""Another treatment of the frames opens the run again: labels and place stay, and there is a way back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtWidgets import QFileDialog

from app.main_window import MainWindow
from models.calibration.settings import CalibrationSettings
from models.treatment import UNTREATED, Treatment
from tests.app.conftest import WAIT_MS

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

HALVED = Treatment(calibration=CalibrationSettings(adu_per_photon=2.0))


@pytest.fixture
def window(qtbot, make_window, open_in, run_file) -> MainWindow:
    window = make_window()
    open_in(window, run_file)
    return window


def treated(qtbot, window: MainWindow, treatment: Treatment) -> None:
    qtbot.waitUntil(
        lambda: window.session.treatment == treatment and not window.treating.reopening, timeout=3 * WAIT_MS
    )


def test_there_and_back(qtbot, window: MainWindow) -> None:
    window.session.browser.go_to(2)
    window.session.labels.give(1)
    frame, before = window.session.browser.index, window.session.run.frame(2).copy()
    window.treat(HALVED)
    treated(qtbot, window, HALVED)
    np.testing.assert_allclose(window.session.run.frame(2), before / 2)
    assert window.session.browser.index == frame
    assert window.session.labels.n_mine == 1
    qtbot.waitUntil(lambda: window.panes.frame_view.picture is not None, timeout=WAIT_MS)
    assert window.treating.can_go_back
    window.treat_back()
    treated(qtbot, window, UNTREATED)
    np.testing.assert_allclose(window.session.run.frame(2), before)
    assert not window.treating.can_go_back
    window.treating.forward()
    treated(qtbot, window, HALVED)


def test_it_is_remembered_with_the_run(qtbot, window: MainWindow, open_in, run_file) -> None:
    window.treat(HALVED)
    treated(qtbot, window, HALVED)
    window.close_run()
    open_in(window, run_file)
    assert window.session.treatment == HALVED


def test_what_does_not_fit_leaves_everything_as_it_is(qtbot, window: MainWindow, tmp_path: Path) -> None:
    np.save(tmp_path / "dark.npy", np.zeros((3, 3), np.float32))
    session = window.session
    window.treat(Treatment(calibration=CalibrationSettings(dark=str(tmp_path / "dark.npy"))))
    qtbot.waitUntil(lambda: "3×3" in window.notice.text(), timeout=3 * WAIT_MS)
    assert window.session is session
    assert not window.treating.can_go_back
    assert not window.treating.reopening


def test_a_treatment_that_cannot_be_had_any_more_is_told_of(
    qtbot, window: MainWindow, open_in, run_file, tmp_path: Path
) -> None:
    dark = tmp_path / "dark.npy"
    np.save(dark, np.zeros(window.session.run.shape, np.float32))
    gone = Treatment(calibration=CalibrationSettings(dark=str(dark)))
    window.treat(gone)
    treated(qtbot, window, gone)
    window.close_run()
    dark.unlink()
    open_in(window, run_file)
    assert window.session.treatment == UNTREATED
    assert "not treated as they were left" in window.notice.text()


def test_saved_and_loaded(qtbot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps(HALVED.to_state()))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_args: (str(path), ""))
    assert window.actions_table.trigger("inspect.load_treatment")
    treated(qtbot, window, HALVED)
    again = tmp_path / "again.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_args: (str(again), ""))
    assert window.actions_table.trigger("inspect.save_treatment")
    assert Treatment.from_state(HALVED.to_state()) == HALVED
    assert json.loads(again.read_text())["calibration"]["adu_per_photon"] == 2.0
