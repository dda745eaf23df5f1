"""cohere_core's reconstruction loops on the CPU, as they are: its `Rec` object runs its own HIO iterations.

cohere_core (BSD-style licence, APS) is no dependency; without it the benchmark says that it is not installed.
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

from models.patterns import Pattern

BACKENDS = ("np", "torch")


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
