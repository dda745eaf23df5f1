"""Where Friedel may write: never over what it reads. The window and the verbs ask here alike."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from models.errors import NotSaved

FRAME_ENDINGS = (".tif", ".tiff", ".h5")
"""of files that are frames of a run which is a folder"""


def is_there(path: Path) -> bool:
    """Whether something of that name can be seen; False, not an error, in a folder that may not be looked into."""
    try:
        return path.exists()
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Whether there is a folder of that name; False, not an error, where that may not be looked at."""
    try:
        return path.is_dir()
    except OSError:
        return False


def refuse_own_input(path: Path, reads: Iterable[str | Path | None]) -> None:
    """Refuse to write to `path` where it is one of the files that are read; None stands for nothing.

    Of a folder that is read (a run of TIFF files, or of European XFEL's) every frame in it counts.

    Raises:
        NotSaved: it is one of them.
    """
    if not is_there(path):
        return
    for other in (Path(name) for name in reads if name is not None):
        if not is_there(other):
            continue
        frame = path.suffix.lower() in FRAME_ENDINGS and path.resolve().parent == other.resolve()
        if frame or path.samefile(other):
            raise NotSaved(f"{path} was not written", cause="it is itself read here", hint="Choose another name")
