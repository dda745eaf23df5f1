"""How the C library's allocator treats memory that was freed, in processes that compute.

A network allocates and frees some ten tensors of megabytes for every frame. glibc gives such blocks back to the
system at once, which then clears every page of the next one again: at 256 × 256 pixels 7 000 page faults a frame, a
fifth of its time. Kept, they cost memory that the process has had anyway.
"""

from __future__ import annotations

import ctypes
import logging
import sys

log = logging.getLogger(__name__)

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _MOST_ARENAS = -1, -3, -8
_KEPT_BYTES = 256 * 2**20
_LARGEST_BYTES = 32 * 2**20


def keep_freed_memory() -> bool:
    """Keep up to 256 MiB of freed memory for what is allocated next; blocks over 32 MiB still go back at once.

    For the whole process, which should be one of its own. Gives whether the allocator took it: mallopt(3) is glibc's.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError) as error:
        log.info("the allocator stays as it is: %s", error)
        return False
    # One arena: those of other threads are made of heaps of 64 MiB, which go back whenever they are empty.
    return all([
        mallopt(_MMAP_THRESHOLD, _LARGEST_BYTES),
        mallopt(_TRIM_THRESHOLD, _KEPT_BYTES),
        mallopt(_MOST_ARENAS, 1),
    ])  # fmt: skip
