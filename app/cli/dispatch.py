"""From arguments to a verb's module, loading only that module, and from errors to one line and an exit status."""

from __future__ import annotations

import argparse
import importlib
import io
import logging
import sys
from collections.abc import Sequence

from models.allocator import keep_freed_memory
from models.errors import FriedelError

VERBS: dict[str, str] = {
    "info": "what a run holds: frames, size, geometry, warnings",
    "runs": "the runs of a folder as a table: frames, date, status, labels, hit rate",
    "frame": "write one frame as NPY or PNG",
    "simulate": "simulate a run into a CXI file",
    "embed": "embed every frame of a run with the speckle network",
    "classify": "sort a run from a few labels: class and confidence for every frame",
    "phase": "reconstruct the object of a frame, or of a bare pattern",
    "denoise": "expected photons of few-photon frames, with their standard deviation, into a CXI file",
    "statistics": "mean, variance, maximum and lit pixels of a run, and of each class",
    "export": "write chosen frames as a CXI file or an index list",
    "train": "retrain a bundled network from its seeds",
    "adapt": "train the speckle network further on a run's own frames, into new weights",
    "adapt-denoise": "train the denoising network further on a run's own photons, into weights if they are better",
    "tour": "drive the real window through a whole session and save a picture of each step",
}
"""Every verb with its one-line help; the module is `app.cli.verb_<name>`, with _ for -."""

EXIT_OK = 0
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130

_WINDOW_EPILOG = """\
verbs:
{verbs}

`friedel VERB --help` explains a verb. Without a verb the window opens:
  friedel                 the welcome pane
  friedel RUN             a run file or folder
  friedel --demo          the demo run
"""


def window_parser() -> argparse.ArgumentParser:
    """The parser for opening the window, which also carries the general help."""
    verbs = "\n".join(f"  {name:<13} {text}" for name, text in VERBS.items())
    parser = argparse.ArgumentParser(
        prog="friedel",
        description="A workbench for coherent X-ray diffraction frames: browse, label, sort.",
        epilog=_WINDOW_EPILOG.format(verbs=verbs),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("run", nargs="?", metavar="RUN", help="run file or folder to open in the window")
    parser.add_argument("--demo", action="store_true", help="open the demo run")
    parser.add_argument(
        "--tour-without-display",
        metavar="DIR",
        help="where there is no display, run `friedel tour -o DIR` instead of stopping",
    )
    parser.add_argument("--version", action="store_true", help="print the version and stop")
    return parser


def dispatch(argv: Sequence[str]) -> int:
    """Run one command line.

    Returns:
        0 done; 2 bad input (one line on stderr says what, where and what to do); 130 interrupted.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names of files and events may hold bytes that are no text here; they are printed as escapes.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        if argv and argv[0] in VERBS:
            return _run_verb(argv[0], argv[1:])
        return _open_window(argv)
    except FriedelError as error:
        logging.getLogger(__name__).debug("stopped by bad input", exc_info=True)
        print(f"friedel: {error.sentence()}", file=sys.stderr)
        return EXIT_BAD_INPUT
    except KeyboardInterrupt:
        print("friedel: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED


def _run_verb(name: str, argv: Sequence[str]) -> int:
    module = importlib.import_module(f"app.cli.verb_{name.replace('-', '_')}")
    parser = argparse.ArgumentParser(
        prog=f"friedel {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--verbose", action="store_true", help="log what happens to stderr")
    module.add_arguments(parser)
    args = parser.parse_args(argv)
    to_screen = logging.StreamHandler(sys.stderr)
    to_screen.setLevel(logging.DEBUG if args.verbose else logging.WARNING)
    logging.basicConfig(level=to_screen.level, format="%(levelname)s %(name)s: %(message)s", handlers=[to_screen])
    if name != "tour":  # that is the window
        keep_freed_memory()
    status: int = module.run(args)
    return status


def _open_window(argv: Sequence[str]) -> int:
    from app.cli.display import why_no_display

    parser = window_parser()
    args = parser.parse_args(argv)
    if args.version:
        from importlib.metadata import version

        print(f"friedel {version('friedel')}")
        return EXIT_OK
    reason = why_no_display()
    if reason is None:
        from app.start import run_window

        return run_window(args.run, demo=args.demo)
    if args.tour_without_display is None:
        raise FriedelError(
            "The window cannot open",
            cause=reason,
            hint="run it where there is a screen, use one of the verbs in `friedel --help`, "
            "or let `friedel tour -o DIR` drive it without a screen",
        )
    print(f"friedel: {reason}; running the same walk without a screen instead.", file=sys.stderr)
    return _run_verb("tour", ["-o", args.tour_without_display])
