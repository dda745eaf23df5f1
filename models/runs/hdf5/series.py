"""Files with one group per frame: which of a group's members are frames, and in which order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_FRAME = re.compile(r"^(?:(?:tag|frame|shot|event|pulse)[-_]?\d+(?:-\d+)?|\d{5,})$", re.IGNORECASE)
"""SACLA ("tag_201512", "tag-4-201512"), SIMEX and pysingfel ("0000001"), and what others call their frames."""

_NEVER = re.compile(r"^(?:data|entry|image|detector|instrument|module|panel)_\d+$", re.IGNORECASE)
"""Parts of a split stack, and what CXI numbers."""

_NUMBER = re.compile(r"\d+")
_LONG = 256
"""So many members of one kind are frames whatever they are called."""


@dataclass(frozen=True, slots=True)
class Series:
    """Members of a group that are one frame each.

    Attributes:
        group: path of the group that holds them, "" for the root.
        members: their names, by number.
        sample: one of the first that has a picture; None where none of them has.
    """

    group: str
    members: tuple[str, ...]
    sample: str | None


def find_series(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split the names of a group's members into those to look at one by one, and those that are frames.

    Returns:
        The others in the given order, and the frames ordered by their numbers; no frames where there are fewer than
        two of a kind.
    """
    if len(names) < 2:
        return list(names), []
    if len(names) >= _LONG:
        kinds: dict[str, list[str]] = {}
        for name in names:
            kinds.setdefault(_NUMBER.sub("#", name), []).append(name)
        kind, members = max(kinds.items(), key=lambda item: len(item[1]))
        if "#" not in kind or _NEVER.match(members[0]) or (len(members) < _LONG and not _FRAME.match(members[0])):
            members = []
    else:
        members = [name for name in names if _FRAME.match(name)]
        stem = _NUMBER.sub("#", members[0]) if members else ""
        members = [name for name in members if _NUMBER.sub("#", name) == stem]
    if len(members) < 2:
        return list(names), []
    inside = set(members)
    return [name for name in names if name not in inside], sorted(members, key=numbers_of)


def is_frame_name(name: str) -> bool:
    """Whether a member is called as programs call their frames."""
    return _FRAME.match(name) is not None


def numbers_of(name: str) -> tuple[int, ...]:
    """The numbers in a name, for sorting as people count."""
    return tuple(map(int, _NUMBER.findall(name)))
