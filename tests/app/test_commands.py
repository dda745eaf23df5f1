"""The command table: complete, free of clashes, and every derived view follows it."""

from __future__ import annotations

from pathlib import Path

from app import commands


def test_ids_are_unique_and_belong_to_their_menu() -> None:
    ids = [command.id for command in commands.COMMANDS]
    assert len(set(ids)) == len(ids)
    for command in commands.COMMANDS:
        assert command.menu in commands.MENUS
        assert command.id.split(".")[0] == command.menu.lower()
        assert command.help.endswith("."), command.id


def test_no_two_commands_share_a_key() -> None:
    assert commands.clashes({}) == {}


def test_a_users_key_that_is_taken_is_reported() -> None:
    assert commands.clashes({"frame.random": ["Right"]}) == {"Right": ["frame.next", "frame.random"]}


def test_overrides_replace_and_can_remove_keys() -> None:
    command = commands.BY_ID["frame.random"]
    assert commands.keys_of(command, {}) == ("R",)
    assert commands.keys_of(command, {"frame.random": ["X"]}) == ("X",)
    assert commands.keys_of(command, {"frame.random": []}) == ()


def test_the_keys_promised_to_users_are_there() -> None:
    promised = {
        "Right": "frame.next", "Shift+Left": "frame.previous_10", "Ctrl+Right": "frame.next_unlabelled",
        "Space": "frame.next_suggestion", "Shift+Space": "frame.previous_suggestion", "5": "label.class_5",
        "0": "label.clear", "U": "label.unsure", "Return": "label.accept", "Ctrl+Z": "label.undo",
        "Ctrl+Shift+Z": "label.redo", "R": "frame.random", "G": "frame.go_to", "P": "frame.play",
        "L": "view.cycle_scaling", "A": "view.auto_levels", "C": "view.cycle_colour_map", "F": "view.fit",
        "M": "view.mask", "O": "view.rings", "T": "view.thumbnails", "?": "help.keys",
        "Ctrl+Shift+P": "help.palette", "PgDown": "frame.next_page", "Home": "frame.first",
    }  # fmt: skip
    for key, command_id in promised.items():
        assert key in commands.BY_ID[command_id].keys


def test_the_documentation_names_every_command() -> None:
    page = commands.as_markdown()
    for command in commands.COMMANDS:
        if not command.family:
            assert command.title in page
            assert command.help in page
    assert "| `1` … `9` | Give class → Class 1 … 9 |" in page
    assert "| `Ctrl+1` … `Ctrl+9` |" in page


def test_the_keyboard_page_is_up_to_date() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "keys.md"
    assert page.read_text("utf-8") == commands.as_markdown(), "write it anew: python -m app.commands > docs/keys.md"


def test_a_key_given_to_one_command_is_taken_from_the_other() -> None:
    overrides: dict[str, list[str]] = {}
    assert commands.take_key(overrides, "view.mask", "Ctrl+Y") == ["Redo"]
    assert commands.clashes(overrides) == {}
    assert commands.keys_of(commands.BY_ID["view.mask"], overrides) == ("Ctrl+Y",)
    assert commands.keys_of(commands.BY_ID["label.redo"], overrides) == ("Ctrl+Shift+Z",)
    assert commands.take_key(overrides, "view.mask", "") == []
    assert commands.keys_of(commands.BY_ID["view.mask"], overrides) == ()
