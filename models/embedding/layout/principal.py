"""The instant map: the two directions in which a run's embedding varies most."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

_BLOCK = 8192


def pca(vectors: npt.NDArray[Any]) -> FloatArray:
    """Principal components of every frame.

    Args:
        vectors: (N, D) floats, may be memory-mapped; read twice, block by block.

    Returns:
        (N, 2) float32 in units of the vectors, centred on 0, the first column the direction of largest variance.
        Rows that are not finite give NaN. Signs are fixed (the largest loading of each direction is positive), so the
        same run always looks the same. Directions without any variance give zeros.
    """
    n = len(vectors)
    result = np.full((n, 2), np.nan, np.float32)
    dimension = vectors.shape[1]
    count, total, products = 0, np.zeros(dimension), np.zeros((dimension, dimension))
    shift: FloatArray | None = None
    for start in range(0, n, _BLOCK):
        block = _finite(np.asarray(vectors[start : start + _BLOCK], np.float32))
        if len(block) == 0:
            continue
        if shift is None:
            # Taking off what all vectors share keeps the products exact enough in single precision.
            shift = np.asarray(block.mean(axis=0), np.float32)
        block = block - shift
        count += len(block)
        total += block.sum(axis=0)
        products += block.T @ block
    if shift is None:
        return result
    mean = total / count
    covariance = products / count - np.outer(mean, mean)
    variances, directions = np.linalg.eigh(covariance)
    axes = directions[:, ::-1][:, :2]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    # Below this a direction is rounding, not structure.
    axes = axes * (variances[::-1][:2] > 1e-10 * max(float((shift**2).sum()), float(variances[-1]), 1e-300))
    table = np.zeros((dimension, 2), np.float32)
    table[:, : axes.shape[1]] = axes
    origin = ((shift + mean) @ table).astype(np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        for start in range(0, n, _BLOCK):
            block = np.asarray(vectors[start : start + _BLOCK], np.float32)
            result[start : start + _BLOCK] = block @ table - origin
    bad = ~np.isfinite(result).all(axis=1)
    result[bad] = np.nan
    return result


def _finite(block: FloatArray) -> FloatArray:
    # A row's sum is finite only if the row is (or it overflows, which no embedding does): one pass over the block.
    with np.errstate(invalid="ignore", over="ignore"):
        good = np.isfinite(block @ np.ones(block.shape[1], np.float32))
    return block if good.all() else block[good]
