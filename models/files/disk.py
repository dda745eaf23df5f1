"""Writing so that nothing half-written is ever found: aside, flushed to the disk, then renamed."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.errors import NotSaved

if TYPE_CHECKING:
    import numpy.typing as npt

log = logging.getLogger(__name__)

_REASONS: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("the disk is full", "Make room on that disk"),
    errno.EDQUOT: ("your disk quota is used up", "Make room or ask for a larger quota"),
    errno.EFBIG: ("the file has grown beyond what this system allows", "Write to another disk"),
    errno.EROFS: ("the disk is read-only", "Choose another folder"),
    errno.EACCES: ("you may not write there", "Choose another folder or ask for write permission"),
    errno.EPERM: ("you may not write there", "Choose another folder or ask for write permission"),
    errno.ENOENT: ("the folder is gone", "Check that the disk or network share is still mounted"),
    errno.ENOTDIR: ("a file is where the folder should be", "Move that file away or choose another folder"),
    errno.EEXIST: ("a file is where the folder should be", "Move that file away or choose another folder"),
    errno.EISDIR: ("a folder of that name is already there", "Choose another name"),
    errno.ESTALE: ("the network share lost the file", "Check that the share is still mounted"),
    errno.EIO: ("the disk reports an error", "Check the disk or network share"),
    errno.ENAMETOOLONG: ("the name is too long", "Choose a shorter name"),
}
"""Words and advice for the failures that users meet."""


def reason(error: OSError) -> tuple[str, str]:
    """Cause and hint of a failed write, in a user's words."""
    otherwise = (error.strerror or str(error) or "the system gave no reason", "")
    return _REASONS.get(error.errno or 0, otherwise)


def not_saved(what: str, error: OSError) -> NotSaved:
    """The `NotSaved` to raise for a failed write; chain it with `from error`."""
    cause, hint = reason(error)
    return NotSaved(what, cause=cause, hint=hint)


def sync_folder(folder: Path) -> None:
    """Make new names in `folder` survive a power cut, where the system can do that."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError as error:  # folders cannot be opened on Windows; some shares refuse
        log.debug("cannot open folder %s to flush it: %s", folder, error)
        return
    try:
        os.fsync(handle)
    except OSError as error:
        log.debug("cannot flush folder %s: %s", folder, error)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """`folder` with its parents; new names are flushed, and a group that shares the parent shares the folder.

    Raises:
        OSError: where it cannot be made.
    """
    if folder.is_dir():
        return
    new = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in reversed(new):
        _share(path, 0o2070)
        sync_folder(path.parent)


def _share(path: Path, bits: int) -> None:
    """Give a new file or folder what its folder's group may do: annotators have accounts of their own."""
    with contextlib.suppress(OSError):  # a convenience: some shares have no modes
        wanted = path.parent.stat().st_mode & bits
        if wanted & 0o020:
            path.chmod(stat.S_IMODE(path.stat().st_mode) | wanted)


@contextlib.contextmanager
def written_aside(path: Path, what: str) -> Iterator[Path]:
    """A temporary path beside `path` to write to; takes its place, durably, if the block ends well.

    Args:
        path: where the finished file belongs; replaced if it is there. Its folder is made if need be.
        what: the sentence a `NotSaved` begins with, naming the thing that is being saved.

    Raises:
        NotSaved: for any `OSError` inside the block or while renaming. The half-written file is removed and what was
            at `path` before is untouched, as it is for every other exception (a cancelled job, too).
    """
    aside = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        make_folder(path.parent)
        yield aside
        handle = os.open(aside, os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        _share(aside, 0o060)
        os.replace(aside, path)  # noqa: PTH105 (the atomic call, by its own name)
        sync_folder(path.parent)
    except OSError as error:
        raise not_saved(what, error) from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)


def replace_text(path: Path, text: str, what: str) -> None:
    """Put `text` (UTF-8) at `path`, atomically. Raises NotSaved beginning with `what`.

    Event identifiers that were no UTF-8 in the data file are written as escapes.
    """
    with written_aside(path, what) as aside:
        aside.write_bytes(text.encode("utf-8", "backslashreplace"))


def replace_array(path: Path, array: npt.NDArray[Any], what: str) -> None:
    """Put an array of any shape and numeric dtype at `path` as NPY, atomically. Raises NotSaved (`what`)."""
    import numpy as np

    # Opened for reading, too: to a file that is only written numpy hands the array through C, which does not say why
    # it failed.
    with written_aside(path, what) as aside, aside.open("w+b") as file:
        np.save(file, array, allow_pickle=False)


def is_writable(folder: Path) -> bool:
    """Whether files can be made in `folder` (made for the trial where it is missing, and removed again).

    Access bits do not tell (root, network shares, read-only mounts), so a file is made and removed.
    """
    for _ in range(3):  # another Friedel's trial may remove the folder under ours
        made = [path for path in (folder, *folder.parents) if not path.exists()]
        trial = folder / f".trial-{secrets.token_hex(4)}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            os.close(os.open(trial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            trial.unlink()
        except FileNotFoundError as error:
            log.info("cannot write in %s: %s", folder, error)
        except OSError as error:
            log.info("cannot write in %s: %s", folder, error)
            return False
        else:
            return True
        finally:
            for empty in made:
                with contextlib.suppress(OSError):
                    empty.rmdir()
    return False
