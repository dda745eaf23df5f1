"""Compiling loops over pixels for the CPU; imported only inside functions, since numba is slow to load."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba  # noqa: TID253

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(function: Kernel) -> Kernel:
    """The function compiled at its first call, without the interpreter lock, and kept for the next process."""
    # Everything but "nnan" and "ninf": a NaN has to stay one, so that whoever looks at the result sees it.
    fast = {"nsz", "arcp", "contract", "reassoc", "afn"}
    try:
        kernel: Any = numba.njit(function, cache=True, nogil=True, fastmath=fast)
    except RuntimeError:
        # Nowhere to keep the compiled code: compile it anew in each process, which takes some seconds.
        kernel = numba.njit(function, nogil=True, fastmath=fast)
    return cast(Kernel, kernel)
