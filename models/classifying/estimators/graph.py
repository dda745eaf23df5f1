"""Similarity between frames: nearest neighbours, kernels with a local width, spectra, and Nyström's extension.

Distances to new rows follow the same rules as distances between the rows the graph was made of, a row counting as
its own nearest neighbour in both, so that the extension of a row of the graph is the row itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.classifying.types import Array

SELF_TUNED, GAUSSIAN = "self-tuned", "gaussian"


@dataclass(frozen=True, eq=False)
class Affinity:
    """A kernel between rows, cut to nearest neighbours.

    K(x, y) = exp(−d² / (s_x s_y)) with s the distance to a row's `local`-th neighbour (self-tuned: Zelnik-Manor and
    Perona, NIPS 2004), or exp(−d² / width) with one width for all. Pairs count where one is among the other's
    `neighbours` nearest.

    Attributes:
        rows: (n, d) the graph's rows.
        neighbours, local: numbers of neighbours, a row being its own first.
        width: of the Gaussian kernel, squared distance; 0 for the self-tuned one.
        reach: (n,) distance² to the last neighbour.
        scale: (n,) distance to the `local`-th neighbour.
    """

    rows: Array
    neighbours: int
    local: int
    width: float
    reach: Array
    scale: Array

    @classmethod
    def of(cls, rows: Array, kind: str, neighbours: int, local: int = 7, sigma: float = 1.0) -> Affinity:
        """The graph of (n, d) rows; `sigma` scales the Gaussian's width, the mean squared distance."""
        squares = squared_distances(rows, rows)
        n = len(rows)
        neighbours, local = min(neighbours, n), min(local, n)
        ordered = np.partition(squares, (local - 1, neighbours - 1), axis=1)
        width = 0.0 if kind == SELF_TUNED else max(sigma * float(squares.mean()), 1e-12)
        return cls(rows, neighbours, local, width, ordered[:, neighbours - 1], _scales(ordered[:, local - 1]))

    def to(self, rows: Array) -> Array:
        """(m, n) kernel between new rows and the graph's."""
        squares = squared_distances(rows, self.rows)
        ordered = np.partition(squares, (self.local - 1, self.neighbours - 1), axis=1)
        near = squares <= np.maximum(ordered[:, self.neighbours - 1, None], self.reach)
        if self.width:
            exponent = squares / self.width
        else:
            exponent = squares / (_scales(ordered[:, self.local - 1])[:, None] * self.scale)
        return np.where(near, np.exp(-exponent), 0.0)


@dataclass(frozen=True, eq=False)
class SpectralMap:
    """Eigenvectors of a random walk on a graph, and their values for new rows.

    With q the sums of the kernel K, the walk's steps are P = D⁻¹ K / (q_i q_j)^alpha: alpha 1 takes the density of
    the data out (diffusion maps: Coifman and Lafon, Appl. Comput. Harmon. Anal. 21, 5, 2006), alpha 0 is the
    normalised Laplacian's walk.

    Attributes:
        affinity: the kernel.
        alpha: see above.
        density: (n,) q of the graph's rows.
        values: (k,) eigenvalues, largest first; the first is 1.
        vectors: (n, k) right eigenvectors of P; the first is constant.
    """

    affinity: Affinity
    alpha: float
    density: Array
    values: Array
    vectors: Array

    @classmethod
    def of(cls, affinity: Affinity, dimensions: int, alpha: float) -> SpectralMap:
        """The first `dimensions` + 1 eigenvectors."""
        kernel = affinity.to(affinity.rows)
        density = kernel.sum(1)
        kernel /= (density[:, None] * density) ** alpha
        degree = np.sqrt(kernel.sum(1))
        symmetric = kernel / (degree[:, None] * degree)
        values, vectors = _leading(symmetric, min(dimensions + 1, len(kernel)))
        vectors = vectors / degree[:, None]
        # A walk's constant eigenvector is 1, and eigenvectors have no sign of their own.
        vectors *= np.sqrt(len(vectors)) / np.linalg.norm(vectors, axis=0)
        vectors *= np.sign(vectors[np.abs(vectors).argmax(0), np.arange(vectors.shape[1])])
        return cls(affinity, alpha, density, values, vectors)

    def extend(self, rows: Array) -> Array:
        """(m, k) the eigenvectors at new rows, by Nyström's formula: one step of the walk over the eigenvalue."""
        kernel = self.affinity.to(rows)
        own = kernel.sum(1, keepdims=True)
        kernel /= (np.maximum(own, 1e-300) * self.density) ** self.alpha
        total = kernel.sum(1, keepdims=True)
        steps = np.divide(kernel, total, out=np.zeros_like(kernel), where=total > 0)
        return np.asarray(steps @ (self.vectors / np.maximum(self.values, 1e-6)), np.float64)


def squared_distances(a: Array, b: Array) -> Array:
    """(n, m) squared Euclidean distances of (n, d) and (m, d); those of equal rows are exactly 0."""
    lengths = (a**2).sum(1)[:, None] + (b**2).sum(1)
    squares = lengths - 2.0 * (a @ b.T)
    # What is left of equal rows after rounding must not look like a distance.
    return np.where(squares > 1e-11 * lengths, squares, 0.0)


def _scales(squares: Array) -> Array:
    """Distances of squares, those of many equal rows taken for the smallest others."""
    positive = squares[squares > 0]
    least = float(positive.min()) if positive.size else 1.0
    return np.sqrt(np.maximum(squares, least))


def _leading(symmetric: Array, k: int) -> tuple[Array, Array]:
    """The k largest eigenvalues of a symmetric matrix, largest first, and their vectors."""
    from scipy.linalg import eigh
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import ArpackNoConvergence, eigsh

    n = len(symmetric)
    found: tuple[Any, Any]
    if n > 300 and k < n // 4:
        try:
            start = np.random.default_rng(0).standard_normal(n)
            found = eigsh(csr_array(symmetric), k, which="LA", v0=start)
        except ArpackNoConvergence:
            found = eigh(symmetric, subset_by_index=(n - k, n - 1))
    else:
        found = eigh(symmetric, subset_by_index=(n - k, n - 1))
    order = np.argsort(-found[0])
    return np.asarray(found[0][order], np.float64), np.asarray(found[1][:, order], np.float64)
