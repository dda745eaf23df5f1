"""What the window shows of a run, so that it opens again as it was left.

Small JSON, replaced atomically, one file for each annotator. Reading it never fails: what is missing or cannot be
understood has its default.
"""

from __future__ import annotations

import dataclasses
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from models.files.disk import replace_text
from models.workspace.entries import IndexArray, compress, expand
from models.workspace.journal import plain

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunState:
    """The window's state for one run.

    Attributes:
        frame: index of the frame shown.
        contrast: scaling, levels, colour map …, as the frame view names them.
        map: layout, colouring, range shown …, as the map names them.
        queue: frames suggested next, int64.
        selection: frames selected, int64, sorted.
        extra: anything else, by name.
    """

    frame: int = 0
    contrast: Mapping[str, Any] = field(default_factory=dict)
    map: Mapping[str, Any] = field(default_factory=dict)
    queue: IndexArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    selection: IndexArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    extra: Mapping[str, Any] = field(default_factory=dict)


def state_path(folder: Path, annotator: str) -> Path:
    return folder / f"state-{plain(annotator, 'annotator')}.json"


def save_state(folder: Path, annotator: str, state: RunState) -> None:
    """Put the state into the workspace. Raises NotSaved."""
    body = {
        "v": 1,
        "frame": int(state.frame),
        "contrast": state.contrast,
        "map": state.map,
        "queue": np.asarray(state.queue).tolist(),
        "selection": compress(np.unique(np.asarray(state.selection, dtype=np.int64))).tolist(),
        "extra": state.extra,
    }
    path = state_path(folder, annotator)
    text = json.dumps(body, default=_plain_value, indent=1)
    replace_text(path, text + "\n", f"The state of the window was not saved to {path}")


def load_state(folder: Path, annotator: str, n_frames: int) -> RunState:
    """The state that was saved, or the default; frames outside the run are left out."""
    path = state_path(folder, annotator)
    try:
        body = json.loads(path.read_bytes())
    except FileNotFoundError:
        return RunState()
    except (OSError, ValueError, RecursionError) as error:
        log.warning("cannot read %s: %s", path, error)
        return RunState()
    if not isinstance(body, dict):
        log.warning("%s holds no state", path)
        return RunState()
    found = {name: body[name] for name in ("contrast", "map", "extra") if isinstance(body.get(name), dict)}
    frame = body.get("frame")
    state = RunState(**found)
    if isinstance(frame, int) and 0 <= frame < n_frames:
        state = dataclasses.replace(state, frame=frame)
    ranges = _numbers(body.get("selection"))
    if len(ranges) % 2 == 0 and (ranges >= 0).all() and ranges[1::2].sum() <= n_frames:
        state = dataclasses.replace(state, selection=_inside(expand(ranges), n_frames))
    return dataclasses.replace(state, queue=_inside(_numbers(body.get("queue")), n_frames))


def _numbers(value: Any) -> IndexArray:
    if not isinstance(value, list) or not all(type(i) is int and abs(i) < 2**40 for i in value):
        return np.empty(0, dtype=np.int64)
    return np.array(value, dtype=np.int64)


def _inside(indices: IndexArray, n_frames: int) -> IndexArray:
    return indices[(indices >= 0) & (indices < n_frames)]


def _plain_value(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} cannot be kept as JSON")
