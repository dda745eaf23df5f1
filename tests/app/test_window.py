"""The whole window, driven as a person drives it: keys in, what is on screen and on disk out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtWidgets import QApplication, QDialog, QLineEdit

from app.settings import load_settings
from tests.app.conftest import WAIT_MS, N, close, journal_lines, label_of, make_run, press, shown

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def test_without_a_run_the_welcome_pane_has_the_window(make_window) -> None:
    window = make_window()
    assert window.pages.currentWidget() is window.welcome
    assert not any(dock.isVisible() for dock in window.panes.docks.values())
    assert not window.actions_table["frame.next"].isEnabled()
    assert window.actions_table["run.open"].isEnabled()


def test_open_shows_frame_title_and_panes(window) -> None:
    assert window.windowTitle().replace("\u202f", " ") == "small.cxi · 30 frames"
    assert window.pages.currentWidget() is window.panes.frame_page
    assert window.panes.docks["map"].isVisible()
    assert window.panes.frame_view.picture.index == 0
    assert "shot-1000" in window.panes.frame_page.header.text()
    assert window.settings.recent == [str(window.session.run.path)]
    assert load_settings().recent == window.settings.recent  # on disk at once: the window may be killed


def test_arrows_walk_and_stop_at_the_ends(qtbot, window) -> None:
    index = lambda: window.session.browser.index  # noqa: E731
    press(window, "Right")
    press(window, "Right")
    assert index() == 2
    press(window, "Left")
    assert index() == 1
    press(window, "Shift+Right")
    assert index() == 11
    press(window, "End")
    assert index() == N - 1
    press(window, "Right")
    assert index() == N - 1
    press(window, "Home")
    assert index() == 0
    press(window, "PgDown")
    assert index() == window.panes.filmstrip.page > 1
    shown(qtbot, window)


def test_keys_work_while_a_panel_has_the_focus_but_not_in_text_fields(window) -> None:
    window.panes.classes.findChild(QLineEdit)
    window.panes.jobs_panel.setFocus()
    press(QApplication.focusWidget() or window, "Right")
    assert window.session.browser.index == 1
    field = QLineEdit(window)
    field.show()
    field.setFocus()
    QApplication.processEvents()
    press(field, "1")
    press(field, "Right")
    press(field, "Return")
    assert field.text() == "1"
    assert window.session.browser.index == 1
    assert label_of(window, 1) == ""


def test_a_digit_labels_and_advances_and_is_on_disk(qtbot, window) -> None:
    press(window, "1")
    assert label_of(window, 0) == "single"
    assert window.session.browser.index == 1
    qtbot.waitUntil(lambda: window.status.saved.text().startswith("saved "), timeout=WAIT_MS)
    given = [line for line in journal_lines(window) if line.get("op") == "label"]
    assert [(line["class"], line["frames"]) for line in given] == [("single", [0])]
    assert window.status.counts.text() == "1 label by you"


def test_without_advance_the_frame_stays(window) -> None:
    window.actions_table["label.advance"].trigger()
    press(window, "2")
    assert window.session.browser.index == 0
    assert label_of(window, 0) == "multi"
    assert load_settings().auto_advance is False


def test_unsure_clear_undo_redo(window) -> None:
    press(window, "1")
    press(window, "U")
    assert (label_of(window, 0), label_of(window, 1)) == ("single", "unsure")
    press(window, "Home")
    press(window, "0")
    assert label_of(window, 0) == ""
    press(window, "Ctrl+Z")
    assert label_of(window, 0) == "single"
    press(window, "Ctrl+Z")
    assert label_of(window, 1) == ""
    assert window.session.browser.index == 1, "undo shows the frame it was about"
    press(window, "Ctrl+Shift+Z")
    assert label_of(window, 1) == "unsure"


def test_next_unlabelled_skips_labelled_frames(window) -> None:
    for _ in range(3):
        press(window, "1")
    press(window, "Home")
    press(window, "Ctrl+Right")
    assert window.session.browser.index == 3
    press(window, "Ctrl+Left")
    assert window.session.browser.index == 3
    assert "No unlabelled frame before" in window.notice.text()


def test_restart_brings_back_labels_frame_contrast_and_undo(qtbot, make_window, open_in, run_file) -> None:
    first = make_window()
    open_in(first, run_file)
    press(first, "1")
    press(first, "2")
    press(first, "L")
    scaling = first.panes.frame_view.settings.scaling
    assert scaling.value == "sqrt"
    press(first, "Shift+Right")
    settings = first.settings
    close(first)

    second = make_window(settings)
    open_in(second, run_file)
    assert second.session.browser.index == 12
    assert (label_of(second, 0), label_of(second, 1)) == ("single", "multi")
    assert second.panes.frame_view.settings.scaling is scaling
    assert second.actions_table["view.scaling_sqrt"].isChecked()
    press(second, "Ctrl+Z")
    assert (label_of(second, 0), label_of(second, 1)) == ("single", "")


@pytest.mark.parametrize("make", ["text", "empty", "missing", "truncated"])
def test_a_bad_file_leaves_the_open_run_alone(qtbot, window, tmp_path: Path, run_file: Path, make: str) -> None:
    bad = tmp_path / "bad.h5"
    if make == "text":
        bad.write_text("this is no run")
    elif make == "empty":
        bad.touch()
    elif make == "truncated":
        bad.write_bytes(run_file.read_bytes()[:700])
    press(window, "Right")
    session = window.session
    with qtbot.waitSignal(window.opener.failed, timeout=WAIT_MS):
        window.open_path(str(bad))
    assert window.notice.is_problem()
    assert "bad.h5" in window.notice.text()
    assert "Traceback" not in window.notice.text()
    assert window.session is session
    assert window.session.browser.index == 1
    press(window, "Right")
    shown(qtbot, window)


def test_two_candidates_are_asked_about(qtbot, make_window, tmp_path: Path) -> None:
    import h5py

    with h5py.File(tmp_path / "two.h5", "w") as file:
        file["a"] = np.zeros((4, 20, 20), np.uint16)
        file["b"] = np.zeros((6, 20, 20), np.uint16)
    window = make_window()
    window.open_path(str(tmp_path / "two.h5"))
    qtbot.waitUntil(lambda: window.findChild(QDialog, "dataset_picker") is not None, timeout=WAIT_MS)
    picker = window.findChild(QDialog, "dataset_picker")
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        picker.accept()
    assert len(window.session.run) in (4, 6)


def test_the_run_opened_last_wins(qtbot, window, tmp_path: Path) -> None:
    other = make_run(tmp_path / "other.cxi", 5)
    third = make_run(tmp_path / "third.cxi", 6)
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        window.open_path(str(other))
        window.open_path(str(third))
    assert len(window.session.run) == 6
    shown(qtbot, window)
    assert window.panes.frame_view.picture.index == 0


def test_reload_shows_frames_written_since_and_stays_where_it_was(qtbot, window, run_file: Path) -> None:
    press(window, "1")
    press(window, "Shift+Right")
    make_run(run_file.with_name("longer.cxi"), N + 5).replace(run_file)
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        press(window, "F5")
    assert len(window.session.run) == N + 5
    assert window.session.browser.index == 11
    assert label_of(window, 0) == "single"


def test_go_to_an_event(qtbot, window) -> None:
    press(window, "G")
    dialog = window.findChild(QDialog, "go_to")
    field = dialog.findChild(QLineEdit)
    field.setText("shot-1048")
    press(field, "Return")
    assert window.session.browser.index == 12
    press(window, "G")
    dialog = [d for d in window.findChildren(QDialog, "go_to") if d.isVisible()][-1]
    field = dialog.findChild(QLineEdit)
    field.setText("nonsense")
    press(field, "Return")
    assert dialog.isVisible(), "nothing fits: the question stays"
    dialog.reject()
    assert window.session.browser.index == 12


def test_the_palette_executes_commands(qtbot, window) -> None:
    press(window, "Ctrl+Shift+P")
    field = QApplication.focusWidget()
    assert isinstance(field, QLineEdit)
    field.setText("last frame")
    press(field, "Return")
    assert window.session.browser.index == N - 1


def test_the_sheet_of_keys_changes_a_key_for_good(window) -> None:
    press(window, "?")
    sheet = window.findChild(QDialog, "key_sheet")
    assert sheet is not None
    assert sheet.isVisible()
    sheet.shortcut_changed.emit("frame.last", "X")
    sheet.reject()
    press(window, "X")
    assert window.session.browser.index == N - 1
    assert load_settings().shortcuts == {"frame.last": ["X"]}
