"""The protocol of `models.denoising.training.validation`, on test particles, and what is read from it.

Every row sees the same counts. Slow rows (over 0.15 s a frame) see the first frames only, and stand in a table of
their own beside the others on these frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from benchmarks.denoise.kept import Kept, Measured
from benchmarks.denoise.measure import doses_head, measure, table
from benchmarks.denoise.rows import REFERENCE, TUNED, Row, tuned
from models.denoising.training import validation
from models.denoising.training.exposures import Exposures
from models.denoising.training.validation import DOSES, Protocol
from models.simulation.particles import TEST_IDS, VALIDATION_IDS

TUNING_FRAMES = 32
WHAT = ("whole", "masked")
NOT_MEASURED = "–"
SLOW_ROWS = {"ivst": 16}
"""frames of rows that are slower still, as a share of `slow_frames`' 32"""

Each = list[Measured | None]
Found = dict[bool, dict[str, tuple[Row, Each]]]
"""By mask and name: the row (of the first dose) and what it scored at each dose, where it was measured."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured.

    Attributes:
        frames: of each dose and mask. slow_frames: of these, for rows that take long. seed: of all that is drawn.
        kept: what is on file. kept_only: nothing else is measured, and what is not on file is left out.
    """

    frames: int = 200
    slow_frames: int = 32
    seed: int = 0
    kept: Kept = field(default_factory=Kept)
    kept_only: bool = False

    def key(self, *words: object) -> str:
        """Under which figures are on file."""
        return " ".join(map(str, (*words, f"seed {self.seed}", f"{self.frames} frames")))

    def lacks(self, *keys: str) -> bool:
        """Whether something is not on file and is not to be measured."""
        return self.kept_only and any(self.kept.get(key) is None for key in keys)


def run(rows: Sequence[Row], size: Size, only: Sequence[str] = ()) -> tuple[Protocol, Found]:
    """Everything on the protocol's frames."""
    frames = validation.render(TEST_IDS, size.frames, size.seed)
    chosen = validation.render(VALIDATION_IDS, min(TUNING_FRAMES, size.frames), size.seed)
    found: Found = {False: {}, True: {}}
    for masked in (False, True):
        for dose in DOSES:
            made = validation.count(frames, dose, masked, size.seed)
            choosing = validation.count(chosen, dose, masked, size.seed)
            key = size.key("protocol", WHAT[masked], dose)

            def score(row: Row, on: Exposures = choosing) -> float:
                return measure(row, on).mean("psnr_dB")

            best = [
                tuned(name, None if size.kept_only or size.kept.get(f"{key} {name}-tuned") else score)
                for name in TUNED
                if not only or f"{name}-tuned" in only
            ]
            for row in (*rows, *best):
                slow = min(size.slow_frames, SLOW_ROWS.get(row.name, size.slow_frames))
                got = None
                if not size.lacks(f"{key} {row.name}"):
                    got = measure(row, made, deviations=row.knows, slow_frames=slow, kept=size.kept, key=key)
                found[masked].setdefault(row.name, (row, []))[1].append(got)
    for masked, of in found.items():
        found[masked] = {name: (row, each) for name, (row, each) in of.items() if any(each)}
    return frames, found


