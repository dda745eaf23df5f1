"""What amplitudes are fitted to where phasing takes denoised rates in place of counted photons.

A denoised pattern is no measurement: it is what a method expects to be measured again. So it never takes the place
of the counts where results are judged. Three things keep it apart:

- Held-out pixels are masked from the denoiser, too. Otherwise their neighbours' rates would tell what was counted
  there, and the free log-likelihood would rank starts by what they had been shown. It is judged on counts.
- Pixels that were not measured stay free, whatever the method fills them with.
- What was done is a step of the pattern's preparation, and a warning of the result.

Bounded rates are after Lee et al., Phys. Rev. Research 3, 043066 (2021), who keep the ratio of denoised to measured
amplitudes within fixed limits, a quarter where photons were counted. Here the limits are standard errors: the root
of a Poisson count has the same one, a half, whatever the count is (Anscombe, Biometrika 35, 246, 1948), so that they
mean the same at every dose.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.parameters import describe, from_dict, to_dict
from models.patterns import Pattern, Step
from models.phasing.settings import BOUNDED, BOUNDED_FIRST, DENOISED_FIRST, RAW, PhasingSettings

if TYPE_CHECKING:
    from models.denoising.types import Denoised

BoolArray = npt.NDArray[np.bool_]
STEP = "denoising"
STANDARD_ERROR = 0.5
"""Of the root of a Poisson count."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is fitted when.

    Attributes:
        counted: what was measured, by which all is judged; what was done is its last step.
        starts: what trials and starts are fitted to, with counts in the pixels held out from them.
        refinement: what is fitted in the end, with nothing held out.
        warnings: sentences for the result.
    """

    counted: Pattern
    starts: Pattern
    refinement: Pattern
    warnings: tuple[str, ...] = ()


def inputs(pattern: Pattern, settings: PhasingSettings, held_out: BoolArray | None) -> Inputs:
    """What the amplitudes are the roots of, as `settings.input` says.

    Args:
        pattern: counted photons. held_out: bool, pixels that judge; None for none.

    Raises:
        BadParameter: rates are wanted of a volume or of a pattern that is not in photons, or no such denoiser.
    """
    if any(step.name == STEP for step in pattern.steps):
        # Of a result, whose pattern is phased again: its counts are what was measured.
        pattern = replace(pattern, steps=tuple(step for step in pattern.steps if step.name != STEP))
    if settings.input == RAW:
        return Inputs(pattern, pattern, pattern)
    _check(pattern)
    name, parameters = denoiser_named(settings.denoiser)
    if held_out is not None and held_out.shape != pattern.shape:
        raise BadParameter(f"held-out pixels of shape {held_out.shape} do not fit a pattern of {pattern.shape}")
    seen = pattern.measured if held_out is None else pattern.measured & ~held_out
    warnings: dict[str, None] = {}

    def fitted(seen: BoolArray) -> Pattern:
        found = _denoised(pattern, seen, name, parameters)
        warnings.update(dict.fromkeys(f"The denoiser says: {words}." for words in found.warnings))
        return _fitted(pattern, found.rate, seen, settings)

    first_only = settings.input in (BOUNDED_FIRST, DENOISED_FIRST)
    starts, last = fitted(seen), pattern if first_only else fitted(pattern.measured)
    step = _step(settings, name, parameters)
    said = f"Not only counts were fitted: {step.words}."
    if not first_only:
        said += " The R factor is the misfit of these amplitudes, not of the counted ones."
    counted = replace(pattern, steps=(*pattern.steps, step))
    return Inputs(counted, starts, last, (said, *warnings))


def denoiser_named(text: str) -> tuple[str, Any]:
    """Method and parameters from words such as "tv weight=0.7 friedel=off"; the default method where there are none.

    Raises:
        BadParameter: no such method, no such parameter, or one that is out of range.
    """
    from models.denoising.registry import DEFAULT, method

    name, *words = text.split() or [DEFAULT]
    info = method(name)
    known = {each.name: each for each in describe(info.parameters)}
    values: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or key not in known:
            raise BadParameter(f"{word!r} is no parameter of the denoiser", cause=f"{name} has {', '.join(known)}")
        try:
            values[key] = None if known[key].optional and value == "auto" else known[key].kind(value)
        except ValueError as error:
            raise BadParameter(f"{key} is {value!r}", cause=f"it must be a {known[key].kind.__name__}") from error
    return name, from_dict(info.parameters, values)


def denoiser_words(name: str, parameters: Any) -> str:
    """The words that `denoiser_named` takes, with the parameters that are not the defaults."""
    said = [name]
    for each in describe(parameters):
        value = getattr(parameters, each.name)
        if value != each.default:
            said.append(f"{each.name}={'auto' if value is None else value}")
    return " ".join(said)


def _check(pattern: Pattern) -> None:
    if pattern.unit != "photons":
        raise BadParameter(
            "denoised amplitudes are not to be had of this pattern",
            cause="it is not in photons, and denoisers take photon counts",
            hint="convert it to photons (value per photon), or phase it as it is",
        )
    if pattern.intensity.ndim != 2:
        raise BadParameter("denoised amplitudes are for images only", cause="this pattern is a volume")


def _denoised(pattern: Pattern, seen: BoolArray, name: str, parameters: Any) -> Denoised:
    """What the method makes of the pixels `seen`, without its deviation where that takes extra time."""
    from models.denoising.registry import make

    if any(each.name == "splits" for each in describe(parameters)):
        parameters = replace(parameters, splits=0)
    y, x = (float(n // 2) for n in pattern.shape)
    return make(name, parameters).predict(pattern.intensity, seen, (y, x))


def _fitted(pattern: Pattern, rate: npt.NDArray[np.float32], seen: BoolArray, settings: PhasingSettings) -> Pattern:
    """The pattern with rates in the pixels `seen`."""
    if settings.input in (BOUNDED, BOUNDED_FIRST):
        amplitude, reach = np.sqrt(pattern.intensity), settings.bound_sigma * STANDARD_ERROR
        rate = np.square(amplitude + np.clip(settings.denoised_share * (np.sqrt(rate) - amplitude), -reach, reach))
    return replace(pattern, intensity=np.where(seen, rate, pattern.intensity).astype(np.float32))


def _step(settings: PhasingSettings, name: str, parameters: Any) -> Step:
    from models.denoising.registry import method

    words = f"amplitudes from rates by “{method(name).title}”"
    if settings.input in (BOUNDED, BOUNDED_FIRST):
        words += f", {settings.denoised_share:.0%} of the way from the counted ones"
        words += f" and no farther than {settings.bound_sigma:g} standard errors"
    if settings.input in (BOUNDED_FIRST, DENOISED_FIRST):
        words += " until the starts are ranked, from counts in the last refinement, where there is one"
    words += "; held-out pixels were kept from the denoiser"
    return Step(STEP, words, {"input": settings.input, "method": name, "parameters": to_dict(parameters)})
