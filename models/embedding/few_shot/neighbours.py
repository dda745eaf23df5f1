"""The frames most like a given one, by distance between embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_BLOCK = 16384


def neighbours(vectors: npt.NDArray[Any], index: int, n: int) -> npt.NDArray[np.int64]:
    """The `n` frames nearest to frame `index`, nearest first, without itself.

    Args:
        vectors: (N, D) floats, may be memory-mapped; frames whose row is not finite are never neighbours.
        index: 0 … N-1.
        n: how many; fewer come back where the run has fewer.

    Returns:
        (m,) int64, m <= n; empty where the frame itself has no embedding. Equal distances are ordered by index.

    Raises:
        IndexError: index outside 0 … N-1.
    """
    if not 0 <= index < len(vectors):
        raise IndexError(f"frame {index} is not in a run of {len(vectors)}")
    centre = np.asarray(vectors[index], np.float32)
    if not np.isfinite(centre).all() or n < 1:
        return np.zeros(0, np.int64)
    distances = np.empty(len(vectors), np.float32)
    with np.errstate(invalid="ignore", over="ignore"):
        for start in range(0, len(vectors), _BLOCK):
            block = np.asarray(vectors[start : start + _BLOCK], np.float32)
            # |x - c|^2 less |c|^2, which changes no order.
            distances[start : start + _BLOCK] = np.einsum("ij,ij->i", block, block) - 2.0 * (block @ centre)
    distances[~np.isfinite(distances)] = np.inf
    distances[index] = np.inf
    n = min(n, int(np.count_nonzero(np.isfinite(distances))))
    if n == 0:
        return np.zeros(0, np.int64)
    nearest = np.argpartition(distances, n - 1)[:n]
    return np.asarray(nearest[np.lexsort((nearest, distances[nearest]))], np.int64)
