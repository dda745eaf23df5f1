"""PyNX (ESRF, CeCILL-B) through its own command-line scripts for objects in forward scattering and in Bragg geometry.

On its CPU operators. `pynx-cdi-id10`, for single objects in forward scattering, is run with all its defaults: 600 HIO
and 200 ER with support updates every 50 cycles, β = 0.9, threshold 0.25 of the rms, and a bias towards real positive
objects, which fits the objects of the table; the first support is that of the autocorrelation, its mask comes from a
file, and masked pixels are free. `pynx-cdi-id01`, for Bragg peaks, has no such bias: 600 RAAR, twin removal at a
quarter of them, 200 ER. It would set masked pixels to zero for the first 60 % of the RAAR cycles; they are free here,
as its documentation recommends, which was better on objects other than those of the table.

Runs are ranked by PyNX's free log-likelihood, which it writes into the names of its files. Where a support becomes
too small or too large it tries again with another threshold and after five times gives up. CPU time counts the
script's own start, some two seconds.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.phasing.judged import Found
from models.patterns import Pattern

# Its script draws from numpy's and Python's global generators and has no seed.
_SCRIPT = """
import random, sys
import numpy
numpy.random.seed({seed}); random.seed({seed})
from pynx.cdi.scripts.pynx_{script}cdi import main
sys.argv = ["pynx-cdi-{script}", *{arguments}]
main()
"""


def run(pattern: Pattern, starts: int, seed: int) -> list[Found]:
    """Runs of its script for forward scattering, judged by its free log-likelihood; fewer where it gave up."""
    return _run(pattern, starts, seed, "id10")


def run_bragg(pattern: Pattern, starts: int, seed: int) -> list[Found]:
    """The same of its script for Bragg peaks."""
    return _run(pattern, starts, seed, "id01")


def _run(pattern: Pattern, starts: int, seed: int, script: str) -> list[Found]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / "data.npz", data=pattern.intensity)
        np.save(folder / "mask.npy", (~pattern.measured).astype(np.int8))
        arguments = ["--data", "data.npz", "--mask", "mask.npy", "--roi", "full", "--crop_output", "0"]
        arguments += ["--support", "auto", "--zero_mask", "0", "--nb_run", str(starts), "--output_format", "npz"]
        environment = {**os.environ, "PYNX_PU": "cpu", "MPLBACKEND": "Agg"}
        program = _SCRIPT.format(seed=seed, script=script, arguments=arguments)
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        files = sorted(folder.glob("*_LLKf*.npz"))
        if not files and "giving up" not in done.stdout:
            raise RuntimeError(f"PyNX did not run: {(done.stderr or done.stdout)[-500:]}")
        return [Found(_object(path), free_log_likelihood(path.name)) for path in files]


def free_log_likelihood(name: str) -> float:
    """What PyNX wrote into the name of a result; infinite where it wrote none."""
    at = re.search(r"_LLKf(\d+\.\d+)_", name)
    return float(at.group(1)) if at else float("inf")


def missing() -> str:
    """A sentence where it is not installed, else empty. A package of the same name in PyPI is something else."""
    if importlib.util.find_spec("pynx") is None or importlib.util.find_spec("pynx.cdi") is None:
        return "PyNX is not installed."
    return ""


def _object(path: Path) -> np.ndarray:
    with np.load(path, allow_pickle=False) as file:
        return np.asarray(file["obj"])
