"""What the Denoise pane says of frames and results, in words."""

from __future__ import annotations

import math

from app.denoising.records import Compared, Outcome, Subject
from models.denoising.comparing import Rings, length_of
from models.denoising.types import Rests
from models.detector import geometry
from models.runs.types import DENOISED
from widgets.denoise.curves import COUNTED, FILLED, RATE, Curves, Line
from widgets.denoise.facts_panel import Fact
from widgets.denoise.legend import LegendEntry
from widgets.denoise.marks import Mark
from widgets.frame.readout import flag_words
from widgets.text import THIN_SPACE, counted, grouped, significant

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_MOST_NOTES = 6
_RESTS = {
    Rests.MATE: "not measured, its mate was",
    Rests.FILLED: "not measured, filled from near by",
    Rests.GUESSED: "guessed: nothing near was measured",
}


def unit_of(subject: Subject) -> str:
    """The unit of counts and rates: what the run says, else photons are what methods take them for."""
    unit = subject.unit.removesuffix(DENOISED)
    return unit or "counts"


def many(count: float) -> str:
    """ "1 748", "5.4·10⁵"."""
    if count < 1e6:
        return grouped(round(count)) if count >= 100 or count == round(count) else significant(count, 3)
    power = math.floor(math.log10(count))
    return f"{count / 10**power:.3g}·10{str(power).translate(_RAISED)}"


def about_words(subject: Subject, outcome: Outcome | None) -> str:
    """The frame in a line: its light and its speckles."""
    if outcome is None:
        height, width = subject.frame.raw.shape
        return f"{height} × {width}{THIN_SPACE}px"
    parts = [f"{many(outcome.photons)} {unit_of(subject)}"]
    if outcome.result.speckle_px is not None:
        parts.append(outcome.speckle)
    guessed = outcome.rests[Rests.GUESSED]
    if guessed:
        parts.append(f"{counted(guessed, 'pixel')} guessed")
    return "   ·   ".join(parts)


def pixel_words(subject: Subject, outcome: Outcome | None, y: int, x: int) -> str:
    """What the readout says of a pixel: counted, rate ± standard deviation, difference, q, what it rests on."""
    frame, unit = subject.counts, unit_of(subject)
    if not (0 <= y < frame.raw.shape[0] and 0 <= x < frame.raw.shape[1]):
        return ""
    flags = flag_words(int(frame.flags[y, x]))
    parts = [f"y {y}  x {x}", f"not measured ({flags})" if flags else f"measured {frame.raw[y, x]:g} {unit}"]
    if outcome is not None:
        rate, deviation = float(outcome.result.rate[y, x]), float(outcome.result.deviation[y, x])
        sure = "…" if not outcome.sure else "?" if math.isnan(deviation) else significant(deviation, 2)
        parts.append(f"rate {significant(rate, 3)} ± {sure} {unit}")
        sigmas = math.nan if outcome.compared is None else float(outcome.compared.removed.sigmas[y, x])
        if math.isfinite(sigmas):
            parts.append(f"difference {sigmas:+.1f} σ".replace("-", "−"))
        rest = Rests(int(outcome.result.validity[y, x]))
        if rest in _RESTS:
            parts.append(_RESTS[rest])
    shape = (frame.raw.shape[0], frame.raw.shape[1])
    q = geometry.q_at(subject.geometry, shape, y, x)
    if q is not None:
        parts.append(f"q {q:.4g} nm⁻¹")
        if q > 0:
            parts.append(f"d {geometry.resolution_nm(q):.4g} nm")
    return "   ·   ".join(parts)


def legend(outcome: Outcome) -> tuple[LegendEntry, ...]:
    """What the marks mean, of those that there are."""
    entries = []
    near = outcome.rests[Rests.FILLED] + outcome.rests[Rests.MATE]
    if outcome.rests[Rests.GUESSED]:
        entries.append(LegendEntry(Mark.GUESSED, f"guessed, {counted(outcome.rests[Rests.GUESSED], 'pixel')}"))
    if near:
        mates = outcome.rests[Rests.MATE]
        how = "from mates or near by" if mates and near > mates else "from mates" if mates else "from near by"
        entries.append(LegendEntry(Mark.NEAR, f"filled {how}, {counted(near, 'pixel')}"))
    return tuple(entries)


