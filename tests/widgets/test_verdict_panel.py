"""Histogram of confidence and confusion table."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtTest import QTest
from pytestqt.qtbot import QtBot

from widgets.confusion_table import ConfusionTable
from widgets.empty import EmptyState
from widgets.histogram import ConfidenceHistogram, nice_step
from widgets.theme import default_style
from widgets.verdict_panel import BINS, UNKNOWN, FrameCriteria, VerdictPanel, confidence_counts

STYLES = tuple(default_style(place, name) for place, name in enumerate(["single", "multi"]))
COUNTS = np.zeros((2, BINS), np.int64)
COUNTS[0, 19], COUNTS[1, 19], COUNTS[1, 10] = 300, 100, 200


@pytest.fixture
def panel(qtbot: QtBot) -> VerdictPanel:
    panel = VerdictPanel()
    qtbot.addWidget(panel)
    panel.resize(700, 300)
    panel.show()
    return panel


def test_without_verdicts_it_says_what_is_needed(panel: VerdictPanel) -> None:
    empty = panel.findChild(EmptyState)
    assert empty.isVisible()
    assert "two classes" in empty.text()
    panel.clear("Only one class has labels.")
    assert "Only one class" in empty.text()


def test_every_frame_is_counted_in_its_class_and_bin() -> None:
    codes = np.array([0, 0, 1, -1, 5, 1])
    confidence = np.array([0.0, 1.0, 0.5, 0.9, 0.9, np.nan])
    counts = confidence_counts(codes, confidence, 2)
    assert counts.sum() == 3
    assert counts[0, 0] == counts[0, BINS - 1] == counts[1, BINS // 2] == 1


def bar_position(histogram: ConfidenceHistogram, place: int, count: float) -> QPointF:
    area, top = histogram._area(), histogram._top()
    return QPointF(area.left() + (place + 0.5) / BINS * area.width(), area.bottom() - count / top * area.height())


def test_click_on_a_part_of_a_bar_tells_its_class_and_range(panel: VerdictPanel, qtbot: QtBot) -> None:
    panel.set_histogram(STYLES, COUNTS)
    histogram = panel.findChild(ConfidenceHistogram)
    for count, verdict in ((150, "single"), (350, "multi")):
        where = bar_position(histogram, 19, count).toPoint()
        with qtbot.waitSignal(panel.frames_chosen) as chosen:
            QTest.mouseClick(histogram, Qt.MouseButton.LeftButton, pos=where)
        assert chosen.args == [FrameCriteria(verdict=verdict, low=0.95, high=1.0)]
    with qtbot.assertNotEmitted(panel.frames_chosen):
        QTest.mouseClick(histogram, Qt.MouseButton.LeftButton, pos=bar_position(histogram, 3, 20).toPoint())


@pytest.mark.parametrize("counts", [np.zeros((2, BINS)), np.ones((2, 1)), COUNTS * 10**6])
@pytest.mark.parametrize("size", [(700, 300), (160, 500)])
def test_a_class_is_painted_where_it_has_frames(
    panel: VerdictPanel, counts: np.ndarray, size: tuple[int, int]
) -> None:
    panel.resize(*size)
    panel.set_histogram(STYLES, counts)
    image = panel.findChild(ConfidenceHistogram).grab().toImage()
    painted = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    for style, row in zip(STYLES, counts, strict=True):
        assert (style.colour.lower() in painted) == bool(row.any()), style.name


def test_counts_that_do_not_fit_are_refused(panel: VerdictPanel) -> None:
    with pytest.raises(ValueError, match="2 classes"):
        panel.set_histogram(STYLES, np.zeros((3, BINS)))
    with pytest.raises(ValueError, match="2 classes"):
        panel.set_confusion(STYLES, np.zeros((2, 4)))


def test_confusion_shows_counts_recall_precision_and_balanced_accuracy(panel: VerdictPanel) -> None:
    panel.set_histogram(STYLES, COUNTS)
    panel.set_confusion(STYLES, [[8, 1, 1], [3, 7, 0]], folds=5)
    table = panel.findChild(ConfusionTable)
    shown = [[table.item(row, column).text() for column in range(4)] for row in range(3)]
    assert shown == [["8", "1", "1", "0.80"], ["3", "7", "·", "0.70"], ["0.73", "0.88", "", ""]]
    assert "0.75" in panel._caption.text()
    assert "20 labels, 5-fold" in panel._caption.text()


def test_a_class_without_labels_has_no_rate(panel: VerdictPanel) -> None:
    panel.set_confusion(STYLES, [[4, 0], [0, 0]])
    table = panel.findChild(ConfusionTable)
    assert table.item(1, 2).text() == ""
    assert "1.00" in panel._caption.text()


def test_click_on_a_cell_tells_label_and_verdict(panel: VerdictPanel, qtbot: QtBot) -> None:
    panel.set_histogram(STYLES, COUNTS)
    panel.set_confusion(STYLES, [[8, 1, 1], [3, 7, 0]])
    table = panel.findChild(ConfusionTable)

    def click(row: int, column: int) -> None:
        where = table.visualItemRect(table.item(row, column)).center()
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)

    with qtbot.waitSignal(panel.frames_chosen) as chosen:
        click(1, 0)
    assert chosen.args == [FrameCriteria(label="multi", verdict="single")]
    with qtbot.waitSignal(panel.frames_chosen) as chosen:
        click(0, 2)
    assert chosen.args == [FrameCriteria(label="single", verdict=UNKNOWN)]
    with qtbot.assertNotEmitted(panel.frames_chosen):
        click(1, 2)
        click(0, 3)
        click(2, 0)


@pytest.mark.parametrize(
    ("span", "step"), [(97, 50.0), (80, 20.0), (4, 1.0), (1.0, 0.5), (24_000, 10_000.0), (0, 1.0)]
)
def test_ticks_are_round(span: float, step: float) -> None:
    assert nice_step(span, 4) == pytest.approx(step)