def tables(frames: Protocol, found: Found) -> Iterator[str]:
    """All but the table by class."""
    n, side = frames.frames.shape[0], frames.frames.shape[1]
    for masked, rows in found.items():
        stop, gap = validation.STOP_PX, validation.GAP_ROWS
        what = f"circle of {stop:g} px radius and {gap} rows hidden" if masked else "no mask"
        yield f"### {n} frames of {side} × {side} pixels, {what}"
        yield f"PSNR of √rate (dB) / Poisson divergence (nats){' / R on hidden pixels' if masked else ''}"
        whole = {k: v for k, v in rows.items() if _frames(v[1]) == n}
        lines = [[row.title, *(_cell(m, masked) for m in each)] for row, each in whole.values()]
        yield table(["method", *doses_head()], lines)
        slow = {k: v for k, v in rows.items() if k not in whole}
        for first in sorted({_frames(each) for _, each in slow.values()}, reverse=True):
            beside = [k for k, (row, _) in whole.items() if row.learned or k in (REFERENCE, "tv-tuned")]
            names = dict.fromkeys([*beside, *(k for k, (_, each) in slow.items() if _frames(each) == first)])
            yield f"Slow methods and others on the first {first} of these frames:"
            lines = [[rows[k][0].title, *(_cell(m, masked, first) for m in rows[k][1])] for k in names]
            yield table(["method", *doses_head()], lines)
    yield "### Fringes kept"
    yield (
        "Likeness / contrast of azimuthal deviations (1 / 1 for the truth, 0 / 0 for an azimuthal mean), "
        "no mask; spheres, which have none, are left out"
    )
    fringed = frames.classes != validation.CLASSES.index("sphere")
    untuned = [of for name, of in found[False].items() if not name.endswith("-tuned")]
    lines = [[row.title, *(_fringes(m, fringed) for m in each)] for row, each in untuned]
    yield table(["method", *doses_head()], lines)
    both = {
        name: (row, each, found[True][name][1]) for name, (row, each) in found[False].items() if name in found[True]
    }
    yield "### Bellisario's figure"
    yield "Mean squared error of log(1 + I) / max over all pixels, × 10⁻⁶: no mask / masked"
    lines = [
        [row.title, *(f"{_log_norm(a)} / {_log_norm(b)}" for a, b in zip(plain, masked, strict=True))]
        for row, plain, masked in both.values()
    ]
    yield table(["method", *doses_head()], lines)
    yield "### Photons kept"
    yield "Largest |Σ rate − Σ counts| / Σ counts on measured pixels, of all frames, doses and both masks"
    lines = [
        [row.title, f"{100 * max(m.figures['photons_off'].max() for m in (*plain, *masked) if m):.4f}"]
        for row, plain, masked in both.values()
    ]
    yield table(["method", "%"], lines)


def by_class(frames: Protocol, found: Found) -> Iterator[str]:
    """PSNR and divergence of the rows that count, with the worst frame."""
    for masked, rows in found.items():
        yield f"### By class, {'masked' if masked else 'no mask'}"
        yield "PSNR of √rate (dB), mean (worst frame) / Poisson divergence (nats), mean (worst)" + (
            " / R on hidden pixels, mean (worst)" if masked else ""
        )
        lines = []
        for name, (row, each) in rows.items():
            counts = (row.learned and not name.endswith("-friedel")) or name in (REFERENCE, "radial")
            if _frames(each) < len(frames.classes) or not counts:
                continue
            for i, kind in enumerate(validation.CLASSES):
                if (of := frames.classes == i).any():
                    lines.append([row.title, kind, *(_class_cell(m, of, masked) for m in each)])
        yield table(["method", "class", *doses_head()], lines)


def _frames(each: Each) -> int:
    return max(len(m) for m in each if m)


def _cell(m: Measured | None, masked: bool, first: int | None = None) -> str:
    if m is None:
        return NOT_MEASURED
    text = f"{m.mean('psnr_dB', first):.2f} / {m.mean('divergence', first):.1f}"
    return text + (f" / {m.mean('hole_error', first):.3f}" if masked else "")


def _fringes(m: Measured | None, fringed: np.ndarray) -> str:
    if m is None:
        return NOT_MEASURED
    of = fringed[: len(m)]
    # So that no zero is written with a sign.
    likeness, contrast = (round(float(np.nanmean(m.figures[k][of])), 3) + 0.0 for k in ("likeness", "contrast"))
    return f"{likeness:.3f} / {contrast:.2f}"


def _log_norm(m: Measured | None) -> str:
    return NOT_MEASURED if m is None else f"{1e6 * m.mean('log_norm'):.1f}"


def _class_cell(m: Measured | None, of: np.ndarray, masked: bool) -> str:
    if m is None:
        return NOT_MEASURED
    names = [("psnr_dB", np.min, ".1f"), ("divergence", np.max, ".0f")] + [("hole_error", np.max, ".2f")] * masked
    cells = []
    for name, worst, form in names:
        values = m.figures[name][of]
        cells.append(f"{values.mean():{form}} ({worst(values):{form}})")
    return " / ".join(cells)
