"""Finding commands: the palette and the sheet of keys."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeySequence, QShortcut
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QAbstractButton, QKeySequenceEdit, QLabel, QLineEdit, QListWidget, QWidget
from pytestqt.qtbot import QtBot

from widgets.key_sheet import KeySheet
from widgets.palette import CommandEntry, CommandPalette, key_text, match_score, search

ENTRIES = (
    CommandEntry("frame.next", "Next frame", "Frame", ("Right",), help="Next frame in the current order."),
    CommandEntry("frame.next_unlabelled", "Next unlabelled", "Frame", ("Ctrl+Right",), enabled=False),
    CommandEntry("view.fit", "Fit frame", "View", ("F",)),
    CommandEntry("view.log", "Logarithmic", "View › Intensity scaling", checked=True),
    CommandEntry("label.accept", "Accept verdict", "Label", ("Return", "Enter")),
    CommandEntry("help.log", "Open log", "Help", help="Show the file that says what happened."),
)


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(900, 600)
    with qtbot.waitActive(window):
        window.show()
    return window


@pytest.fixture
def palette(window: QWidget) -> CommandPalette:
    palette = CommandPalette(window)
    palette.set_commands(ENTRIES)
    palette.open_over(window)
    return palette


def line(palette: CommandPalette) -> QLineEdit:
    found = palette.findChild(QLineEdit)
    assert isinstance(found, QLineEdit)
    return found


def ids(query: str) -> list[str]:
    return [entry.id for entry in search(query, ENTRIES)]


def test_whole_words_beat_parts_and_titles_beat_help() -> None:
    assert ids("log") == ["view.log", "help.log"]
    assert ids("frame")[0] == "view.fit"
    assert ids("next f")[0] == "frame.next"
    assert ids("happened") == ["help.log"]


def test_initials_and_gaps_find_commands() -> None:
    assert ids("nf")[0] == "frame.next"
    assert ids("scaling log")[0] == "view.log"
    assert "frame.next" not in ids("xyz")
    assert ids("xyz") == []


def test_disabled_commands_come_last_and_an_empty_search_lists_all() -> None:
    assert ids("next") == ["frame.next", "frame.next_unlabelled"]
    assert len(ids("")) == len(ENTRIES)
    assert ids("")[-1] == "frame.next_unlabelled"


def test_a_beginning_scores_above_the_middle_of_a_word() -> None:
    begin, middle, scattered = (match_score("fit", text) for text in ("Fit frame", "Outfit", "first item"))
    assert begin is not None
    assert middle is not None
    assert begin > middle > (scattered or 0.0)
    assert match_score("fit", "tif") is None


def test_enter_chooses_the_marked_command_after_closing(palette: CommandPalette, qtbot: QtBot) -> None:
    QTest.keyClicks(line(palette), "frame")
    assert palette.shown_ids()[:2] == ["view.fit", "frame.next"]
    QTest.keyClick(line(palette), Qt.Key.Key_Down)
    closed = []
    palette.chosen.connect(lambda _id: closed.append(palette.isHidden()))
    with qtbot.waitSignal(palette.chosen) as chosen:
        QTest.keyClick(line(palette), Qt.Key.Key_Return)
    assert chosen.args == ["frame.next"]
    assert closed == [True]


def test_arrows_go_round(palette: CommandPalette, qtbot: QtBot) -> None:
    QTest.keyClicks(line(palette), "frame")
    for _ in palette.shown_ids():
        QTest.keyClick(line(palette), Qt.Key.Key_Down)
    with qtbot.waitSignal(palette.chosen) as chosen:
        QTest.keyClick(line(palette), Qt.Key.Key_Return)
    assert chosen.args == ["view.fit"]


def test_escape_leaves_without_choosing(palette: CommandPalette, qtbot: QtBot) -> None:
    with qtbot.assertNotEmitted(palette.chosen):
        QTest.keyClick(line(palette), Qt.Key.Key_Escape)
    assert palette.isHidden()


def test_keys_stay_in_the_palette_while_it_is_open(palette: CommandPalette, window: QWidget, qtbot: QtBot) -> None:
    shortcut = QShortcut(QKeySequence("Return"), window)
    with qtbot.assertNotEmitted(shortcut.activated), qtbot.waitSignal(palette.chosen):
        QTest.keyClick(line(palette), Qt.Key.Key_Return)
    assert palette.isHidden()
    with qtbot.waitSignal(shortcut.activated):
        QTest.keyClick(window, Qt.Key.Key_Return)


def test_the_keyboard_goes_back_to_where_it_was(palette: CommandPalette, window: QWidget, qtbot: QtBot) -> None:
    palette.hide()
    before = QLineEdit(window)
    before.show()
    before.setFocus()
    qtbot.waitUntil(before.hasFocus)
    palette.open_over(window)
    assert not before.hasFocus()
    QTest.keyClick(line(palette), Qt.Key.Key_Escape)
    assert before.hasFocus()
    palette.open_over(window)
    before.setFocus()
    assert palette.isHidden()


def test_a_disabled_command_is_listed_but_neither_key_nor_click_chooses_it(palette: CommandPalette) -> None:
    told: list[str] = []
    palette.chosen.connect(told.append)
    QTest.keyClicks(line(palette), "next")
    assert palette.shown_ids() == ["frame.next", "frame.next_unlabelled"]
    listed = palette.findChild(QListWidget)
    where = listed.visualItemRect(listed.item(1)).center()
    QTest.mouseClick(listed.viewport(), Qt.MouseButton.LeftButton, pos=where)
    QTest.keyClick(line(palette), Qt.Key.Key_Down)
    QTest.keyClick(line(palette), Qt.Key.Key_Return)
    assert palette.isVisible(), "it stays open: nothing was done"
    QTest.keyClick(line(palette), Qt.Key.Key_Up)
    QTest.keyClick(line(palette), Qt.Key.Key_Return)
    assert told == ["frame.next"]


def test_opening_again_starts_afresh(palette: CommandPalette, window: QWidget) -> None:
    QTest.keyClicks(line(palette), "log")
    palette.hide()
    palette.open_over(window)
    assert line(palette).text() == ""
    assert len(palette.shown_ids()) == len(ENTRIES)
    palette.grab()


def test_keys_are_written_as_people_write_them() -> None:
    assert key_text("Shift+Right") == "Shift+→"
    assert key_text("Ctrl+Return") == "Ctrl+Enter"
    assert key_text("+") == "+"
    assert ENTRIES[4].key_texts() == ["Enter"]


@pytest.fixture
def sheet(qtbot: QtBot) -> KeySheet:
    sheet = KeySheet()
    qtbot.addWidget(sheet)
    sheet.set_commands(ENTRIES)
    sheet.show()
    return sheet


def test_sheet_lists_every_command_with_a_key_under_its_menu(sheet: KeySheet) -> None:
    assert set(sheet.shown_ids()) == {entry.id for entry in ENTRIES if entry.keys}
    texts = {label.text() for label in sheet.findChildren(QLabel)}
    assert {"Frame", "View", "Label", "Next frame", "Accept verdict"} <= texts
    caps = {button.text() for button in sheet.findChildren(QAbstractButton)}
    assert {"→", "Ctrl+→", "F", "Enter"} <= caps


def test_sheet_fits_the_smallest_screen(sheet: KeySheet) -> None:
    assert sheet.width() <= 1280
    assert sheet.height() <= 760


def test_searching_the_sheet_finds_keys_and_commands_without_one(sheet: KeySheet) -> None:
    search_line = sheet.findChild(QLineEdit)
    search_line.setText("open log")
    assert sheet.shown_ids() == ["help.log"]
    search_line.setText("F")
    assert "view.fit" in sheet.shown_ids()


def test_a_new_shortcut_is_asked_for_by_id(sheet: KeySheet, qtbot: QtBot) -> None:
    sheet.ask_shortcut("view.fit")
    editor = sheet.findChild(QKeySequenceEdit)
    with qtbot.waitSignal(sheet.shortcut_changed) as changed:
        QTest.keyClick(editor, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier)
    assert changed.args == ["view.fit", "Ctrl+W"]


def test_leaving_the_editor_without_a_change_asks_for_nothing(sheet: KeySheet, qtbot: QtBot) -> None:
    sheet.ask_shortcut("view.fit")
    with qtbot.assertNotEmitted(sheet.shortcut_changed):
        sheet.findChild(QKeySequenceEdit).editingFinished.emit()
    caps = [button.text() for button in sheet.findChildren(QAbstractButton) if button.isVisible()]
    assert "F" in caps, "its key is shown again in place of the editor"


def test_a_key_pressed_right_after_the_click_is_the_new_key(sheet: KeySheet, qtbot: QtBot) -> None:
    sheet.activateWindow()
    sheet.ask_shortcut("view.fit")
    editor = sheet.findChild(QKeySequenceEdit)
    assert editor is not None
    qtbot.waitUntil(editor.hasFocus)


def test_a_search_that_finds_nothing_says_so(window: QWidget) -> None:
    palette = CommandPalette(window)
    palette.set_commands(ENTRIES)
    palette.open_over(window)
    line = palette.findChild(QLineEdit)
    assert line is not None
    line.setText("xyzzy")
    (words,) = palette.findChildren(QLabel)
    assert words.isVisible()
    line.setText("fit")
    assert not words.isVisible()
    assert "view.fit" in palette.shown_ids()
