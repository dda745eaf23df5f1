"""From finished starts to a reconstruction that says how far it can be believed."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import math
import platform
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from models.errors import BadParameter
from models.parameters import to_dict
from models.patterns import Pattern
from models.phasing.quality.agreement import agreement_map, choose_kept
from models.phasing.quality.average import average, modes
from models.phasing.quality.comparison import HeldOutErrors, how_much_worse
from models.phasing.quality.laying import Laid, Reference, blocks
from models.phasing.quality.prtf import phase_transfer_in_pieces
from models.phasing.quality.trust import Evidence, figure, judge, share_a_beginning
from models.phasing.settings import PhasingSettings
from models.phasing.types import BoolArray, Reconstruction, Start
from models.progress import Progress

R = TypeVar("R")
_TIED = 1.0
"""Standard errors below which held-out pixels do not decide between two starts."""
_NEAR = 1.1
"""Ratio of figures up to which they may not decide: they know of blur and background, the islands do not."""
_SAME_SIZE = 0.1
"""Relative difference of two supports that counts as none."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The order of starts by what they predicted before they were refined.

    Attributes:
        seeds: of those with an object, best first. worse: by how many standard errors each predicted the held-out
            pixels worse than the best (`how_much_worse`).
    """

    seeds: tuple[int, ...]
    worse: tuple[float, ...]


def rank(pattern: Pattern, starts: Sequence[Start], held_out: BoolArray) -> Generator[Progress, Any, Ranking]:
    """Rank starts by free log-likelihood, by R factor where nothing was held out or where the held-out pixels cannot
    tell the best ones apart; hopeless ones come last.

    Args:
        starts: of different seeds, none of which was shown the held-out pixels; those whose object is zero or not
            finite are left out.

    Yields:
        Progress in starts.

    Raises:
        BadParameter: no start has an object.
    """
    from models.phasing.quality.transform import in_pieces

    usable = [start for start in starts if _has_object(start)]
    if not usable:
        cause = "none was run" if not starts else "the object of every start is empty"
        raise BadParameter("There is no reconstruction", cause=cause, hint="Check the pattern, mask and support")
    yield Progress(done=0, total=len(usable), unit="starts", message="ranking the starts")
    islands = HeldOutErrors(pattern, held_out)
    errors: list[npt.NDArray[np.float64]] = []
    for start in usable:
        spectrum = yield from _said(in_pieces(start.object), len(errors), len(usable), "ranking the starts")
        errors.append(islands.of_spectrum(spectrum))
    ranked, worse = _by_rank(usable, errors)
    return Ranking(tuple(start.seed for start in ranked), tuple(worse))


def assemble(
    pattern: Pattern,
    starts: Sequence[Start],
    settings: PhasingSettings,
    held_out: BoolArray,
    *,
    changes: tuple[tuple[int, Mapping[str, Any]], ...] = (),
    ranking: Ranking | None = None,
) -> Generator[Progress, bool | None, Reconstruction]:
    """Rank the starts (`rank`), lay them over the best, average those that agree, and judge.

    They are laid over one another by the pixels that were measured and fitted by all: the others are each start's own
    guess.

    Args:
        pattern, settings, held_out: what was phased, how, and what was kept from the solver.
        starts: at least one, of different seeds; those whose object is zero or not finite are left out.
        changes: what was changed while it ran, (iteration, JSON-ready settings).
        ranking: of the starts as they were before they were refined with the held-out pixels, which cannot judge them
            any more; None where they were not.

    Yields:
        Progress in starts, several a second on large arrays too. Sending True ends the laying over: the starts that
        have not had their turn are left out, and the trust says so.

    Raises:
        BadParameter: no start has an object.
    """
    from models.phasing.quality.transform import in_pieces

    if ranking is None:
        ranking = yield from rank(pattern, starts, held_out)
    by_seed = {start.seed: start for start in starts}
    ranked, worse = [by_seed[seed] for seed in ranking.seeds], list(ranking.worse)
    where = pattern.measured & ~held_out
    if not where.any():
        where = np.ones(pattern.shape, np.bool_)
    first = _in_phase(ranked[0], settings)
    lying, agreements = yield from _laid(first, ranked[1:], where)
    left_out = len(ranked) - len(lying)
    if settings.keep > 0:
        kept = list(range(min(settings.keep, len(lying))))
    else:
        kept = choose_kept([s.r_factor for s in lying], agreements, [s.ended for s in lying], worse)
    order = kept + [place for place in range(len(lying)) if place not in set(kept)]
    lying, agreements = [lying[place] for place in order], [agreements[place] for place in order]
    worse = [worse[place] for place in order]
    objects = [start.object for start in lying[: len(kept)]]
    averaging = Progress(done=len(ranked), total=len(ranked), unit="starts", message="averaging")
    mean = np.empty(pattern.shape, np.complex64)
    agreement = np.empty(pattern.shape, np.float32)
    for rows in blocks(pattern.shape):
        yield averaging
        parts = [each[rows] for each in objects]
        mean[rows] = average(parts)
        agreement[rows] = agreement_map(parts, first.support[rows])
    inside = np.logical_or.reduce([start.support for start in lying[: len(kept)]])
    found, weights = modes(objects, inside)
    curve = yield from _said(phase_transfer_in_pieces(pattern, objects), len(ranked), len(ranked), "averaging")
    curve = dataclasses.replace(curve, independent=not share_a_beginning(settings))
    spectrum = yield from _said(in_pieces(mean), len(ranked), len(ranked), "judging")
    modulus = np.abs(spectrum)
    del spectrum
    evidence = Evidence(
        pattern=pattern,
        settings=settings,
        held_out=held_out,
        starts=lying,
        kept=len(kept),
        agreements=agreements,
        worse=worse,
        object=mean,
        support=first.support,
        modulus=modulus,
        prtf=curve,
        mode_weights=weights,
    )
    trust = yield from _said(judge(evidence), len(ranked), len(ranked), "judging")
    if left_out:
        words = f"Stopped before all starts were compared: {left_out} of {len(ranked)} are left out."
        trust = dataclasses.replace(trust, warnings=(*trust.warnings, words))
    return Reconstruction(
        pattern=pattern,
        object=mean,
        support=first.support,
        held_out=held_out,
        starts=tuple(lying),
        kept=len(kept),
        agreement=agreement,
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


def _said(work: Generator[None, None, R], done: int, total: int, message: str) -> Generator[Progress, Any, R]:
    """Work in pieces, with a record between two of them."""
    record = Progress(done=done, total=total, unit="starts", message=message)
    while True:
        yield record
        try:
            next(work)
        except StopIteration as stop:
            result: R = stop.value
            return result


def _laid(
    first: Start, others: Sequence[Start], where: BoolArray
) -> Generator[Progress, bool | None, tuple[list[Start], list[float]]]:
    """The starts laid over the first, which is among them, and how well they agree with it; as many as had their
    turn before True was sent."""
    lying, agreements = [first], [1.0]
    reference = Reference(first.object, where)
    for start in others:
        work = reference.lay(start.object, start.support)
        message = "laying the starts over one another"
        record = Progress(done=len(lying), total=1 + len(others), unit="starts", message=message)
        while True:
            if (yield record):
                return lying, agreements
            try:
                next(work)
            except StopIteration as stop:
                laid: Laid = stop.value
                break
        lying.append(dataclasses.replace(start, object=laid.object, support=laid.support))
        agreements.append(laid.agreement)
    return lying, agreements


def _by_rank(
    starts: Sequence[Start], island_errors: Sequence[npt.NDArray[np.float64]]
) -> tuple[list[Start], list[float]]:
    """The starts, best first, and by how many standard errors each predicts held-out pixels worse than the best.

    Where held-out pixels cannot tell the first from others, the fitted ones decide between these: they are twenty
    times as many. They may do so only for supports of about one size, as a larger one always fits better.
    """
    places = sorted(range(len(starts)), key=lambda place: _rank(starts[place]))
    ranked, errors = [starts[place] for place in places], [island_errors[place] for place in places]
    first = ranked[0]
    size = int(first.support.sum())
    tied = [
        place
        for place, start in enumerate(ranked)
        if start.ended == first.ended
        and start.r_factor <= first.r_factor
        and figure(start) <= _NEAR * figure(first)
        and abs(int(start.support.sum()) - size) <= _SAME_SIZE * size
        and how_much_worse(errors[0], errors[place]) < _TIED
    ]
    best = min(tied, key=lambda place: ranked[place].r_factor, default=0)
    ranked.insert(0, ranked.pop(best))
    errors.insert(0, errors.pop(best))
    return ranked, [how_much_worse(errors[0], each) for each in errors]


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
