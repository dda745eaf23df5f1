"""Reconstruct the object of one frame of a run, or of a bare pattern file, from many random starts.

With --frame the frame is prepared first: its beam is found, it is cropped about it, and so on (pattern parameters);
every step is reported. A file that holds one pattern (NPY, TIFF, CXI, Hawk's HDF5; 2-D or 3-D) is taken as it is.
Masks are True where measured.

Amplitudes are the roots of the counts. --input bounded takes them part of the way to denoised rates, --denoiser says
by which method (friedel denoise --list); the report and the result say so, and are judged by the counts.

Starts are ranked by free log-likelihood. The first Ctrl+C ends them and writes what there is, the second one stops
without writing. Parameters that are not given are the preset's.
"""

from __future__ import annotations

import argparse
import math
import signal
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.cli.console import follow, report
from app.cli.dispatch import EXIT_INTERRUPTED, EXIT_OK
from app.cli.flags import add_flags, add_run, from_flags, given_values
from app.cli.outputs import output_path
from app.cli.selection import one_frame
from app.cli.treatment import add_treatment

if TYPE_CHECKING:
    from models.patterns import Pattern
    from models.phasing.settings import PhasingSettings
    from models.phasing.starts import StartsProgress
    from models.phasing.types import BoolArray, Reconstruction


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from models.patterns import PatternSettings
    from models.phasing.presets import DEFAULT, PRESETS
    from models.phasing.settings import PhasingSettings

    add_run(parser)
    add_treatment(parser, leave_out=("saturation_level", "adu_per_photon"))
    parser.add_argument("--frame", metavar="I", help="the frame's index (from 0), or its event identifier")
    parser.add_argument("--mask", metavar="FILE", help="NPY, TIFF or HDF5; True (1) = measured")
    parser.add_argument("--support", metavar="FILE", help="the first support, True inside; for --first-support given")
    parser.add_argument("--background-file", metavar="FILE", help="for --background-from given")
    parser.add_argument(
        "-o", "--output", metavar="FILE", required=True, help="R.cxi; R.npy, R.png or R.tif for the object alone"
    )
    parser.add_argument("--json", action="store_true", help="report as one JSON object")
    parser.add_argument(
        "--workers",
        metavar="N",
        type=int,
        help="processes; 0 for none (default: one per core, at most one per start)",
    )
    parser.add_argument("--device", default="cpu", help="cpu, cuda, cuda:1 … (default: cpu)")
    names = ", ".join(_slug(preset.title) for preset in PRESETS)
    parser.add_argument(
        "--preset",
        metavar="NAME",
        default=_slug(DEFAULT.title),
        help=f"where the phasing parameters begin: {names} (default: %(default)s)",
    )
    add_flags(parser, PhasingSettings, leave_out=("preset",), only_given=True)
    add_flags(parser, PatternSettings)


def run(args: argparse.Namespace) -> int:
    from models.errors import BadParameter
    from models.patterns.read import read_mask
    from models.phasing.export import SUFFIXES, save
    from models.phasing.starts import run_starts
    from models.progress import drain

    path = output_path(args.output, tuple(SUFFIXES), [args.run, args.mask, args.support, args.background_file])
    if args.workers is not None and args.workers < 0:
        raise BadParameter(f"--workers is {args.workers}", cause="it cannot be below 0")
    settings = _settings(args)
    pattern = _pattern(args)
    support: BoolArray | None = None
    if args.support is not None:
        support = read_mask(args.support, pattern.shape, "support")
        settings = replace(settings, first_support="given")
    began = time.monotonic()
    with _first_interrupt() as interrupted:
        work = run_starts(pattern, settings, args.workers, args.device, support=support)
        result = follow(_until(work, interrupted), "phasing")
        drain(save(result, path, title=pattern.source))
    seconds = round(time.monotonic() - began, 3)
    more = _more(result) | {"wall_seconds": seconds, "stopped_early": bool(interrupted), "file": str(path)}
    report({**_found(result), **more}, args.json)
    return EXIT_INTERRUPTED if interrupted else EXIT_OK


