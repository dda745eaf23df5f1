"""How far to believe a reconstruction: the figures, and what is wrong in words, the gravest first."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.patterns import Pattern
from models.patterns.check import UNDERSAMPLED, undersampled
from models.patterns.raw import count
from models.phasing.quality import figures
from models.phasing.quality.agreement import SAME_OBJECT, mean_agreement
from models.phasing.quality.comparison import CLEARLY
from models.phasing.quality.prtf import CUTOFF, chance_level, cutoff
from models.phasing.settings import PhasingSettings
from models.phasing.types import BoolArray, ComplexArray, Prtf, Start, Trust

ENOUGH_NUMBERS = 2.0
"""Measured pixels per pixel of the support: below it unknowns outnumber the measured numbers (Miao et al. 1998)."""
MOST_OF_AN_AXIS = 0.5
"""An object longer than half of an axis is undersampled along it: its autocorrelation does not fit (Bates 1982)."""
MUCH_MASKED_POWER = 0.5
"""Share of the power in pixels that were not measured, above which most of what is seen was not measured."""
FREE_MODES = 1.0
"""Features left free by the unmeasured centre (`centre_modes`): below 1 it is smaller than the central speckle."""
EQUALLY_WELL = 1.15
"""Ratio of R factors below which another object fits as well, if held-out pixels do not tell it from the best one.
Starts that found the same object on a measured pattern differ by up to 1.14."""
NEARLY_ALL = 0.99
"""Share of the support whose length is looked at: single pixels far away are no part of the object."""
FEW_PIXELS = 12
"""A support of fewer pixels shows a dot whatever the object was."""
_SHRANK, _TOO_FEW, _TOUCHES = "The support shrank", "Fewer measured numbers", "Support touches the edge"
NEVER_FINAL = (UNDERSAMPLED, _SHRANK, _TOO_FEW, _TOUCHES)
"""How the warnings begin after which even a picture on which all starts agree is no more than a preview."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a reconstruction is judged by.

    Attributes:
        pattern, settings, held_out: what was phased, how, and what was kept from the solver.
        starts: all, best first, aligned to the best. kept: how many of them are averaged, from the first.
        agreements: correlation of each start with the best, 0 … 1, the first being 1. worse: by how many standard
            errors each predicts held-out pixels worse than the best.
        object: the average. support: of the best start.
        modulus: |F| of the average, centred. prtf, mode_weights: of the kept, the first mode being the largest.
    """

    pattern: Pattern
    settings: PhasingSettings
    held_out: BoolArray
    starts: Sequence[Start]
    kept: int
    agreements: Sequence[float]
    worse: Sequence[float]
    object: ComplexArray
    support: BoolArray
    modulus: npt.NDArray[np.floating]
    prtf: Prtf
    mode_weights: npt.NDArray[np.float32]


def judge(evidence: Evidence) -> Generator[None, None, Trust]:
    """The figures of a reconstruction and its warnings; left between them, as each takes a moment on large arrays."""
    pattern, best = evidence.pattern, evidence.starts[0]
    real = evidence.settings.object in ("real", "positive")
    objects = [start.object for start in evidence.starts[: evidence.kept]]
    radius, q, resolution = cutoff(evidence.prtf)
    if chance_level(evidence.kept) > CUTOFF or not evidence.prtf.independent:
        radius = q = resolution = math.nan
    several = evidence.kept > 1
    trust = Trust(
        r_factor=best.r_factor,
        free_log_likelihood=best.free_log_likelihood,
        prtf_resolution_nm=resolution,
        prtf_resolution_q=q,
        prtf_cutoff_px=radius,
        mode_weight=float(evidence.mode_weights[0]) if several else math.nan,
        agreement=mean_agreement(objects, evidence.object, evidence.support),
        kept=evidence.kept,
        starts=len(evidence.starts),
        masked_power=figures.masked_power(evidence.modulus, pattern),
        oversampling=figures.oversampling(pattern, evidence.support, real),
    )
    found = []
    for said in (_undersampled, _nothing_found, _other_objects, _disagreement, _centre, _small_print):
        yield
        found += said(evidence, trust)
    return dataclasses.replace(trust, warnings=tuple(found))


def is_preview(trust: Trust) -> bool:
    """Whether a result must be labelled preview: nothing says that another start would give the same, or nothing that
    it is the object if it did."""
    if trust.kept < 2 or not math.isfinite(trust.agreement):
        return True
    return any(each.startswith(NEVER_FINAL) for each in trust.warnings)


def share_a_beginning(settings: PhasingSettings) -> bool:
    """Whether the starts begin from what one search, or the generation before, has found.

    The phases far out, where little was measured, are then those of that beginning: simulated objects at 10^5 photons
    keep a PRTF above 1/e nearly twice as far out as they agree with the truth.
    """
    return settings.generations > 1 or settings.first_support == "search"


def figure(start: Start) -> float:
    """What starts are ranked by: free log-likelihood, or R factor where nothing was held out; lower is better."""
    return start.free_log_likelihood if math.isfinite(start.free_log_likelihood) else start.r_factor


def _nothing_found(evidence: Evidence, _trust: Trust) -> list[str]:
    found = []
    size = int(np.count_nonzero(evidence.support))
    if size < FEW_PIXELS:
        found.append(f"{_SHRANK} to {count(size)}: there is no picture in it.")
    free = evidence.starts[0].free_log_likelihood
    if math.isfinite(free):
        rings = figures.ring_prediction(evidence.pattern, evidence.held_out)
        blind = figures.free_log_likelihood(rings, evidence.pattern, evidence.held_out)
        if free >= blind:
            found.append(
                "The held-out pixels are predicted no better than by the mean of their ring "
                f"({free:.3g} against {blind:.3g}): unless the object is round, this fits only what it was shown."
            )
    return found


def _undersampled(evidence: Evidence, trust: Trust) -> list[str]:
    found = list(undersampled(evidence.pattern))
    if trust.oversampling < ENOUGH_NUMBERS:
        found.append(
            f"{_TOO_FEW} than unknowns: {trust.oversampling:.2g} measured pixels for each pixel of the "
            "support, at least 2 are needed."
        )
    if max(_lengths(evidence.support)) >= 1:
        found.append(f"{_TOUCHES}: the object may be larger than the pattern's sampling allows.")
    elif (length := max(_lengths(evidence.support, NEARLY_ALL))) > MOST_OF_AN_AXIS:
        found.append(
            f"{UNDERSAMPLED}: the support is {length:.0%} of the array long, more than half "
            "cannot be told from its copies."
        )
    return found


def _lengths(support: BoolArray, share: float = 1.0) -> list[float]:
    """Length along each axis that holds this share of the support, as share of the array, wherever in the periodic
    array it lies."""
    lengths = []
    for axis, n in enumerate(support.shape):
        lines = support.sum(axis=tuple(k for k in range(support.ndim) if k != axis))
        wanted = math.ceil(share * int(lines.sum()))
        up_to = np.concatenate(([0], np.cumsum(np.tile(lines, 2))))
        firsts = np.arange(n)
        ends = np.searchsorted(up_to, up_to[firsts] + wanted)
        lengths.append(float((ends - firsts).min()) / n if wanted else 0.0)
    return lengths


def _other_objects(evidence: Evidence, _trust: Trust) -> list[str]:
    limit = EQUALLY_WELL * evidence.starts[0].r_factor
    others = [
        start
        for start, agreement, worse in zip(evidence.starts, evidence.agreements, evidence.worse, strict=True)
        if agreement < SAME_OBJECT and start.r_factor <= limit and not worse > CLEARLY
    ]
    if not others:
        return []
    return [
        f"Several different objects fit equally well: {len(others)} of the {len(evidence.starts)} starts "
        f"{'show' if len(others) > 1 else 'shows'} another one, and fit{'' if len(others) > 1 else 's'} as well "
        "as the best."
    ]


def _disagreement(evidence: Evidence, trust: Trust) -> list[str]:
    n = len(evidence.starts)
    if n == 1:
        return ["One start only: nothing says that another would agree. This is a preview."]
    same = sum(agreement >= SAME_OBJECT for agreement in evidence.agreements)
    found = []
    if same == 1:
        others = "the other one does not give" if n == 2 else f"none of the other {n - 1} gives"
        found.append(f"Starts disagree: {others} this object. This is a preview.")
    elif 2 * same <= n:
        found.append(f"Starts disagree: only {same} of {n} give this object.")
    if trust.agreement < SAME_OBJECT:
        found.append(f"The {trust.kept} averaged starts agree only to {trust.agreement:.2f}: details are blurred.")
    return found


def _centre(evidence: Evidence, trust: Trust) -> list[str]:
    if not trust.masked_power > MUCH_MASKED_POWER:
        return []
    share = f"{trust.masked_power:.0%} of the power is in masked pixels"
    free = figures.centre_modes(evidence.pattern, evidence.support)
    if free > FREE_MODES:
        return [f"Centre unconstrained: {share}, and about {max(1, round(free))} features of the object hide there."]
    return [f"Centre not measured: {share}, and the support alone says what is there."]


def _small_print(evidence: Evidence, _trust: Trust) -> list[str]:
    found = []
    if evidence.kept >= 2 and not evidence.prtf.independent:
        found.append(
            "No resolution: the starts begin from what one search or generation found, and agree on noise as well as "
            "on the object. The PRTF shows how far they agree."
        )
    elif evidence.kept >= 2 and chance_level(evidence.kept) > CUTOFF:
        found.append(
            f"No resolution from {evidence.kept} starts: chance alone keeps their PRTF above "
            f"{chance_level(evidence.kept):.2f}. Six or more are needed."
        )
    if evidence.starts[0].ended == "stopped":
        found.append("Stopped before the end of the schedule.")
    if not evidence.held_out.any():
        found.append("No pixels were held out: starts are ranked by R factor, which favours too large a support.")
    if evidence.pattern.unit != "photons":
        found.append("Intensities in arbitrary units: nothing can be said about photon noise.")
        if _has_margin(evidence.settings):
            found.append(
                "The margin of the amplitudes means nothing here: it counts standard errors of photons, and these "
                "intensities are in arbitrary units. Set it to 0, or convert them to photons."
            )
    return found


def _has_margin(settings: PhasingSettings) -> bool:
    """Whether amplitudes near the measured ones were left as they are, somewhere in the schedule at least."""
    from models.phasing.schedule import parse

    blocks = parse(settings.schedule).blocks
    return settings.margin_sigma > 0 or any(dict(block.parameters).get("margin") for block in blocks)
