"""Holding examples out: stratified folds, the same whatever order the classes are listed in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]

LEAVE_ONE_OUT_BELOW = 24
"""With no more examples than this every one is held out on its own."""


def stratified_folds(classes: IntArray, folds: int) -> IntArray:
    """The fold in which each example is held out: (n,) int64, -1 for examples that never are.

    The i-th example of a class goes to fold i modulo `folds`, so that no class loses all its examples at once; the
    only example of a class is never held out. Up to `LEAVE_ONE_OUT_BELOW` examples, each gets a fold of its own.
    """
    result = np.full(len(classes), -1, np.int64)
    for name in np.unique(classes):
        members = np.flatnonzero(classes == name)
        if len(members) > 1:
            result[members] = np.arange(len(members)) % max(2, folds)
    if len(classes) <= LEAVE_ONE_OUT_BELOW:
        tested = np.flatnonzero(result >= 0)
        result[tested] = np.arange(len(tested))
    return result
