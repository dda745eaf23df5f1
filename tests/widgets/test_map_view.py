"""The map as a hand on the mouse meets it."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, QPointF, Qt
from PyQt6.QtGui import QColor, QImage
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QComboBox, QPushButton
from pytestqt.qtbot import QtBot

from widgets.map.drag import Tool
from widgets.map.legend import MapLegend
from widgets.map_view import Category, LayoutChoice, MapView, by_category, by_value

CATEGORIES = (Category("single", "#009E73", "circle"), Category("multi", "#E69F00", "square"))
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def view(qtbot: QtBot) -> MapView:
    """A map of 5×5 frames on a grid, frame 5·row + column, row 0 at the bottom."""
    view = MapView()
    qtbot.addWidget(view)
    view.resize(500, 540)
    view.show()
    view.set_points(grid())
    return view


def grid() -> np.ndarray:
    return np.array([[column, row] for row in range(5) for column in range(5)], np.float32)


def at(view: MapView, frame: int) -> QPoint:
    where = view.canvas().position_of(frame)
    assert where is not None
    return where.toPoint()


def draw(view: MapView, corners: list[QPoint], keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Press at the first corner, move along, let go at the last."""
    canvas = view.canvas()
    QTest.mousePress(canvas, LEFT, keys, corners[0])
    for corner in corners[1:]:
        QTest.mouseMove(canvas, corner)
    QTest.mouseRelease(canvas, LEFT, keys, corners[-1])


def around(view: MapView, frame: int) -> list[QPoint]:
    """A lasso round one point."""
    middle = at(view, frame)
    return [middle + QPoint(*step) for step in ((-20, -20), (20, -20), (20, 20), (-20, 20))]


def selected(view: MapView) -> list[int]:
    mask = view.selection()
    return [] if mask is None else np.flatnonzero(mask).tolist()


def test_all_points_are_in_view_and_the_second_axis_points_up(view: MapView) -> None:
    assert all(view.canvas().rect().contains(at(view, frame)) for frame in range(25))
    assert at(view, 0).x() < at(view, 4).x()
    assert at(view, 0).y() > at(view, 20).y()


def test_click_tells_the_nearest_frame(view: MapView, qtbot: QtBot) -> None:
    with qtbot.waitSignal(view.frame_chosen) as chosen:
        QTest.mouseClick(view.canvas(), LEFT, pos=at(view, 7) + QPoint(5, -4))
    assert chosen.args == [7]


def test_click_far_from_any_point_tells_nothing(view: MapView) -> None:
    told: list[int] = []
    view.frame_chosen.connect(told.append)
    between = (at(view, 6) + at(view, 12)) / 2
    QTest.mouseClick(view.canvas(), LEFT, pos=between)
    QTest.mouseClick(view.canvas(), LEFT, pos=(9 * at(view, 12) + between) / 10)
    assert told == [12]


def test_dragging_moves_the_map_and_chooses_nothing(view: MapView, qtbot: QtBot) -> None:
    before = at(view, 12)
    with qtbot.assertNotEmitted(view.frame_chosen):
        draw(view, [before, before + QPoint(10, 0), before + QPoint(30, 20)])
    assert at(view, 12) == before + QPoint(30, 20)
    view.fit()
    assert at(view, 12) == before


def test_zoom_keeps_what_is_under_the_cursor(view: MapView) -> None:
    before = view.canvas().position_of(6)
    assert before is not None
    view.canvas().zoom(3.0, before)
    after = view.canvas().position_of(6)
    assert after is not None
    assert (after - before).manhattanLength() < 0.01
    assert at(view, 7).x() - at(view, 6).x() > 200


def test_lasso_selects_what_it_encloses_also_after_zoom(view: MapView, qtbot: QtBot) -> None:
    view.set_tool("lasso")
    with qtbot.waitSignal(view.selection_changed) as changed:
        draw(view, around(view, 8))
    assert np.flatnonzero(changed.args[0]).tolist() == [8]
    view.canvas().zoom(2.0, QPointF(at(view, 16)))
    draw(view, around(view, 16))
    assert selected(view) == [16]
    view.canvas().pan(30, -10)
    draw(
        view,
        [
            at(view, 11) + QPoint(-20, 20),
            at(view, 12) + QPoint(20, 20),
            at(view, 12) + QPoint(20, -20),
            at(view, 11) + QPoint(-20, -20),
        ],
    )
    assert selected(view) == [11, 12]


def test_shift_adds_and_alt_takes_away(view: MapView) -> None:
    view.set_tool(Tool.LASSO)
    draw(view, around(view, 3))
    draw(view, around(view, 21), Qt.KeyboardModifier.ShiftModifier)
    assert selected(view) == [3, 21]
    draw(view, around(view, 3), Qt.KeyboardModifier.AltModifier)
    assert selected(view) == [21]
    draw(view, around(view, 21), Qt.KeyboardModifier.ControlModifier)
    assert selected(view) == []


def test_rectangle_selects_whichever_way_it_is_drawn(view: MapView) -> None:
    view.set_tool("rectangle")
    draw(view, [at(view, 12) + QPoint(10, 10), at(view, 16), at(view, 16) + QPoint(-10, -10)])
    assert selected(view) == [11, 12, 16, 17]


