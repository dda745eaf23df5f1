"""What the preview process does: denoises one frame, again and again. No Qt.

Imported in that process only, by name. It keeps the last frames and the last method, so that a change of a parameter
sends no frame and loads no weights again.
"""

from __future__ import annotations

import os
import time
from collections import OrderedDict
from dataclasses import replace

import numpy as np

from app.denoising.records import DRAWS, FRAMES_KEPT, Ask, Compared, Judgement, Outcome, Recipe, Subject
from models.denoising import comparing
from models.denoising.checking import check_counts
from models.denoising.registry import make, method
from models.denoising.settings import ON
from models.denoising.speckle import in_units
from models.denoising.types import BoolArray, Denoised, Denoiser, FloatArray
from models.detector.geometry import centre_of
from models.errors import BadPattern, FriedelError
from models.parameters import from_dict
from models.runs.types import Frame

_MOST_THREADS = 4
_SKETCHED_PIXELS = 40_000
"""Pixels to work on from which on a first look comes before the result: the network takes 50 ms for so many."""
_subjects: OrderedDict[int, Subject] = OrderedDict()
_last: tuple[Recipe, Denoiser] | None = None
_made: tuple[int, Recipe, Denoised, float] | None = None


def preview(ask: Ask) -> Outcome:
    """Denoise a frame.

    Raises:
        FriedelError: the frame or a parameter does not fit.
    """
    subject = _subject(ask)
    frame = subject.counts
    sketch = ask.draft and _sketched(ask.recipe, frame)
    result, seconds = _sketch(ask, subject) if sketch else _predicted(ask, subject)
    clean = check_counts(frame.raw, frame.valid)
    counts, measured = clean.counts, clean.measured
    photons = float(counts.sum(dtype=np.float64))
    speckle = None if result.speckle_px is None else in_units(result.speckle_px, subject.geometry)
    return Outcome(
        key=subject.key,
        recipe=ask.recipe,
        method_title=method(ask.recipe.method).title,
        draft=ask.draft,
        result=result,
        compared=None if ask.draft else _compared(subject, counts, measured, result, photons),
        photons=photons,
        measured_pixels=int(np.count_nonzero(measured)),
        rests=comparing.rests_counted(result.validity),
        speckle="" if speckle is None else speckle.words(),
        seconds=seconds,
        sketch=sketch,
    )


def _sketched(recipe: Recipe, frame: Frame) -> bool:
    """Whether a first look from sums of pixels is there well before the result."""
    if method(recipe.method).sketch is None:
        return False
    # Mates are one pixel to work on.
    pixels = int(np.count_nonzero(frame.valid)) // (2 if recipe.values.get("friedel") == ON else 1)
    return pixels > _SKETCHED_PIXELS


def _sketch(ask: Ask, subject: Subject) -> tuple[Denoised, float]:
    info = method(ask.recipe.method)
    assert info.sketch is not None
    return _timed(info.sketch(from_dict(info.parameters, ask.recipe.values)), subject)


def _predicted(ask: Ask, subject: Subject) -> tuple[Denoised, float]:
    """The denoised frame, and the seconds it took; that of the draft is kept where it has everything."""
    global _made
    recipe = ask.recipe
    if not ask.draft and not recipe.takes_passes and _made is not None and _made[:2] == (ask.key, recipe):
        return _made[2:]
    quick = ask.draft and recipe.takes_passes
    denoiser = _denoiser(replace(recipe, values={**recipe.values, DRAWS: 0}) if quick else recipe)
    if method(ask.recipe.method).learned:
        _take_spare_cores()
    _made = (ask.key, recipe, *_timed(denoiser, subject))
    return _made[2:]


def _timed(denoiser: Denoiser, subject: Subject) -> tuple[Denoised, float]:
    frame = subject.counts
    began = time.perf_counter()
    result = denoiser.predict(frame.raw, frame.valid, subject.geometry.centre_px)
    return result, time.perf_counter() - began


def _compared(
    subject: Subject, counts: FloatArray, measured: BoolArray, result: Denoised, photons: float
) -> Compared:
    centre = result.centre_px or centre_of(subject.geometry, (counts.shape[0], counts.shape[1]))
    return Compared(
        comparing.removed(counts, result.rate, measured),
        comparing.rings(counts, result.rate, measured, centre, subject.geometry),
        comparing.power_spectrum(counts, measured, photons),
        comparing.power_spectrum(result.rate, measured, photons),
    )


def _take_spare_cores() -> None:
    """Threads for a network: the cores that nobody keeps busy, but one for the window. Else they only wait."""
    import torch

    cores = os.cpu_count() or 1
    try:
        # This process itself is one of those that are counted.
        spare = round(cores - os.getloadavg()[0] + 1)
    except OSError:
        spare = 1
    threads = max(1, min(_MOST_THREADS, cores - 1, spare))
    if threads != torch.get_num_threads():
        torch.set_num_threads(threads)


def judge(ask: Ask, centre_px: tuple[float, float] | None) -> Judgement:
    """Test a method on the frame with photons it does not see; two passes of it."""
    from models.denoising.quality import judge as test

    frame = _subject(ask).counts
    verdict = test(frame.raw, frame.valid, _denoiser(ask.recipe), centre_px)
    if verdict is None:
        return Judgement(ask.key, ask.recipe, True, ("too few photons to test anything: it takes twenty",))
    return Judgement(ask.key, ask.recipe, verdict.sound, verdict.sentences)


def find_photon(ask: Ask) -> float | None:
    """The value of one photon, from the frame's histogram; None where it has no single-photon peak."""
    from models.patterns.values import value_of_a_photon

    frame = _subject(ask).frame
    return value_of_a_photon(frame.data, frame.valid)


def _subject(ask: Ask) -> Subject:
    if ask.subject is not None:
        _subjects[ask.key] = ask.subject
    if ask.key not in _subjects:
        raise FriedelError("The frame is not at hand any more", hint="choose it again")
    _subjects.move_to_end(ask.key)
    while len(_subjects) > FRAMES_KEPT:
        _subjects.popitem(last=False)
    subject = _subjects[ask.key]
    if subject.denoised:
        raise BadPattern(
            "This frame is denoised already",
            cause="its values are rates, not counts",
            hint="open the measured run it was made from",
        )
    if not subject.counts.valid.any():
        raise BadPattern("No pixel of this frame is measured", hint="look at its mask (M)")
    return subject


def _denoiser(recipe: Recipe) -> Denoiser:
    """The method with these parameters; the last one is kept with what it loaded."""
    global _last
    if _last is None or _last[0] != recipe:
        info = method(recipe.method)
        _last = recipe, make(recipe.method, from_dict(info.parameters, recipe.values))
    return _last[1]
