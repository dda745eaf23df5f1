"""Where the workspace of a run is: a folder beside it, or one in the user's data directory.

The folder beside the run is `<file name>.friedel`. Where that cannot be written (a read-only share, a run inside the
installed program), the workspace is `workspaces/<name>-<digest>` in the user's data directory, found by the run's
digest wherever its file is. Labels in any of these places are read; new ones go to the first that can be written.

A run that was moved without its folder is recognised, too: `places/<digest>` notes where its workspaces were.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.errors import NotSaved
from models.files.disk import is_writable, replace_text
from models.runs.types import Run
from models.workspace.journal import PATTERN, plain

log = logging.getLogger(__name__)

DATA_VARIABLE = "FRIEDEL_DATA"
SUFFIX = ".friedel"
_PROGRAM = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Places:
    """The folders of a run's workspace.

    Attributes:
        folder: what is new is written here; it need not exist yet.
        others: further folders to read.
        beside_run: whether `folder` is the one beside the run.
        note: a sentence for the user where it is not; "" otherwise.
        writable: whether `folder` could be written when it was looked for.
    """

    folder: Path
    others: tuple[Path, ...]
    beside_run: bool
    note: str
    writable: bool = True


def user_data_folder() -> Path:
    """The user's data directory: `$FRIEDEL_DATA`, or the platform's."""
    override = os.environ.get(DATA_VARIABLE)
    if override:
        return Path(override)
    import platformdirs

    return platformdirs.user_data_path("friedel", appauthor=False)


def folder_beside(path: Path) -> Path:
    """The workspace folder beside a run file or run folder."""
    return path.with_name(path.name + SUFFIX)


def find_places(run: Run, user_data: Path | None = None, writable: Callable[[Path], bool] = is_writable) -> Places:
    """Where the workspace of a run is.

    Args:
        run: an open run.
        user_data: the user's data directory; None for `user_data_folder()`.
        writable: whether a folder can be made and written to.
    """
    data = user_data_folder() if user_data is None else user_data
    digest = run.identity.digest
    path = _absolute(run.path)
    beside = folder_beside(path)
    in_data = _in_user_data(data, run.name, digest)
    moved = _moved_from(data, digest, path)
    shipped = _is_shipped(path)
    if not shipped and writable(beside):
        places = Places(beside, tuple(f for f in (in_data, *moved) if _has_labels(f)), True, "")
    else:
        why = "The run is part of the program" if shipped else f"{beside.parent} cannot be written"
        note = f"{why}: labels and results of this run are kept in {in_data}."
        can_write = writable(in_data)
        if not can_write:
            note = f"Neither {beside.parent} nor {in_data} can be written: labels of this run are NOT saved for now."
        places = Places(in_data, tuple(f for f in (beside, *moved) if _has_labels(f)), False, note, can_write)
    return places


def remember(places: Places, run: Run, user_data: Path | None = None) -> None:
    """Note where a run and its workspace are, for the day the run is found elsewhere.

    The note is a convenience: that it cannot be written is only logged.
    """
    data = user_data_folder() if user_data is None else user_data
    file = data / "places" / run.identity.digest
    known = _noted(file)
    pair = [str(_absolute(run.path)), str(places.folder)]
    if pair in known or not places.beside_run:
        return
    try:
        replace_text(file, json.dumps([*known, pair], indent=0) + "\n", "The place of the workspace was not noted")
    except NotSaved as error:
        log.info("%s", error.sentence())


def _in_user_data(data: Path, name: str, digest: str) -> Path:
    """The folder in the user's data directory; one made under another name of the run is found again."""
    root = data / "workspaces"
    if root.is_dir():
        for folder in sorted(root.glob(f"*-{digest}")):
            if folder.is_dir():
                return folder
    return root / f"{plain(name, 'run')}-{digest}"


def _moved_from(data: Path, digest: str, path: Path) -> list[Path]:
    """Workspaces the run had at places where it is no more (a run that is still there was copied, not moved)."""
    folders = []
    for old_path, folder in _noted(data / "places" / digest):
        if Path(old_path) != path and not Path(old_path).exists() and Path(folder) != folder_beside(path):
            folders.append(Path(folder))
    return folders


def _noted(file: Path) -> list[list[str]]:
    try:
        pairs = json.loads(file.read_text())
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        log.info("cannot read %s: %s", file, error)
        return []
    if not isinstance(pairs, list):
        return []
    return [p for p in pairs if isinstance(p, list) and len(p) == 2 and all(isinstance(x, str) for x in p)]


def _has_labels(folder: Path) -> bool:
    try:
        return any(folder.glob(PATTERN))
    except OSError as error:
        log.info("cannot look into %s: %s", folder, error)
        return False


def _is_shipped(path: Path) -> bool:
    """Whether the run came with the program, where nothing of the user's belongs."""
    return path.is_relative_to(_PROGRAM / "resources")


def _absolute(path: Path) -> Path:
    try:
        return path.resolve()
    except OSError:
        return path.absolute()
