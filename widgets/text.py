"""How numbers and times are written in the window, the same everywhere."""

from __future__ import annotations

import math

THIN_SPACE = "\u202f"
"""Narrow no-break space: groups thousands without looking like a comma or a decimal point in any language."""


def grouped(number: int) -> str:
    """A whole number with its thousands grouped: 48 211."""
    return f"{number:,}".replace(",", THIN_SPACE)


def counted(number: int, singular: str, plural: str = "") -> str:
    """A number with its noun: "1 frame", "48 211 frames"."""
    noun = singular if number == 1 else plural or singular + "s"
    return f"{grouped(number)} {noun}"


def duration(seconds: float | None) -> str:
    """Time left or taken: "0:41", "12:05", "3 h 05"; "" where it is not known."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return ""
    whole = math.ceil(seconds)
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    return f"{whole // 3600} h {whole % 3600 // 60:02d}"


def percent(fraction: float | None) -> str:
    """A share as whole per cent, never rounded up to 100 before it is done; "" where it is not known."""
    if fraction is None or not math.isfinite(fraction):
        return ""
    return f"{math.floor(100 * min(1.0, max(0.0, fraction)) + 1e-9)}{THIN_SPACE}%"


def significant(value: float, digits: int = 4) -> str:
    """A measured value with a few significant digits and no trailing noise."""
    if not math.isfinite(value):
        return "–"
    return f"{value:.{digits}g}".replace("-", "−")


def tick(value: float, span: float) -> str:
    """A number on an axis of length `span`: with as many decimals as the axis can tell apart."""
    if not math.isfinite(value):
        return "–"
    if span <= 0 or not math.isfinite(span):
        return significant(value)
    if abs(value) >= 1e5 or span < 1e-3:
        return significant(value, 3)
    decimals = max(0, 2 - math.floor(math.log10(span)))
    text = f"{value:.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text.replace("-", "−")
