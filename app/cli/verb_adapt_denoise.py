"""Adapt the denoising network to a run: minutes of further training on the run's own photons; no truth is needed.

The photons of each frame are divided at random: the network is shown a part and learns to foretell the rest. Photons
of frames that nothing is learned from say afterwards whether it was worth it. Only if they are foretold better,
beyond the standard error, a new weight file is written, with its description beside it; otherwise the network in use
is the better one, and the report says so. Frames should be hits: choose them with --frames. Interrupting writes
nothing. To use the new weights: friedel denoise RUN --method network --set weights=FILE.

For example: friedel adapt-denoise RUN --frames hits.csv --out weights
"""

from __future__ import annotations

import argparse
from pathlib import Path

from app.cli.console import follow, report
from app.cli.flags import add_flags, add_run, from_flags
from app.cli.treatment import add_treatment


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from models.denoising.adapt.settings import DenoiseAdaptSettings
    from models.denoising.counting import CountingSettings

    add_run(parser)
    add_treatment(parser, leave_out=("saturation_level", "adu_per_photon"))
    parser.add_argument("--out", metavar="DIR", required=True, help="folder for the new weights")
    parser.add_argument(
        "--frames",
        metavar="WHICH",
        help="0:100 (the first hundred), 7, 100-199 (both ends included), several with commas; or a file: a list of "
        "indices or event identifiers, or a CSV table with a column index or event (default: all)",
    )
    parser.add_argument(
        "--mask", metavar="FILE", help="NPY, TIFF or HDF5; True (1) = measured; taken together with the run's own"
    )
    parser.add_argument("--json", action="store_true", help="report as one JSON object")
    add_flags(parser, DenoiseAdaptSettings)
    add_flags(parser, CountingSettings)


def run(args: argparse.Namespace) -> int:
    from app.cli.selection import frames_named
    from app.cli.treatment import open_from
    from models.denoising.adapt.adapt import adapt
    from models.denoising.adapt.settings import DenoiseAdaptSettings, checked
    from models.denoising.counting import CountingSettings
    from models.patterns.read import read_mask

    settings = checked(from_flags(args, DenoiseAdaptSettings))
    opened = open_from(args)
    try:
        events = None if opened.events is None else list(opened.events)
        frames = None if args.frames is None else frames_named(args.frames, len(opened), events)
        mask = None if args.mask is None else read_mask(args.mask, opened.shape)
        counting = from_flags(args, CountingSettings)
        work = adapt(opened, settings, Path(args.out), frames, mask=mask, counting=counting)
        made = follow(work, "adapting")
    finally:
        opened.close()
    hidden = made.hidden_gain
    report(
        {
            "weights": None if made.path is None else str(made.path),
            "verdict": made.verdict,
            "gain_nats_per_photon": made.gain.gain,
            "gain_error": made.gain.error,
            "hidden_gain_nats_per_photon": None if hidden is None else hidden.gain,
            "hidden_gain_error": None if hidden is None else hidden.error,
            "frames_learned": len(made.frames_learned),
            "frames_watched": len(made.frames_watched),
            "frames_judged": len(made.frames_judged),
            "steps": made.steps,
            "beam_px": list(made.centre_px),
            "deviation_factor": list(made.deviation_factor),
            "seconds": round(made.seconds, 1),
            "notes": list(made.notes),
        },
        args.json,
    )
    return 0
