"""The Geometry page on the window: files opened and refused, numbers tried and applied, the centre set by hand."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from PyQt6.QtCore import QMimeData, QPointF, Qt, QUrl
from PyQt6.QtGui import QDragEnterEvent, QDropEvent
from PyQt6.QtTest import QTest

from app.detector.geometry_presenter import GeometryPresenter
from models.geometry.settings import AS_STORED, FROM_FILE
from models.runs.types import PLANCK_TIMES_LIGHT_EV_M
from tests.app.conftest import WAIT_MS, make_run, press, shown
from tests.models.geometry.files import TWO_PANELS, write_geom
from widgets.detector.geometry_pane import CENTRE_X, CENTRE_Y, DISTANCE, ENERGY, PIXEL, WAVELENGTH

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

FRAME_GEOM = """
photon_energy = 8000
clen = 0.5
res = 10000
dim0 = %
dim1 = ss
dim2 = fs
left/min_fs = 0
left/max_fs = 15
left/min_ss = 0
left/max_ss = 23
left/fs = x
left/ss = -y
left/corner_x = -18
left/corner_y = 12
right/min_fs = 16
right/max_fs = 31
right/min_ss = 0
right/max_ss = 23
right/fs = x
right/ss = -y
right/corner_x = 2
right/corner_y = 12
"""
"""The two halves of the small run's 24 × 32 pixels, four pixels apart, with the beam in the gap."""


@pytest.fixture
def page(qtbot, window):
    """The page on the window with the small run, looking at it."""
    return page_on(qtbot, window)


def page_on(qtbot, window) -> GeometryPresenter:
    presenter = GeometryPresenter(window)
    qtbot.addWidget(presenter.pane)
    presenter.pane.resize(420, 720)
    presenter.pane.show()
    window.run_opened.connect(lambda: presenter.show_session(window.session))
    presenter.show_session(window.session)
    known(qtbot, presenter)
    return presenter


def known(qtbot, page) -> None:
    """Wait until the page says what there is."""
    qtbot.waitUntil(lambda: bool(page.pane.facts), timeout=WAIT_MS)


def type_into(page, key: str, text: str) -> None:
    field = page.pane.values.field(key)
    field.selectAll()
    QTest.keyClicks(field, text) if text else field.clear()
    QTest.keyClick(field, Qt.Key.Key_Return)


def shows(page, key: str) -> float | None:
    text = page.pane.values.field(key).text()
    return float(text) if text else None


def open_geom(qtbot, window, page, path: Path) -> None:
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        page.choose(str(path))
    known(qtbot, page)
    shown(qtbot, window)


def rings(window) -> object:
    return window.panes.frame_view.canvas._rings


def test_what_the_file_says_is_shown_with_its_source(qtbot, page):
    assert page.pane.facts.startswith("Frames are shown as they lie in the file")
    assert shows(page, DISTANCE) is None
    assert (shows(page, CENTRE_Y), shows(page, CENTRE_X)) == (11.5, 15.5)
    assert not page.pane.apply.isEnabled()


def test_a_geometry_file_puts_frames_together_and_undo_takes_them_apart(qtbot, window, page, tmp_path):
    before = window.panes.frame_view.picture.frame.raw.copy()
    open_geom(qtbot, window, page, write_geom(tmp_path, FRAME_GEOM, "halves.geom"))
    after = window.panes.frame_view.picture.frame
    assert after.raw.shape == (24, 36)
    assert np.array_equal(after.raw[:, :16], before[:, :16])
    assert np.array_equal(after.raw[:, 20:], before[:, 16:])
    assert (after.flags[:, 16:20] != 0).all()
    assert "2 panels of halves.geom" in page.pane.facts
    assert (shows(page, DISTANCE), shows(page, ENERGY), shows(page, PIXEL)) == (500, 8000, 100)
    assert (shows(page, CENTRE_Y), shows(page, CENTRE_X)) == (11.5, 17.5)
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        window.treat_back()
    known(qtbot, page)
    assert window.session.run.shape == (24, 32)
    assert page.pane.choice.currentData() == AS_STORED


def test_geometry_of_another_detector_is_refused_and_the_old_one_kept(qtbot, window, page, tmp_path):
    open_geom(qtbot, window, page, write_geom(tmp_path, FRAME_GEOM, "halves.geom"))
    session = window.session
    page.choose(str(write_geom(tmp_path, TWO_PANELS, "other.geom")))
    qtbot.waitUntil(lambda: bool(page.pane.problem), timeout=WAIT_MS)
    assert "geometry expects 8×6, data is 24×32" in page.pane.problem
    assert "kept" in page.pane.problem
    assert window.session is session
    assert page.pane.choice.currentText() == "By halves.geom"
    page.choose(FROM_FILE)
    qtbot.waitUntil(lambda: "says nothing" in page.pane.problem, timeout=WAIT_MS)
    assert window.session is session


