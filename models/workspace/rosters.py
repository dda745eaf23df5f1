"""The event identifiers of a run, kept once for all entries that hold index ranges.

A lasso around 10⁵ frames is one short line in the journal. Should the file be re-ordered later, the roster of the
run as it was then tells which events those indices meant.
"""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Sequence
from pathlib import Path

from models.files.disk import written_aside

log = logging.getLogger(__name__)

_MAX_BYTES = 4 << 30


def roster_path(folder: Path, digest: str) -> Path:
    return folder / f"events-{digest}.json.gz"


def save_roster(folder: Path, digest: str, events: Sequence[str], *, grown: bool = False) -> None:
    """Keep the events of a run, unless they are kept already and it has not grown since. Raises NotSaved."""
    path = roster_path(folder, digest)
    if path.exists() and not grown:
        return
    with written_aside(path, f"The event identifiers were not saved to {path}") as aside:
        aside.write_bytes(gzip.compress(json.dumps([str(e) for e in events]).encode(), compresslevel=1, mtime=0))


def load_roster(folders: Sequence[Path], digest: str) -> Sequence[str] | None:
    """The events a run had, or None where no folder has kept them."""
    for folder in folders:
        path = roster_path(folder, digest)
        try:
            with gzip.open(path) as file:
                events = json.loads(file.read(_MAX_BYTES))
        except FileNotFoundError:
            continue
        except (OSError, EOFError, ValueError) as error:
            log.warning("cannot read %s: %s", path, error)
            continue
        if isinstance(events, list) and all(isinstance(e, str) for e in events):
            return events
        log.warning("%s holds no list of event identifiers", path)
    return None
