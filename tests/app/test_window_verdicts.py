"""Sorting in the whole window: verdicts, map, queue, selection, and labels that come and go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QPalette
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QDialog, QLineEdit

from app import asking
from tests.app.conftest import WAIT_MS, N, label_of, press, settled
from widgets import theme

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


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