def test_escape_leaves_the_tool_then_the_selection(view: MapView, qtbot: QtBot) -> None:
    view.set_tool("lasso")
    draw(view, around(view, 3))
    view.canvas().setFocus()
    QTest.keyClick(view.canvas(), Qt.Key.Key_Escape)
    assert view.canvas().tool is Tool.PAN
    assert selected(view) == [3]
    with qtbot.waitSignal(view.selection_changed) as changed:
        QTest.keyClick(view.canvas(), Qt.Key.Key_Escape)
    assert not changed.args[0].any()
    assert selected(view) == []
    assert not view.escape()


def test_escape_while_drawing_selects_nothing(view: MapView, qtbot: QtBot) -> None:
    view.set_tool("lasso")
    corners = around(view, 3)
    QTest.mousePress(view.canvas(), LEFT, pos=corners[0])
    QTest.mouseMove(view.canvas(), corners[1])
    with qtbot.assertNotEmitted(view.selection_changed):
        assert view.escape()
        QTest.mouseRelease(view.canvas(), LEFT, pos=corners[2])
    assert view.canvas().tool is Tool.LASSO


def test_setting_a_selection_is_not_echoed(view: MapView, qtbot: QtBot) -> None:
    mask = np.zeros(25, bool)
    mask[4] = True
    with qtbot.assertNotEmitted(view.selection_changed):
        view.set_selection(mask)
    assert selected(view) == [4]
    mask[4] = False
    assert selected(view) == [4], "the map keeps its own copy"
    view.set_selection(mask)
    assert view.selection() is None


def test_hover_tells_the_frame_at_once_and_asks_for_a_card_after_a_moment(view: MapView, qtbot: QtBot) -> None:
    hovered, wanted = [], []
    view.hovered.connect(hovered.append)
    view.card_wanted.connect(wanted.append)
    QTest.mouseMove(view.canvas(), at(view, 9) + QPoint(3, 3))
    assert hovered == [9]
    assert wanted == []
    qtbot.waitUntil(lambda: wanted == [9], timeout=2000)
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    view.set_hover_card(9, image, "frame 9")
    card = view.canvas().findChild(type(view._card))
    assert card.isVisible()
    assert card.text() == "frame 9"
    assert view.canvas().rect().contains(card.geometry())
    QTest.mouseMove(view.canvas(), at(view, 9) + QPoint(40, 40))
    qtbot.waitUntil(lambda: hovered == [9, -1], timeout=2000)
    qtbot.waitUntil(card.isHidden, timeout=2000)


def test_a_card_that_comes_too_late_is_not_shown(view: MapView) -> None:
    QTest.mouseMove(view.canvas(), at(view, 9))
    view.set_hover_card(3, None, "frame 3")
    assert view._card.isHidden()


def test_the_current_frame_is_ringed(view: MapView) -> None:
    def around_frame(frame: int) -> QImage:
        where = at(view, frame)
        return view.canvas().grab().toImage().copy(where.x() - 14, where.y() - 14, 28, 28)

    plain = around_frame(6)
    view.set_current(6)
    assert around_frame(6) != plain
    view.set_current(7)
    assert around_frame(6) == plain


