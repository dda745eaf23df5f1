"""Say what a run holds, from its metadata alone (no frame is read)."""

from __future__ import annotations

import argparse

from app.cli.console import report
from app.cli.flags import add_run
from app.cli.treatment import add_treatment


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    add_treatment(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object (null where unknown)")


def run(args: argparse.Namespace) -> int:
    from app.cli.treatment import open_from
    from models.runs import describe

    opened = open_from(args)
    try:
        report(describe(opened).to_dict(), args.json)
    finally:
        opened.close()
    return 0
