"""What the preview process of the Denoise pane and the window hand to one another. Plain data: no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from models.denoising.comparing import Removed, Rings, Spectrum
from models.denoising.counting import CountingSettings, counted
from models.denoising.types import Denoised, Rests
from models.runs.types import Frame, Geometry

FRAMES_KEPT = 2
"""that the preview process has at hand"""
DRAWS = "splits"
"""The parameter of methods whose standard deviation takes passes of its own."""


@dataclass(frozen=True, eq=False)
class Subject:
    """The frame that is denoised.

    Attributes:
        key: tells it from every other frame this window showed.
        frame: values and flags, as read. unit: of the counts. geometry: of its run. counting: how values become
            counts. denoised: its values are rates already.
    """

    key: int
    frame: Frame
    unit: str
    geometry: Geometry
    counting: CountingSettings = field(default_factory=CountingSettings)
    denoised: bool = False

    @cached_property
    def counts(self) -> Frame:
        """The frame in counts; worked out when it is first asked for."""
        return counted(self.frame, self.counting)

    def bare(self) -> Subject:
        """The same without what was worked out of it: what travels to another process."""
        frame = self.frame
        return replace(self, frame=Frame(frame.index, frame.raw, frame.flags))


@dataclass(frozen=True)
class Recipe:
    """What is to be done to a frame.

    Attributes:
        method: name in `models.denoising.registry.METHODS`. values: its parameters, JSON-ready.
    """

    method: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def takes_passes(self) -> bool:
        """Whether a draft without the standard deviation is there sooner."""
        return bool(self.values.get(DRAWS, 0))


@dataclass(frozen=True, eq=False)
class Ask:
    """One request to the preview process.

    Attributes:
        key: of the subject. subject: None where the process was sent it before.
        recipe: what to do. draft: the rate is wanted first; without the standard deviation where that takes passes of
            its own, and without the comparison.
    """

    key: int
    subject: Subject | None
    recipe: Recipe
    draft: bool = False


@dataclass(frozen=True, eq=False)
class Compared:
    """A frame held against what was made of it; see `models.denoising.comparing`."""

    removed: Removed
    rings: Rings
    counted_power: Spectrum
    rate_power: Spectrum


@dataclass(frozen=True, eq=False)
class Outcome:
    """A denoised frame with what is shown beside it.

    Attributes:
        key: of the subject. recipe: what was done; `method_title` in the words of menus.
        draft: the rest is still to come. result: the denoised frame. compared: None in a draft.
        sketch: it is a first look from sums of pixels, which the result takes the place of.
        photons: counted on the measured pixels. measured_pixels: how many there are.
        rests: how many pixels rest on what. speckle: its size in words, "" where it does not show.
        seconds: that it took, the comparison left out.
    """

    key: int
    recipe: Recipe
    method_title: str
    draft: bool
    result: Denoised
    compared: Compared | None
    photons: float
    measured_pixels: int
    rests: Mapping[Rests, int]
    speckle: str
    seconds: float
    sketch: bool = False

    @property
    def sure(self) -> bool:
        """Whether the standard deviation is there."""
        return not (self.sketch or (self.draft and self.recipe.takes_passes))


@dataclass(frozen=True)
class Judgement:
    """What tests on photons the method did not see say of a result.

    Attributes:
        key, recipe: of what. sound: nothing speaks against it. sentences: in words, the gravest first.
    """

    key: int
    recipe: Recipe
    sound: bool
    sentences: tuple[str, ...]
