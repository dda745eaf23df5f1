"""A program that had a virtual dataset open ends as any other, also where somebody still holds the closed run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np

_PROGRAM = """
import gc, sys
from models.runs import open_run

run = open_run(sys.argv[1])
run.load(1)
run.close()
holder = {"run": run}
holder["itself"] = holder
del run, holder
gc.freeze()
"""


def test_the_program_ends_in_peace(tmp_path: Path) -> None:
    layout = h5py.VirtualLayout((4, 24, 32), "u2")
    for number in range(2):
        layout[2 * number : 2 * number + 2] = h5py.VirtualSource(f"part{number}.h5", "d", (2, 24, 32))
        with h5py.File(tmp_path / f"part{number}.h5", "w") as file:
            file["d"] = np.ones((2, 24, 32), np.uint16)
    with h5py.File(tmp_path / "v.h5", "w") as file:
        file.create_virtual_dataset("data", layout)
    done = subprocess.run([sys.executable, "-c", _PROGRAM, str(tmp_path / "v.h5")], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
