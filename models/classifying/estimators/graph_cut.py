"""Labels spread over a graph of frames, held by a force from the examples' regions.

After Yin and Tai, J. Sci. Comput. 74, 175 (2018). Each frame i gets a share u_i of every class, u_i in the simplex.
Both models of the paper are here. The quadratic one minimises ½ Σ_k u_kᵀ L u_k + λ Σ_k f_kᵀ u_k + μ/2 |u − y|² over
the labelled frames, L the graph's normalised Laplacian: sparse linear systems. The other minimises Σ_ij w_ij |u_i −
u_j| + λ Σ_k f_kᵀ u_k, the labelled frames held fixed: total variation on the graph, by a primal-dual iteration
(Chambolle and Pock, J. Math. Imaging Vis. 40, 120, 2011). The region force f_k(i) = −ln p_k(i) comes from p_k(i), the
share of class k in what short random walks from the examples bring to i.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.classifying.estimators.base import FewLabels
from models.classifying.estimators.graph import SELF_TUNED, Affinity
from models.classifying.types import Array, FloatArray, IntArray
from models.parameters import parameter

QUADRATIC, TOTAL_VARIATION = "quadratic", "total variation"
_FIRMNESS = 100.0
_STEPS = 8
_FAINT = 0.05
"""What every class's share begins with, in usual shares: how little one faint link says."""


@dataclass(frozen=True)
class GraphCutSettings:
    """Label propagation on a graph with a region force."""

    model: str = parameter(
        QUADRATIC,
        "What makes a labelling smooth: squared differences, or the length of the cut",
        choices=(QUADRATIC, TOTAL_VARIATION),
    )
    neighbours: int = parameter(10, "Nearest neighbours that a frame is linked to", low=3, high=1000)
    force: float = parameter(0.5, "Weight of the region force against smoothness", low=0.0, high=100.0)
    iterations: int = parameter(300, "Steps of the total variation's solver", low=10, high=10_000)


class GraphCut(FewLabels):
    """Semi-supervised: the frames between the examples decide where one class ends. New frames take the mean of
    their neighbours' shares."""

    def __init__(self, settings: GraphCutSettings) -> None:
        self.settings = settings

    def _represent(self, rows: FloatArray, codes: IntArray) -> Array:
        from scipy.sparse import csr_array, diags_array, eye_array

        standard: Array = super()._represent(rows, codes)
        self._affinity = Affinity.of(standard, SELF_TUNED, self.settings.neighbours)
        weights = self._affinity.to(standard)
        np.fill_diagonal(weights, 0.0)
        self._weights: Any = csr_array(weights)
        degree = np.maximum(weights.sum(1), 1e-12)
        self._walk: Any = diags_array(1 / degree) @ self._weights
        root = diags_array(1 / np.sqrt(degree))
        self._laplacian: Any = csr_array(eye_array(len(rows)) - root @ self._weights @ root)
        return standard

    def _learn(self, inside: Array, codes: IntArray, n_classes: int) -> None:
        known = codes >= 0
        given = np.zeros((len(codes), n_classes))
        given[known, codes[known]] = 1.0
        force = self.settings.force * self._region_force(given)
        if self.settings.model == QUADRATIC:
            self._shares = self._quadratic(given, known, force)
        else:
            self._shares = self._total_variation(given, known, force)

    def _scores(self, inside: Array) -> Array:
        kernel = self._affinity.to(inside)
        seen = kernel @ self._shares
        return np.asarray(np.log(seen / np.maximum(seen.sum(1, keepdims=True), 1e-300) + 1e-3), np.float64)

    def _region_force(self, given: Array) -> Array:
        """(n, K) −ln of the class shares where walks that start at the examples are found after up to 8 steps.

        Walks from the examples, not to them: each class sends out the same number, so an example with many
        neighbours does not win everywhere.
        """
        share = given / given.sum(0)
        seen = share.copy()
        for _ in range(_STEPS):
            share = self._walk.T @ share
            seen += share
        seen += _FAINT * seen.mean()
        return np.asarray(-np.log(seen / seen.sum(1, keepdims=True)), np.float64)

    def _quadratic(self, given: Array, known: Any, force: Array) -> Array:
        from scipy.sparse import diags_array
        from scipy.sparse.linalg import cg

        # Frames far from all examples are held a little, which keeps the system well posed.
        held = np.where(known, _FIRMNESS, 1e-3)
        matrix = self._laplacian + diags_array(held)
        n_classes = given.shape[1]
        target = np.where(known[:, None], given, 1 / n_classes)
        right = held[:, None] * target - (force - force.mean(1, keepdims=True))
        precondition = diags_array(1 / matrix.diagonal())
        solved = [cg(matrix, right[:, k], rtol=1e-6, maxiter=500, M=precondition)[0] for k in range(n_classes)]
        return to_simplex(np.stack(solved, axis=1))

    def _total_variation(self, given: Array, known: Any, force: Array) -> Array:
        from scipy.sparse import csr_array, triu

        upper = triu(self._weights, k=1, format="coo")
        # In units of a frame's usual links, as in the Laplacian: the force then means the same in both models.
        weights = upper.data / max(float(self._weights.sum()) / len(given), 1e-12)
        edges = np.arange(len(weights))
        # Each row of the gradient is one link: weight · (u_i − u_j).
        gradient = csr_array(
            (
                np.concatenate([weights, -weights]),
                (np.concatenate([edges, edges]), np.concatenate([upper.row, upper.col])),
            ),
            shape=(len(edges), len(given)),
        )
        back = csr_array(gradient.T)
        # Step sizes from the sums of rows and columns (Pock and Chambolle, ICCV 2011).
        sigma = 1 / np.maximum(abs(gradient).sum(1), 1e-9)[:, None]
        tau = 1 / np.maximum(abs(back).sum(1), 1e-9)[:, None]
        shares = np.where(known[:, None], given, np.exp(-force))
        shares = to_simplex(shares / shares.sum(1, keepdims=True))
        ahead = shares.copy()
        dual = np.zeros((len(edges), given.shape[1]))
        for _ in range(self.settings.iterations):
            dual = np.clip(dual + sigma * (gradient @ ahead), -1.0, 1.0)
            new = to_simplex(shares - tau * (back @ dual + force))
            new[known] = given[known]
            ahead = 2 * new - shares
            shares = new
        return shares


def to_simplex(rows: Array) -> Array:
    """The nearest rows with entries ≥ 0 that sum to 1 (Held, Wolfe and Crowder, Math. Program. 6, 62, 1974)."""
    ordered = -np.sort(-rows, axis=1)
    excess = (np.cumsum(ordered, axis=1) - 1.0) / np.arange(1, rows.shape[1] + 1)
    last = (ordered > excess).sum(1) - 1
    return np.asarray(np.maximum(rows - excess[np.arange(len(rows)), last][:, None], 0.0), np.float64)
