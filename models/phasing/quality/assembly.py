"""From finished starts to a reconstruction that says how far it can be believed."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import math
import platform
from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np

from models.errors import BadParameter
from models.parameters import to_dict
from models.patterns import Pattern
from models.phasing.quality.agreement import agreement_map, choose_kept
from models.phasing.quality.alignment import find_alignment
from models.phasing.quality.average import average, modes
from models.phasing.quality.prtf import phase_transfer
from models.phasing.quality.trust import Evidence, figure, judge
from models.phasing.settings import PhasingSettings
from models.phasing.types import BoolArray, Reconstruction, Start
from models.progress import Progress


def assemble(
    pattern: Pattern,
    starts: Sequence[Start],
    settings: PhasingSettings,
    held_out: BoolArray,
    *,
    changes: tuple[tuple[int, Mapping[str, Any]], ...] = (),
) -> Generator[Progress, None, Reconstruction]:
    """Rank the starts, lay them over the best, average those that agree, and judge.

    Starts are ranked by free log-likelihood, by R factor where nothing was held out; hopeless ones come last. They
    are laid over one another by the pixels that were measured and fitted: the others are each start's own guess.

    Args:
        pattern, settings, held_out: what was phased, how, and what was kept from the solver.
        starts: at least one; those whose object is zero or not finite are left out.
        changes: what was changed while it ran, (iteration, JSON-ready settings).

    Yields:
        Progress in starts.

    Raises:
        BadParameter: no start has an object.
    """
    usable = [start for start in starts if _has_object(start)]
    if not usable:
        cause = "none was run" if not starts else "the object of every start is empty"
        raise BadParameter("There is no reconstruction", cause=cause, hint="Check the pattern, mask and support")
    ranked = sorted(usable, key=_rank)
    where = pattern.measured & ~held_out
    if not where.any():
        where = np.ones(pattern.shape, np.bool_)
    first = _in_phase(ranked[0], settings)
    lying, agreements = [first], [1.0]
    for start in ranked[1:]:
        yield Progress(
            done=len(lying), total=len(ranked), unit="starts", message="laying the starts over one another"
        )
        how = find_alignment(first.object, start.object, where=where)
        lying.append(dataclasses.replace(start, object=how.object(start.object), support=how.support(start.support)))
        agreements.append(how.agreement)
    if settings.keep > 0:
        kept = list(range(min(settings.keep, len(lying))))
    else:
        kept = choose_kept([s.r_factor for s in lying], agreements, [s.ended for s in lying])
    order = kept + [place for place in range(len(lying)) if place not in set(kept)]
    lying, agreements = [lying[place] for place in order], [agreements[place] for place in order]
    yield Progress(done=len(ranked), total=len(ranked), unit="starts", message="averaging")

    objects = [start.object for start in lying[: len(kept)]]
    inside = np.logical_or.reduce([start.support for start in lying[: len(kept)]])
    mean = average(objects)
    found, weights = modes(objects, inside)
    curve = phase_transfer(pattern, objects)
    trust = judge(
        Evidence(
            pattern=pattern,
            settings=settings,
            held_out=held_out,
            starts=lying,
            kept=len(kept),
            agreements=agreements,
            object=mean,
            support=first.support,
            prtf=curve,
            mode_weights=weights,
        )
    )
    return Reconstruction(
        pattern=pattern,
        object=mean,
        support=first.support,
        held_out=held_out,
        starts=tuple(lying),
        kept=len(kept),
        agreement=agreement_map(objects, first.support),
        modes=found,
        mode_weights=weights,
        prtf=curve,
        trust=trust,
        settings=to_dict(settings),
        changes=changes,
        versions=versions(),
        seconds=float(sum(start.seconds for start in starts)),
    )


def versions() -> dict[str, str]:
    """The program and the libraries that have a say in the numbers; those not installed are left out."""
    found = {"python": platform.python_version()}
    for name in ("friedel", "numpy", "scipy", "torch", "numba"):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _has_object(start: Start) -> bool:
    return bool(np.isfinite(start.object).all()) and bool(start.object.any())


def _rank(start: Start) -> tuple[bool, bool, float]:
    value = figure(start)
    return start.ended == "hopeless", math.isnan(value), value


def _in_phase(start: Start, settings: PhasingSettings) -> Start:
    """The start with its mean phase at 0, where the constraints leave the global phase free."""
    if settings.object != "complex" or settings.phase_low_rad is not None or settings.phase_high_rad is not None:
        return start
    inner = complex((np.abs(start.object) * start.object).sum(dtype=np.complex128))
    if inner == 0:
        return start
    factor = np.complex64(np.conj(inner) / abs(inner))
    return dataclasses.replace(start, object=start.object * factor)