def test_a_damaged_geometry_file_is_refused_with_its_line(qtbot, page, tmp_path):
    page.choose(str(write_geom(tmp_path, FRAME_GEOM.replace("left/fs = x", "left/fs = over there"), "bad.geom")))
    qtbot.waitUntil(lambda: bool(page.pane.problem), timeout=WAIT_MS)
    assert "bad.geom, line 12" in page.pane.problem


def test_a_geometry_file_can_be_dropped_on_the_page(qtbot, window, page, tmp_path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(write_geom(tmp_path, FRAME_GEOM, "halves.geom")))])
    at, action = QPointF(20, 20), Qt.DropAction.CopyAction
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(at.toPoint(), action, data, buttons, keys)
    page.pane.dragEnterEvent(enter)
    assert enter.isAccepted()
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        page.pane.dropEvent(QDropEvent(at, action, data, buttons, keys))
    assert window.session.run.shape == (24, 36)


def test_a_geometry_file_dropped_on_the_window_is_the_open_runs(qtbot, window, tmp_path):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(write_geom(tmp_path, FRAME_GEOM, "halves.geom")))])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        window.dropEvent(QDropEvent(QPointF(20, 20), Qt.DropAction.CopyAction, data, buttons, keys))
    assert window.session.run.shape == (24, 36)
    page = window.panes.detector.show().geometry
    known(qtbot, page)
    assert page.pane.isVisible()


def test_a_geometry_file_that_was_edited_is_read_anew(qtbot, window, page, tmp_path):
    path = write_geom(tmp_path, FRAME_GEOM, "halves.geom")
    open_geom(qtbot, window, page, path)
    write_geom(tmp_path, FRAME_GEOM.replace("right/corner_x = 2", "right/corner_x = 7"), "halves.geom")
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        page.open_geom(str(path))
    assert window.session.run.shape == (24, 41)
    session = window.session
    known(qtbot, page)
    write_geom(tmp_path, TWO_PANELS, "halves.geom")
    page.open_geom(str(path))
    qtbot.waitUntil(lambda: "24×32" in page.pane.problem, timeout=WAIT_MS)
    assert window.session is session


def test_numbers_are_tried_on_the_frame_and_applied_together(qtbot, window, page):
    session = window.session
    without = rings(window)
    for key, text in ((DISTANCE, "500"), (ENERGY, "8000"), (PIXEL, "75")):
        type_into(page, key, text)
    assert shows(page, WAVELENGTH) == pytest.approx(PLANCK_TIMES_LIGHT_EV_M / 8000 * 1e9, rel=1e-6)
    assert all("nm" in text for _, text in rings(window).radii)
    assert rings(window) != without
    assert window.session is session  # no frame was read for it
    view = window.panes.frame_view
    view.canvas.set_hover((0, 0))
    assert "q " in view.readout
    page.pane.apply.click()
    qtbot.waitUntil(lambda: window.session is not session, timeout=WAIT_MS)
    known(qtbot, page)
    geometry = window.session.run.geometry
    assert (geometry.distance_m, geometry.photon_energy_eV, geometry.pixel_size_m) == (0.5, 8000, (75e-6, 75e-6))
    assert not page.pane.apply.isEnabled()


def test_wavelength_and_energy_are_one(page):
    type_into(page, WAVELENGTH, "0.15")
    assert shows(page, ENERGY) == pytest.approx(PLANCK_TIMES_LIGHT_EV_M / 0.15e-9, rel=1e-6)
    page.pane.values.reset_button(WAVELENGTH).click()
    assert shows(page, ENERGY) is None
    assert shows(page, WAVELENGTH) is None


def test_steps_back_one_by_one_or_all_at_once(page):
    type_into(page, DISTANCE, "400")
    type_into(page, DISTANCE, "300")
    QTest.keyClick(page.pane.values.field(DISTANCE), Qt.Key.Key_Up)
    assert shows(page, DISTANCE) == 301
    page.pane.undo.click()
    assert shows(page, DISTANCE) == 300
    page.pane.undo.click()
    assert shows(page, DISTANCE) == 400
    page.pane.revert.click()
    assert shows(page, DISTANCE) is None
    assert not page.pane.apply.isEnabled()


