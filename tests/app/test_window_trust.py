"""How far to trust the verdicts, and which frames to keep, in the whole window."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest

from tests.app.conftest import WAIT_MS, N, press, settled
from widgets.sorting_pane import KEEP, TRUST
from widgets.trust.threshold import ThresholdHistogram

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def trusted_window(qtbot, judged_window):
    """The window with three labels of either class, and the operating point that follows from them."""
    window = judged_window
    for index, key in ((2, "1"), (3, "2"), (4, "1"), (5, "2")):
        window.session.browser.go_to(index)
        press(window, key)
    keeping = window.session.keeping

    def there() -> bool:
        return settled(window) and keeping.operating is not None and len(keeping.operating.own) == 3

    qtbot.waitUntil(there, timeout=WAIT_MS)
    return window


def shown_words(window) -> str:
    return window.panes.sorting.keep.words().replace("<b>", "").replace("</b>", "")


def test_until_there_are_labels_the_pages_say_what_is_needed(window) -> None:
    assert "embedded" in window.panes.sorting.trust.words()
    assert "embedded" in window.panes.sorting.keep.words()
    assert not window.actions_table["label.keep"].isEnabled()


def test_calibration_and_operating_point_follow_the_labels(trusted_window) -> None:
    window = trusted_window
    assert "calibration error" in window.panes.sorting.trust.words()
    assert "6 held-out examples" in window.panes.sorting.trust.words()
    words = shown_words(window)
    assert f"of {N} frames with P(single) ≥ 0.50" in words
    assert "expected precision" in words
    assert "expected yield" in words


def test_moving_the_threshold_changes_words_and_selection(qtbot, trusted_window) -> None:
    window = trusted_window
    press(window, "K")
    assert window.panes.sorting.page() == KEEP
    histogram = window.panes.sorting.findChild(ThresholdHistogram)
    before = shown_words(window)
    histogram.setFocus()
    index = window.session.browser.index
    QTest.keyClick(histogram, Qt.Key.Key_Right)
    assert window.session.browser.index == index, "the arrow key is the threshold's while the plot has the focus"
    assert shown_words(window) != before
    window.session.keeping.move_to(0.2)
    point = window.session.keeping.point
    kept = point.frames_kept
    press(window, "Shift+K")
    assert window.session.browser.n_selected == kept > 0
    verdicts = window.session.classifier.verdicts
    column = verdicts.classes.index("single")
    enough = verdicts.probabilities[:, column] >= np.float32(point.threshold)
    assert np.array_equal(window.session.browser.selected, enough)
    assert f"{kept} frames selected" in window.notice.text()


def test_another_class_and_a_precision_to_aim_at(qtbot, trusted_window) -> None:
    window = trusted_window
    keep, keeping = window.panes.sorting.keep, window.session.keeping
    keep.class_chosen.emit("multi")
    qtbot.waitUntil(lambda: keeping.class_name == "multi", timeout=WAIT_MS)
    assert "P(multi)" in shown_words(window)
    keeping.move_to(0.0)
    keep.precision_wanted.emit(0.6)
    assert keeping.point.precision >= 0.6
    keep.precision_wanted.emit(1.0)
    assert "No threshold" in window.notice.text()


def test_threshold_and_class_are_remembered(qtbot, trusted_window) -> None:
    window = trusted_window
    window.session.keeping.choose_class("multi")
    qtbot.waitUntil(lambda: window.session.keeping.class_name == "multi", timeout=WAIT_MS)
    window.session.keeping.move_to(0.7)
    folder = window.session.workspace.folder
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        press(window, "F5")
    qtbot.waitUntil(lambda: window.session.keeping.operating is not None, timeout=WAIT_MS)
    assert window.session.keeping.class_name == "multi"
    assert window.session.keeping.threshold == 0.7
    kept = json.loads(next(folder.glob("state-*.json")).read_text())["extra"]["keep"]
    assert kept == {"class": "multi", "thresholds": {"multi": 0.7}}


def test_labels_taken_away_take_the_operating_point_with_them(qtbot, judged_window) -> None:
    window = judged_window
    qtbot.waitUntil(lambda: window.session.keeping.operating is not None, timeout=WAIT_MS)
    press(window, "Ctrl+Z")
    qtbot.waitUntil(lambda: window.session.keeping.operating is None, timeout=WAIT_MS)
    assert "second class" in window.panes.sorting.keep.words()
    assert "second class" in window.panes.sorting.trust.words()


def test_the_verdicts_get_a_window_of_their_own_and_come_back(qtbot, trusted_window) -> None:
    window = trusted_window
    dock = window.panes.docks["verdicts"]
    QTest.mouseClick(window.panes.sorting.larger, Qt.MouseButton.LeftButton)
    assert dock.isFloating()
    assert dock.width() >= 800
    assert window.actions_table["view.verdicts_apart"].isChecked()
    window.actions_table["label.trust"].trigger()
    assert window.panes.sorting.page() == TRUST
    window.actions_table["view.verdicts_apart"].trigger()
    assert not dock.isFloating()
