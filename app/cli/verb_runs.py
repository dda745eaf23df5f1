"""List the runs of a folder and its sub-folders: date, frames, size, status, labels, hit rate."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.console import follow, report
from app.cli.flags import add_flags, from_flags
from models.runs.run_table import ListingSettings

if TYPE_CHECKING:
    from models.runs.run_table import RunRow, RunTable

_HEADINGS = ("run", "written", "frames", "size", "type", "on disk", "labels", "hits", "status")
_TO_THE_RIGHT = frozenset({"frames", "on disk", "labels", "hits"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="folder with runs in it or in its sub-folders")
    parser.add_argument("--json", action="store_true", help="print one JSON object (null where unknown)")
    add_flags(parser, ListingSettings)


def run(args: argparse.Namespace) -> int:
    from models.runs.run_table_listing import list_runs

    work = list_runs(
        Path(args.folder), from_flags(args, ListingSettings), "models.workspace.summary:describe_with_labels"
    )
    table = follow(work, "listing runs")
    report(_as_values(table) if args.json else _as_lines(table), args.json)
    return 0


def _as_values(table: RunTable) -> dict[str, Any]:
    runs = []
    for row in table.rows:
        values = asdict(row)
        values["state"] = row.state.value
        values["modified"] = datetime.fromtimestamp(values.pop("modified_s"), UTC).isoformat(timespec="seconds")
        runs.append(values)
    return {"folder": table.folder, "runs": runs, "notes": list(table.notes)}


def _as_lines(table: RunTable) -> dict[str, Any]:
    cells = [_HEADINGS, *(_cells(row) for row in table.rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEADINGS))]
    lines = []
    for line in cells:
        padded = [
            text.rjust(width) if heading in _TO_THE_RIGHT else text.ljust(width)
            for heading, text, width in zip(_HEADINGS, line, widths, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    values: dict[str, Any] = {"folder": table.folder, "runs": lines if table.rows else []}
    if table.notes:
        values["notes"] = list(table.notes)
    return values


def _cells(row: RunRow) -> tuple[str, ...]:
    from models.runs.hdf5.file import size_text

    def known(value: object) -> str:
        return "" if value is None else str(value)

    return (
        row.name,
        datetime.fromtimestamp(row.modified_s).strftime("%Y-%m-%d %H:%M"),
        known(row.frames),
        "" if row.height is None else f"{row.height}×{row.width} px",
        row.dtype,
        size_text(row.bytes),
        known(row.labels),
        "" if row.hit_rate is None else f"{100 * row.hit_rate:.1f} %",
        f"{row.state.value}: {row.status}" if row.status else row.state.value,
    )
