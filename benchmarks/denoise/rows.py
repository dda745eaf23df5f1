"""Who is compared: every method of the registry, networks from weight files, and outside tools where installed.

BM3D (Dabov et al., IEEE TIP 16, 2080, 2007) and its iteration under Anscombe's transform (Azzari & Foi, IEEE SPL 23,
1086, 2016) are tools of this benchmark only: the package's licence does not allow commercial use.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.denoising import anscombe, filters
from models.denoising.friedel import fold
from models.denoising.registry import METHODS, make
from models.denoising.training.exposures import Exposures
from models.denoising.training.train import infer
from models.denoising.weights import load

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
Rate = Callable[[FloatArray, BoolArray], FloatArray]
"""Counts (H, W) and measured pixels to rates; the beam is in the middle and mates are averaged."""

_ROUNDS = 4
_FIRST_BLEND = 1.0


def everyone(weights: Sequence[Path]) -> tuple[dict[str, Rate], list[str]]:
    """Every row by name, and sentences on those that are not there."""
    rows: dict[str, Rate] = {"nothing done": lambda counts, _measured: counts}
    for info in METHODS.values():
        rows[info.title] = _method(info.name)
    for path in weights:
        rows[f"Friedel's network, {path.stem}"] = _network(path)
    if importlib.util.find_spec("bm3d") is None:
        return rows, ["BM3D is not installed: its two rows are left out."]
    rows["Friedel mean + Anscombe + BM3D"] = lambda counts, measured: _bm3d(counts, measured, rounds=1)
    rows["Friedel mean + iterated VST + BM3D"] = lambda counts, measured: _bm3d(counts, measured, rounds=_ROUNDS)
    return rows, []


def _method(name: str) -> Rate:
    denoiser = make(name, METHODS[name].parameters(friedel="on", splits=0))

    def rate(counts: FloatArray, measured: BoolArray) -> FloatArray:
        middle = ((counts.shape[0] - 1) / 2, (counts.shape[1] - 1) / 2)
        return denoiser.predict(counts, measured, middle).rate

    return rate


def _network(path: Path) -> Rate:
    network, _ = load(path)

    def rate(counts: FloatArray, measured: BoolArray) -> FloatArray:
        one = Exposures(counts[None], measured[None].astype(np.float32), np.zeros_like(counts)[None])
        return infer(network, one)[0][0]

    return rate


def _bm3d(counts: FloatArray, measured: BoolArray, rounds: int) -> FloatArray:
    """Blended with the running estimate, so that less and less noise is left to be taken away (λ = 1 … 1/rounds)."""
    bm3d = importlib.import_module("bm3d").bm3d
    middle = ((counts.shape[0] - 1) / 2, (counts.shape[1] - 1) / 2)
    folded = fold(counts, measured, middle)
    most = max(1.0, float(folded.exposure.max()))
    seen = filters.mean_of_mates(folded.counts, folded.exposure) * np.float32(most)
    estimate = seen
    for turn in range(rounds):
        share = _FIRST_BLEND / (turn + 1)
        # A blend of counts and rate is a Poisson variable again once it is divided by its variance-to-mean ratio.
        blend = ((1 - share) * estimate + share * seen) / share**2
        smooth = bm3d(anscombe.stabilise(blend).astype(np.float64), 1.0)
        estimate = (share**2 * anscombe.rate(np.asarray(smooth, np.float32))).astype(np.float32)
    return estimate / np.float32(most)
