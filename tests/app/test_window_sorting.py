"""The choice of a classifier in the whole window: features by a job, verdicts, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QDialog, QLineEdit

from app import sorting
from tests.app.conftest import WAIT_MS, N, press, settled

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")

CLASSICAL = "angular-prototype"


@pytest.fixture
def choosing(qtbot, judged_window):
    """The window with a few labels, and the classifiers it offers."""
    window = judged_window
    for index, key in ((2, "1"), (3, "2"), (4, "1"), (5, "2")):
        window.session.browser.go_to(index)
        press(window, key)
    qtbot.waitUntil(lambda: bool(window.session.sorting.choices) and settled(window), timeout=WAIT_MS)
    return window


def judged_by(window, name: str) -> bool:
    by = window.session.classifier.judged_by
    return settled(window) and by is not None and by.name == name


def test_every_classifier_is_offered_the_embedding_first(choosing) -> None:
    choices = choosing.session.sorting.choices
    assert [choice.id for choice in choices[:3]] == ["speckle/logistic", "speckle/prototype", "speckle/shrinkage"]
    assert {"physics-svm", "graph-cut", "cnn"} <= {choice.id for choice in choices}
    assert all(choice.title and choice.summary and choice.paper for choice in choices)
    assert choosing.panes.sorting.bar.chosen_id() == "speckle/logistic"


def test_another_head_judges_at_once_and_is_remembered(qtbot, choosing) -> None:
    window = choosing
    window.panes.sorting.bar.choose("speckle/prototype")
    qtbot.waitUntil(lambda: window.session.classifier.verdicts.provenance["head"] == "prototype", timeout=WAIT_MS)
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        press(window, "F5")
    qtbot.waitUntil(lambda: bool(window.session.sorting.choices), timeout=WAIT_MS)
    assert window.session.sorting.chosen == "speckle/prototype"
    assert window.panes.sorting.bar.chosen_id() == "speckle/prototype"


def test_a_classical_classifier_judges_follows_labels_and_is_left_again(qtbot, choosing) -> None:
    window = choosing
    session, bar = window.session, window.panes.sorting.bar
    before = session.classifier.verdicts.label.copy()
    bar.choose(CLASSICAL)
    assert "getting ready" in bar.words() or "Features: " in bar.words()
    assert "Speckle embedding" in bar.words(), "until its verdicts are there it says whose are shown"
    qtbot.waitUntil(lambda: judged_by(window, CLASSICAL), timeout=4 * WAIT_MS)
    assert [job.title for job in window.jobs.records()] == ["Features for Angular correlations + nearest prototype"]
    assert session.classifier.verdicts.provenance["classifier"] == CLASSICAL
    assert np.mean(session.classifier.verdicts.label == np.arange(N) % 2) > 0.9
    assert session.classifier.confusion.n_examples == 6
    qtbot.waitUntil(lambda: session.keeping.operating is not None, timeout=WAIT_MS)
    provenance = session.classifier.verdicts.provenance
    session.browser.go_to(8)
    press(window, "1")
    qtbot.waitUntil(
        lambda: judged_by(window, CLASSICAL) and session.classifier.verdicts.provenance != provenance, timeout=WAIT_MS
    )
    assert session.classifier.verdicts.provenance["examples"] == {"single": 4, "multi": 3}
    press(window, "Ctrl+Z")
    bar.choose("speckle/logistic")
    qtbot.waitUntil(lambda: judged_by(window, "speckle"), timeout=WAIT_MS)
    assert np.array_equal(session.classifier.verdicts.label, before)
    bar.choose(CLASSICAL)
    qtbot.waitUntil(lambda: judged_by(window, CLASSICAL), timeout=WAIT_MS)
    assert len(window.jobs.records()) == 1, "its features were kept"


def test_features_show_how_far_they_are_and_can_be_stopped(qtbot, choosing, monkeypatch) -> None:
    monkeypatch.setattr(sorting, "FEATURES_TASK", "tests.app.jobs_for_tests:slow_features")
    window = choosing
    bar = window.panes.sorting.bar
    verdicts = window.session.classifier.verdicts
    bar.choose(CLASSICAL)
    assert bar.chosen_id() == CLASSICAL
    qtbot.waitUntil(lambda: "of 1\u202f000 frames" in bar.words(), timeout=2 * WAIT_MS)
    bar.cancel_wanted.emit()
    assert bar.chosen_id() == "speckle/logistic"
    assert bar.words() == ""
    assert window.session.classifier.verdicts is verdicts
    qtbot.waitUntil(lambda: not window.jobs.running(), timeout=WAIT_MS)
    assert [job.state.value for job in window.jobs.records()] == ["cancelled"]


def test_features_that_fail_leave_everything_as_it_was(qtbot, choosing, monkeypatch) -> None:
    monkeypatch.setattr(sorting, "FEATURES_TASK", "tests.app.jobs_for_tests:failing_features")
    window = choosing
    window.panes.sorting.bar.choose(CLASSICAL)
    qtbot.waitUntil(window.notice.is_problem, timeout=2 * WAIT_MS)
    assert "detector is upside down" in window.notice.text()
    assert window.session.sorting.chosen == "speckle/logistic"
    assert window.session.classifier.verdicts is not None


def test_settings_come_from_the_dialog(qtbot, choosing) -> None:
    window = choosing
    window.actions_table["label.classifier"].trigger()
    dialog = window.findChild(QDialog, "classifier")
    field = next(f for f in dialog.findChildren(QLineEdit) if f.text() == "0.5")
    field.setText("0.9")
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    classifier = window.session.classifier
    qtbot.waitUntil(lambda: classifier.verdicts.provenance["unknown_threshold"] == 0.9, timeout=WAIT_MS)


def test_a_classifier_that_needs_weights_asks_for_them(qtbot, choosing) -> None:
    window = choosing
    window.panes.sorting.bar.choose("specklenn")
    dialog = window.findChild(QDialog, "classifier")
    assert dialog.findChild(QLineEdit, "weights").isVisible()
    dialog.reject()
    assert window.panes.sorting.bar.chosen_id() == "speckle/logistic"
