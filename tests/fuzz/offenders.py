"""Does, over a file, what its name says: to see that the pool of processes notices."""

from __future__ import annotations

import ctypes
import time
import traceback
from pathlib import Path

from tests.fuzz.subject import Seen


def try_run(path: Path, *_: object) -> Seen:
    """In place of `tests.fuzz.subject.try_run`."""
    seen = Seen(opened=True)
    if path.name == "crash":
        ctypes.string_at(0)
    elif path.name == "hang":
        time.sleep(600)
    elif path.name == "write":
        path.write_bytes(b"changed")
    elif path.name == "raise":
        try:
            raise ValueError("on purpose")
        except ValueError:
            seen.faults.append(traceback.format_exc())
    return seen