def _settings(args: argparse.Namespace) -> PhasingSettings:
    from models.parameters import validate
    from models.phasing.presets import PRESETS, preset
    from models.phasing.schedule import parse
    from models.phasing.settings import PhasingSettings

    wanted = _slug(args.preset)
    found = [candidate for candidate in PRESETS if _slug(candidate.title).startswith(wanted)]
    base = found[0] if len(found) == 1 else preset(args.preset)
    settings = validate(replace(base.settings, **given_values(args, PhasingSettings) | {"preset": base.title}))
    parse(settings.schedule)
    return settings


def _slug(title: str) -> str:
    return title.strip().lower().replace(" ", "-")


def _pattern(args: argparse.Namespace) -> Pattern:
    from app.cli.treatment import open_from, treatment_from
    from models.errors import BadParameter
    from models.patterns import PatternSettings
    from models.patterns.prepare import prepare_pattern
    from models.patterns.read import read_array, read_mask, read_pattern

    settings = from_flags(args, PatternSettings)
    background = None if args.background_file is None else read_array(args.background_file)
    if args.frame is None:
        if not treatment_from(args).is_nothing or args.add_mask is not None:
            raise BadParameter("A bare pattern is not treated", hint="Choose a frame of a run with --frame")
        return read_pattern(args.run, args.mask, args.dataset, settings, background=background)
    opened = open_from(args)
    try:
        index = one_frame(opened, args.frame)
        mask = None if args.mask is None else read_mask(args.mask, opened.shape)
        return prepare_pattern(
            opened.load(index),
            opened.geometry,
            settings,
            unit=opened.unit,
            mask=mask,
            background=background,
            source=f"{opened.name}, frame {index}",
        )
    finally:
        opened.close()


@contextmanager
def _first_interrupt() -> Iterator[list[bool]]:
    """A list that is not empty any more once Ctrl+C was pressed; the second time it interrupts as ever."""
    pressed: list[bool] = []
    before = signal.getsignal(signal.SIGINT)

    def on_interrupt(_number: int, _frame: Any) -> None:
        pressed.append(True)
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


def _until(
    work: Generator[StartsProgress, Any, Reconstruction], interrupted: list[bool]
) -> Generator[StartsProgress, None, Reconstruction]:
    """The records of `work`, told to stop once `interrupted`."""
    from models.phasing.starts import Stop

    told = False
    record = next(work)
    while True:
        yield record
        command = None
        if interrupted and not told:
            told, command = True, Stop()
        try:
            record = work.send(command)
        except StopIteration as stop:
            made: Reconstruction = stop.value
            return made


def _found(result: Reconstruction) -> dict[str, Any]:
    """The promised part of the report; NaN is null."""
    trust = result.trust
    iterations = sum(start.iterations for start in result.starts)
    seconds = sum(start.seconds for start in result.starts)  # without the search for the support
    return {
        "r_factor": _number(trust.r_factor),
        "free_log_likelihood": _number(trust.free_log_likelihood),
        "prtf_resolution": _number(trust.prtf_resolution_nm),
        "mode_weight": _number(trust.mode_weight),
        "agreement": _number(trust.agreement),
        "masked_power": _number(trust.masked_power),
        "starts": trust.starts,
        "seconds": round(result.seconds, 3),
        "iterations_per_second": round(iterations / seconds, 3) if seconds > 0 else None,
        "warnings": list(trust.warnings),
    }


def _more(result: Reconstruction) -> dict[str, Any]:
    from models.phasing.quality import is_preview

    return {
        "preview": is_preview(result.trust),
        "kept": result.kept,
        "prtf_cutoff_px": _number(result.trust.prtf_cutoff_px),
        "oversampling": _number(result.trust.oversampling),
        "input": result.settings["input"],
        "preparation": [step.words for step in result.pattern.steps],
    }


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
