"""The filmstrip: only what is seen is asked for, and a click goes to the frame."""

from __future__ import annotations

import numpy as np
import pytest
from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from models.display import colour_table
from widgets.filmstrip import UNLABELLED, UNSURE, Filmstrip
from widgets.filmstrip_row import FilmstripRow
from widgets.theme import ClassStyle

STYLES = (
    ClassStyle(id="s", name="single", colour="#ff0000"),
    ClassStyle(id="m", name="multi", colour="#0000ff", marker="square"),
)


@pytest.fixture
def strip(qtbot: QtBot) -> Filmstrip:
    made = Filmstrip()
    qtbot.addWidget(made)
    made.resize(600, 130)
    made.show()
    return made


def row_of(strip: Filmstrip) -> FilmstripRow:
    found = strip.findChild(FilmstripRow)
    assert found is not None
    return found


def port_of(strip: Filmstrip) -> QWidget:
    port = row_of(strip).viewport()
    assert port is not None
    return port


def tile_centre(strip: Filmstrip, place: int) -> QPoint:
    tile = row_of(strip).tile(place)
    return QPoint(tile.center().x(), tile.top() + tile.width() // 2)


def test_only_visible_thumbnails_of_a_million_are_asked_for(strip: Filmstrip, qtbot: QtBot) -> None:
    with qtbot.waitSignal(strip.thumbnails_wanted, timeout=1000) as wanted:
        strip.set_order(np.arange(1_000_000)[::-1].copy())
    assert wanted.args is not None
    asked = wanted.args[0]
    assert asked == strip.visible_frames()
    assert asked[0] == 999_999
    assert len(asked) <= strip.page + 2


def test_going_far_asks_for_the_frames_there(strip: Filmstrip, qtbot: QtBot) -> None:
    strip.set_order(np.arange(1_000_000))
    qtbot.wait(60)
    with qtbot.waitSignal(strip.thumbnails_wanted, timeout=1000) as wanted:
        strip.set_current(765_432)
    assert wanted.args is not None
    assert 765_432 in wanted.args[0]
    assert 0 not in wanted.args[0]


def test_thumbnails_that_are_there_are_not_asked_for_again(strip: Filmstrip, qtbot: QtBot) -> None:
    strip.set_order(np.arange(3))
    strip.set_thumbnail(0, np.full((8, 8), 200, np.uint8))
    strip.set_unreadable(2, "Frame 2 cannot be read.")
    with qtbot.waitSignal(strip.thumbnails_wanted, timeout=1000) as wanted:
        strip.resize(610, 130)
    assert wanted.args == [[1]]


def test_a_click_chooses_the_frame_not_the_place(strip: Filmstrip, qtbot: QtBot) -> None:
    strip.set_order(np.array([40, 7, 23]))
    with qtbot.waitSignal(strip.frame_chosen) as chosen:
        qtbot.mouseClick(port_of(strip), Qt.MouseButton.LeftButton, pos=tile_centre(strip, 1))
    assert chosen.args == [7]
    with qtbot.assertNotEmitted(strip.frame_chosen):
        qtbot.mouseClick(port_of(strip), Qt.MouseButton.LeftButton, pos=QPoint(580, 50))


def test_thumbnails_are_painted_with_the_colour_map_and_follow_it(strip: Filmstrip) -> None:
    strip.set_order(np.arange(2))
    strip.set_thumbnail(0, np.full((8, 8), 254, np.uint8))
    strip.set_thumbnail(1, np.full((8, 8, 4), [10, 200, 30, 255], np.uint8))

    def seen(place: int) -> list[int]:
        colour = port_of(strip).grab().toImage().pixelColor(tile_centre(strip, place))
        return [colour.red(), colour.green(), colour.blue()]

    for name in ("viridis", "grey"):
        strip.set_colour_map(name)
        assert seen(0) == colour_table(name)[254, :3].tolist()
        assert seen(1) == [10, 200, 30]


def test_the_current_frame_is_kept_in_view_while_walking(strip: Filmstrip) -> None:
    strip.set_order(np.arange(500))
    for index in [*range(60), *range(60, 20, -1), 499, 0]:
        strip.set_current(index)
        tile = row_of(strip).tile(index)
        assert tile.left() >= 0
        assert tile.right() < port_of(strip).width()


def test_the_band_shows_labels_fully_and_verdicts_by_half(strip: Filmstrip) -> None:
    strip.set_order(np.arange(4))
    strip.set_labels(np.array([0, UNLABELLED, UNLABELLED, UNSURE]), STYLES)
    strip.set_verdicts(np.array([1, 1, -1, 1]), np.array([0.9, 0.8, np.nan, 0.7]))
    image = port_of(strip).grab().toImage()

    def band(place: int) -> list[str]:
        tile = row_of(strip).tile(place)
        return [image.pixelColor(tile.left() + 5, tile.top() + tile.width() + row).name() for row in range(4)]

    assert band(0) == ["#ff0000"] * 4
    assert band(1)[:2] == ["#0000ff"] * 2
    assert band(1)[3] != "#0000ff"
    assert "#0000ff" not in band(2) + band(3)


def test_the_tool_tip_tells_label_verdict_and_trouble(strip: Filmstrip) -> None:
    strip.set_order(np.array([5, 6]))
    codes = np.full(7, UNLABELLED)
    codes[5] = 1
    verdicts = np.full(7, -1)
    verdicts[5] = 0
    strip.set_labels(codes, STYLES)
    strip.set_verdicts(verdicts, np.full(7, 0.62))
    strip.set_unreadable(6, "The chunk is damaged.")
    assert strip.describe(0) == "Frame 5\nlabelled multi\nverdict single 62\u202f%"
    assert strip.describe(1) == "Frame 6\nverdict unknown: like none of the labelled classes\nThe chunk is damaged."


def test_old_thumbnails_are_forgotten(strip: Filmstrip, qtbot: QtBot) -> None:
    strip.set_order(np.arange(5000))
    for index in range(3000):
        strip.set_thumbnail(index, np.zeros((2, 2), np.uint8))
    with qtbot.waitSignal(strip.thumbnails_wanted, timeout=1000) as wanted:
        strip.set_current(10)
        strip.resize(620, 130)
    assert wanted.args is not None
    assert 10 in wanted.args[0]


def test_nothing_in_the_strip_takes_the_keyboard(strip: Filmstrip) -> None:
    for widget in [strip, *strip.findChildren(QWidget)]:
        assert widget.focusPolicy() == Qt.FocusPolicy.NoFocus


def test_clear_empties_it_for_the_next_run(strip: Filmstrip) -> None:
    strip.set_order(np.arange(10))
    strip.set_current(3)
    strip.clear()
    assert strip.visible_frames() == []
    port_of(strip).grab()


def test_the_current_frame_is_in_view_when_the_strip_was_filled_while_hidden(qtbot: QtBot) -> None:
    made = Filmstrip()
    qtbot.addWidget(made)
    made.set_order(np.arange(10))
    made.set_current(8)
    made.resize(600, 130)
    made.show()
    row = row_of(made)
    qtbot.waitUntil(lambda: row.viewport().rect().contains(row.tile(8)))
