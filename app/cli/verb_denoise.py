"""Denoise frames of a run, or all of them, into a new CXI file: expected photons, and how sure they are.

Counts and mask go in. Out come rates in photons (float32, /entry_1/data_1/data) with as many photons on the measured
pixels as were counted there, their standard deviation (…/errors), the mask in CXI's bits (…/mask), and what each
pixel rests on (…/validity: 0 measured, 1 its Friedel mate measured, 2 within half a speckle of these, 3 guessed).
The measured run is never written to.

A detector's own units become counts with --adu-per-photon, saturated pixels are left out with --saturation-level.

For example: friedel denoise RUN --frames 0:100 --method tv --set weight=0.7 -o denoised.cxi
"""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from app.cli.console import follow, report
from app.cli.flags import add_flags, add_run, from_flags, from_words
from app.cli.outputs import output_path
from app.cli.treatment import add_treatment

if TYPE_CHECKING:
    from models.denoising.judging import RunVerdict

_SHOWN = 6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from models.denoising.counting import CountingSettings
    from models.denoising.registry import DEFAULT, METHODS

    add_run(parser)
    add_treatment(parser, leave_out=("saturation_level", "adu_per_photon"))
    parser.add_argument("-o", "--output", metavar="OUT.cxi", required=True, help="the new file")
    parser.add_argument(
        "--frames",
        metavar="WHICH",
        help="0:100 (the first hundred), 7, 100-199 (both ends included), several with commas; or a file: a list of "
        "indices or event identifiers, or a CSV table with a column index or event (default: all)",
    )
    parser.add_argument(
        "--method",
        metavar="NAME",
        default=DEFAULT,
        help=f"{', '.join(METHODS)} (default {DEFAULT}); what they are: --list",
    )
    parser.add_argument("--list", action=_ListMethods, help="describe the methods and their parameters, and stop")
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="a parameter of the method; may be given again",
    )
    parser.add_argument(
        "--mask", metavar="FILE", help="NPY, TIFF or HDF5; True (1) = measured; taken together with the run's own"
    )
    add_flags(parser, CountingSettings)
    parser.add_argument(
        "--judge",
        action="store_true",
        help="test what was removed on up to 20 of the frames: is it noise without structure? Needs no truth",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a file of that name")
    parser.add_argument("--json", action="store_true", help="report as one JSON object")


def run(args: argparse.Namespace) -> int:
    import numpy as np

    from app.cli.selection import frames_named
    from app.cli.treatment import open_from
    from models.denoising.counting import CountingSettings
    from models.denoising.judging import judge_run
    from models.denoising.registry import method
    from models.denoising.run import denoise_run
    from models.denoising.speckle import in_units
    from models.parameters import to_dict
    from models.patterns.read import read_mask

    listed = args.frames if args.frames and args.frames.lower().endswith((".csv", ".txt")) else None
    path = output_path(
        args.output, (".cxi", ".h5"), [args.run, args.mask, listed], "" if args.overwrite else "--overwrite"
    )
    info = method(args.method)
    parameters = from_words(info.parameters, args.set, "the method")
    counting = from_flags(args, CountingSettings)
    opened = open_from(args)
    began = time.monotonic()
    try:
        if args.frames is None:
            frames = np.arange(len(opened))
        else:
            events = None if opened.events is None else list(opened.events)
            frames = frames_named(args.frames, len(opened), events)
        mask = None if args.mask is None else read_mask(args.mask, opened.shape)
        work = denoise_run(opened, frames, info.name, path, parameters, mask=mask, counting=counting)
        made = follow(work, "denoising")
        judged = None
        if args.judge:
            judging = judge_run(
                opened,
                made.frames,
                info.name,
                parameters,
                mask=mask,
                counting=counting,
                centre_px=made.centre_px,
            )
            judged = follow(judging, "testing")
    finally:
        opened.close()
    seconds = time.monotonic() - began
    speckle = None if made.speckle_px is None else in_units(made.speckle_px, opened.geometry)
    report(
        {
            "file": str(made.path),
            "method": info.name,
            "parameters": to_dict(parameters),
            "frames": len(made.frames),
            "unreadable": len(made.unreadable),
            "photons_per_frame": round(made.photons / len(made.frames), 2),
            "beam_px": None if made.centre_px is None else list(made.centre_px),
            "speckle_px": None if made.speckle_px is None else round(made.speckle_px, 2),
            "speckle_per_nm": None if speckle is None or speckle.size_per_nm is None else speckle.size_per_nm,
            **({} if judged is None else {"judged": _judged(judged)}),
            "seconds": round(seconds, 3),
            "notes": list(made.notes[:_SHOWN]),
            "warnings": list(made.warnings[:_SHOWN]),
        },
        args.json,
    )
    return 0


def _judged(verdict: RunVerdict) -> dict[str, Any]:
    """Field by field, numbers short enough to read."""
    return {
        name: round(value, 4) if isinstance(value, float) else list(value) if isinstance(value, tuple) else value
        for name, value in asdict(verdict).items()
    }


class _ListMethods(argparse.Action):
    """Print the registry and stop, as --help does."""

    def __init__(self, option_strings: list[str], dest: str, **kwargs: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, **kwargs)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from models.denoising.registry import METHODS
        from models.parameters import describe

        lines = []
        for info in METHODS.values():
            kind = "learned" if info.learned else "classical"
            paper = f"; {info.paper}" if info.paper else ""
            lines += [info.name, f"    {info.title} ({kind}{paper})", f"    {info.when}"]
            for each in describe(info.parameters):
                default = "auto" if each.default is None else each.default
                about = f"{each.help} ({each.unit})" if each.unit else each.help
                lines.append(f"    --set {each.name}={default}: {about}")
        print("\n".join(lines))
        parser.exit()
