"""How the state a run was left in is written down and taken up again."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from app.settings import Settings
from models.display import COLOUR_MAPS, DisplaySettings, Levels, Scaling
from models.workspace.state import RunState
from models.workspace.summary import VERDICT_COUNTS, verdict_counts
from widgets.frame.viewport import ViewBox

if TYPE_CHECKING:
    from app.session import RunSession

log = logging.getLogger(__name__)


def display_from(state: RunState, settings: Settings) -> DisplaySettings:
    """Display settings of the run, or the user's where it has none; what cannot be understood keeps its default."""
    kept: Mapping[str, Any] = state.contrast
    scaling = _scaling(kept.get("scaling")) or _scaling(settings.scaling) or DisplaySettings().scaling
    colour_map = next(
        (name for name in (kept.get("colour_map"), settings.colour_map) if name in COLOUR_MAPS),
        DisplaySettings().colour_map,
    )
    low, high = kept.get("low"), kept.get("high")
    fixed = isinstance(low, int | float) and isinstance(high, int | float) and low < high
    return DisplaySettings(
        scaling=scaling,
        levels=Levels(float(low), float(high)) if fixed else None,  # type: ignore[arg-type]
        colour_map=colour_map,
        mask_shown=bool(kept.get("mask_shown", settings.show_mask)),
    )


def view_box_from(state: RunState) -> ViewBox | None:
    """Zoom and place, None for the whole frame."""
    box = state.contrast.get("view_box")
    if isinstance(box, list) and len(box) == 3 and all(isinstance(part, int | float) for part in box):
        return ViewBox(*(float(part) for part in box))
    return None


def part(state: RunState, name: str) -> Mapping[str, Any]:
    """What one part of the window remembers of the run, by name; empty where there is nothing."""
    kept = state.extra.get(name)
    return kept if isinstance(kept, dict) else {}


def restore(session: RunSession, state: RunState) -> None:
    """Go back to the frame and the selection the run was left with; the order follows when it is known."""
    session.browser.index = state.frame
    if len(state.selection):
        session.browser.select(state.selection)


def to_state(session: RunSession) -> RunState:
    """Where the user is in the run."""
    display, box = session.display, session.view_box
    contrast: dict[str, Any] = {
        "scaling": display.scaling.value,
        "colour_map": display.colour_map,
        "mask_shown": display.mask_shown,
    }
    if display.levels is not None:
        contrast |= {"low": display.levels.low, "high": display.levels.high}
    if box is not None:
        contrast["view_box"] = [box.y, box.x, box.scale]
    return RunState(
        frame=session.browser.index,
        contrast=contrast,
        map=session.layout.to_state(),
        queue=np.asarray(session.classifier.queue, np.int64),
        selection=session.browser.selection(),
        extra={
            "order": session.wanted_order,
            "keep": session.keeping.to_state(),
            "sorting": session.sorting.to_state(),
            "embedding": session.embedding.to_state(),
            "phasing": session.phasing.to_state(),
            "denoising": session.denoising.to_state(),
            VERDICT_COUNTS: verdict_counts(session.classifier.verdicts) or part(session.opened_state, VERDICT_COUNTS),
            **({} if session.treatment.is_nothing else {"treatment": session.treatment.to_state()}),
        },
    )


def _scaling(name: object) -> Scaling | None:
    try:
        return Scaling(name)
    except ValueError:
        return None
