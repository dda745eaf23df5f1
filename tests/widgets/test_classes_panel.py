"""The list of classes: edits go out as signals and wait for the application's answer."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QLineEdit, QTreeWidget
from pytestqt.qtbot import QtBot

from widgets.classes_panel import ClassesPanel, ClassRow
from widgets.empty import EmptyState
from widgets.theme import default_style

SINGLE, MULTI, BLANK = (default_style(place, name) for place, name in enumerate(["single", "multi", "blank"]))
ROWS = (ClassRow(SINGLE, 212, 21_040), ClassRow(MULTI, 41), ClassRow(BLANK, 0))


@pytest.fixture
def panel(qtbot: QtBot) -> ClassesPanel:
    panel = ClassesPanel()
    qtbot.addWidget(panel)
    panel.resize(300, 260)
    panel.show()
    panel.set_classes(ROWS)
    return panel


def rows(panel: ClassesPanel) -> QTreeWidget:
    tree = panel.findChild(QTreeWidget)
    assert isinstance(tree, QTreeWidget)
    return tree


def texts(panel: ClassesPanel, place: int) -> list[str]:
    item = rows(panel).topLevelItem(place)
    assert item is not None
    return [item.text(column) for column in range(4)]


def choose(panel: ClassesPanel, place: int) -> None:
    rows(panel).setCurrentItem(rows(panel).topLevelItem(place))


def test_classes_are_listed_with_key_and_counts(panel: ClassesPanel) -> None:
    assert texts(panel, 0) == ["1", "single", "212", "21\u202f040"]
    assert texts(panel, 1) == ["2", "multi", "41", "–"]


def test_no_classes_says_what_to_do(panel: ClassesPanel) -> None:
    panel.set_classes(())
    empty = panel.findChild(EmptyState)
    assert empty.isVisible()
    assert "Add one" in empty.text()


def test_counts_change_without_losing_the_chosen_class(panel: ClassesPanel, qtbot: QtBot) -> None:
    choose(panel, 1)
    with qtbot.assertNotEmitted(panel.class_selected):
        panel.set_classes((ClassRow(SINGLE, 213, 1), ClassRow(MULTI, 41, 2), ClassRow(BLANK, 0, 3)))
    assert panel.selected_class() == "multi"
    assert texts(panel, 2)[3] == "3"


def test_choosing_a_class_tells_it_and_escape_lets_go(panel: ClassesPanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.class_selected) as told:
        choose(panel, 2)
    assert told.args == ["blank"]
    with qtbot.waitSignal(panel.class_selected) as told:
        QTest.keyClick(rows(panel), Qt.Key.Key_Escape)
    assert told.args == [""]


def test_removing_the_chosen_class_ends_the_choice(panel: ClassesPanel, qtbot: QtBot) -> None:
    choose(panel, 2)
    with qtbot.waitSignal(panel.class_removed) as removed:
        QTest.keyClick(rows(panel), Qt.Key.Key_Delete)
    assert removed.args == ["blank"]
    with qtbot.waitSignal(panel.class_selected) as told:
        panel.set_classes(ROWS[:2])
    assert told.args == [""]


def rename(panel: ClassesPanel, place: int, name: str) -> None:
    choose(panel, place)
    QTest.keyClick(rows(panel), Qt.Key.Key_F2)
    editor = rows(panel).findChild(QLineEdit)
    editor.setText(name)
    QTest.keyClick(editor, Qt.Key.Key_Return)


def test_renaming_asks_and_keeps_the_old_name_until_answered(panel: ClassesPanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.class_renamed) as renamed:
        rename(panel, 1, " double ")
    assert renamed.args == ["multi", "double"]
    assert texts(panel, 1)[1] == "multi"


@pytest.mark.parametrize("name", ["", "  ", "multi", "single"])
def test_empty_same_and_taken_names_are_not_asked_for(panel: ClassesPanel, qtbot: QtBot, name: str) -> None:
    asked: list[tuple[str, str]] = []
    panel.class_renamed.connect(lambda *names: asked.append(names))
    rename(panel, 1, name)
    # What was typed is taken only in the event loop.
    qtbot.waitUntil(lambda: rows(panel).findChild(QLineEdit) is None)
    assert [texts(panel, place)[1] for place in range(3)] == ["single", "multi", "blank"]
    rename(panel, 1, "double")
    qtbot.waitUntil(lambda: bool(asked))
    assert asked == [("multi", "double")]


def test_adding_proposes_a_free_name(panel: ClassesPanel, qtbot: QtBot) -> None:
    with qtbot.waitSignal(panel.class_added) as added:
        panel.add_class()
    name = added.args[0]
    assert name
    assert name not in {"single", "multi", "blank"}


def test_double_click_beside_the_name_gives_the_class(panel: ClassesPanel, qtbot: QtBot) -> None:
    tree = rows(panel)
    with qtbot.waitSignal(panel.class_given) as given:
        tree.itemDoubleClicked.emit(tree.topLevelItem(1), 0)
    assert given.args == ["multi"]


def test_progress_counts_labels_and_unsure(panel: ClassesPanel) -> None:
    panel.set_progress(253, 48_211, unsure=7)
    assert panel._progress.text() == "253 of 48\u202f211 labelled"
    assert panel._unsure.text() == "7 unsure"
