"""The Mask page with the mouse and the keys: what is drawn is seen at once, applied, kept, and can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from app.detector.mask_presenter import MaskPresenter
from models.runs.types import PixelFlag
from tests.app.conftest import WAIT_MS, label_of, make_run, press, shown
from tests.widgets.mouse import click, drag, hover, send
from widgets.frame.mask_tint import FILE, PREVIEW, USER
from widgets.frame.mask_tools import Tool

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
FRAME = (24, 32)


@pytest.fixture
def masked_file(tmp_path: Path) -> Path:
    """A run whose mask has hot pixels, and a corner that is only said to be beyond the resolution limit."""
    path = make_run(tmp_path / "masked.cxi")
    bits = np.zeros(FRAME, np.uint32)
    bits[3, 4:7] = 0x4
    bits[20:, 28:] = 0x100
    with h5py.File(path, "r+") as file:
        file["entry_1/instrument_1/detector_1/mask"] = bits
    return path


@pytest.fixture
def page(qtbot, make_window, open_in, masked_file) -> MaskPresenter:
    window = make_window()
    open_in(window, masked_file)
    return page_of(qtbot, window)


def page_of(qtbot, window) -> MaskPresenter:
    """The page, brought up by its command."""
    window.actions_table.trigger("inspect.mask")
    page = window.panes.detector.presenter.mask
    qtbot.waitUntil(lambda: page.editor.drawing is not None, timeout=WAIT_MS)
    window.activateWindow()
    QApplication.processEvents()
    return page


def at(page: MaskPresenter, y: float, x: float) -> QPointF:
    return page._view.canvas.pixel_position(y, x)


def begin(page: MaskPresenter, tool: Tool) -> None:
    page.pane.draw.draw.setChecked(True)
    page.pane.draw.choose(tool)
    QApplication.processEvents()


def masked(page: MaskPresenter) -> np.ndarray:
    assert page.editor.drawing is not None
    return page.editor.drawing.masked


def seen(page: MaskPresenter, y: int, x: int) -> int:
    page._view.grab()
    return page.overlay.masked_at(at(page, y, x))


def apply(qtbot, page: MaskPresenter) -> None:
    window = page._window
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        page.pane.apply.click()
    shown(qtbot, window)


def box(top: int, left: int, bottom: int, right: int) -> np.ndarray:
    expected = np.zeros(FRAME, bool)
    expected[top : bottom + 1, left : right + 1] = True
    return expected


def test_a_rectangle_is_drawn_seen_applied_and_taken_back(qtbot, page) -> None:
    window = page._window
    begin(page, Tool.RECTANGLE)
    drag(page.overlay, [at(page, 10, 12), at(page, 14, 15), at(page, 15, 20)])
    np.testing.assert_array_equal(masked(page), box(10, 12, 15, 20))
    assert seen(page, 12, 14) == USER
    assert seen(page, 3, 5) == FILE
    assert seen(page, 9, 14) == 0
    assert window.session.treatment.is_nothing
    apply(qtbot, page)
    mask = window.session.run.mask
    np.testing.assert_array_equal(~mask, box(10, 12, 15, 20) | box(3, 4, 3, 6))
    assert (window.panes.frame_view.picture.frame.flags[12, 14] & PixelFlag.USER) != 0
    assert not page.pane.apply.isEnabled()
    press(page.overlay, "Ctrl+Z")  # of the drawing, still, and again something to apply
    assert not masked(page).any()
    assert page.pending
    apply(qtbot, page)
    assert window.session.treatment.is_nothing
    window.treat_back()
    qtbot.waitUntil(lambda: window.session is not None and not window.session.run.mask[12, 14], timeout=WAIT_MS)
    qtbot.waitUntil(lambda: page.editor.drawing is not None, timeout=WAIT_MS)
    np.testing.assert_array_equal(masked(page), box(10, 12, 15, 20))


def test_every_tool_draws_what_it_shows(page) -> None:
    begin(page, Tool.ELLIPSE)
    drag(page.overlay, [at(page, 4, 10), at(page, 8, 14)])
    assert masked(page)[6, 10:15].all()
    assert not masked(page)[4, 10]
    page.pane.draw.choose(Tool.POLYGON)
    for corner in ((15, 5), (15, 15), (22, 5)):
        click(page.overlay, at(page, *corner))
    hover(page.overlay, at(page, 20, 6))
    press(page.overlay, "Return")
    assert masked(page)[16, 6]
    assert not masked(page)[21, 14]
    page.pane.draw.choose(Tool.BRUSH)
    page.pane.draw.size.setValue(3)
    drag(page.overlay, [at(page, 2, 20), at(page, 2, 25), at(page, 6, 25)])
    assert masked(page)[1:4, 20:26].all()
    page.pane.draw.choose(Tool.ERASER)
    drag(page.overlay, [at(page, 2, 22), at(page, 2, 23)])
    assert not masked(page)[1:4, 22:24].any()
    assert [shape.kind for shape in page.editor.drawing.shapes] == ["ellipse", "polygon", "brush", "brush"]
    assert page.pane.steps.list.topLevelItemCount() == 4


def test_the_brush_is_seen_while_it_paints_and_escape_drops_it(page) -> None:
    begin(page, Tool.BRUSH)
    page.pane.draw.size.setValue(3)
    send(page.overlay, _press(), at(page, 10, 10), True)
    send(page.overlay, _move(), at(page, 10, 14), True)
    assert masked(page)[10, 10:15].all()
    assert seen(page, 10, 12) == USER
    press(page.overlay, "Esc")
    assert not masked(page).any()
    assert seen(page, 10, 12) == 0
    assert page.pane.draw.draw.isChecked()
    press(page.overlay, "Esc")
    assert not page.pane.draw.draw.isChecked()


def _press():
    from PyQt6.QtCore import QEvent

    return QEvent.Type.MouseButtonPress


def _move():
    from PyQt6.QtCore import QEvent

    return QEvent.Type.MouseMove


def test_shift_and_the_mode_use_pixels_again(page) -> None:
    begin(page, Tool.RECTANGLE)
    drag(page.overlay, [at(page, 5, 5), at(page, 12, 12)])
    drag(page.overlay, [at(page, 7, 7), at(page, 8, 8)], Qt.KeyboardModifier.ShiftModifier)
    page.pane.draw.use_again.setChecked(True)
    drag(page.overlay, [at(page, 10, 10), at(page, 10, 10)])
    np.testing.assert_array_equal(masked(page), box(5, 5, 12, 12) & ~box(7, 7, 8, 8) & ~box(10, 10, 10, 10))


def test_undo_is_the_drawings_while_it_draws_and_the_labels_otherwise(page) -> None:
    window = page._window
    press(window, "1")
    window.session.browser.go_to(0)
    begin(page, Tool.RECTANGLE)
    drag(page.overlay, [at(page, 5, 5), at(page, 6, 6)])
    press(page.overlay, "Ctrl+Z")
    assert not masked(page).any()
    assert label_of(window, 0)
    press(page.overlay, "Ctrl+Shift+Z")
    np.testing.assert_array_equal(masked(page), box(5, 5, 6, 6))
    page.pane.draw.draw.setChecked(False)
    window.panes.frame_view.setFocus()
    press(window, "Ctrl+Z")
    assert not label_of(window, 0)
    np.testing.assert_array_equal(masked(page), box(5, 5, 6, 6))


def test_keys_of_the_window_go_on_working_while_a_mask_is_drawn(qtbot, page) -> None:
    window = page._window
    begin(page, Tool.BRUSH)
    press(page.overlay, "Right")
    assert window.session.browser.index == 1
    press(page.overlay, "2")
    assert label_of(window, 1)


def test_without_draw_the_mouse_is_the_frames(page) -> None:
    scale = page._view.canvas.viewport.scale
    page._view.zoom(4)
    drag(page._view.canvas, [at(page, 10, 12), at(page, 15, 20)])
    assert page._view.canvas.viewport.scale == 4 * scale
    assert not masked(page).any()
    assert not page.overlay.isVisible()


def test_steps_are_chosen_moved_hidden_and_deleted(page) -> None:
    begin(page, Tool.RECTANGLE)
    drag(page.overlay, [at(page, 4, 4), at(page, 6, 8)])
    drag(page.overlay, [at(page, 15, 15), at(page, 18, 18)])
    page.pane.draw.choose(Tool.SELECT)
    drag(page.overlay, [at(page, 5, 5), at(page, 8, 11)])
    np.testing.assert_array_equal(masked(page), box(7, 10, 9, 14) | box(15, 15, 18, 18))
    assert page.pane.steps.current == 0
    first = page.pane.steps.list.topLevelItem(0)
    first.setCheckState(0, Qt.CheckState.Unchecked)
    np.testing.assert_array_equal(masked(page), box(15, 15, 18, 18))
    page.pane.steps.list.setCurrentItem(page.pane.steps.list.topLevelItem(1))
    QTest.keyClick(page.pane.steps.list, Qt.Key.Key_Delete)
    assert not masked(page).any()
    page.pane.draw.undo.click()
    page.pane.draw.undo.click()
    np.testing.assert_array_equal(masked(page), box(7, 10, 9, 14) | box(15, 15, 18, 18))
    page.pane.clear.click()
    assert not masked(page).any()
    assert not page.editor.drawing.shapes


def test_the_files_mask_is_told_and_can_be_read_otherwise(qtbot, page) -> None:
    window, panel = page._window, page.pane.file
    assert not panel.bits[0x100].isChecked()
    assert panel.bits[0x4].isChecked()
    panel.bits[0x100].click()
    panel.bits[0x4].click()
    apply(qtbot, page)
    np.testing.assert_array_equal(~window.session.run.mask, box(20, 28, 23, 31))
    assert panel.bits[0x100].isChecked()
    panel.bits[0x100].click()
    panel.bits[0x4].click()
    apply(qtbot, page)
    assert window.session.treatment.is_nothing
    panel.inverted.click()
    apply(qtbot, page)
    assert not window.session.run.mask[10, 10]
    assert panel.inverted.isChecked()


def test_what_is_masked_is_said_and_all_of_it_warns(qtbot, page) -> None:
    qtbot.waitUntil(lambda: "0.39 %" in page.pane.headline, timeout=WAIT_MS)
    begin(page, Tool.RECTANGLE)
    drag(page.overlay, [at(page, 0, 0), at(page, 11, 31)])
    qtbot.waitUntil(lambda: "50.0 %" in page.pane.headline, timeout=WAIT_MS)
    drag(page.overlay, [at(page, 0, 0), at(page, 23, 31)])
    qtbot.waitUntil(lambda: "100 % masked" in page.pane.headline, timeout=WAIT_MS)


def test_the_mask_is_there_after_a_restart(qtbot, make_window, open_in, page) -> None:
    window, path = page._window, page._window.session.run.path
    begin(page, Tool.RECTANGLE)
    drag(page.overlay, [at(page, 10, 12), at(page, 15, 20)])
    page.parts.take_pixels(box(0, 0, 1, 1), "by hand")
    qtbot.waitUntil(lambda: len(page.editor.drawing.shapes) == 2, timeout=WAIT_MS)
    apply(qtbot, page)
    window.close()
    again = make_window()
    open_in(again, path)
    expected = box(10, 12, 15, 20) | box(0, 0, 1, 1)
    np.testing.assert_array_equal(~again.session.run.mask, expected | box(3, 4, 3, 6))
    new = page_of(qtbot, again)
    np.testing.assert_array_equal(masked(new), expected)
    assert not new.pending


def test_what_was_drawn_and_not_applied_is_there_after_a_restart(qtbot, make_window, open_in, page) -> None:
    window, path = page._window, page._window.session.run.path
    begin(page, Tool.RECTANGLE)
    drag(page.overlay, [at(page, 10, 12), at(page, 15, 20)])
    page.pane.file.inverted.click()
    window.close()
    again = make_window()
    open_in(again, path)
    assert again.session.treatment.is_nothing
    new = page_of(qtbot, again)
    np.testing.assert_array_equal(masked(new), box(10, 12, 15, 20))
    assert new.pane.file.inverted.isChecked()
    assert new.pending
    new.pane.revert.click()
    assert not masked(new).any()
    drafts = again.session.workspace.folder / "masks"
    qtbot.waitUntil(lambda: not list(drafts.glob("draft-*")), timeout=WAIT_MS)


def test_revert_goes_back_to_what_is_applied(qtbot, page) -> None:
    begin(page, Tool.RECTANGLE)
    drag(page.overlay, [at(page, 10, 12), at(page, 15, 20)])
    apply(qtbot, page)
    page.pane.clear.click()
    page.pane.file.inverted.click()
    assert page.pane.revert.isEnabled()
    page.pane.revert.click()
    np.testing.assert_array_equal(masked(page), box(10, 12, 15, 20))
    assert not page.pending
    assert not page.pane.file.inverted.isChecked()


def part(page: MaskPresenter, place: int, **values) -> None:
    from dataclasses import replace

    form = page.pane.adding.forms[place]
    page.pane.adding.choice.setCurrentIndex(place)
    form.set_value(replace(form.value(), **values))
    page.pane.adding.add.click()


def steps(page: MaskPresenter, n: int) -> Callable[[], bool]:
    return lambda: len(page.editor.drawing.shapes) == n


def test_parts_that_need_no_drawing(qtbot, page) -> None:
    window = page._window
    frame = window.panes.frame_view.picture.frame
    part(page, 0, above=20.0)
    qtbot.waitUntil(steps(page, 1), timeout=WAIT_MS)
    np.testing.assert_array_equal(masked(page), frame.raw > 20)
    page.pane.clear.click()
    part(page, 1, width_px=2)
    qtbot.waitUntil(steps(page, 1), timeout=WAIT_MS)
    np.testing.assert_array_equal(masked(page), ~box(2, 2, 21, 29))
    part(page, 3, by_px=1.0)
    np.testing.assert_array_equal(masked(page), ~box(3, 3, 20, 28))
    part(page, 3, by_px=-1.0)
    corners = np.zeros(FRAME, bool)
    corners[np.ix_([2, 21], [2, 29])] = True  # neither neighbour across is free
    np.testing.assert_array_equal(masked(page), ~box(2, 2, 21, 29) | corners)


def test_a_mask_from_a_file_is_asked_about_and_shown_first(qtbot, page, tmp_path) -> None:
    use = ~box(18, 3, 21, 9)
    np.save(tmp_path / "use.npy", use)
    page.exchange.import_file(tmp_path / "use.npy", FRAME)
    qtbot.waitUntil(lambda: page.exchange.dialog is not None, timeout=WAIT_MS)
    dialog = page.exchange.dialog
    assert dialog.meanings["GOOD_IS_ONE"].isChecked()
    assert seen(page, 20, 5) == PREVIEW
    dialog.meanings["BAD_IS_ONE"].click()
    assert seen(page, 20, 5) == 0
    assert seen(page, 5, 20) == PREVIEW
    dialog.meanings["GOOD_IS_ONE"].click()
    dialog.take.click()
    qtbot.waitUntil(steps(page, 1), timeout=WAIT_MS)
    np.testing.assert_array_equal(masked(page), box(18, 3, 21, 9))
    assert seen(page, 20, 5) == USER
    assert seen(page, 5, 20) == 0


def test_a_mask_of_another_shape_is_refused_with_both(qtbot, page, tmp_path) -> None:
    np.save(tmp_path / "other.npy", np.ones((10, 10), bool))
    with qtbot.waitSignal(page._window.session.problem, timeout=WAIT_MS) as told:
        page.exchange.import_file(tmp_path / "other.npy", FRAME)
    assert "10×10" in told.args[0]
    assert "24×32" in told.args[0]


def test_the_mask_goes_to_a_file(qtbot, page, tmp_path, monkeypatch) -> None:
    begin(page, Tool.RECTANGLE)
    drag(page.overlay, [at(page, 10, 12), at(page, 15, 20)])
    asked = []
    monkeypatch.setattr(page.exchange, "ask_export", lambda *told: asked.append(told))
    page.pane.export_wanted.emit("npy")
    form, flags, provenance, _stem = asked[0]
    with qtbot.waitSignal(page._window.session.told, timeout=WAIT_MS):
        page.exchange.export_to(tmp_path / "mask.npy", form, flags, provenance)
    np.testing.assert_array_equal(~np.load(tmp_path / "mask.npy"), box(10, 12, 15, 20) | box(3, 4, 3, 6))
    with qtbot.waitSignal(page._window.session.problem, timeout=WAIT_MS) as told:
        page.exchange.export_to(page._window.session.run.path, form, flags, provenance)
    assert "is itself read here" in told.args[0]


def test_hot_pixels_are_found_looked_at_and_added(qtbot, make_window, open_in, tmp_path) -> None:
    path = make_run(tmp_path / "hot.cxi")
    with h5py.File(path, "r+") as file:
        file["entry_1/instrument_1/detector_1/data"][:, 4, 5] = 900
    window = make_window()
    open_in(window, path)
    page = page_of(qtbot, window)
    page.pane.hot.find.click()
    assert not page.pane.hot.cancel.isHidden()
    qtbot.waitUntil(lambda: page.search.found is not None, timeout=2 * WAIT_MS)
    assert page.search.found.covered(("hot",))[4, 5]
    assert seen(page, 4, 5) == PREVIEW
    page.pane.hot.preview.click()
    assert not page.overlay.isVisible()
    page.pane.hot.add.click()
    qtbot.waitUntil(steps(page, 1), timeout=WAIT_MS)
    assert masked(page)[4, 5]
    part(page, 0, source="maximum of the run", above=800.0)
    qtbot.waitUntil(steps(page, 2), timeout=WAIT_MS)
    np.testing.assert_array_equal(np.argwhere(page.search.found.maximum > 800), [[4, 5]])


def test_a_search_can_be_cancelled_and_closing_the_run_is_no_harm(qtbot, page) -> None:
    page.pane.hot.find.click()
    page.pane.hot.cancel.click()
    qtbot.waitUntil(lambda: not page.search.busy, timeout=WAIT_MS)
    assert page.search.found is None
    begin(page, Tool.RECTANGLE)
    page._window.close_run()
    assert not page.pane.draw.draw.isEnabled()
    assert not page.overlay.isVisible()


def test_hiding_the_page_gives_the_mouse_back(page) -> None:
    begin(page, Tool.RECTANGLE)
    drag(page.overlay, [at(page, 10, 12), at(page, 15, 20)])
    page.pane.hide()
    assert not page.overlay.isVisible()
    assert not page.overlay.drawing
    page.pane.show()
    assert page.overlay.isVisible()  # what is not applied is still to be seen
    assert not page.overlay.drawing
