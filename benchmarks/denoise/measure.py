"""A row on a set of frames: its figures, frame by frame, and the processor time of one."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from benchmarks.denoise.kept import Kept, Measured
from benchmarks.denoise.rows import Centre, Row
from models.denoising.training import validation
from models.denoising.training.exposures import Exposures

SLOW_S = 0.15
SHARES = ("covered", "hole_covered", "rate_covered", "rate_hole_covered")

Values = npt.NDArray[np.float64]


def measure(
    row: Row,
    made: Exposures,
    *,
    centre: Centre | None = None,
    deviations: bool = False,
    most: int | None = None,
    slow_frames: int | None = None,
    kept: Kept | None = None,
    key: str = "",
) -> Measured:
    """Frame after frame: PSNR of √rate, Poisson divergence, R on hidden pixels, likeness and contrast of fringes,
    Bellisario's figure, the share of the photons on measured pixels that is lost or made up; and, where deviations
    are asked for, the shares of the truth within one of them (`SHARES`), of √rate and of the rate.

    Args:
        centre: of the beam; None for the middle. deviations: whether to ask for them, where the row has any.
        most: frames; None for all. slow_frames: the same if one takes over `SLOW_S`.
        kept, key: figures of this row that are on file already are not measured again.
    """
    key = f"{key} {row.name}"
    if kept is not None and (known := kept.get(key)) is not None:
        return known
    middle: Centre = tuple((side - 1) / 2 for side in made.counts.shape[1:])  # type: ignore[assignment]
    centre = centre or middle
    found: list[dict[str, float]] = []
    seconds: list[float] = []
    # What is loaded with the first frame is not the frame's.
    row.rate(made.counts[0], made.measured[0] > 0, centre)
    for counts, exposed, truth in zip(made.counts[:most], made.measured[:most], made.rate[:most], strict=True):
        seen = exposed > 0
        spread = None
        begun = time.process_time()
        if deviations and row.sure is not None:
            rate, spread = row.sure(counts, seen, centre)
        else:
            rate = row.rate(counts, seen, centre)
        seconds.append(time.process_time() - begun)
        found.append(_figures(rate, spread, counts, seen, truth, centre))
        if slow_frames is not None and len(found) >= slow_frames and np.median(seconds) > SLOW_S:
            break
    by_name = {name: np.array([one[name] for one in found]) for name in found[0]}
    measured = Measured(by_name, 1e3 * float(np.median(seconds)))
    if kept is not None:
        kept.put(key, measured)
        print(f"{key}: {len(measured)} frames, {measured.ms:.0f} ms each", file=sys.stderr, flush=True)
    return measured


def _figures(
    rate: npt.NDArray[np.float32],
    spread: npt.NDArray[np.float32] | None,
    counts: npt.NDArray[np.float32],
    seen: npt.NDArray[np.bool_],
    truth: npt.NDArray[np.float32],
    centre: Centre,
) -> dict[str, float]:
    r, t = rate.astype(np.float64), truth.astype(np.float64)
    stated = np.zeros_like(rate) if spread is None else validation.root_deviation(rate, spread)
    judged = validation.judge(r, stated, t, seen)
    kept = validation.anisotropy(r, t, seen, centre)
    total = float(counts[seen].sum(dtype=np.float64))
    figures = {
        "psnr_dB": judged.psnr_dB,
        "divergence": judged.divergence,
        "hole_error": judged.hole_error,
        "likeness": kept.likeness,
        "contrast": kept.contrast,
        "log_norm": validation.log_norm_error(r, t),
        "photons_off": abs(float(r[seen].sum()) - total) / max(total, 1.0),
    }
    if spread is not None:
        within = np.abs(r - t) <= spread
        shares = judged.covered, judged.hole_covered, _share(within, t, seen), _share(within, t, ~seen)
        figures |= dict(zip(SHARES, shares, strict=True))
    return figures


def _share(within: npt.NDArray[np.bool_], truth: Values, where: npt.NDArray[np.bool_]) -> float:
    """Weighted by √truth, as `validation.judge` does it."""
    light = np.sqrt(truth[where])
    return float((within[where] * light).sum() / light.sum()) if light.sum() > 0 else float("nan")


def table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A markdown table, its first column to the left and the others to the right."""
    rule = "|---|" + "---:|" * (len(head) - 1)
    return "\n".join(["| " + " | ".join(head) + " |", rule, *("| " + " | ".join(line) + " |" for line in lines)])


def doses_head(show: Callable[[float], str] = lambda dose: f"{dose:,.0f}") -> list[str]:
    """Column heads of the protocol's doses."""
    return [f"{show(dose)} photons" for dose in validation.DOSES]
