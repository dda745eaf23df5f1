"""The divider between measured and calculated amplitudes, and drawing a support."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import QEvent, QPointF, Qt
from PyQt6.QtTest import QTest
from pytestqt.qtbot import QtBot

from models.display import colour_table
from tests.widgets.mouse import click, drag, hover, send
from widgets.phase.amplitudes import AmplitudeView
from widgets.phase.array_canvas import Place
from widgets.phase.support_editor import AUTOCORRELATION, SupportEditor

TABLE = colour_table("grey")


@pytest.fixture
def amplitudes(qtbot: QtBot) -> AmplitudeView:
    view = AmplitudeView()
    qtbot.addWidget(view)
    view.resize(400, 430)
    view.show()
    view.set_measured(
        np.full((40, 40), 5, np.uint8), TABLE, Place.whole((40, 40)), "log, √photons", lambda y, x: f"at {y}, {x}"
    )
    view.set_calculated(np.full((40, 40), 254, np.uint8), TABLE)
    return view


def brightness(view: AmplitudeView, x: int) -> int:
    picture = view.canvas.grab().toImage()
    return picture.pixelColor(x, view.canvas.height() // 2 + 60).lightness()


def test_left_is_measured_and_right_is_calculated(amplitudes: AmplitudeView) -> None:
    width = amplitudes.canvas.width()
    assert brightness(amplitudes, width // 4) < 20
    assert brightness(amplitudes, 3 * width // 4) > 230


def test_the_divider_follows_the_mouse_and_the_keys(qtbot: QtBot, amplitudes: AmplitudeView) -> None:
    canvas = amplitudes.canvas
    told: list[float] = []
    canvas.divider_moved.connect(told.append)
    drag(canvas, [QPointF(canvas.width() / 2, 50), QPointF(canvas.width() * 0.9, 50)])
    assert canvas.divider == pytest.approx(0.9, abs=0.01)
    assert brightness(amplitudes, 3 * canvas.width() // 4) < 20
    QTest.keyClick(canvas, Qt.Key.Key_Less)
    assert canvas.divider == pytest.approx(0.88, abs=0.01)
    assert len(told) == 2
    canvas.set_divider(0.3)
    assert len(told) == 2, "setters tell nobody"
    before = canvas.view()
    drag(canvas, [QPointF(30, 50), QPointF(60, 70)])
    assert canvas.view() != before, "away from the divider a drag pans"


def test_a_calculated_picture_of_another_shape_is_not_shown(amplitudes: AmplitudeView) -> None:
    amplitudes.set_calculated(np.full((20, 20), 254, np.uint8), TABLE)
    assert brightness(amplitudes, 3 * amplitudes.canvas.width() // 4) < 20


def test_the_readout_is_of_the_pixel_of_the_pattern(amplitudes: AmplitudeView) -> None:
    hover(amplitudes.canvas, amplitudes.canvas.pixel_position(7, 31))
    assert "at 7, 31" in amplitudes.text()
    assert "√photons" in amplitudes.text()
    amplitudes.show_message("Prepare a frame first.")
    assert "Prepare a frame" in amplitudes.text()


@pytest.fixture
def editor(qtbot: QtBot) -> SupportEditor:
    editor = SupportEditor()
    qtbot.addWidget(editor)
    editor.resize(640, 520)
    editor.show()
    editor.set_picture(np.zeros((64, 64, 4), np.uint8), Place.whole((64, 64)), None, None)
    return editor


def at(editor: SupportEditor, y: float, x: float) -> QPointF:
    return editor.canvas.pixel_position(y, x)


def mask(editor: SupportEditor) -> np.ndarray:
    assert editor.drawing is not None
    return editor.drawing.mask


def test_an_ellipse_covers_what_was_dragged_over(editor: SupportEditor) -> None:
    editor.choose_tool("ellipse")
    drag(editor.canvas, [at(editor, 20, 16), at(editor, 30, 30), at(editor, 44, 48)])
    drawn = mask(editor)
    assert drawn[32, 32]
    assert not drawn[21, 17]
    assert drawn.sum() == pytest.approx(np.pi * 12 * 16, rel=0.05)
    assert "drawn" in editor.text()


def test_shift_takes_away_and_undo_brings_back(editor: SupportEditor) -> None:
    editor.choose_tool("ellipse")
    drag(editor.canvas, [at(editor, 10, 10), at(editor, 50, 50)])
    whole = mask(editor)
    drag(editor.canvas, [at(editor, 25, 25), at(editor, 35, 35)], Qt.KeyboardModifier.ShiftModifier)
    assert not mask(editor)[30, 30]
    assert mask(editor)[15, 30]
    editor.undo.click()
    assert np.array_equal(mask(editor), whole)
    editor.clear.click()
    assert not mask(editor).any()
    editor.undo.click()
    assert np.array_equal(mask(editor), whole)


def test_a_polygon_is_closed_by_a_double_click(editor: SupportEditor) -> None:
    editor.choose_tool("polygon")
    for corner in ((10, 10), (10, 50), (50, 50), (50, 10)):
        click(editor.canvas, at(editor, *corner))
    assert not mask(editor).any(), "not before it is closed"
    send(editor.canvas, QEvent.Type.MouseButtonDblClick, at(editor, 50, 10), True)
    assert mask(editor)[30, 30]
    assert mask(editor).sum() == pytest.approx(40 * 40, rel=0.06)


def test_it_says_from_when_on_a_drawn_support_acts(editor: SupportEditor) -> None:
    editor.choose_tool("ellipse")
    drag(editor.canvas, [at(editor, 10, 10), at(editor, 50, 50)])
    assert "from the next run on, once" in editor.text()
    told: list[np.ndarray] = []
    editor.use_wanted.connect(told.append)
    editor.use.click()
    editor.set_used(told[0], running=True)
    assert "Every start of the next run begins with it. Starts that run now keep theirs." in editor.text()
    assert not editor.use.isEnabled()
    drag(editor.canvas, [at(editor, 5, 5), at(editor, 20, 20)])
    assert editor.use.isEnabled(), "another drawing is not used yet"


def test_what_was_drawn_outlives_a_wait_but_not_the_frame(editor: SupportEditor) -> None:
    editor.choose_tool("ellipse")
    drag(editor.canvas, [at(editor, 10, 10), at(editor, 50, 50)])
    drawn = mask(editor)
    pixels, place = np.zeros((64, 64, 4), np.uint8), Place.whole((64, 64))
    editor.show_message("The autocorrelation is being worked out…", keep=True)
    editor.set_picture(pixels, place, None, None)
    assert np.array_equal(mask(editor), drawn)
    editor.show_message("Prepare the pattern first.")
    editor.set_picture(pixels, place, None, None)
    assert not mask(editor).any()


def test_the_brush_paints_along_its_way(editor: SupportEditor) -> None:
    editor.choose_tool("brush")
    editor.size.setValue(5)
    drag(editor.canvas, [at(editor, 32, 10), at(editor, 32, 50)])
    drawn = mask(editor)
    assert drawn[32, 10:51].all()
    assert drawn[30, 30]
    assert not drawn[36, 30]


def test_the_drawn_support_covers_the_whole_array_whatever_was_drawn_on(editor: SupportEditor) -> None:
    told: list[np.ndarray] = []
    editor.use_wanted.connect(told.append)
    editor.set_picture(np.zeros((16, 16, 4), np.uint8), Place((20, 24), 2, (64, 64)), 3.0, None)
    assert not editor.use.isEnabled()
    editor.choose_tool("ellipse")
    drag(editor.canvas, [at(editor, 24, 28), at(editor, 44, 48)])
    editor.use.click()
    assert told[0].shape == (64, 64)
    assert told[0][34, 38]
    rows = np.flatnonzero(told[0].any(axis=1))
    assert (rows[0], rows[-1]) == (pytest.approx(24, abs=1), pytest.approx(44, abs=1))


def test_the_present_support_is_a_beginning_and_the_source_can_be_changed(editor: SupportEditor) -> None:
    told: list[str] = []
    editor.source_wanted.connect(told.append)
    present = np.zeros((64, 64), bool)
    present[30:34, 30:34] = True
    editor.set_picture(np.zeros((64, 64, 4), np.uint8), Place.whole((64, 64)), None, present)
    editor.take.click()
    assert np.array_equal(mask(editor), present)
    editor.source.setCurrentIndex(1)
    editor.source.activated.emit(1)
    assert told == [AUTOCORRELATION]
    editor.show_message("The pattern is being prepared.")
    assert "being prepared" in editor.text()
