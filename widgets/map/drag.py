"""The tools of the map, and what a press of the mouse becomes: a click, a move of the map, a region."""

from __future__ import annotations

from enum import Enum

from PyQt6.QtCore import QPointF, Qt

_CLICK_PX = 4.0


class Tool(Enum):
    """What dragging the mouse does."""

    PAN = "pan"
    LASSO = "lasso"
    RECTANGLE = "rectangle"


class Drag:
    """One press of the mouse, from button down to button up.

    Attributes:
        moving: whether the cursor has gone too far for a click.
        trail: where the cursor went while a region is drawn; empty otherwise.
    """

    def __init__(self) -> None:
        self.moving = False
        self.trail: list[QPointF] = []
        self._pressed: QPointF | None = None
        self._last = QPointF()

    @property
    def held(self) -> bool:
        """Whether a button is down."""
        return self._pressed is not None

    def begin(self, where: QPointF, draws: bool) -> None:
        """A button went down; `draws` begins a region."""
        self._pressed = self._last = where
        self.moving = False
        self.trail = [where] if draws else []

    def follow(self, where: QPointF) -> QPointF:
        """The cursor moved: by how much since the last time, nothing while it may still be a click."""
        if self._pressed is None:
            return QPointF()
        self.moving = self.moving or (where - self._pressed).manhattanLength() > _CLICK_PX
        if not self.moving:
            return QPointF()
        by, self._last = where - self._last, where
        if self.trail:
            self.trail.append(where)
        return by

    def end(self, where: QPointF) -> list[QPointF]:
        """The button went up: the region drawn, empty for none."""
        region = [*self.trail, where] if self.trail and self.moving else []
        self.cancel()
        return region

    def cancel(self) -> None:
        """Forget the press."""
        self._pressed = None
        self.moving = False
        self.trail = []


def combination(keys: Qt.KeyboardModifier) -> str:
    """How a region drawn with these keys held meets the selection: "replace", "add" or "subtract"."""
    if keys & Qt.KeyboardModifier.ShiftModifier:
        return "add"
    if keys & (Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier):
        return "subtract"
    return "replace"
