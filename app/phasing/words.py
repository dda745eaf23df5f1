"""What the Phase pane says of patterns and results, in words."""

from __future__ import annotations

import math
from datetime import datetime

import numpy as np

from app.phasing.records import AGREEMENT, AVERAGE, Prepared, Result
from models.patterns import Step
from models.phasing.settings import PhasingSettings
from models.phasing.types import Prtf, Trust
from widgets.text import THIN_SPACE, counted, grouped, significant

_INPUTS = {
    "denoised": "in place of counts, when the starts are run",
    "bounded-first": "within bounds of the counted ones until the starts are ranked; the last refinement fits counts",
    "bounded": "within bounds of the counted ones, when the starts are run",
    "denoised-first": "until the starts are ranked; the last refinement fits counts",
}
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def shape_words(shape: tuple[int, ...]) -> str:
    """ "256 × 256 px"."""
    return f"{' × '.join(str(n) for n in shape)}{THIN_SPACE}px"


def pattern_words(prepared: Prepared) -> str:
    """The pattern in a line: shape, light, how much is measured, pixel of the object."""
    parts = [f"pattern {shape_words(prepared.shape)}"]
    if prepared.unit == "photons":
        parts.append(f"{_many(prepared.photons)} photons")
    else:
        parts.append("values not in photons")
    parts.append(f"{100 * prepared.measured:.3g}{THIN_SPACE}% measured")
    parts.append(pixel_words(prepared.pixel_nm))
    return "   ·   ".join(parts)


def input_step(settings: PhasingSettings) -> tuple[Step, ...]:
    """What is done to the counts when the starts are run; nothing where they are fitted as they are."""
    how = _INPUTS.get(getattr(settings, "input", ""))
    if how is None:
        return ()
    from models.denoising.registry import DEFAULT, METHODS

    name, *parameters = settings.denoiser.split() or [DEFAULT]
    title = METHODS[name].title if name in METHODS else name
    said = f" ({', '.join(parameters)})" if parameters else ""
    return (Step("denoising", f"amplitudes from rates by “{title}”{said}, {how}"),)


def _many(count: float) -> str:
    """ "1 748", "5.4·10⁵"."""
    if count < 1e5:
        return grouped(round(count))
    power = math.floor(math.log10(count))
    return f"{count / 10**power:.2g}·10{str(power).translate(_RAISED)}"


def pixel_words(pixel_nm: tuple[float, ...] | None) -> str:
    """Size of an object pixel, or that it is not known."""
    if pixel_nm is None:
        return "scale not known: lengths in px"
    if max(pixel_nm) - min(pixel_nm) < 1e-3 * max(pixel_nm):
        return f"object pixel {significant(pixel_nm[0], 3)} nm"
    return f"object pixel {' × '.join(significant(size, 3) for size in pixel_nm)} nm"


def prtf_words(trust: Trust, prtf: Prtf) -> str:
    """Where the PRTF falls below 1/e, or that it does not."""
    if not math.isfinite(trust.prtf_cutoff_px) and not math.isfinite(trust.prtf_resolution_nm):
        return "No resolution can be said: the Trust page says why"
    if prtf.values.size and float(np.nanmin(prtf.values)) > 1 / math.e:
        edge = "" if prtf.q_nm is None else f": {significant(float(prtf.q_nm[-1]), 3)} nm⁻¹"
        return f"Stays above 1/e up to the edge of the pattern{edge}"
    if math.isfinite(trust.prtf_resolution_nm):
        return (
            f"Falls below 1/e at {significant(trust.prtf_resolution_q, 3)} nm⁻¹: "
            f"{significant(trust.prtf_resolution_nm, 3)} nm full-period resolution"
        )
    if math.isfinite(trust.prtf_cutoff_px):
        return f"Falls below 1/e at {significant(trust.prtf_cutoff_px, 3)} px from the middle"
    return "Does not fall below 1/e within the pattern"


def resolution_words(trust: Trust) -> str:
    """Resolution for a narrow column, "" where it is not known."""
    if math.isfinite(trust.prtf_resolution_nm):
        return f"{significant(trust.prtf_resolution_nm, 3)} nm"
    return f"{significant(trust.prtf_cutoff_px, 3)} px" if math.isfinite(trust.prtf_cutoff_px) else ""


def when_words(made: str) -> str:
    """Date and time of day, the date only where it is not today."""
    try:
        moment = datetime.fromisoformat(made).astimezone()
    except ValueError:
        return made
    today = datetime.now().astimezone().date()
    return f"{moment:%H:%M}" if moment.date() == today else f"{moment:%Y-%m-%d %H:%M}"


def sources(result: Result) -> list[tuple[str, str]]:
    """What of a result can be looked at beside its starts: (what, title)."""
    kept = result.trust.kept
    found = [(AVERAGE, f"Average of {counted(kept, 'start')}" if kept > 1 else "Best start")]
    if kept > 1:
        found += [
            (f"mode:{place}", f"Mode {place + 1} ({100 * weight:.3g}{THIN_SPACE}%)")
            for place, weight in enumerate(result.mode_weights)
        ]
        found.append((AGREEMENT, "Agreement of the starts"))
    return found


def figures_words(r_factor: float, free: float) -> str:
    """ "R 0.123, free LLK 1.300", with as many decimals as in the table of starts."""
    parts = []
    if math.isfinite(r_factor):
        parts.append(f"R {r_factor:.3f}")
    if math.isfinite(free):
        parts.append(f"free LLK {free:.3f}" if abs(free) < 1000 else f"free LLK {significant(free, 4)}")
    return ", ".join(parts)
