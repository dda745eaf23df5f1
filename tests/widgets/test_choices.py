"""Drop-down choices that are told again what they offer."""

from __future__ import annotations

from PyQt6.QtWidgets import QComboBox

from widgets.choices import show_choices


def test_the_same_choices_again_leave_the_list_alone(qtbot) -> None:
    box = QComboBox()
    qtbot.addWidget(box)
    told: list[int] = []
    box.currentIndexChanged.connect(told.append)
    show_choices(box, [("a", "Alpha"), ("b", "Beta")], "b")
    emptied: list[object] = []
    box.model().rowsRemoved.connect(lambda *where: emptied.append(where))
    show_choices(box, [("a", "Alpha"), ("b", "Beta")], "a")
    assert (box.currentData(), emptied, told) == ("a", [], [])
    show_choices(box, [("c", "Gamma")], "c")
    assert [box.itemText(row) for row in range(box.count())] == ["Gamma"]
    assert told == []


def test_a_choice_that_is_not_offered_chooses_nothing(qtbot) -> None:
    box = QComboBox()
    qtbot.addWidget(box)
    show_choices(box, [("a", "Alpha")], "gone")
    assert box.currentIndex() == -1
