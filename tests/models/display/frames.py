"""Small frames for the tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from models.runs.types import Frame


def frame_of(raw: npt.ArrayLike, flags: npt.ArrayLike = 0, index: int = 0, dtype: Any = None) -> Frame:
    """A frame with the flags broadcast to its shape."""
    values = np.array(raw, dtype=dtype)
    return Frame(index, values, np.broadcast_to(np.asarray(flags, np.uint8), values.shape).copy())
