"""Calibrating in the window: seen at once, used when applied, undone; pedestal and photon value by worker jobs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtWidgets import QApplication

from app.detector.calibration_dark import LABELLED, OTHER, THIS, DarkDialog
from models.calibration.settings import CalibrationSettings
from models.treatment.reference import RunReference
from tests.app.conftest import WAIT_MS, shown
from tests.models.calibration.make import ASIC, GAIN, known

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

ROWS = CalibrationSettings(common_mode="row", asic_height_px=ASIC[0], asic_width_px=ASIC[1])


@pytest.fixture
def made(tmp_path: Path):
    made = known(24, rate=0.1)
    made.run.mask[:] = True
    np.save(tmp_path / "run.npy", made.run.frames)
    np.save(tmp_path / "dark.npy", made.pedestal)
    return made


@pytest.fixture
def page(qtbot, make_window, open_in, made, tmp_path):
    """The page of a window with the run open, its first frame on it."""
    window = make_window()
    open_in(window, tmp_path / "run.npy")
    window.panes.show_detector("calibration")
    presenter = window.panes.detector.presenter.calibration
    qtbot.waitUntil(lambda: presenter.shown is not None, timeout=WAIT_MS)
    return presenter


def edit(qtbot, page, settings) -> None:
    """Change the chain as the pane does, and wait until it is shown."""
    before = page.shown
    page.pane.set_settings(settings)
    page.pane.settings_changed.emit(settings)
    qtbot.waitUntil(lambda: page.shown is not before and page.shown is not None, timeout=WAIT_MS)


def chain(tmp_path) -> CalibrationSettings:
    return replace(ROWS, dark=str(tmp_path / "dark.npy"), adu_per_photon=GAIN, round_from=0.6)


def test_an_edit_is_seen_here_and_nowhere_else(qtbot, page, tmp_path):
    window = page._window
    edit(qtbot, page, chain(tmp_path))
    assert page.shown.after is not None
    assert "rounding" in page.shown.effects
    assert "Not applied" in page.pane.said
    assert page.pane.apply.isEnabled()
    assert window.session.treatment.is_nothing
    page.pane.revert.click()
    assert page.pane.settings == CalibrationSettings()
    assert not page.pane.apply.isEnabled()


def test_applied_the_whole_window_has_photons_and_undo_takes_them_back(qtbot, page, made, tmp_path):
    window = page._window
    window.session.browser.go_to(3)
    shown(qtbot, window)
    edit(qtbot, page, chain(tmp_path))
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        page.pane.apply.click()
    shown(qtbot, window)
    assert window.session.run.unit == "photons"
    assert window.session.browser.index == 3
    frame = window.panes.frame_view.picture.frame
    assert np.mean(frame.raw != made.photons[3]) < 1e-3
    # The page goes on from the stored frame, never from the calibrated one.
    qtbot.waitUntil(lambda: page.shown is not None, timeout=WAIT_MS)
    page.pane.step_chosen.emit("stored")
    page.pane.set_step("stored")
    qtbot.waitUntil(lambda: "In use" in page.pane.said, timeout=WAIT_MS)
    assert page._frame.raw.max() > 250
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        window.treat_back()
    shown(qtbot, window)
    assert window.session.run.unit != "photons"
    assert page.pane.settings == CalibrationSettings()


def test_a_pedestal_that_is_not_there_is_said_and_cannot_be_applied(qtbot, page, tmp_path):
    edit(qtbot, page, replace(chain(tmp_path), dark=str(tmp_path / "gone.npy")))
    assert "gone.npy" in page.pane.said
    assert not page.pane.apply.isEnabled()


def test_the_page_follows_the_frame_on_screen(qtbot, page, made, tmp_path):
    window = page._window
    edit(qtbot, page, chain(tmp_path))
    window.session.browser.go_to(7)
    shown(qtbot, window)
    qtbot.waitUntil(lambda: page._frame is not None and page._frame.index == 7, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: page.shown.after.index == 7, timeout=WAIT_MS)


def test_common_mode_and_rounding_start_with_what_is_likely(qtbot, page):
    page.pane.rows["common_mode"].switch.click()
    assert page.pane.settings.common_mode == "row"
    page.pane.rows["rounding"].switch.click()
    assert page.pane.settings.round_from == 0.6


def test_a_pedestal_is_made_by_a_job_and_taken_into_the_chain(qtbot, page, made):
    run = page._window.session.run
    page.make_dark(RunReference(run.path), None, {"statistic": "lowest peak"})
    qtbot.waitUntil(lambda: page.pane.settings.dark != "", timeout=60_000)
    path = Path(page.pane.settings.dark)
    assert path.parent == page._window.session.workspace.folder / "calibration"
    assert path.with_suffix(".json").exists()
    assert "24 frames" in page.pane.said
    apart = np.load(path) - made.pedestal
    # The common mode of each frame is in it: what is left is its mean over the frames.
    assert np.abs(apart).mean() < 10
    assert page.pane.step == "dark"


def test_the_value_of_a_photon_is_found_by_a_job(qtbot, page, tmp_path):
    edit(qtbot, page, replace(ROWS, dark=str(tmp_path / "dark.npy")))
    page.pane.rows["gain"].switch.click()
    qtbot.waitUntil(lambda: page.pane.settings.adu_per_photon is not None, timeout=60_000)
    assert page.pane.settings.adu_per_photon == pytest.approx(GAIN, rel=0.02)
    assert "sure" in page.pane.said


def test_what_is_not_applied_survives_another_treatment_of_the_same_run(qtbot, page, tmp_path):
    window = page._window
    edit(qtbot, page, chain(tmp_path))
    other = window.session.treatment.but(calibration=ROWS)
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        window.treat(other)
    assert page.pane.settings == chain(tmp_path)
    window.close_run()
    assert page.pane.settings == CalibrationSettings()
    assert not page.pane.apply.isEnabled()


def test_the_dialog_asks_for_the_likeliest_source(qtbot):
    with_blanks = DarkDialog(100, {"single": 3, "blank": 20, "multi": 0})
    qtbot.addWidget(with_blanks)
    assert (with_blanks.source(), with_blanks.label()) == (LABELLED, "blank")
    assert with_blanks.settings().statistic == "median"
    with_blanks.this_run.click()
    assert with_blanks.source() == THIS
    assert with_blanks.settings().statistic == "lowest peak"
    with_blanks.other_run.click()
    assert with_blanks.source() == OTHER
    assert not with_blanks.start.isEnabled()
    with_blanks.path.setText("/data/dark_run.h5")
    assert with_blanks.start.isEnabled()
    assert with_blanks.other() == Path("/data/dark_run.h5")
    unlabelled = DarkDialog(100, {})
    qtbot.addWidget(unlabelled)
    assert unlabelled.source() == THIS
    assert not unlabelled.labelled.isEnabled()
    QApplication.processEvents()
