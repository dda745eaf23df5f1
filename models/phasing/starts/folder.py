"""The temporary folder of a run of starts, which is gone when the run is, however it ends."""

from __future__ import annotations

import logging
import os
import platform
import re
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType

log = logging.getLogger(__name__)

_PREFIX = "friedel-starts-"
_LOCK = "alive"
_EXIT_TERMINATED = 128 + signal.SIGTERM


@contextmanager
def own_folder() -> Iterator[Path]:
    """A folder for this process's run; those that processes left behind which were killed are removed.

    Being terminated (SIGTERM) ends the program as leaving it does, so that the folder is removed then as well, where
    nobody else has said what is to happen. What cannot be caught is cleaned up by the next run.
    """
    remove_stale()
    prefix = f"{_PREFIX}{_host()}-{os.getpid()}-"
    # The lock is let go before the folder is removed: on a network share an open file cannot be.
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder, _held(Path(folder)):
        before = _catch_termination()
        try:
            yield Path(folder)
        finally:
            if before is not None and threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGTERM, before)


def remove_stale() -> None:
    """Remove folders of processes of this computer that are no more."""
    named = re.compile(rf"{re.escape(_PREFIX + _host())}-(\d+)-\w+")
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}{_host()}-*"):
        match = named.fullmatch(folder.name)
        if match is None or _lives(int(match[1])) or folder.is_symlink() or _is_held(folder):
            continue
        log.info("removing %s, left behind by a process that was killed", folder)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a lock in the folder, for those who cannot see this process by its number: in another container, or on
    another computer of the same name."""
    with ExitStack() as stack:
        # Elsewhere than on POSIX, and on a share without locks, the number must do.
        with suppress(ImportError, OSError):
            import fcntl

            lock = stack.enter_context((folder / _LOCK).open("wb"))
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


def _is_held(folder: Path) -> bool:
    try:
        import fcntl

        with (folder / _LOCK).open("rb+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (ImportError, OSError):
        return False
    return False


def _host() -> str:
    """The computer's name, as the folder may be on a share where numbers of processes are another computer's."""
    return re.sub(r"\W", "_", platform.node()) or "here"


def _lives(process: int) -> bool:
    if os.name != "posix":
        return True  # there asking is not harmless, and files in use cannot be removed anyway
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is another user's
    return True


def _catch_termination() -> signal.Handlers | None:
    """What held before, None where nothing was changed."""
    if threading.current_thread() is not threading.main_thread():
        return None
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return None
    signal.signal(signal.SIGTERM, _leave)
    return signal.SIG_DFL


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(_EXIT_TERMINATED)
