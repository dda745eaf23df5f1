"""The line of text about the pixel under the cursor."""

from __future__ import annotations

import numpy as np

from models.runs.types import Frame, PixelFlag

_WORDS = (
    (PixelFlag.MASKED, "masked"),
    (PixelFlag.USER, "masked by you"),
    (PixelFlag.MISSING, "no detector here"),
    (PixelFlag.NONFINITE, "not finite"),
    (PixelFlag.SENTINEL, "no value"),
    (PixelFlag.SATURATED, "saturated"),
)


def exact_value(value: object) -> str:
    """The file's own number: integers in full, floating-point numbers with the digits that identify them."""
    if isinstance(value, np.bool_):
        return str(int(value))
    if isinstance(value, np.integer):
        return str(int(value))
    return str(value)


def flag_words(flags: int) -> str:
    """What is wrong with a pixel, in words; "" for a good one."""
    return ", ".join(word for flag, word in _WORDS if flags & flag)


def describe_pixel(frame: Frame, y: int, x: int, unit: str, q: float | None, resolution: float | None) -> str:
    """One line: position, value with its unit, q in nm⁻¹, full-period resolution in nm, flags."""
    value = exact_value(frame.raw[y, x])
    parts = [f"y {y}  x {x}", f"{value} {unit}".rstrip()]
    if q is not None:
        parts.append(f"q {q:.4g} nm⁻¹")
    if resolution is not None and np.isfinite(resolution):
        parts.append(f"d {resolution:.4g} nm")
    words = flag_words(int(frame.flags[y, x]))
    if words:
        parts.append(words)
    return "   ·   ".join(parts)
