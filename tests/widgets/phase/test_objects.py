"""The object in its colours, the outline of its support, the scale bar, zoom, and two beside each other."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from models.display.complex_colours import phase_colours
from models.phasing.types import Preview
from tests.widgets.mouse import click, drag, hover, wheel
from tests.widgets.phase.pictures import ball, disc
from widgets.frame.viewport import ViewBox
from widgets.phase.array_canvas import ArrayCanvas, Place
from widgets.phase.colouring import coloured
from widgets.phase.compare_view import CompareView
from widgets.phase.object_picture import COMPLEX, MODULUS, PHASE, ObjectPicture
from widgets.phase.object_view import ObjectView
from widgets.phase.overlay import length_words, outline_path, scale_bar_length


@pytest.fixture
def view(qtbot: QtBot) -> ObjectView:
    view = ObjectView()
    qtbot.addWidget(view)
    view.resize(400, 440)
    view.show()
    view.set_object(disc())
    return view


def same(one: ViewBox | None, other: ViewBox | None) -> bool:
    assert one is not None
    assert other is not None
    return (one.y, one.x, one.scale) == pytest.approx((other.y, other.x, other.scale))


def test_modulus_phase_and_both_have_their_colours() -> None:
    picture = disc()
    inside, outside = (16, 16), (0, 0)
    modulus = coloured(picture.object, picture.support, MODULUS, 1.0)
    assert modulus[inside].sum() > modulus[outside].sum()
    phase = coloured(picture.object, picture.support, PHASE, 1.0)
    assert np.array_equal(phase[16, 20], phase_colours([4 / 5])[0])
    assert np.array_equal(phase[outside], phase_colours([0.0], [False])[0]), "outside the support no phase is shown"
    both = coloured(picture.object, picture.support, COMPLEX, 1.0)
    assert tuple(both[outside][:3]) == (0, 0, 0)
    assert not np.array_equal(both[16, 16], both[16, 20]), "another phase, another hue"


def test_an_object_that_is_zero_or_broken_is_still_painted() -> None:
    empty = np.zeros((4, 4), np.complex64)
    for mode in (MODULUS, PHASE, COMPLEX):
        assert coloured(empty, None, mode, 0.0).shape == (4, 4, 4)
    broken = np.full((4, 4), np.nan, np.complex64)
    assert coloured(broken, None, MODULUS, 1.0).shape == (4, 4, 4)


def test_the_outline_runs_along_the_edges_of_the_support() -> None:
    support = np.zeros((6, 8), bool)
    support[2:4, 3:7] = True
    bounds = outline_path(support).boundingRect()
    assert (bounds.left(), bounds.top(), bounds.right(), bounds.bottom()) == (3, 2, 7, 4)
    assert outline_path(support).elementCount() == 8, "four straight runs"
    assert outline_path(support, step=3).boundingRect().right() == 21
    assert outline_path(np.zeros((5, 5), bool)).isEmpty()


def test_the_scale_bar_has_a_round_length() -> None:
    assert scale_bar_length(100, 1.0) == 100
    assert scale_bar_length(99, 1.0) == 50
    assert scale_bar_length(100, 0.3) == 200
    assert length_words(50, True) == "50\u202fnm"
    assert length_words(2000, True) == "2\u202fµm"
    assert length_words(20, False) == "20\u202fpx"


def test_zoom_stays_while_the_crop_changes(qtbot: QtBot, view: ObjectView) -> None:
    canvas = view.canvas
    where = canvas.pixel_position(30.0, 44.0)
    wheel(canvas, where, 3)
    assert view.view() is not None
    assert (canvas.pixel_position(30.0, 44.0) - where).manhattanLength() < 1e-6, "the point under the mouse stays"
    before = canvas.pixel_position(32.0, 40.0)
    whole = disc()
    smaller = ObjectPicture(whole.object[4:24, 4:28], whole.support[4:24, 4:28], (20, 28), 1, (64, 80))  # type: ignore[index]
    view.set_object(smaller)
    assert (canvas.pixel_position(32.0, 40.0) - before).manhattanLength() < 1e-6
    view.fit()
    assert view.view() is None


def test_the_readout_gives_place_modulus_and_phase(view: ObjectView) -> None:
    hover(view.canvas, view.canvas.pixel_position(32, 42))
    assert "y 0  x 2 px" in view.text()
    assert "modulus 1" in view.text()
    assert "phase 0.4 rad" in view.text()
    hover(view.canvas, view.canvas.pixel_position(17, 25))
    assert "outside the support" in view.text()


def test_a_preview_is_shown_where_it_lies_in_the_array(qtbot: QtBot) -> None:
    preview = Preview(np.ones((8, 8), np.complex64), np.ones((8, 8), bool), (100, 60), 2)
    canvas = ArrayCanvas("test")
    qtbot.addWidget(canvas)
    picture = ObjectPicture.of(preview, (256, 256))
    canvas.resize(160, 160)
    canvas.set_picture(coloured(picture.object, None, MODULUS, 1.0), picture.place())
    assert canvas.picture_pixel(103, 75) == (1, 7)
    assert canvas.array_position(QPointF(0, 0)).y() == pytest.approx(99.5)


def test_another_way_of_colouring_is_told_only_when_the_user_chose_it(qtbot: QtBot, view: ObjectView) -> None:
    told: list[str] = []
    view.mode_changed.connect(told.append)
    view.set_mode(PHASE)
    assert told == []
    button = next(b for b in view.findChildren(type(view._outline)) if b.text() == "Complex")
    button.click()
    assert told == [COMPLEX]
    assert view.mode == COMPLEX


def test_no_object_says_why(view: ObjectView) -> None:
    view.show_message("Press Run to reconstruct this frame.")
    assert "Press Run" in view.text()
    assert view.picture is None


def test_two_objects_are_looked_at_in_one_way(qtbot: QtBot) -> None:
    compare = CompareView()
    qtbot.addWidget(compare)
    compare.resize(800, 400)
    compare.show()
    assert "Tick two" in compare.text()
    compare.set_object(0, disc(), "start 1")
    compare.set_object(1, disc(radius=6), "start 2")
    left, right = compare.sides
    wheel(left.canvas, QPointF(50, 60), 4)
    assert same(left.view(), right.view())
    drag(right.canvas, [QPointF(100, 100), QPointF(130, 110), QPointF(160, 120)])
    assert same(left.view(), right.view())
    next(b for b in left.findChildren(type(left._outline)) if b.text() == "Phase").click()
    assert right.mode == PHASE


def test_a_volume_is_three_planes_through_one_point(qtbot: QtBot) -> None:
    view = ObjectView()
    qtbot.addWidget(view)
    view.resize(500, 500)
    view.show()
    view.set_object(ball())
    volume = view.volume
    assert volume.point == (16, 16, 16)
    across_x = volume.planes[2]
    click(across_x, across_x.pixel_position(18, 14))
    assert volume.point == (18, 14, 16)
    hover(volume.planes[0], volume.planes[0].pixel_position(16, 16))
    assert "z 2  y 0  x 0 px" in view.text()
    assert "modulus 12" in view.text()
    wheel(volume.planes[0], QPointF(40, 40), 3)
    scales = {plane.viewport.scale for plane in volume.planes}
    assert len(scales) == 1, "one magnification for all planes"


def test_planes_and_projection_of_a_volume() -> None:
    picture = ball()
    plane = picture.plane(0, 8)
    assert plane.object.shape == (16, 16)
    assert plane.object[8, 8] == 10
    total = picture.projection(0)
    assert np.allclose(total.object, picture.object.sum(0))
    assert total.support is not None
    assert total.support.sum() > 50
    assert picture.plane(1, 99).object.shape == (16, 16), "a point beyond the crop shows its last plane"


def test_canvas_place_maps_whole_arrays() -> None:
    assert Place.whole((4, 6)) == Place((0, 0), 1, (4, 6))
