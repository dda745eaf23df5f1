"""Work that waits, and work in pieces."""

from __future__ import annotations

from PyQt6.QtCore import QObject, QTimer

from app.later import Pieces


def test_pieces_leave_turns_of_the_event_loop_in_between(qtbot) -> None:
    done: list[str] = []
    owner = QObject()
    pieces = Pieces(owner)

    def one() -> None:
        done.append("one")
        QTimer.singleShot(0, lambda: done.append("a key"))

    pieces.then(one, lambda: done.append("two"))
    assert not done, "not in the turn that asks"
    qtbot.waitUntil(lambda: not pieces.waiting and len(done) == 3)
    assert done == ["one", "a key", "two"]


def test_pieces_that_are_forgotten_are_not_done(qtbot) -> None:
    done: list[str] = []
    owner = QObject()
    pieces = Pieces(owner)
    pieces.then(lambda: done.append("one"), pieces.forget, lambda: done.append("two"))
    qtbot.waitUntil(lambda: not pieces.waiting)
    pieces.then(lambda: done.append("three"))
    qtbot.waitUntil(lambda: done[-1:] == ["three"])
    assert done == ["one", "three"]
