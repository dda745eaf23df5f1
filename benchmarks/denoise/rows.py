"""Who is compared: every method of the registry, networks from weight files, and outside tools where installed.

BM3D (Dabov et al., IEEE TIP 16, 2080, 2007) and its iteration under Anscombe's transform (Azzari & Foi, IEEE SPL 23,
1086, 2016) are tools of this benchmark only: the package's licence does not allow commercial use.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.denoising import anscombe, filters
from models.denoising.friedel import fold
from models.denoising.registry import METHODS, make
from models.denoising.settings import OFF, ON
from models.errors import FriedelError

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
Centre = tuple[float, float]
Rate = Callable[[FloatArray, BoolArray, Centre], FloatArray]
"""Counts (H, W), measured pixels and the beam to rates."""
Sure = Callable[[FloatArray, BoolArray, Centre], tuple[FloatArray, FloatArray]]
"""The same to rates and their standard deviations."""

NETWORK, REFERENCE = "network", "tv"
_I_VST_ROUNDS = 4
TUNED: dict[str, tuple[str, tuple[float, ...]]] = {
    "gaussian": ("sigma_px", (0.6, 0.8, 1.0, 1.2, 1.5, 1.8, 2.2)),
    "tv": ("weight", (0.25, 0.35, 0.5, 0.7, 1.0, 1.4)),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the tables.

    Attributes:
        name: key of the registry, or one for `--only`. title: what the tables call it.
        rate: denoises. sure: also says how sure it is; None where the row cannot.
        learned: rests on trained weights. knows: `sure` takes no longer than `rate`.
    """

    name: str
    title: str
    rate: Rate
    sure: Sure | None = None
    learned: bool = False
    knows: bool = False


def everyone(weights: Sequence[Path] = (), friedel: str = ON) -> tuple[list[Row], list[str]]:
    """Every row, and sentences on those that are not there.

    Args:
        weights: more networks of Friedel's kind to compare. friedel: whether mates are averaged.
    """
    rows, missing = [Row("nothing", "nothing done", lambda counts, _measured, _centre: counts)], []
    rows.append(Row("rings", "mean of each ring", _rings))
    for name, info in METHODS.items():
        # What was published without averaging mates stands as published, and once more with them averaged.
        plain = getattr(info.parameters(), "friedel", friedel) == OFF
        row = _method(name, info.title, OFF if plain else friedel)
        if (why := _unable(row)) is not None:
            missing.append(f"{info.title} is left out: {why}")
            continue
        rows.append(row)
        if plain:
            rows.append(_method(name, f"Friedel mean + {info.title}", friedel, f"{name}-friedel"))
    rows += [_method(NETWORK, f"Friedel's network, {p.stem}", friedel, f"{p.stem}", weights=str(p)) for p in weights]
    if importlib.util.find_spec("bm3d") is None:
        return rows, [*missing, "BM3D is not installed: its two rows are left out."]
    for name, title, rounds in (
        ("bm3d", "Friedel mean + Anscombe + BM3D", 1),
        ("ivst", "Friedel mean + iterated VST + BM3D", _I_VST_ROUNDS),
    ):
        rows.append(Row(name, title, _bm3d(rounds)))
    return rows, missing


def tuned(name: str, score: Callable[[Row], float] | None) -> Row:
    """A filter with the parameter that scores highest, as tables of denoisers often have it.

    Args:
        name: of `TUNED`. score: of a row with one parameter, on frames other than those of the table; None where only
            the row's title is wanted.
    """
    field, values = TUNED[name]
    title = f"{METHODS[name].title}, best {'width' if field == 'sigma_px' else field} for each dose"
    candidates = [_method(name, title, ON, f"{name}-tuned", **{field: value}) for value in values]
    return max(candidates, key=score) if score else candidates[0]


def _method(method: str, title: str, friedel: str, name: str = "", **parameters: Any) -> Row:
    """A method of the registry; `rate` alone is spared the passes for the deviation where a method needs them."""
    info = METHODS[method]
    known = {field.name for field in fields(info.parameters)}
    wanted = {"friedel": friedel, **parameters}
    whole = make(method, info.parameters(**{k: v for k, v in wanted.items() if k in known}))
    quick = make(method, info.parameters(**{k: v for k, v in (wanted | {"splits": 0}).items() if k in known}))

    def rate(counts: FloatArray, measured: BoolArray, centre: Centre) -> FloatArray:
        return quick.predict(counts, measured, centre).rate

    def sure(counts: FloatArray, measured: BoolArray, centre: Centre) -> tuple[FloatArray, FloatArray]:
        found = whole.predict(counts, measured, centre)
        return found.rate, found.deviation

    return Row(name or method, title, rate, sure, info.learned, knows="splits" not in known)


def _rings(counts: FloatArray, measured: BoolArray, centre: Centre) -> FloatArray:
    """The plain azimuthal mean, one value for each ring of one pixel; the registry's interpolates between rings."""
    y, x = np.ogrid[: counts.shape[0], : counts.shape[1]]
    ring = np.rint(np.hypot(y - centre[0], x - centre[1])).astype(np.intp)
    light, seen = np.bincount(ring[measured], counts[measured]), np.bincount(ring[measured])
    there = np.flatnonzero(seen)
    means = np.interp(np.arange(int(ring.max()) + 1), there, light[there] / seen[there])
    return means[ring].astype(np.float32)


def _unable(row: Row) -> str | None:
    """Why the row cannot be used here, such as weights that are not there; None where it can."""
    counts = np.zeros((32, 32), np.float32)
    counts[12:20, 12:20] = 2
    try:
        row.rate(counts, np.ones(counts.shape, np.bool_), (15.5, 15.5))
    except FriedelError as error:
        return error.sentence()
    return None


def _bm3d(rounds: int) -> Rate:
    """Blended with the running estimate, so that less and less noise is left to be taken away (λ = 1 … 1/rounds)."""
    bm3d = importlib.import_module("bm3d").bm3d

    def rate(counts: FloatArray, measured: BoolArray, centre: Centre) -> FloatArray:
        folded = fold(counts, measured, centre)
        most = np.float32(max(1.0, float(folded.exposure.max())))
        seen = filters.mean_of_mates(folded.counts, folded.exposure) * most
        estimate = seen
        for turn in range(rounds):
            share = 1 / (turn + 1)
            # A blend of counts and rate is a Poisson variable again once divided by its variance-to-mean ratio.
            blend = ((1 - share) * estimate + share * seen) / share**2
            smooth = bm3d(anscombe.stabilise(blend).astype(np.float64), 1.0)
            estimate = (share**2 * anscombe.rate(np.asarray(smooth, np.float32))).astype(np.float32)
        return (estimate / most).astype(np.float32)

    return rate
