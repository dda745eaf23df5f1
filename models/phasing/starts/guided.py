"""Generations: each begins from what the best start of the one before and each of the others have in common.

Guided hybrid input-output, Chen, Miao, Wang and Lee, Phys. Rev. B 76 (2007) 064113: the next object is the geometric
mean of the template (the best by its figure) and each aligned object. For complex objects the modulus is that mean
and the phase that of the sum of both phase factors.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Sequence
from typing import TypeAlias

import numpy as np

from models.phasing.types import BoolArray, ComplexArray, Start

FRESH_SHARE = 0.25
"""share of a later generation that begins from chance again, so that a wrong template is not the end"""
Begun: TypeAlias = tuple[ComplexArray, BoolArray] | None
"""object and support a start begins from; None for chance"""


def combined(template: ComplexArray, other: ComplexArray) -> ComplexArray:
    """√(|t|·|o|) with the phase of t/|t| + o/|o|; both of one shape and aligned."""
    modulus = np.sqrt(np.abs(template) * np.abs(other))
    direction = _unit(template) + _unit(other)
    size = np.abs(direction)
    # Opposite phases have no direction in common: the template's is taken.
    direction = np.where(size > 1e-3, direction / np.maximum(size, 1e-3), _unit(template))
    found: ComplexArray = (modulus * direction).astype(np.complex64)
    return found


def order(starts: Sequence[Start]) -> list[Start]:
    """Best first: by free log-likelihood, the R factor where nothing was held out; hopeless ones last."""

    def key(start: Start) -> tuple[bool, bool, float]:
        value = start.r_factor if math.isnan(start.free_log_likelihood) else start.free_log_likelihood
        return start.ended == "hopeless", math.isnan(value), value

    return sorted(starts, key=key)


def next_objects(starts: Sequence[Start], count: int, where: BoolArray) -> Generator[None, None, list[Begun]]:
    """What each of `count` starts of the next generation begins from: object and support, or None for chance.

    Args:
        starts: of the generation before. where: pixels of the pattern that were fitted, for the alignment.

    Yields:
        between pieces of a tenth of a second or so.
    """
    from models.phasing.quality.laying import Reference

    ranked = order(starts)
    template = ranked[0]
    reference = Reference(template.object, where)
    fresh = int(FRESH_SHARE * count)
    found: list[Begun] = []
    for number in range(count - fresh):
        other = ranked[number % len(ranked)]
        if other is template:
            found.append((template.object, template.support))
            continue
        laid = yield from reference.lay(other.object, other.support)
        found.append((combined(template.object, laid.object), template.support))
        yield
    return found + [None] * fresh


def _unit(values: ComplexArray) -> ComplexArray:
    modulus = np.abs(values)
    return np.where(modulus > 0, values / np.where(modulus > 0, modulus, 1), 0).astype(np.complex64)
