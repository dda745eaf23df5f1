"""Small values out of HDF5: attributes, numbers with units, texts, event identifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.runs.hdf5.unsafe import why_unsafe

if TYPE_CHECKING:
    import h5py

READ_ERRORS = (OSError, RuntimeError, ValueError, KeyError, TypeError, MemoryError)
"""What h5py raises for damaged or missing data."""

_MOST_NUMBERS = 100_000
_LARGEST_READ = 50_000_000
_BLOCK = 20_000  # other threads get a turn between blocks


def attribute(item: h5py.Dataset | h5py.Group, name: str) -> Any:
    """An attribute's value, None where it is missing or unreadable."""
    try:
        return item.attrs.get(name)
    except READ_ERRORS:
        return None


def text(value: Any) -> str:
    """A string from str, bytes or an array of one of them; "" for anything else."""
    if isinstance(value, np.ndarray):
        value = value.ravel()[0] if value.size else ""
    if isinstance(value, bytes):
        return value.split(b"\0", 1)[0].decode("utf-8", "surrogateescape").strip()
    return value.strip() if isinstance(value, str) else ""


def unit_of(dataset: h5py.Dataset) -> str:
    """The unit an attribute gives ("units", "unit" or European XFEL's "unitSymbol"), "" where none does."""
    for name in ("units", "unit", "unitSymbol"):
        found = text(attribute(dataset, name))
        if found:
            return found
    return ""


def number(dataset: h5py.Dataset) -> float | None:
    """The number in a scalar, or the median of an array's (first) finite non-zero ones; None where there is none."""
    values = _numbers(dataset)
    if values is None or not values.size:
        return None
    middle = float(np.median(values))
    if dataset.dtype.kind == "f" and dataset.dtype.itemsize <= 4:
        return float(str(np.float32(middle)))  # 1.12, not the 1.1200000047 that a float32 is in double precision
    return middle


def _numbers(dataset: h5py.Dataset) -> npt.NDArray[np.float64] | None:
    """The finite non-zero numbers of a dataset, of a long one the first; None where there are none to be read."""
    try:
        if dataset.dtype.kind not in "iuf" or not dataset.size:
            return None
        if dataset.size <= _MOST_NUMBERS:
            stored = dataset[()]
        else:
            stored = dataset[: max(1, _MOST_NUMBERS * dataset.shape[0] // dataset.size)]
        values = np.asarray(stored, dtype=np.float64).ravel()
    except READ_ERRORS:
        return None
    finite: npt.NDArray[np.float64] = values[np.isfinite(values) & (values != 0)]
    return finite


def spread(dataset: h5py.Dataset) -> tuple[float, float] | None:
    """The smallest and the largest of an array's finite non-zero numbers; None where there are no two of them."""
    values = _numbers(dataset)
    if values is None or values.size < 2:
        return None
    return float(values.min()), float(values.max())


def read_texts(dataset: h5py.Dataset, stop: int) -> list[str]:
    """The first `stop` entries as text, whatever they are: strings of fixed or any length, letters as int8, integers.

    Raises one of `READ_ERRORS`.
    """
    found: list[str] = []
    for start in range(0, stop, _BLOCK):
        found += _texts(np.asarray(dataset[start : min(stop, start + _BLOCK)]))
    return found


def _texts(values: npt.NDArray[Any]) -> list[str]:
    if values.dtype.kind == "O":
        return [_one_text(value) for value in values]
    if values.dtype.kind == "S":
        return [text(value) for value in values.ravel().tolist()]
    if values.dtype.kind in "iu" and values.dtype.itemsize == 1 and values.ndim == 2:
        return [text(row.astype(np.uint8).tobytes()) for row in values]
    return [str(value) for value in values.ravel().tolist()]


def _one_text(value: Any) -> str:
    if isinstance(value, str | bytes):
        return text(value)
    return str(value)


def read_all(dataset: Any) -> npt.NDArray[Any]:
    """The whole of a small dataset.

    Raises one of `READ_ERRORS`, also where it is no dataset, is huge, or must not be read.
    """
    import h5py

    if not isinstance(dataset, h5py.Dataset) or dataset.shape is None:
        raise ValueError("it is no array")
    if dataset.size > _LARGEST_READ:
        raise ValueError(f"{dataset.name} has {dataset.size} values")
    if why := why_unsafe(dataset):
        raise ValueError(f"{dataset.name}: {why}")
    return np.asarray(dataset[()])