def test_impossible_numbers_are_refused_with_their_range(page):
    type_into(page, DISTANCE, "300")
    for key, text in ((DISTANCE, "-5"), (DISTANCE, "0"), (WAVELENGTH, "0"), (WAVELENGTH, "-1"), (PIXEL, "1e9")):
        type_into(page, key, text)
        assert "must lie in" in page.pane.problem
        assert shows(page, DISTANCE) == 300
    type_into(page, DISTANCE, "310")
    assert page.pane.problem == ""


def test_what_is_no_number_changes_nothing(page):
    type_into(page, DISTANCE, "300")
    for text in ("--", "1e", "1.2.3", "1e999"):
        type_into(page, DISTANCE, text)
        assert shows(page, DISTANCE) == 300


def test_the_centre_is_set_by_mouse_and_keys_in_the_frame(qtbot, window, page):
    canvas = window.panes.frame_view.canvas
    page.pane.place.setChecked(True)
    overlay = page._overlay
    spot = canvas.pixel_position(8, 20).toPoint()
    QTest.mousePress(overlay, Qt.MouseButton.LeftButton, pos=spot)
    QTest.mouseMove(overlay, canvas.pixel_position(9, 21).toPoint())
    QTest.mouseRelease(overlay, Qt.MouseButton.LeftButton, pos=canvas.pixel_position(9, 21).toPoint())
    half_a_screen_pixel = 1 / canvas.viewport.scale
    assert shows(page, CENTRE_Y) == pytest.approx(9, abs=half_a_screen_pixel)
    assert shows(page, CENTRE_X) == pytest.approx(21, abs=half_a_screen_pixel)
    assert rings(window).centre == page.draft.centre_px
    y, x = page.draft.centre_px
    index = window.session.browser.index
    press(overlay, "Right")
    press(overlay, "Shift+Left")
    assert page.draft.centre_px == pytest.approx((y, x + 0.5 - 5))
    assert window.session.browser.index == index
    press(overlay, "Esc")
    assert not page.pane.place.isChecked()
    assert not overlay.isVisible()
    page.pane.undo.click()
    page.pane.undo.click()
    page.pane.undo.click()
    assert page.draft.centre_px is None  # a drag is one step


def test_the_centre_is_found_by_symmetry(qtbot, window, page):
    page.find_centre()
    qtbot.waitUntil(lambda: page.draft.centre_px is not None, timeout=WAIT_MS)
    assert page.draft.centre_px == pytest.approx((11.5, 15.5), abs=1.0)
    qtbot.waitUntil(page.pane.find.isEnabled, timeout=WAIT_MS)


def test_the_profile_follows_the_numbers(qtbot, window, page):
    window.panes.frame_view.profile_action.setChecked(True)
    labels = []
    window.session.profiler.ready.connect(lambda profile: labels.append(profile.label))
    for key, text in ((DISTANCE, "500"), (ENERGY, "8000"), (PIXEL, "75")):
        type_into(page, key, text)
    qtbot.waitUntil(lambda: "q (nm⁻¹)" in labels, timeout=WAIT_MS)


def test_the_files_own_positions(qtbot, make_window, open_in, tmp_path):
    path = make_run(tmp_path / "placed.cxi")
    with h5py.File(path, "a") as file:
        detector = file["entry_1/instrument_1/detector_1"]
        detector["corner_position"] = [1.6e-3, 1.2e-3, 0.3]
        detector["basis_vectors"] = [[0, -1e-4, 0], [-1e-4, 0, 0]]
    window = make_window()
    open_in(window, path)
    page = page_on(qtbot, window)
    before = window.panes.frame_view.picture.frame.raw.copy()
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        page.choose(FROM_FILE)
    shown(qtbot, window)
    assert np.array_equal(window.panes.frame_view.picture.frame.raw, before[:, ::-1])


def test_opening_a_geometry_file_keeps_what_it_does_not_say(qtbot, window, page, tmp_path):
    for key, text in ((ENERGY, "7000"), (DISTANCE, "300"), (CENTRE_Y, "5")):
        type_into(page, key, text)
    silent = FRAME_GEOM.replace("photon_energy = 8000", "")
    open_geom(qtbot, window, page, write_geom(tmp_path, silent, "silent.geom"))
    assert shows(page, ENERGY) == 7000
    assert shows(page, DISTANCE) == 500
    assert shows(page, CENTRE_Y) == 11.5


def test_without_a_run_the_page_says_so(qtbot, make_window):
    window = make_window()
    presenter = GeometryPresenter(window)
    qtbot.addWidget(presenter.pane)
    presenter.show_session(None)
    for action in (presenter.apply, presenter.revert, presenter.undo, presenter.find_centre):
        action()
    assert not presenter.pane.apply.isEnabled()
