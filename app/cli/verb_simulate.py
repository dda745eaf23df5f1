"""Simulate a run of diffraction frames into a CXI 1.6 file, with its truth in a separate table.

The truth (class, species, number of particles, photons) goes into OUT_truth.csv beside the run. The file that the
window shows does not hold it, unless --truth-in-file puts all of it (orientation, size, place in the focus, fluence
and more) into its group /truth; the window then shows it as columns.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

from app.cli.console import follow, report
from app.cli.flags import add_flags, from_flags
from app.cli.outputs import output_path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from models.simulation.beam import BeamSettings
    from models.simulation.panels import DetectorSettings
    from models.simulation.settings import SimulationSettings

    parser.add_argument("output", metavar="OUT.cxi", help="the file to write")
    parser.add_argument("--truth", metavar="FILE.csv", help="where the truth goes (default: OUT_truth.csv)")
    parser.add_argument("--truth-in-file", action="store_true", help="also write the whole truth into OUT.cxi")
    parser.add_argument(
        "--particle",
        metavar="FILE",
        action="append",
        default=[],
        help="coordinates (PDB, mmCIF) or a density map (MRC, CCP4) as the sample, not a family; may be repeated",
    )
    parser.add_argument(
        "--species-weights",
        metavar="W1,W2,…",
        type=_weights,
        default=(),
        help="relative share of each species among the hits (default: equal)",
    )
    parser.add_argument(
        "--device", default="numpy", help="what computes: numpy, or torch on cpu, cuda, cuda:1 … (default: numpy)"
    )
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")
    parser.add_argument("--json", action="store_true", help="report as one JSON object")
    for kind in (SimulationSettings, BeamSettings, DetectorSettings):
        add_flags(parser, kind)


def run(args: argparse.Namespace) -> int:
    from models.simulation.beam import BeamSettings
    from models.simulation.panels import DetectorSettings
    from models.simulation.settings import SimulationSettings
    from models.simulation.write import write_cxi

    settings = replace(
        from_flags(args, SimulationSettings),
        beam=from_flags(args, BeamSettings),
        detector=from_flags(args, DetectorSettings),
        species_weights=args.species_weights,
        particle_files=tuple(args.particle),
    )
    unless = "" if args.force else "--force"
    path = output_path(args.output, (".cxi", ".h5"), [], unless)
    truth = output_path(args.truth or str(path.with_name(f"{path.stem}_truth.csv")), (".csv",), [], unless)
    work = write_cxi(path, settings, truth_path=truth, truth_in_file=args.truth_in_file, device=args.device)
    follow(work, "simulating")
    report({"run": str(path), "truth": str(truth), "frames": settings.frames}, args.json)
    return 0


def _weights(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))
