"""LCLS "smalldata" files: one row per event in every dataset, pictures only where the user saved some.

Layout (psana's smalldata writer): groups of datasets whose first axis is the event, `timestamp` at the root;
missing integers are −99999 and missing fractions NaN; values of varying length `var_x` come with their counts
`var_x_len` and are no columns. Events are in the order in which servers delivered them, not in that of time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.runs.hdf5.values import READ_ERRORS

if TYPE_CHECKING:
    import h5py

    from models.runs.hdf5.tree import Leaf, Tree

MISSING_INTEGER = -99999
_CLOCKS = ("/timestamp", "/event_time", "/unixTime")
_MOST_STAMPS = 100_000
_SHARE = 0.5


def clock_of(tree: Tree) -> Leaf | None:
    """The dataset of time stamps that makes a file smalldata; None for any other file.

    At least half of the file's other arrays must have one row per stamp.
    """
    clock = next((tree.leaves[path] for path in _CLOCKS if path in tree.leaves), None)
    if clock is None or len(clock.shape) not in (1, 2) or clock.dtype.kind not in "iuf" or not clock.shape[0]:
        return None
    others = [leaf for leaf in tree.datasets() if leaf is not clock and leaf.shape not in ((), (1,))]
    rows = sum(leaf.shape[0] == clock.shape[0] for leaf in others)
    return clock if others and rows >= _SHARE * len(others) else None


def is_row_per_event(leaf: Leaf, clock: Leaf) -> bool:
    """Whether a dataset of two axes is a list of small rows, one for each event, and no picture."""
    return len(leaf.shape) == 2 and leaf.shape[0] == clock.shape[0]


def is_of_varying_length(leaf: Leaf) -> bool:
    """Whether a dataset strings together values of varying number per event, or counts them."""
    return leaf.name.startswith("var_") or any("/var_" in alias for alias in leaf.aliases)


def without_markers(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The values with the marker of missing integers as NaN; others uncopied."""
    if values.dtype.kind not in "if":
        return values
    with np.errstate(over="ignore"):  # in types too narrow for the marker it becomes infinite
        missing = values == MISSING_INTEGER
    if not missing.any():
        return values
    numbers = values.astype(np.float64)
    numbers[missing] = np.nan
    return numbers


def order_note(file: h5py.File, clock: Leaf) -> str:
    """A sentence where events (the first of them) are not in the order of time, else ""."""
    if len(clock.shape) != 1:
        return ""
    try:
        stamps = np.asarray(file[clock.path][:_MOST_STAMPS])
    except READ_ERRORS:
        return ""
    if stamps.size < 2 or bool((stamps[1:] >= stamps[:-1]).all()):
        return ""
    return f"Events are in the order in which they were written, not in that of time: sort by {clock.name}"
