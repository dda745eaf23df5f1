"""cohere_core on the CPU, as it is: its `Rec` object runs its own iterations, or the whole recipe it is shipped with.

cohere_core (BSD-style licence, APS) is no dependency; without it the benchmarks say that it is not installed.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.phasing.judged import Found
from models.patterns import Pattern

BACKENDS = ("np", "torch")
RECIPE = {
    "algorithm_sequence": "3*(20*ER+180*HIO)+20*ER",
    "hio_beta": 0.9,
    "initial_support_area": (0.5, 0.5),
    "shrink_wrap_trigger": [1, 1],
    "shrink_wrap_type": "GAUSS",
    "shrink_wrap_threshold": 0.1,
    "shrink_wrap_gauss_sigma": 1.0,
}
"""The parameters it is shipped with, but for the twin trigger, which fails on two-dimensional data (IndexError)."""


def run(pattern: Pattern, starts: int, seed: int, backend: str = "torch") -> list[Found]:
    """So many random starts of the shipped recipe, judged by cohere's “chi”.

    torch is what it chooses by itself without a GPU library for cupy. It knows no mask: missing pixels are measured
    zeros to it.
    """
    phasing = importlib.import_module("cohere_core.controller.phasing")
    found = []
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        path = Path(folder) / "data.npy"
        np.save(path, np.sqrt(pattern.intensity))
        for number in range(starts):
            _seed(seed * starts + number)
            made = phasing.create_rec(dict(RECIPE), str(path), backend, -1, debug=True)
            made.iterate()
            values = made.get_image()
            values = values.numpy() if backend == "torch" else np.asarray(values)
            found.append(Found(values, float(made.get_metric()["chi"])))
    return found


def missing() -> str:
    """A sentence where it is not installed, else empty."""
    return "" if importlib.util.find_spec("cohere_core") is not None else "cohere_core is not installed."


def _seed(number: int) -> None:
    import torch

    torch.manual_seed(number)


def cohere_loops(
    pattern: Pattern, burst: int, per_unit: Callable[[Callable[[], object], int], Callable[[], float]]
) -> tuple[dict[str, Callable[[], float]], list[str]]:
    """Turns of HIO with a static support by each CPU backend, and sentences on those that cannot run.

    It reads amplitudes from a file and knows no mask, so that it gets the whole pattern. Its own default of 2-D data
    with a support half as wide as the array is kept: its cost does not depend on the support.
    """
    if importlib.util.find_spec("cohere_core") is None:
        return {}, ["cohere_core is not installed."]
    phasing = importlib.import_module("cohere_core.controller.phasing")
    found: dict[str, Callable[[], float]] = {}
    missing = []
    for backend in BACKENDS:
        try:
            found[f"cohere_core HIO, {backend}"] = _loop(phasing, backend, pattern, burst, per_unit)
        except Exception as error:  # noqa: BLE001 - whatever a peer raises is its result
            missing.append(f"cohere_core's backend {backend} does not run: {type(error).__name__}: {error}")
    return found, missing


def _loop(
    phasing: object, backend: str, pattern: Pattern, burst: int, per_unit: Callable[..., Callable[[], float]]
) -> Callable[[], float]:
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        path = Path(folder) / "data.npy"
        np.save(path, np.sqrt(pattern.intensity))
        parameters = {"algorithm_sequence": f"{burst}*HIO", "initial_support_area": (0.5, 0.5)}
        made = phasing.Rec(parameters, str(path), backend, debug=True)  # type: ignore[attr-defined]
        if made.init_dev(-1) != 0 or made.init_iter_loop() != 0:
            raise RuntimeError("it could not be set up")

    def work() -> None:
        # Each backend's module is global to the package: the other's turn has changed it.
        phasing.set_lib_from_pkg(backend)  # type: ignore[attr-defined]
        with contextlib.redirect_stdout(io.StringIO()):
            made.iterate()

    work()
    return per_unit(work, burst)