@pytest.mark.parametrize("many", [False, True])
def test_points_have_the_colours_of_their_categories(qtbot: QtBot, many: bool) -> None:
    view = MapView()
    qtbot.addWidget(view)
    view.resize(500, 540)
    view.show()
    xy = np.repeat([[0.0, 0.0], [1.0, 1.0], [0.5, 0.2]], 3000 if many else 1, axis=0)
    codes = np.repeat([0, 1, -1], 3000 if many else 1)
    view.set_colouring(by_category(codes, CATEGORIES))
    view.set_points(xy)
    image = view.canvas().grab().toImage()
    step = 3000 if many else 1
    assert image.pixelColor(at(view, 0)).name() == "#009e73"
    assert image.pixelColor(at(view, step)).name() == "#e69f00"
    grey = image.pixelColor(at(view, 2 * step))
    assert grey.saturation() < 60
    background = image.pixelColor(5, view.canvas().height() // 2)
    assert grey != background


def test_frames_without_a_place_are_said_not_hidden(view: MapView) -> None:
    xy = grid()
    xy[20:] = np.nan
    view.set_points(xy, reason="embedding runs")
    assert view._caption.text().startswith("Showing 20 of 25 frames (embedding runs)")
    assert view.canvas().position_of(22) is None
    view.set_tool("lasso")
    corner = view.canvas().rect().adjusted(1, 1, -1, -1)
    draw(view, [corner.topLeft(), corner.topRight(), corner.bottomRight(), corner.bottomLeft()])
    assert selected(view) == list(range(20))
    view.set_current(22)
    view.grab()


@pytest.mark.parametrize("count", [0, 1])
def test_maps_of_no_and_one_frame(view: MapView, qtbot: QtBot, count: int) -> None:
    view.set_points(np.full((count, 2), 3.0))
    view.grab()
    view.canvas().zoom(2.0)
    view.fit()
    view.grab()
    if count:
        with qtbot.waitSignal(view.frame_chosen) as chosen:
            QTest.mouseClick(view.canvas(), LEFT, pos=view.canvas().rect().center())
        assert chosen.args == [0]


def test_no_map_says_what_will_appear_and_how(view: MapView, qtbot: QtBot) -> None:
    view.set_points(None)
    view.set_empty("No map yet", "Embed the run first.", "Embed run")
    assert not view.canvas().isVisible()
    button = next(b for b in view.findChildren(QPushButton) if b.text() == "Embed run")
    with qtbot.waitSignal(view.action_requested):
        button.click()


def test_legend_counts_all_and_selected(view: MapView) -> None:
    codes = np.full(25, -1)
    codes[:10], codes[10:15] = 0, 1
    view.set_colouring(by_category(codes, CATEGORIES))
    legend = view.findChild(MapLegend)
    assert legend.rows() == [("single", "10"), ("multi", "5"), ("unlabelled", "10")]
    mask = np.zeros(25, bool)
    mask[8:12] = True
    view.set_selection(mask)
    assert legend.rows() == [("single", "2 / 10"), ("multi", "2 / 5"), ("unlabelled", "0 / 10")]


def test_click_on_a_legend_row_selects_its_frames(view: MapView) -> None:
    codes = np.zeros(25, int)
    codes[20:] = 1
    view.set_colouring(by_category(codes, CATEGORIES))
    legend = view.findChild(MapLegend)
    row_height = (legend.height() - 12) / 3
    QTest.mouseClick(legend, LEFT, pos=QPoint(20, int(6 + 2.5 * row_height)))
    assert selected(view) == [20, 21, 22, 23, 24]


def test_values_are_coloured_from_low_to_high_and_nan_has_none() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    colouring = by_value([2.0, 4.0, 3.0, np.nan], ramp, "Energy", "mJ")
    assert (colouring.low, colouring.high) == (2.0, 4.0)
    assert colouring.codes[0] == 0
    assert colouring.codes[0] < colouring.codes[2] < colouring.codes[1]
    assert colouring.counts()[254] == 1


def test_values_all_equal_or_all_missing_do_not_fail(view: MapView) -> None:
    ramp = np.zeros((256, 4), np.uint8)
    for values in (np.full(25, 7.0), np.full(25, np.nan)):
        view.set_colouring(by_value(values, ramp, "Energy"))
        assert not view.grab().isNull()


def test_colours_for_another_number_of_frames_are_refused(view: MapView) -> None:
    with pytest.raises(ValueError, match="24 colours for 25 frames"):
        view.set_colouring(by_category(np.zeros(24, int), CATEGORIES))


def test_another_run_forgets_selection_and_colours(view: MapView) -> None:
    view.set_selection(np.ones(25, bool))
    view.set_colouring(by_category(np.zeros(25, int), CATEGORIES))
    view.set_points(np.random.default_rng(0).normal(size=(40, 2)))
    assert view.selection() is None
    view.grab()


def test_keep_view_stays_where_the_user_is(view: MapView) -> None:
    view.canvas().zoom(4.0, QPointF(at(view, 12)))
    before = at(view, 12)
    more = np.concatenate([grid(), [[40.0, -10.0]]]).astype(np.float32)
    view.set_points(more, keep_view=True)
    assert (at(view, 12) - before).manhattanLength() <= 1
    view.set_points(more)
    assert view.canvas().rect().contains(at(view, 25))


def test_points_travel_to_a_new_layout_and_arrive(view: MapView, qtbot: QtBot) -> None:
    view.set_points(grid()[::-1].copy(), animate=True)
    start = at(view, 0)
    qtbot.waitUntil(lambda: view.canvas().points.x[0] == 2.0, timeout=3000)
    assert at(view, 0) != start


def test_choices_tell_what_the_user_wants(view: MapView, qtbot: QtBot) -> None:
    view.set_colour_choices([("label", "Label"), ("column:energy", "energy")], "label")
    view.set_layouts([LayoutChoice("pca", "PCA"), LayoutChoice("umap", "UMAP", ready=False)], "pca")
    boxes = view.findChildren(QComboBox)
    colour = next(box for box in boxes if box.count() and box.itemData(0) == "label")
    with qtbot.waitSignal(view.colour_by_changed) as wanted:
        QTest.keyClick(colour, Qt.Key.Key_Down)
    assert wanted.args == ["column:energy"]
    compute = next(b for b in view.findChildren(QPushButton) if b.text() == "Compute UMAP")
    with qtbot.waitSignal(view.layout_requested) as requested:
        compute.click()
    assert requested.args == ["umap"]
    view.set_computing(True)
    assert not compute.isEnabled()
    view.set_layouts([LayoutChoice("pca", "PCA"), LayoutChoice("umap", "UMAP")], "umap")
    assert not compute.isVisible()
    layout = next(box for box in boxes if box.count() and box.itemData(0) == "pca")
    assert layout.currentData() == "umap"
    with qtbot.waitSignal(view.layout_changed) as changed:
        QTest.keyClick(layout, Qt.Key.Key_Up)
    assert changed.args == ["pca"]
