"""How the learning rate goes."""

from __future__ import annotations

import math


def warm_cosine(step: int, total: int, highest: float, warmup: int) -> float:
    """Linear rise over `warmup` steps, times half a cosine down to zero over `total` steps."""
    rise = min(1.0, (step + 1) / max(1, warmup))
    return highest * rise * 0.5 * (1 + math.cos(math.pi * step / total))
