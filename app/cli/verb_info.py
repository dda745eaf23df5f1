"""Say what a run holds, from its metadata alone (no frame is read)."""

from __future__ import annotations

import argparse

from app.cli.console import report
from app.cli.flags import add_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object (null where unknown)")


def run(args: argparse.Namespace) -> int:
    from models.runs import describe, open_run

    opened = open_run(args.run, dataset=args.dataset)
    try:
        report(describe(opened).to_dict(), args.json)
    finally:
        opened.close()
    return 0
