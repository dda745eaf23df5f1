"""The demo run that ships with Friedel: two species, aggregates of them, droplets and blanks.

`python -m models.simulation.demo OUT_DIR` writes `demo.cxi` and, apart from what the window shows, `demo_truth.csv`.
The frames are a function of the settings below.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path

from models.progress import Progress
from models.simulation.particles import TEST_IDS
from models.simulation.settings import SimulationSettings
from models.simulation.write import write_cxi

DEMO = SimulationSettings(
    frames=2000,
    height=128,
    width=128,
    species=2,
    first_species=TEST_IDS.start + 40,  # a virus-like icosahedron of 99 nm and a porous cage of 137 nm
    droplet_low_nm=100.0,
    droplet_high_nm=240.0,
    seed=20,
)


def write_demo(folder: Path) -> Generator[Progress, None, Path]:
    """Write `demo.cxi` and `demo_truth.csv` into `folder`, as small as gzip makes them."""
    return (yield from write_cxi(folder / "demo.cxi", DEMO, folder / "demo_truth.csv", compression=9))


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m models.simulation.demo OUT_DIR\n")
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for step in write_demo(folder):
        sys.stderr.write(f"\r{step.done}/{step.total} {step.unit}")
    sys.stderr.write("\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
