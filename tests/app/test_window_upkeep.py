"""The whole window when things change or fail: classes, disks, frames, layout, theme, crashes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PyQt6.QtWidgets import QApplication, QMessageBox

from app.crash import crash_dialog
from tests.app.conftest import WAIT_MS, N, close, journal_lines, label_of, make_run, press, shown, store_vectors

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def test_classes_are_added_renamed_and_removed(window) -> None:
    panel = window.panes.classes
    panel.class_added.emit("ring")
    assert window.session.labels.class_names[-1] == "ring"
    panel.class_renamed.emit("ring", "donut")
    key = next(c.key for c in window.session.labels.classes if c.name == "donut")
    press(window, key)
    assert label_of(window, 0) == "donut"
    assert window.actions_table[f"label.class_{key}"].text() == "donut"
    panel.class_removed.emit("donut")
    assert label_of(window, 0) == ""
    press(window, "Ctrl+Z")
    assert label_of(window, 0) == "donut"
    panel.class_renamed.emit("donut", "unknown")
    assert "unknown" in window.notice.text()


def test_labels_that_cannot_be_written_are_shown_as_not_saved(qtbot, window, monkeypatch) -> None:
    folder = window.session.workspace.folder

    def refuse(*_args: object) -> int:
        raise OSError(28, "No space left on device")

    window.session.workspace._writer._disk = type(window.session.workspace._writer._disk)(write=refuse)
    press(window, "1")
    qtbot.waitUntil(lambda: window.status.saved.text().startswith("NOT SAVED"), timeout=WAIT_MS)
    assert "disk is full" in window.status.saved.toolTip()
    assert "disk is full" in window.notice.text()
    assert label_of(window, 0) == "single"
    assert "NOT saved" in window.make_safe()
    window.session.workspace._writer._disk = type(window.session.workspace._writer._disk)()
    qtbot.waitUntil(lambda: window.status.saved.text().startswith("saved"), timeout=WAIT_MS)
    assert folder.exists()


def test_an_unreadable_frame_says_so_and_the_others_go_on(qtbot, window) -> None:
    from models.errors import FrameUnreadable

    window.session.frames._refused.emit(0, FrameUnreadable("Frame 0 cannot be read", cause="its chunk is damaged"))
    QApplication.processEvents()
    press(window, "Right")
    shown(qtbot, window)
    assert window.panes.frame_view.picture.index == 1


def test_play_walks_on_and_stops_at_the_end(qtbot, window) -> None:
    press(window, "End")
    press(window, "Left")
    press(window, "P")
    assert window.actions_table["frame.play"].isChecked()
    qtbot.waitUntil(lambda: not window.session.browser.playing, timeout=WAIT_MS)
    assert window.session.browser.index == N - 1
    assert not window.actions_table["frame.play"].isChecked()


def test_closing_the_run_returns_to_the_welcome_pane(window) -> None:
    press(window, "Ctrl+W")
    assert window.session is None
    assert window.pages.currentWidget() is window.welcome
    assert window.windowTitle() == "Friedel"
    assert not window.actions_table["frame.next"].isEnabled()


def test_layout_is_kept_and_can_be_reset(make_window, open_in, run_file) -> None:
    first = make_window()
    open_in(first, run_file)
    first.panes.docks["queue"].hide()
    first.panes.docks["run"].hide()
    settings = first.settings
    close(first)
    second = make_window(settings)
    open_in(second, run_file)
    assert not second.panes.docks["run"].isVisible()
    second.actions_table["view.reset_layout"].trigger()
    assert second.panes.docks["run"].isVisible()
    assert not second.panes.docks["jobs"].isVisible()


def test_themes_are_remembered(make_window) -> None:
    window = make_window()
    window.actions_table["view.theme_dark"].trigger()
    assert window.settings.theme == "dark"
    assert QApplication.palette().window().color().lightness() < 100
    window.actions_table["view.theme_light"].trigger()
    assert QApplication.palette().window().color().lightness() > 150


def test_display_commands_reach_the_frame_view(window) -> None:
    view = window.panes.frame_view
    press(window, "A")
    assert view.settings.levels is not None
    press(window, "A")
    assert view.settings.levels is None
    before = view.settings.colour_map
    press(window, "C")
    assert view.settings.colour_map != before
    shown_mask = view.settings.mask_shown
    press(window, "M")
    assert view.settings.mask_shown is not shown_mask
    press(window, "T")
    assert not window.panes.filmstrip.isVisible()


def test_the_crash_dialog_says_what_is_safe(qtbot, window) -> None:
    from app.crash import CrashGuard

    guard = CrashGuard(window.make_safe, window)
    press(window, "1")
    try:
        raise ZeroDivisionError("by nothing")
    except ZeroDivisionError as error:
        guard._unhandled(type(error), error, error.__traceback__)
    box = window.findChild(QMessageBox, "crash")
    assert box is not None
    assert "labels are safe" in box.text()
    assert "ZeroDivisionError" in box.detailedText()
    box.done(0)
    window.session.workspace.flush()
    assert any(line.get("op") == "label" for line in journal_lines(window))


def test_crash_dialog_copy_leaves_it_open(qtbot) -> None:
    box = crash_dialog("Oops", "Traceback …", "All is safe.")
    qtbot.addWidget(box)
    box.open()
    copy = next(button for button in box.buttons() if button.text() == "Copy report")
    copy.click()
    assert box.isVisible()
    assert "Traceback" in QApplication.clipboard().text()
    box.done(0)


def test_a_stored_embedding_is_used_at_once(qtbot, make_window, open_in, run_file) -> None:
    store_vectors(run_file)
    window = make_window(embed_on_open=True)
    open_in(window, run_file)
    qtbot.waitUntil(lambda: window.session.layout.positions is not None, timeout=WAIT_MS)
    assert window.jobs.records() == []
    assert window.session.embedding.state == "ready"


def test_a_read_only_folder_is_no_hindrance(qtbot, make_window, open_in, tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    file = make_run(folder / "run.cxi")
    folder.chmod(0o555)
    try:
        if os.access(folder, os.W_OK):
            pytest.skip("this user may write everywhere")
        window = make_window()
        open_in(window, file)
        press(window, "1")
        qtbot.waitUntil(lambda: window.status.saved.text().startswith("saved "), timeout=WAIT_MS)
        assert Path(os.environ["FRIEDEL_DATA"]) in window.session.workspace.folder.parents
    finally:
        folder.chmod(0o755)
