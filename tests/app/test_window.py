"""The whole window, driven as a person drives it: keys in, what is on screen and on disk out."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QPalette
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QDialog, QLineEdit, QMessageBox

from app import asking
from app.crash import crash_dialog
from app.settings import load_settings
from tests.app.conftest import WAIT_MS, N, close, make_run, press, settled, shown, store_vectors
from widgets import theme

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


def label_of(window, index: int) -> str:
    code = int(window.session.labels.codes[index])
    return "unsure" if code == -2 else "" if code < 0 else window.session.labels.class_names[code]


def journal_lines(window) -> list[dict]:
    file = window.session.workspace.journal
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


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


def test_labels_become_verdicts_and_a_map(judged_window) -> None:
    window = judged_window
    verdicts = window.session.classifier.verdicts
    assert verdicts.classes == ("single", "multi")
    kinds = np.arange(N) % 2
    assert np.mean(verdicts.label == kinds) > 0.9
    assert window.session.layout.positions.shape == (N, 2)
    assert "verdict" in window.panes.frame_page.header.text()
    assert window.panes.map_presenter.colour_by == "verdict"


def test_enter_starts_what_a_parameter_dialog_offers(qtbot, window) -> None:
    from models.embedding.layout import UmapSettings

    taken = []
    dialog = asking.parameters(window, "UMAP map", UmapSettings(), taken.append, "Start")
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert taken == [UmapSettings()]


def test_a_notice_follows_the_theme(qtbot, window) -> None:
    window.notice.inform("12 frames written.")
    theme.apply_theme(QApplication.instance(), "dark")
    try:
        role = QPalette.ColorRole
        qtbot.waitUntil(lambda: window.notice.palette().color(role.Window).lightness() < 100, timeout=WAIT_MS)
        assert window.notice.palette().color(role.WindowText).lightness() > 150
    finally:
        theme.apply_theme(QApplication.instance(), "light")


def test_umap_is_made_by_a_job_kept_and_can_be_left_for_pca(qtbot, judged_window) -> None:
    window = judged_window
    session = window.session
    session.layout.start_umap(session.embedding.model_digest, {"epochs": 20})
    qtbot.waitUntil(lambda: session.layout.has_umap, timeout=6 * WAIT_MS)
    assert session.layout.kind == "UMAP"
    assert session.layout.positions.shape == (N, 2)
    assert list(session.workspace.folder.glob("map-UMAP-*.h5"))
    window.actions_table["view.pca"].trigger()
    assert session.layout.kind == "PCA"


def test_enter_accepts_the_verdict(qtbot, judged_window) -> None:
    window = judged_window
    index = window.session.browser.index
    name, _ = window.session.verdict_of(index)
    press(window, "Return")
    assert label_of(window, index) == name == ("single" if index % 2 == 0 else "multi")
    assert window.session.workspace.labels.present(index).source == "accept"


def test_order_by_confidence(qtbot, judged_window) -> None:
    window = judged_window
    window.actions_table["frame.order_confidence"].trigger()
    qtbot.waitUntil(lambda: window.session.browser.order == "confidence", timeout=WAIT_MS)
    press(window, "Home")
    seen = [window.session.browser.index]
    for _ in range(N - 1):
        press(window, "Right")
        seen.append(window.session.browser.index)
    confidence = window.session.classifier.verdicts.confidence[seen]
    assert sorted(seen) == list(range(N))
    assert np.all(np.diff(confidence) >= 0)
    assert window.panes.frame_page.header.order() == "confidence"


def test_suggestions_go_to_unlabelled_frames_of_the_queue(judged_window) -> None:
    window = judged_window
    queue = set(window.session.classifier.queue.tolist())
    press(window, "Space")
    first = window.session.browser.index
    press(window, "Space")
    second = window.session.browser.index
    assert {first, second} <= queue
    assert first != second
    press(window, "Shift+Space")
    assert window.session.browser.index == first


def test_a_new_label_updates_the_verdicts(qtbot, judged_window) -> None:
    window = judged_window
    before = window.session.classifier.verdicts.provenance
    press(window, "End")
    press(window, "2")
    classifier = window.session.classifier
    qtbot.waitUntil(lambda: settled(window) and classifier.verdicts.provenance != before, timeout=WAIT_MS)
    assert window.session.classifier.verdicts.label[N - 1] == 1


def test_the_selection_is_labelled_as_one_action(qtbot, judged_window) -> None:
    window = judged_window
    selected = np.zeros(N, bool)
    selected[4:10] = True
    window.panes.map_view.selection_changed.emit(selected)
    assert "6 of 30 selected" in window.status.counts.text().replace("\u202f", " ")
    press(window, "Ctrl+3")
    assert {label_of(window, i) for i in range(4, 10)} == {"blank"}
    press(window, "Ctrl+Z")
    assert {label_of(window, i) for i in range(4, 10)} == {""}
    press(window, "Esc")
    assert window.session.browser.n_selected == 0


def test_exported_selection_can_be_read(qtbot, judged_window, tmp_path: Path) -> None:
    import h5py

    window = judged_window
    selected = np.zeros(N, bool)
    selected[[0, 1, 7]] = True
    window.panes.map_view.selection_changed.emit(selected)
    press(window, "Ctrl+E")
    dialog = window.findChild(QDialog, "export_selection")
    target = tmp_path / "chosen.cxi"
    dialog.findChild(QLineEdit, "export_path").setText(str(target))
    dialog.accept()
    qtbot.waitUntil(lambda: "written to" in window.notice.text(), timeout=WAIT_MS)
    with h5py.File(target) as file, h5py.File(window.session.run.path, locking=False) as source:
        data = file["entry_1/data_1/data"][()]
        np.testing.assert_array_equal(data, source["entry_1/data_1/data"][()][[0, 1, 7]])
        assert file["entry_1/result_1/label"].asstr()[()].tolist()[:2] == ["single", "multi"]


def test_labels_go_out_and_come_back(qtbot, window, tmp_path: Path) -> None:
    from app.exporting import export_labels, import_labels

    press(window, "1")
    press(window, "2")
    table = tmp_path / "labels.csv"
    export_labels(window.session, table)
    assert table.read_text().splitlines()[0] == "index,event,label,annotator,time"
    export_labels(window.session, tmp_path / "labels.specklenn.csv")
    assert (tmp_path / "labels.specklenn.csv").read_text().splitlines()[0] == "exp,run,event_num,label"
    press(window, "Ctrl+Z")
    press(window, "Ctrl+Z")
    assert label_of(window, 0) == ""
    import_labels(window.session, table)
    qtbot.waitUntil(lambda: label_of(window, 0) == "single", timeout=WAIT_MS)
    assert label_of(window, 1) == "multi"
    table.write_text("nothing,useful\n1,2\n")
    import_labels(window.session, table)
    qtbot.waitUntil(window.notice.is_problem, timeout=WAIT_MS)


def test_many_labels_are_exported_by_a_job(qtbot, window, tmp_path: Path, monkeypatch) -> None:
    from app import exporting

    monkeypatch.setattr(exporting, "MANY_LABELS", 1)
    press(window, "1")
    press(window, "2")
    exporting.export_labels(window.session, tmp_path / "labels.csv")
    qtbot.waitUntil((tmp_path / "labels.csv").exists, timeout=WAIT_MS)
    assert len((tmp_path / "labels.csv").read_text().splitlines()) == 3
    qtbot.waitUntil(lambda: "2 labels written" in window.notice.text(), timeout=WAIT_MS)


def test_tags_of_an_exported_file_come_back(qtbot, window, tmp_path: Path) -> None:
    from app.exporting import export_selection, import_labels

    press(window, "1")
    press(window, "2")
    window.session.browser.select(range(N))
    export_selection(window.session, tmp_path / "all.cxi")
    qtbot.waitUntil(lambda: "written to" in window.notice.text(), timeout=WAIT_MS)
    press(window, "Ctrl+Z")
    press(window, "Ctrl+Z")
    import_labels(window.session, tmp_path / "all.cxi")
    qtbot.waitUntil(lambda: (label_of(window, 0), label_of(window, 1)) == ("single", "multi"), timeout=WAIT_MS)


def test_labels_of_another_annotator_appear(qtbot, window, run_file: Path) -> None:
    from models.runs import open_run
    from models.workspace import open_workspace

    run = open_run(run_file)
    colleague = open_workspace(run, annotator="grace")
    colleague.labels.set([3, 4], "blank")
    assert colleague.flush()
    colleague.close()
    run.close()
    window.session.labels.look_for_others()
    qtbot.waitUntil(lambda: label_of(window, 3) == "blank", timeout=WAIT_MS)
    assert window.status.counts.text() == "0 labels by you"
    press(window, "1")
    assert window.status.counts.text() == "1 label by you"


def test_two_people_at_one_login_label_under_their_own_names(qtbot, window) -> None:
    press(window, "1")
    window.actions_table["label.annotator"].trigger()
    dialog = window.findChild(QDialog, "annotator")
    field = dialog.findChild(QLineEdit)
    assert field.text() == "ada"
    field.setText("grace")
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        press(field, "Return")
    assert label_of(window, 0) == "single"
    assert window.session.browser.index == 1
    assert window.status.counts.text() == "0 labels by you"
    press(window, "Ctrl+Z")
    assert label_of(window, 0) == "single", "ada's label is not grace's to undo"
    press(window, "2")
    assert window.session.workspace.labels.present(1).who == "grace"


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
