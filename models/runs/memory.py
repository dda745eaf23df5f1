"""How much memory this machine has, for limits on caches and on what is unpacked."""

from __future__ import annotations

import os

_ASSUMED = 4 * 2**30


def memory_bytes() -> int:
    """Bytes of physical memory; 4 GiB where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return _ASSUMED
