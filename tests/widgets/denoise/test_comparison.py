"""Before and after as the user handles them: divider, side by side, one zoom for both, marks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QColor, QPixmap
from PyQt6.QtTest import QTest

from models.display import colour_table
from tests.widgets.denoise.pictures import picture
from widgets.denoise.comparison import AFTER, BESIDE, Comparison
from widgets.denoise.marks import Mark, MarkedPixels

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture
def comparison(qtbot) -> Comparison:
    """Left all dark, right all bright."""
    view = Comparison()
    qtbot.addWidget(view)
    view.resize(600, 400)
    view.show()
    table = colour_table("grey")
    ramp = np.zeros((40, 60), np.float32)
    ramp[0, 0] = 1  # levels need a range
    view.set_before(picture(ramp), table)
    bright = np.ones((40, 60), np.float32)
    bright[0, 0] = 0
    view.set_after(picture(bright), table)
    return view


def brightness(view: Comparison, x: int, y: int = 320) -> int:
    return QColor(view.grab().toImage().pixel(x, y)).lightness()


def test_left_of_the_divider_is_before_and_right_of_it_after(comparison: Comparison) -> None:
    assert brightness(comparison, 200) < 30
    assert brightness(comparison, 400) > 220


def test_the_divider_follows_the_mouse(qtbot, comparison: Comparison) -> None:
    grip = comparison.divider
    middle = grip.rect().center()
    QTest.mousePress(grip, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(grip, middle + QPoint(-180, 0))
    QTest.mouseRelease(grip, Qt.MouseButton.LeftButton)
    assert comparison.share == pytest.approx(0.2, abs=0.02)
    assert brightness(comparison, 200) > 220
    assert brightness(comparison, 60) < 30


def test_the_divider_is_moved_by_keys(comparison: Comparison) -> None:
    comparison.divider.setFocus()
    QTest.keyClick(comparison.divider, Qt.Key.Key_Left)
    QTest.keyClick(comparison.divider, Qt.Key.Key_Left)
    assert comparison.share == pytest.approx(0.46)
    QTest.keyClick(comparison.before, Qt.Key.Key_Greater)
    assert comparison.share == pytest.approx(0.48)
    QTest.keyClick(comparison.divider, Qt.Key.Key_End)
    assert comparison.share == 1.0
    assert not comparison.after.isVisible(), "nothing of it is left"
    QTest.keyClick(comparison.divider, Qt.Key.Key_Home)
    assert comparison.share == 0.0
    assert brightness(comparison, 20) > 220


def test_side_by_side_both_are_whole_and_one_alone_has_all_the_room(comparison: Comparison) -> None:
    comparison.set_mode(BESIDE)
    assert comparison.before.width() == comparison.after.width()
    assert comparison.before.width() < 300
    assert brightness(comparison, 150, 200) < 30
    assert brightness(comparison, 450, 200) > 220
    comparison.set_mode(AFTER)
    assert not comparison.before.isVisible()
    assert comparison.after.width() == 600
    assert not comparison.divider.isVisible()


@pytest.mark.parametrize("mode", ["divided", BESIDE])
def test_zoom_in_one_is_zoom_in_the_other(comparison: Comparison, mode: str) -> None:
    comparison.set_mode(mode)
    comparison.before.zoom(4.0, QPointF(50, 60))
    assert comparison.before.view_box() is not None
    assert comparison.after.view_box() == comparison.before.view_box()
    comparison.after.zoom(0.5)
    assert comparison.before.view_box() == comparison.after.view_box()
    comparison.fit()
    assert comparison.before.view_box() is None
    assert comparison.after.view_box() is None


def test_the_pixel_under_the_cursor_is_told_from_both(qtbot, comparison: Comparison) -> None:
    comparison.set_mode(BESIDE)
    told: list[tuple[int, int]] = []
    comparison.hovered.connect(lambda y, x: told.append((y, x)))
    place = comparison.after.pixel_position(12, 30).toPoint()
    QTest.mouseMove(comparison.after, place)
    assert told[-1] == (12, 30)


def test_guessed_pixels_cannot_be_taken_for_measured_ones(comparison: Comparison) -> None:
    marks = np.zeros((40, 60), np.uint8)
    marks[10:30, 35:55] = Mark.GUESSED
    canvas = comparison.after
    comparison.set_mode(AFTER)
    plain = canvas.grab().toImage()
    canvas.set_marks(MarkedPixels(marks))
    assert canvas.marks_drawn
    striped = canvas.grab().toImage()
    inside, outside = canvas.pixel_position(20, 45).toPoint(), canvas.pixel_position(20, 5).toPoint()
    across = [QColor(striped.pixel(inside.x() + dx, inside.y())) for dx in range(-12, 12)]
    orange = [c for c in across if c.red() > 180 and 80 < c.green() < 200 and c.blue() < 90]
    assert orange, "bold stripes"
    assert all(QColor(plain.pixel(inside)) != colour for colour in across), "none of it looks as it did"
    assert striped.pixel(outside) == plain.pixel(outside)
    canvas.set_marks_shown(False)
    assert canvas.grab().toImage() == plain


def test_marks_of_filled_pixels_are_subtle(comparison: Comparison) -> None:
    marks = np.zeros((40, 60), np.uint8)
    marks[10:30, 35:55] = Mark.NEAR
    comparison.set_mode(AFTER)
    canvas = comparison.after
    plain = canvas.grab().toImage()
    canvas.set_marks(MarkedPixels(marks))
    dotted = canvas.grab().toImage()
    inside = canvas.pixel_position(20, 45).toPoint()
    same = [
        plain.pixel(inside.x() + dx, inside.y() + dy) == dotted.pixel(inside.x() + dx, inside.y() + dy)
        for dx in range(12)
        for dy in range(12)
    ]
    assert 0 < same.count(False) < 0.5 * len(same)


def test_stripes_keep_their_width_at_every_zoom(comparison: Comparison) -> None:
    marks = np.full((40, 60), Mark.GUESSED, np.uint8)
    canvas = comparison.after
    comparison.set_mode(AFTER)
    canvas.set_marks(MarkedPixels(marks))

    def stripes(grabbed: QPixmap) -> int:
        image = grabbed.toImage()
        row = [QColor(image.pixel(x, 200)).blue() < 90 < QColor(image.pixel(x, 200)).red() for x in range(100, 500)]
        return sum(1 for a, b in pairwise(row) if b and not a)

    before = stripes(canvas.grab())
    canvas.zoom(3.0)
    assert before > 20
    assert abs(stripes(canvas.grab()) - before) <= 2


def test_marks_of_another_shape_are_not_drawn(comparison: Comparison) -> None:
    comparison.after.set_marks(MarkedPixels(np.full((10, 10), Mark.GUESSED, np.uint8)))
    assert not comparison.after.marks_drawn
    assert not MarkedPixels(np.zeros((40, 60), np.uint8))
