"""The classes an annotator may give: a name, a colour, a key and a marker each.

A class is known in the journal by an identifier that never changes (its first name), so that renaming it renames the
labels already given, and two annotators who add the same name mean the same class.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from models.errors import BadParameter
from models.workspace.entries import Entry

Key = tuple[str, str, str]
"""Where an entry stands in the order: time, annotator, id."""

MARKERS = ("circle", "square", "triangle", "diamond", "plus", "cross", "star", "pentagon", "hexagon")
COLOURS = ("#009E73", "#E69F00", "#56B4E9", "#CC79A7", "#D55E00", "#0072B2", "#A89B00", "#8C6A4F", "#8E86D6")
"""In the order they are given out: Okabe and Ito's six that show on white and on black, told apart with any common
colour blindness, and three more; none is grey, which is the colour of unlabelled frames."""
KEYS = tuple("123456789")
UNSURE = "unsure"
RESERVED = frozenset({UNSURE, "unknown"})
"""Words that tables use for "looked at, cannot tell" and "the classifier cannot tell"."""
MAX_NAME = 64


@dataclass(frozen=True, slots=True)
class LabelClass:
    """A class as the user sees it.

    Attributes:
        name: unique, at most 64 characters.
        colour: "#rrggbb".
        key: "1" … "9", or "" where it has none.
        marker: one of `MARKERS`.
    """

    name: str
    colour: str
    key: str
    marker: str


DEFAULT_CLASSES = tuple(
    LabelClass(name, colour, key, marker)
    for name, colour, key, marker in zip(
        ("single", "multi", "blank", "contaminant"), COLOURS, KEYS, MARKERS, strict=False
    )
)
"""What every run starts with."""


def check_name(name: str, taken: Iterable[str] = ()) -> str:
    """The name without blanks at its ends.

    Raises:
        BadParameter: where it is empty, too long, reserved, taken (in upper or lower case) or holds control
            characters.
    """
    name = name.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise BadParameter(f"{name!r} cannot be the name of a class", cause=f"a name has 1 to {MAX_NAME} characters")
    if name.casefold() in RESERVED:
        raise BadParameter(f"{name!r} cannot be the name of a class", cause="Friedel uses that word itself")
    if name.casefold() in {other.casefold() for other in taken}:
        raise BadParameter(f"There is a class {name!r} already", hint="Choose another name")
    return name


def check_colour(colour: str) -> str:
    """The colour in capitals. Raises BadParameter where it is not "#rrggbb"."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", colour):
        raise BadParameter(f"{colour!r} is no colour", cause="a colour is written #rrggbb")
    return colour.upper()


def check_key(key: str, taken: Iterable[str] = ()) -> str:
    """The key. Raises BadParameter where it is not "1" … "9" or "", or taken."""
    if key and key not in KEYS:
        raise BadParameter(f"{key!r} cannot be the key of a class", cause="keys are 1 to 9")
    if key and key in taken:
        raise BadParameter(f"The key {key} belongs to another class already", hint="Choose another key")
    return key


def check_marker(marker: str) -> str:
    if marker not in MARKERS:
        raise BadParameter(f"{marker!r} is no marker", cause=f"markers are {', '.join(MARKERS)}")
    return marker


class ClassTable:
    """What the class entries of all journals add up to.

    Every identifier ever met keeps its slot (a small number) for the life of the table; the others can be hidden.

    Attributes:
        classes: the classes that are shown, in order.
        ids: the identifier of each.
        certain: identifiers of the classes that are shown whether or not there are labels of them.
    """

    def __init__(self) -> None:
        self._slots: dict[str, int] = {}
        self.classes: tuple[LabelClass, ...] = ()
        self.ids: tuple[str, ...] = ()
        self.rebuild((), {})

    def slot(self, cls: str) -> int:
        """The slot of a class identifier; a new one where it was never met."""
        slots = self._slots
        return slots[cls] if cls in slots else slots.setdefault(cls, len(slots))

    @property
    def n_slots(self) -> int:
        return len(self._slots)

    @property
    def slots(self) -> tuple[int, ...]:
        """Slots of the classes that are shown, in order."""
        return tuple(self._slots[cls] for cls in self.ids)

    def name_of(self, cls: str) -> str:
        """Name of a class as it is now; its identifier where it was removed."""
        return self.classes[self.ids.index(cls)].name if cls in self.ids else cls

    def rebuild(self, entries: Iterable[tuple[Key, Entry]], last_use: Mapping[str, Key]) -> None:
        """Work out the classes.

        A class somebody labelled after it was removed is there again: labels are never hidden by a removal their
        annotator did not know of. So is one that only labels speak of (its own entry damaged or not here yet).

        Args:
            entries: all class entries that count, in their order.
            last_use: place in the order of the last label of each class that counts.
        """
        found = {c.name: c for c in DEFAULT_CLASSES}
        removed: dict[str, Key] = {}
        for key, entry in entries:
            if entry.op == "remove":
                removed[entry.cls] = key
                continue
            removed.pop(entry.cls, None)
            found[entry.cls] = self._with(found.get(entry.cls), entry.cls, entry.fields, found)
        implied = {cls for cls in last_use if cls not in found}
        for cls in sorted(implied, key=lambda cls: last_use[cls]):
            found[cls] = self._with(None, cls, {}, found)
        for cls, key in removed.items():
            if key < last_use.get(cls, ("", "", "")):
                implied.add(cls)
            else:
                found.pop(cls, None)
        for cls in found:
            self.slot(cls)
        self.ids = tuple(found)
        self.certain = frozenset(found) - implied
        self.classes = _told_apart(found.values())

    @staticmethod
    def _with(
        old: LabelClass | None, cls: str, fields: Mapping[str, str], found: Mapping[str, LabelClass]
    ) -> LabelClass:
        if old is None:
            n = len(found)
            old = LabelClass(cls, COLOURS[n % len(COLOURS)], "", MARKERS[n % len(MARKERS)])
        checks = (("name", check_name), ("colour", check_colour), ("key", check_key), ("marker", check_marker))
        for field, check in checks:
            if field not in fields:
                continue
            try:
                old = replace(old, **{field: check(fields[field])})
            except BadParameter:  # a hand-edited journal: the class keeps what it had
                continue
        return old


def _told_apart(classes: Iterable[LabelClass]) -> tuple[LabelClass, ...]:
    """The classes with doubled names numbered and doubled keys given to the first only (merged annotators)."""
    names: set[str] = set()
    keys: set[str] = set()
    told: list[LabelClass] = []
    for one in classes:
        name, n = one.name, 2
        while name.casefold() in names:
            name, n = f"{one.name} ({n})", n + 1
        key = "" if one.key in keys else one.key
        names.add(name.casefold())
        keys.add(key)
        told.append(replace(one, name=name, key=key))
    return tuple(told)
