"""Listing a folder's runs in a worker process. Imported there only, by name."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from models.runs.run_table import ListingProgress, RunTable


def list_folder(folder: str) -> Generator[ListingProgress, None, RunTable]:
    """The runs of a folder, with labels and hit rates from their workspaces."""
    from models.runs.run_table_listing import list_runs

    return (yield from list_runs(Path(folder), describe="models.workspace.summary:describe_with_labels"))
