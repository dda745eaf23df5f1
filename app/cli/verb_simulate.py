"""Simulate a run of diffraction frames into a CXI 1.6 file, with its truth in a separate table.

The truth (class, species, number of particles, photons) goes into OUT_truth.csv beside the run, never into the file
that the window shows.
"""

from __future__ import annotations

import argparse

from app.cli.console import follow, report
from app.cli.flags import add_flags, from_flags
from app.cli.outputs import output_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from models.simulation.settings import SimulationSettings

    parser.add_argument("output", metavar="OUT.cxi", help="the file to write")
    parser.add_argument("--truth", metavar="FILE.csv", help="where the truth goes (default: OUT_truth.csv)")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")
    parser.add_argument("--json", action="store_true", help="report as one JSON object")
    add_flags(parser, SimulationSettings)


def run(args: argparse.Namespace) -> int:
    from models.simulation.settings import SimulationSettings
    from models.simulation.write import write_cxi

    settings = from_flags(args, SimulationSettings)
    unless = "" if args.force else "--force"
    path = output_path(args.output, (".cxi", ".h5"), [], unless)
    truth = output_path(args.truth or str(path.with_name(f"{path.stem}_truth.csv")), (".csv",), [], unless)
    follow(write_cxi(path, settings, truth_path=truth), "simulating")
    report({"run": str(path), "truth": str(truth), "frames": settings.frames}, args.json)
    return 0
