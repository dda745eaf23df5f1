"""Small pictures for the views of the Denoise pane."""

from __future__ import annotations

import numpy as np

from models.display import DisplaySettings, Picture, prepare
from models.runs.types import Frame


def picture(values: np.ndarray | None = None, index: int = 3) -> Picture:
    """A 40 × 60 px frame, as the reader hands it over."""
    raw = np.arange(2400, dtype=np.float32).reshape(40, 60) if values is None else values
    return prepare(Frame(index, raw, np.zeros(raw.shape, np.uint8)), DisplaySettings())
