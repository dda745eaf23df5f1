"""Calibration, precision and yield, the threshold, and the line that names the classifier."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import QEvent, QPointF, Qt
from PyQt6.QtGui import QMouseEvent
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QComboBox, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from widgets import theme
from widgets.sorting_pane import KEEP, TRUST, VERDICTS, SortingPane
from widgets.theme import default_style
from widgets.trust.classifier_bar import ClassifierBar, ClassifierChoice
from widgets.trust.curve import KeepCurve, PrecisionRecallPlot
from widgets.trust.keep_panel import KeepPanel, ShownPoint
from widgets.trust.reliability import ReliabilityBins
from widgets.trust.threshold import ThresholdHistogram
from widgets.trust.trust_panel import TrustPanel
from widgets.trust.words import kept_frames, share_range, threshold_words

STYLES = tuple(default_style(place, name) for place, name in enumerate(["single", "multi"]))
THRESHOLDS = np.linspace(0.0, 1.0, 11)
CURVE = KeepCurve(
    THRESHOLDS,
    precision=0.5 + 0.5 * THRESHOLDS,
    low=0.4 + 0.5 * THRESHOLDS,
    high=np.minimum(1.0, 0.6 + 0.5 * THRESHOLDS),
    found=1.0 - THRESHOLDS**2,
    kept=np.arange(100, -1, -10),
)
BINS = ReliabilityBins(
    edges_low=np.array([0.0, 0.5, 0.8]),
    edges_high=np.array([0.5, 0.8, 1.0]),
    said=np.array([0.4, np.nan, 0.9]),
    found=np.array([0.5, np.nan, 0.75]),
    low=np.array([0.1, 0.0, 0.5]),
    high=np.array([0.9, 1.0, 0.9]),
    count=np.array([4, 0, 12]),
)


def drag(widget: QWidget, start: QPointF, end: QPointF) -> None:
    """Press at one place, move to the other with the button held, let go."""
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    for kind, where, button, held in (
        (QEvent.Type.MouseButtonPress, start, left, left),
        (QEvent.Type.MouseMove, end, none, left),
        (QEvent.Type.MouseButtonRelease, end, left, none),
    ):
        place = QPointF(widget.mapToGlobal(where))
        QApplication.sendEvent(widget, QMouseEvent(kind, where, place, button, held, Qt.KeyboardModifier.NoModifier))


@pytest.fixture
def keep(qtbot: QtBot) -> KeepPanel:
    panel = KeepPanel()
    qtbot.addWidget(panel)
    panel.resize(700, 360)
    panel.show()
    panel.set_classes(STYLES, "single")
    panel.set_class_data(CURVE, np.arange(40), np.array([0.7, 0.9]), np.array([0.1]), "#009E73")
    panel.set_point(ShownPoint(0.6, 40, 100, 0.8, 0.7, 0.9, 0.64))
    return panel


def plot(panel: KeepPanel) -> PrecisionRecallPlot:
    found = panel.findChild(PrecisionRecallPlot)
    assert isinstance(found, PrecisionRecallPlot)
    return found


def test_the_sentence_gives_numbers_expectation_and_interval() -> None:
    text = kept_frames("single", 0.83, 412, 10_000, (0.91, (0.84, 0.95)), (0.78, None))
    assert text.replace("<b>", "").replace("</b>", "") == (
        "Keep 412 of 10\u202f000 frames with P(single) ≥ 0.83: expected precision 0.91 (0.84–0.95), "
        "expected yield 0.78 of all single."
    )
    assert "expected" not in kept_frames("single", 0.99, 0, 100, (None, None), (None, None))
    assert "<i>" not in kept_frames("<i>odd", 0.5, 1, 2, (None, None), (None, None)), "class names are text"


def test_narrow_ranges_and_extreme_thresholds_keep_their_digits() -> None:
    assert share_range(0.9962, 1.0) == "99.6–100.0\u202f%"
    assert share_range(0.8, 0.9) == "80–90\u202f%"
    assert [threshold_words(t) for t in (0.0, 0.004, 0.5, 0.9987, 1.0)] == ["0.00", "0.004", "0.50", "0.999", "1.00"]


def test_dragging_on_the_curve_gives_the_nearest_threshold(keep: KeepPanel, qtbot: QtBot) -> None:
    curve = plot(keep)
    start = curve.point_position()
    assert start is not None
    with qtbot.waitSignal(keep.threshold_moved) as moved:
        drag(curve, start + QPointF(1, 1), curve.to_pixel(CURVE.found[9], CURVE.precision[9]) + QPointF(2, -2))
    assert moved.args == [pytest.approx(THRESHOLDS[6])], "where it was taken hold of"
    seen: list[float] = []
    keep.threshold_moved.connect(seen.append)
    drag(curve, start, curve.to_pixel(CURVE.found[9], CURVE.precision[9]) + QPointF(2, -2))
    assert seen[-1] == pytest.approx(THRESHOLDS[9])


def test_no_threshold_is_offered_that_keeps_nothing(keep: KeepPanel) -> None:
    seen: list[float] = []
    keep.threshold_moved.connect(seen.append)
    curve = plot(keep)
    drag(curve, curve.to_pixel(0.5, 0.5), curve.to_pixel(0.0, 1.0))
    assert seen[-1] == pytest.approx(THRESHOLDS[9])


def test_dragging_the_line_of_the_histogram(keep: KeepPanel) -> None:
    histogram = keep.findChild(ThresholdHistogram)
    seen: list[float] = []
    keep.threshold_moved.connect(seen.append)
    drag(histogram, histogram.to_pixel(0.6, 0.5), histogram.to_pixel(0.23, 1.0))
    assert seen == pytest.approx([0.6, 0.2]), "the nearest threshold there is"
    drag(histogram, histogram.to_pixel(0.6, 0.5), QPointF(5000, 10))
    assert seen[-1] == 1.0


def test_arrow_keys_move_the_threshold(keep: KeepPanel) -> None:
    seen: list[float] = []
    keep.threshold_moved.connect(seen.append)
    histogram, curve = keep.findChild(ThresholdHistogram), plot(keep)
    QTest.keyClick(histogram, Qt.Key.Key_Right)
    QTest.keyClick(histogram, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(curve, Qt.Key.Key_Right)
    QTest.keyClick(curve, Qt.Key.Key_Left)
    assert seen == pytest.approx([0.7, 0.0, 0.5, 0.7]), "to the right on the curve more is kept"
    keep.set_point(ShownPoint(1.0, 0, 100))
    QTest.keyClick(histogram, Qt.Key.Key_Right)
    assert seen[-1] == 1.0


def test_the_words_and_the_button_follow_the_point(keep: KeepPanel, qtbot: QtBot) -> None:
    button = next(b for b in keep.findChildren(QPushButton) if b.text() == "Select kept")
    assert "40</b> of 100 frames" in keep.words()
    assert "0.70–0.90" in keep.words()
    with qtbot.waitSignal(keep.select_wanted):
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    keep.set_point(ShownPoint(0.99, 0, 100))
    assert not button.isEnabled()
    assert "precision" not in keep.words()


def test_choosing_a_class_and_aiming_are_told_but_setting_is_not(keep: KeepPanel, qtbot: QtBot) -> None:
    box = keep.findChild(QComboBox)
    with qtbot.assertNotEmitted(keep.class_chosen):
        keep.set_classes(STYLES, "multi")
    assert keep.chosen_class() == "multi"
    with qtbot.waitSignal(keep.class_chosen) as chosen:
        QTest.keyClick(box, Qt.Key.Key_Up)
    assert chosen.args == ["single"]
    aim = next(b for b in keep.findChildren(QPushButton) if b.text().startswith("Precision"))
    with qtbot.waitSignal(keep.precision_wanted) as wanted:
        QTest.mouseClick(aim, Qt.MouseButton.LeftButton)
    assert wanted.args == [pytest.approx(0.9)]


def test_without_labels_it_says_what_is_needed(keep: KeepPanel) -> None:
    keep.clear("Label a second frame of a class.")
    assert keep.words() == "No operating point yet Label a second frame of a class."
    assert plot(keep).point_position() is None


@pytest.fixture
def trust(qtbot: QtBot) -> TrustPanel:
    panel = TrustPanel()
    qtbot.addWidget(panel)
    panel.resize(600, 300)
    panel.show()
    return panel


def test_bins_are_put_into_words_by_mouse_and_keys(trust: TrustPanel) -> None:
    trust.set_calibration(BINS, "Expected calibration error 0.10", "Nothing speaks against it.")
    assert (
        "Of 12 held-out examples whose verdict was said to be 80–100\u202f% sure, 75\u202f% were right"
        in trust.words()
    )
    assert "50–90\u202f%" in trust.words()
    diagram = trust.diagram
    QTest.mouseMove(diagram, diagram.to_pixel(0.35, 0.5).toPoint())
    QApplication.processEvents()
    diagram.setFocus()
    QTest.keyClick(diagram, Qt.Key.Key_Left)
    assert diagram.current == 0
    assert "Of 4 held-out examples" in trust.words()
    QTest.keyClick(diagram, Qt.Key.Key_Right)
    assert diagram.current == 2, "an empty bin is passed over"
    QTest.keyClick(diagram, Qt.Key.Key_Right)
    assert diagram.current == 2


def test_an_empty_calibration_says_why(trust: TrustPanel) -> None:
    trust.set_calibration(BINS, "Expected calibration error 0.10", "")
    trust.clear("The run has not been embedded yet.")
    assert trust.words() == "Nothing to check yet The run has not been embedded yet."


CHOICES = (
    ClassifierChoice("head", "Speckle embedding", "Few-shot head."),
    ClassifierChoice("svm", "PCA and SVM", "Physical features.", "Bobkov 2015", "classical"),
)


def test_the_classifier_is_named_and_chosen(qtbot: QtBot) -> None:
    bar = ClassifierBar()
    qtbot.addWidget(bar)
    bar.show()
    bar.set_choices(CHOICES)
    with qtbot.assertNotEmitted(bar.chosen):
        bar.set_chosen("svm")
    assert bar.chosen_id() == "svm"
    box = bar.findChild(QComboBox)
    assert "Bobkov 2015" in box.toolTip()
    with qtbot.waitSignal(bar.chosen) as chosen:
        QTest.keyClick(box, Qt.Key.Key_Up)
    assert chosen.args == ["head"], "the line between the groups is passed over"


def test_work_of_a_classifier_shows_and_can_be_stopped(qtbot: QtBot) -> None:
    bar = ClassifierBar()
    qtbot.addWidget(bar)
    bar.show()
    assert not bar.findChild(QWidget, "at_work").isVisible()
    bar.set_busy("Features: 300 of 1 000 frames", 0.3)
    assert bar.words() == "Features: 300 of 1 000 frames"
    with qtbot.waitSignal(bar.cancel_wanted):
        QTest.mouseClick(bar.findChild(QWidget, "stop"), Qt.MouseButton.LeftButton)
    bar.set_idle("")
    assert not bar.findChild(QWidget, "at_work").isVisible()


def test_pages_come_to_the_front_and_all_paint_in_both_schemes(qtbot: QtBot) -> None:
    pane = SortingPane()
    qtbot.addWidget(pane)
    pane.resize(460, 320)
    pane.show()
    pane.trust.set_calibration(BINS, "Expected calibration error 0.10", "Words.")
    pane.keep.set_classes(STYLES, "single")
    pane.keep.set_class_data(CURVE, np.arange(40), np.empty(0), np.empty(0), "#009E73")
    pane.keep.set_point(ShownPoint(0.6, 40, 100, 0.8, 0.7, 0.9, 0.64))
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    seen = []
    try:
        for scheme in ("light", "dark"):
            theme.apply_theme(application, scheme)
            for page in (VERDICTS, TRUST, KEEP):
                pane.show_page(page)
                QApplication.processEvents()
                assert pane.page() == page
                seen.append(pane.grab().toImage())
    finally:
        theme.apply_theme(application, "light")
    assert all(one != other for place, one in enumerate(seen) for other in seen[:place])