def facts(subject: Subject, outcome: Outcome) -> list[Fact]:
    """Numbers of the frame and of the result."""
    unit, result = unit_of(subject), outcome.result
    pixels = subject.frame.raw.size
    per_pixel = outcome.photons / max(1, outcome.measured_pixels)
    light = f"{many(outcome.photons)} {unit}, {significant(per_pixel, 3)} per measured pixel"
    found: list[Fact] = [
        ("Light", light, "Sum over the measured pixels; the rates there add up to the same"),
        ("Speckles", outcome.speckle.removeprefix("speckles of ") or "do not show", _SPECKLE_TIP),
    ]
    if result.centre_px is not None:
        y, x = result.centre_px
        found.append(("Beam", f"y {y:.1f}, x {x:.1f}{THIN_SPACE}px", "Where the method took the beam to be"))
    shares = [
        f"{share_words(outcome.rests[rest] / pixels)} {name}"
        for rest, name in _SHARES.items()
        if outcome.rests[rest] or rest is Rests.MEASURED
    ]
    found.append(("Pixels", ", ".join(shares), "What the rates rest on"))
    if outcome.compared is not None and math.isfinite(outcome.compared.removed.share):
        found.append(("Removed", f"{outcome.compared.removed.share:.3g} of counting noise", _REMOVED_TIP))
    seconds = f"{1000 * outcome.seconds:.0f} ms" if outcome.seconds < 1 else f"{outcome.seconds:.1f} s"
    found.append(("Took", seconds, "Of this process, the standard deviation included where it takes passes"))
    return found


_SHARES = {
    Rests.MEASURED: "measured", Rests.MATE: "from mates", Rests.FILLED: "filled", Rests.GUESSED: "guessed",
}  # fmt: skip
_SPECKLE_TIP = "Spacing of the finest fringes in the frame; behind a beam stop a lower bound"
_REMOVED_TIP = (
    "Mean square of what was removed over what counting noise gives. 1: noise was removed and nothing else. "
    "Above: structure as well. Below: the rate follows the very photons it is held against."
)


def share_words(share: float) -> str:
    """A share in per cent with three digits."""
    return f"{100 * share:.3g}{THIN_SPACE}%"


def warnings_of(subject: Subject, outcome: Outcome) -> list[str]:
    """Sentences on what makes it doubtful, the gravest first."""
    found = []
    if subject.unit not in ("photons", ""):
        found.append(f"The run is in {subject.unit}, not in photons: its noise is not what methods take it for.")
    return [*found, *(sentence(text) for text in outcome.result.warnings)]


def notes_of(outcome: Outcome) -> list[str]:
    return [sentence(text) for text in outcome.result.notes[:_MOST_NOTES]]


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '?', '!')) else '.'}"


def profile(subject: Subject, compared: Compared) -> Curves:
    """Means over rings, before and after."""
    unit, rings = unit_of(subject), compared.rings
    q = rings.q_per_nm
    lines = [Line(COUNTED, "measured", rings.counted), Line(RATE, "denoised", rings.rate)]
    if (rings.filled > 0).any():
        lines.append(Line(FILLED, "denoised where not measured", rings.filled))
    return Curves(
        "radius (px)" if q is None else "q (nm⁻¹)",
        f"{unit} per pixel",
        rings.position if q is None else q,
        tuple(lines),
        words=lambda at: _ring_words(rings, at, unit),
    )


def _ring_words(rings: Rings, at: int, unit: str) -> str:
    parts = [f"radius {significant(float(rings.position[at]), 3)} px"]
    if rings.q_per_nm is not None:
        q = float(rings.q_per_nm[at])
        parts = [f"q {significant(q, 3)} nm⁻¹", f"d {significant(2 * math.pi / max(q, 1e-12), 3)} nm"]
    for name, values in (("measured", rings.counted), ("denoised", rings.rate), ("not measured", rings.filled)):
        if math.isfinite(values[at]):
            parts.append(f"{name} {significant(float(values[at]), 3)}")
    return f"{'   ·   '.join(parts)} {unit}"


def spectrum(subject: Subject, compared: Compared) -> Curves:
    """Power spectra, before and after; counting noise is 1."""
    before, after = compared.counted_power, compared.rate_power
    lengths = length_of(before.frequency, subject.geometry)

    def said(at: int) -> str:
        frequency = float(before.frequency[at])
        parts = [f"{frequency:.3f} cycles per px", f"period {significant(1 / frequency, 3)} px"]
        if lengths is not None:
            parts.append(f"from {significant(float(lengths[at]), 3)} nm apart")
        parts.append(f"measured {significant(float(before.power[at]), 3)}")
        parts.append(f"denoised {significant(float(after.power[at]), 3)}")
        return "   ·   ".join(parts)

    return Curves(
        "frequency (cycles per px)",
        "power (counting noise = 1)",
        before.frequency,
        (Line(COUNTED, "measured", before.power), Line(RATE, "denoised", after.power)),
        level=(1.0, "counting noise"),
        words=said,
    )
