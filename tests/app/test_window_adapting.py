"""Adapting an embedding to the run, and choosing among the embeddings there are, in the whole window."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QCheckBox, QDialog, QPushButton, QSpinBox

from app import adapting
from models.embedding.weights import digest
from tests.app.conftest import WAIT_MS, press, settled, store_vectors

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

ADAPTED = "feedfeedfeedfeed"
KEY = "adapted-1.safetensors"


def put_adapted(run_file: Path, folder: Path) -> None:
    """As if the run had been adapted to: weights with their description, and vectors made with them."""
    (folder / "weights").mkdir(parents=True, exist_ok=True)
    (folder / "weights" / KEY).write_bytes(b"not looked at")
    about = {
        "before": {"simulated_balanced_accuracy": 0.81, "frames_recognised": 0.5},
        "after": {"simulated_balanced_accuracy": 0.93, "frames_recognised": 0.75},
        "frames_labelled": 0,
    }
    (folder / "weights" / KEY).with_suffix(".json").write_text(json.dumps({"digest": ADAPTED, "adapted": about}))
    store_vectors(run_file, seed=2, model_digest=ADAPTED)


def press_button(dialog: QDialog, text: str) -> None:
    button = next(b for b in dialog.findChildren(QPushButton) if b.text() == text)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def dialog_of(qtbot, window, name: str) -> QDialog:
    """The dialog of that name that is open, as soon as there is one."""

    def opened() -> list[QDialog]:
        return [dialog for dialog in window.findChildren(QDialog, name) if dialog.isVisible()]

    qtbot.waitUntil(lambda: bool(opened()), timeout=WAIT_MS)
    return opened()[0]


def start_adapting(qtbot, window, monkeypatch, task: str) -> None:
    monkeypatch.setattr(adapting, "ADAPT_TASK", f"tests.app.jobs_for_tests:{task}")
    window.actions_table["run.adapt"].trigger()
    press_button(dialog_of(qtbot, window, "adapt"), "Start")


def test_the_dialog_says_what_happens_and_how_long_it_takes(qtbot, judged_window) -> None:
    judged_window.actions_table["run.adapt"].trigger()
    dialog = dialog_of(qtbot, judged_window, "adapt")
    before = dialog.estimate()
    assert "minute" in before
    assert dialog.settings().weights == "speckle"
    steps = next(box for box in dialog.findChildren(QSpinBox) if box.accessibleName() == "Steps")
    steps.setValue(5000)
    assert dialog.estimate() != before
    assert "2 labels" in dialog.findChild(QCheckBox).text()
    assert not dialog.learns_from_labels()
    dialog.reject()


def test_an_adaptation_can_be_stopped_and_changes_nothing(qtbot, judged_window, monkeypatch) -> None:
    window = judged_window
    vectors = window.session.classifier.vectors
    start_adapting(qtbot, window, monkeypatch, "slow_adaptation")
    qtbot.waitUntil(lambda: any(job.fraction for job in window.jobs.running()), timeout=WAIT_MS)
    assert window.session.adapting.running
    window.actions_table["run.adapt"].trigger()
    assert "already" in window.notice.text(), "one at a time"
    window.jobs.cancel(window.jobs.running()[0].job_id)
    qtbot.waitUntil(lambda: not window.session.adapting.running, timeout=WAIT_MS)
    assert window.session.classifier.vectors is vectors
    assert window.session.embedding.key == ""


def test_an_adaptation_outlives_a_reload_of_the_run(qtbot, judged_window, monkeypatch) -> None:
    window = judged_window
    start_adapting(qtbot, window, monkeypatch, "slow_adaptation")
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        press(window, "F5")
    assert [job.title for job in window.jobs.running()] == ["Adapting to small.cxi"]
    window.jobs.cancel_all()
    qtbot.waitUntil(lambda: not window.jobs.running(), timeout=WAIT_MS)


def test_an_adapted_embedding_is_offered_compared_and_used_only_when_chosen(
    qtbot, judged_window, run_file, monkeypatch
) -> None:
    window = judged_window
    session = window.session
    for index, key in ((2, "1"), (3, "2")):
        session.browser.go_to(index)
        press(window, key)
    before = session.classifier.vectors
    put_adapted(run_file, session.workspace.folder)
    start_adapting(qtbot, window, monkeypatch, "quick_adaptation")
    qtbot.waitUntil(lambda: "adapted to this run is ready" in window.notice.text(), timeout=WAIT_MS)
    assert session.classifier.vectors is before
    press_button(window.notice, "Compare…")
    dialog = dialog_of(qtbot, window, "embeddings")
    assert "0.81 → 0.93" in dialog.text()
    assert "0.50 → 0.75" in dialog.text()
    qtbot.waitUntil(lambda: "…" not in dialog.text().split(), timeout=WAIT_MS)
    assert dialog.text().count("1.00") == 2, "both embeddings tell the labels apart"
    press_button(dialog, "Keep the present one")
    assert session.embedding.key == ""
    window.actions_table["run.embedding"].trigger()
    dialog = dialog_of(qtbot, window, "embeddings")
    dialog.pick(KEY)
    press_button(dialog, "Use it for this run")
    qtbot.waitUntil(lambda: session.embedding.model_digest == ADAPTED, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: settled(window), timeout=WAIT_MS)
    assert not np.array_equal(session.classifier.vectors, before)
    assert session.classifier.verdicts.provenance["model"] == ADAPTED
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        press(window, "F5")
    qtbot.waitUntil(lambda: window.session.embedding.state == "ready", timeout=WAIT_MS)
    assert window.session.embedding.model_digest == ADAPTED, "the choice is remembered"
    window.session.embedding.use("")
    qtbot.waitUntil(lambda: window.session.embedding.model_digest == digest(), timeout=WAIT_MS)


def test_an_adapted_embedding_or_features_are_never_taken_up_unasked(qtbot, make_window, open_in, run_file) -> None:
    from models.runs import open_run
    from models.workspace import open_workspace

    run = open_run(run_file)
    workspace = open_workspace(run)
    folder = workspace.folder
    workspace.close()
    run.close()
    store_vectors(run_file)
    put_adapted(run_file, folder)
    store_vectors(run_file, seed=3, model_digest="0123456789abcdef")
    window = make_window()
    open_in(window, run_file)
    qtbot.waitUntil(lambda: window.session.classifier.vectors is not None, timeout=WAIT_MS)
    assert window.session.embedding.model_digest == digest()


def test_weights_that_are_gone_are_told_of(qtbot, make_window, open_in, run_file) -> None:
    store_vectors(run_file)
    window = make_window()
    open_in(window, run_file)
    folder = window.session.workspace.folder
    put_adapted(run_file, folder)
    window.session.embedding.use(KEY)
    qtbot.waitUntil(lambda: window.session.embedding.model_digest == ADAPTED, timeout=WAIT_MS)
    (folder / "weights" / KEY).unlink()
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        press(window, "F5")
    qtbot.waitUntil(lambda: "are gone" in window.notice.text(), timeout=WAIT_MS)
    assert window.session.embedding.model_digest == digest()
