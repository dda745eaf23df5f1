"""Drive the real window through a whole session and save a picture of each step.

Opens the demo run (or RUN), browses, labels by key, sorts, selects on the map and exports, with settings, labels and
results of its own, so that nothing of yours is read or changed. Works without a screen.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from app.cli.console import follow, report
from app.cli.display import why_no_display
from models.errors import BadParameter

_SIZE = "1280x800"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", nargs="?", metavar="RUN", help="run file or folder (default: the demo run)")
    parser.add_argument("-o", "--output", metavar="DIR", default="build/tour", help="default %(default)s")
    parser.add_argument("--size", metavar="WxH", default=_SIZE, help="window size in px (default %(default)s)")
    parser.add_argument("--scheme", choices=("light", "dark"), default="light", help="default %(default)s")
    parser.add_argument("--json", action="store_true", help="report as one JSON object")


def run(args: argparse.Namespace) -> int:
    width, _, height = args.size.partition("x")
    if not (width.isdigit() and height.isdigit() and 640 <= int(width) <= 7680 and 480 <= int(height) <= 4320):
        raise BadParameter(f"--size is {args.size!r}", cause="it is a width and a height such as 1280x800")
    if why_no_display() is not None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from app.log import log_qt_messages
    from app.tour import run_tour

    log_qt_messages()

    folder = Path(args.output)
    seen = follow(
        run_tour(folder, Path(args.run) if args.run else None, (int(width), int(height)), args.scheme), "tour"
    )
    report({"folder": str(folder), **seen}, args.json)
    return 0
