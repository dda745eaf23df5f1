"""How verdicts and labels that name no class are shown and explained, the same in every pane."""

from __future__ import annotations

from widgets.theme import ClassStyle
from widgets.verdict_panel import UNKNOWN

VERDICT_TIP = "The class that frames like this one were given, and how probable it is"
UNKNOWN_TIP = (
    "Unknown: the classifier finds none of the labelled classes likely here. The figure is the probability that "
    "this frame belongs to none of them. Label it, with a new class if need be, and frames like it follow."
)
UNSURE_TIP = "Unsure: you looked and left it open (U). The frame teaches nothing and is not suggested again."


def unknown_style() -> ClassStyle:
    """How frames of no class are shown."""
    return ClassStyle(UNKNOWN, UNKNOWN, "#8A929C", "", "circle")
