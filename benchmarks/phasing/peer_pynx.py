"""PyNX (ESRF, CeCILL-B) through its own command-line script for complex objects, on its CPU operators.

`pynx-cdi-id01` with its defaults: support from the autocorrelation, 600 RAAR with support updates every 50 cycles,
twin removal at a quarter, 200 ER, β = 0.9, threshold 0.25 of the rms. It takes the mask from a file. One default is
replaced: masked pixels are free from the beginning, as its documentation recommends and as its other scripts do, not
zero for the first 60 % of the RAAR cycles; on objects other than those of the table that was better. Its runs are
ranked by its free log-likelihood, which it writes into the names of its files. Where a support becomes too small or
too large it tries again with another threshold and after five times gives up. CPU time counts the script's own start,
some two seconds.
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
from pynx.cdi.scripts.pynx_id01cdi import main
sys.argv = ["pynx-cdi-id01", *{arguments}]
main()
"""


def run(pattern: Pattern, starts: int, seed: int) -> list[Found]:
    """So many runs of its script, judged by its free log-likelihood; fewer where it gave up."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / "data.npz", data=pattern.intensity)
        np.save(folder / "mask.npy", (~pattern.measured).astype(np.int8))
        arguments = ["--data", "data.npz", "--mask", "mask.npy", "--roi", "full", "--crop_output", "0"]
        arguments += ["--zero_mask", "0", "--nb_run", str(starts), "--output_format", "npz"]
        environment = {**os.environ, "PYNX_PU": "cpu", "MPLBACKEND": "Agg"}
        script = _SCRIPT.format(seed=seed, arguments=arguments)
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
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
