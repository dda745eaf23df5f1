"""What the Mask page is told: plain values, worked out elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from widgets.text import counted, grouped


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of the user's mask, for the list.

    Attributes:
        title: what it is. note: more about it, in faint letters.
        use: it takes pixels into use again. hidden: it has no effect.
    """

    title: str
    note: str = ""
    use: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class MaskCounts:
    """How many pixels of the frame on screen are not used, and why; one pixel may have several reasons.

    Attributes:
        pixels: in all. unused: for any reason.
        file, missing, sentinel, nonfinite, saturated, user: for each.
    """

    pixels: int
    unused: int
    file: int = 0
    missing: int = 0
    sentinel: int = 0
    nonfinite: int = 0
    saturated: int = 0
    user: int = 0

    @property
    def everything(self) -> bool:
        """Whether nothing is left."""
        return self.pixels > 0 and self.unused >= self.pixels

    @property
    def headline(self) -> str:
        """The share that is not used."""
        if not self.pixels:
            return ""
        return (
            f"{share(self.unused, self.pixels)} not used: {grouped(self.unused)} of {counted(self.pixels, 'pixel')}"
        )

    @property
    def reasons(self) -> str:
        """In a line, the most important first."""
        words = (
            ("by the file", self.file),
            ("by you", self.user),
            ("gaps", self.missing),
            ("type's maximum", self.sentinel),
            ("not a number", self.nonfinite),
            ("saturated", self.saturated),
        )
        return " · ".join(f"{name} {share(count, self.pixels)}" for name, count in words if count)


def share(part: int, whole: int) -> str:
    """A share in per cent that never rounds to 0 or to 100 what is not."""
    if not whole or not part:
        return "0 %"
    if part >= whole:
        return "100 %"
    per_cent = 100 * part / whole
    if per_cent < 0.01:
        return "< 0.01 %"
    if per_cent > 99.99:
        return "> 99.99 %"
    return f"{per_cent:.2f} %" if per_cent < 10 else f"{per_cent:.1f} %"
