"""What the colours of the map mean: categories with markers, or a value on a colour map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from PyQt6.QtGui import QColor, QPalette

from widgets import theme

REST = 254
"""Code of frames without a category or value."""
MAX_CATEGORIES = 250
_TOP = 249


@dataclass(frozen=True, slots=True)
class Category:
    """One group of frames on the map.

    Attributes:
        name: as the legend shows it.
        colour: "#RRGGBB".
        marker: name of a class marker (`theme.marker_path`).
    """

    name: str
    colour: str
    marker: str = "circle"


@dataclass(frozen=True)
class Colouring:
    """A colour code for each frame and what the codes mean.

    Made by `by_category` or `by_value`.

    Attributes:
        title: what the colours show ("Label", "Confidence").
        codes: (N,) uint8: category, or step of the colour map; `REST` for frames that have neither.
        categories: of the codes 0 … K−1; empty where colours show a value.
        rest: what the legend calls frames with code `REST`.
        colours: (256, 3) uint8 colours of a value's steps; None where colours show categories.
        low, high: values at the ends of the colour map.
        unit: of the value.
    """

    title: str
    codes: npt.NDArray[np.uint8]
    categories: tuple[Category, ...] = ()
    rest: str = "unlabelled"
    colours: npt.NDArray[np.uint8] | None = None
    low: float = 0.0
    high: float = 1.0
    unit: str = ""

    def markers(self) -> dict[int, str]:
        """Marker of each code that stands for a group; values are circles."""
        found = {code: category.marker for code, category in enumerate(self.categories)}
        found[REST] = "dot"
        return found

    def table(self, palette: QPalette) -> npt.NDArray[np.uint8]:
        """(256, 3) RGB of every code on this palette's background."""
        table = np.zeros((256, 3), np.uint8)
        if self.colours is not None:
            table[: _TOP + 1] = self.colours[np.linspace(0, 255, _TOP + 1).round().astype(int), :3]
        for code, category in enumerate(self.categories):
            table[code] = QColor(category.colour).getRgb()[:3]
        table[REST] = theme.unlabelled_colour(palette).getRgb()[:3]
        return table

    def counts(self, among: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.int64]:
        """(256,) frames per code, of all frames or of those in `among`."""
        if among is None:
            return self._all_counts
        return np.bincount(self.codes[np.flatnonzero(among)], minlength=256)

    @cached_property
    def _all_counts(self) -> npt.NDArray[np.int64]:
        return np.bincount(self.codes, minlength=256)


def by_category(
    codes: npt.ArrayLike, categories: Sequence[Category], title: str = "Label", rest: str = "unlabelled"
) -> Colouring:
    """Colour by group: `codes` is (N,) whole numbers, the place in `categories`; anything else is `rest`.

    Raises:
        ValueError: with more than `MAX_CATEGORIES` categories.
    """
    if len(categories) > MAX_CATEGORIES:
        raise ValueError(f"{len(categories)} categories; at most {MAX_CATEGORIES} can be told apart on a map")
    given = np.asarray(codes)
    known = (given >= 0) & (given < len(categories))
    compact = np.where(known, given, REST).astype(np.uint8)
    return Colouring(title=title, codes=compact, categories=tuple(categories), rest=rest)


def by_value(
    values: npt.ArrayLike,
    colours: npt.NDArray[np.uint8],
    title: str,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
) -> Colouring:
    """Colour by a number per frame.

    Args:
        values: (N,); frames where it is not finite are shown as having no value.
        colours: (256, 3) or (256, 4) uint8, the colour map from low to high.
        title: what the number is.
        unit: its unit, "" for none.
        low, high: values at the ends of the colour map; by default the least and greatest value.
    """
    given = np.asarray(values, dtype=np.float64)
    good = np.isfinite(given)
    if low is None:
        low = float(given[good].min()) if good.any() else 0.0
    if high is None:
        high = float(given[good].max()) if good.any() else 1.0
    span = high - low if high > low else 1.0
    with np.errstate(invalid="ignore"):
        steps = np.clip((given - low) * (_TOP / span), 0, _TOP)
    codes = np.full(given.shape, REST, np.uint8)
    codes[good] = np.rint(steps[good]).astype(np.uint8)
    return Colouring(title=title, codes=codes, rest="no value", colours=colours, low=low, high=high, unit=unit)
