"""Frames of other sizes than those trained on, and a detector unlike any in training; one set of weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from benchmarks.denoise.kept import Measured
from benchmarks.denoise.measure import doses_head, measure, table
from benchmarks.denoise.protocol import Size
from benchmarks.denoise.rows import REFERENCE, Centre, Row
from models.denoising.training import validation
from models.denoising.training.pool import station
from models.denoising.training.validation import CLASSES, PROTEINS, Protocol
from models.simulation.generate import Kind, render_batch
from models.simulation.particles import TEST_IDS, random_species

SIDES_PX = (64, 256, 512)
FRAMES = 24
_ROWS = ("nothing", REFERENCE, "radial")
_AFTER_PROTOCOL = 1000

MODULE_PX = (96, 192)
BEAM_PX = (30.25, 70.75)
SPECKLE_PX = (5.0, 24.0)
_FINER = 2
_SPECKLE_NM_PX = 1245.0


def tables(rows: Sequence[Row], size: Size, deciding: Sequence[Row]) -> Iterator[str]:
    """By size, then the unseen detector.

    Args:
        rows: that average mates. deciding: the same where the frame itself decides, for the unseen detector.
    """
    n = min(FRAMES, size.frames)
    rows, deciding = ([row for row in of if row.learned or row.name in _ROWS] for of in (rows, deciding))
    for side in SIDES_PX:
        frames = validation.render(TEST_IDS[_AFTER_PROTOCOL:], n, size.seed, side)
        for masked in (False, True):
            made = [(validation.count(frames, dose, masked, size.seed), dose) for dose in validation.DOSES]
            found = {
                row.title: [measure(row, m, kept=size.kept, key=size.key(side, masked, dose)) for m, dose in made]
                for row in rows
                if not size.lacks(*(f"{size.key(side, masked, dose)} {row.name}" for dose in validation.DOSES))
            }
            what = "circle and rows hidden" if masked else "no mask"
            yield f"### {n} frames of {side} × {side} pixels, {what}"
            yield from _table(found, masked)
    frames, mask = unseen(n, size.seed)
    made = [
        (validation.detect(frames, dose, mask, np.random.default_rng([size.seed, 8, round(dose)])), dose)
        for dose in validation.DOSES
    ]
    yield f"### {n} frames of a module of {MODULE_PX[0]} × {MODULE_PX[1]} pixels unlike those trained on"
    yield (
        f"Beam at ({BEAM_PX[0]:g}, {BEAM_PX[1]:g}) px, between half pixels; a gap of 6 columns beside it and one of "
        f"3 rows far off, an oval stop with an arm, 1 % of pixels dead; speckles of {SPECKLE_PX[0]:g} to "
        f"{SPECKLE_PX[1]:g} px. Mates are averaged or not as each frame itself decides (auto)."
    )
    found = {
        row.title: [
            measure(row, m, centre=BEAM_PX, deviations=True, kept=size.kept, key=size.key("unseen", dose))
            for m, dose in made
        ]
        for row in deciding
        if not size.lacks(*(f"{size.key('unseen', dose)} {row.name}" for dose in validation.DOSES))
    }
    yield from _table(found, masked=True, covered=True)


def unseen(n: int, seed: int) -> tuple[Protocol, npt.NDArray[np.bool_]]:
    """Frames (n, 96, 192) of sum 1 on a module with the beam off its middle, and what of it measures."""
    rng = np.random.default_rng([seed, 7])
    reach = [max(c, side - 1 - c) + 1 for c, side in zip(BEAM_PX, MODULE_PX, strict=True)]
    # An odd number of finer pixels, so that their beam is in the middle of one and lies between half pixels of ours.
    whole = [2 * int(np.ceil(r * _FINER)) + 1 for r in reach]
    fine = station()
    fine = replace(fine, height=whole[0], width=whole[1], pixel_size_m=fine.pixel_size_m / _FINER)
    frames = np.empty((n, *MODULE_PX))
    for i in range(n):
        family = CLASSES[i % 4] if i % 4 < 3 else PROTEINS[i // 4 % 4]
        diameter = _SPECKLE_NM_PX / rng.uniform(*SPECKLE_PX)
        species = random_species(TEST_IDS[2 * _AFTER_PROTOCOL + i], family, (diameter, diameter))
        picture = render_batch([species], [Kind.SINGLE], None, rng, fine)[0]
        frames[i] = binned(picture, BEAM_PX, MODULE_PX)
    frames /= frames.sum((1, 2), keepdims=True)
    return Protocol(frames, np.arange(n) % 4), module_mask()


def binned(fine: npt.NDArray[np.float32], beam_px: Centre, shape: tuple[int, int]) -> npt.NDArray[np.float64]:
    """Sums over 2 × 2 finer pixels, such that the middle of the finer picture is at `beam_px`."""
    parts = []
    for side, beam, n in zip(fine.shape, beam_px, shape, strict=True):
        first = (side - 1) / 2 - (_FINER - 1) / 2 - _FINER * beam
        if first != round(first) or first < 0 or first + _FINER * n > side:
            raise ValueError(f"a beam at {beam} px does not fit {side} finer pixels")
        parts.append(slice(int(first), int(first) + _FINER * n))
    cut = fine[parts[0], parts[1]].astype(np.float64)
    sums: npt.NDArray[np.float64] = cut.reshape(shape[0], _FINER, shape[1], _FINER).sum((1, 3))
    return sums


def module_mask() -> npt.NDArray[np.bool_]:
    """(96, 192), True = measured."""
    rng = np.random.default_rng(9)
    y, x = np.ogrid[: MODULE_PX[0], : MODULE_PX[1]]
    dy, dx = y - BEAM_PX[0], x - BEAM_PX[1]
    mask = np.hypot(dy / 4, dx / 7) >= 1
    mask &= ~((np.abs(dy - dx / 3) < 1.5) & (dx < 0))
    mask &= rng.random(MODULE_PX) > 0.01
    mask[:, 82:88] = False
    mask[71:74] = False
    found: npt.NDArray[np.bool_] = mask
    return found


def _table(found: dict[str, list[Measured]], masked: bool, covered: bool = False) -> Iterator[str]:
    text = "PSNR of √rate (dB) / Poisson divergence (nats)" + (" / R on hidden pixels" if masked else "")
    yield text + (" / light within one standard deviation, measured and hidden, %" if covered else "")
    lines = []
    for title, each in found.items():
        cells = []
        for m in each:
            cell = f"{m.mean('psnr_dB'):.2f} / {m.mean('divergence'):.1f}"
            cell += f" / {m.mean('hole_error'):.3f}" if masked else ""
            if covered and "covered" in m.figures:
                cell += f" / {100 * m.mean('covered'):.0f}, {100 * m.mean('hole_covered'):.0f}"
            cells.append(cell)
        lines.append([title, *cells])
    yield table(["method", *doses_head()], lines)
