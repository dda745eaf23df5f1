"""Spectral clustering (Yoon et al. 2011) and diffusion maps (Giannakis et al. 2012) with a few labels.

Both look at all frames given, labelled or not. The papers start from the pixels; here the rows are whatever features
the classifier is given (rotation-invariant ones in the registry, because a run holds few frames of each orientation).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.classifying.estimators.base import FewLabels
from models.classifying.estimators.graph import GAUSSIAN, SELF_TUNED, Affinity, SpectralMap, squared_distances
from models.classifying.types import Array, FloatArray, IntArray
from models.parameters import parameter


@dataclass(frozen=True)
class SpectralSettings:
    """Self-tuned spectral clustering whose clusters are named by the examples in them."""

    clusters: int = parameter(12, "Clusters the frames are grouped into", low=2, high=200)
    neighbours: int = parameter(20, "Nearest neighbours that a frame is linked to", low=3, high=1000)
    seed: int = parameter(0, "Of the starting points of k-means", low=0)


@dataclass(frozen=True)
class DiffusionSettings:
    """Nearest examples in diffusion coordinates."""

    dimensions: int = parameter(12, "Diffusion coordinates", low=1, high=100)
    neighbours: int = parameter(100, "Nearest neighbours that a frame is linked to", low=3, high=1000)
    width: float = parameter(1.0, "Width of the kernel in mean squared distances", low=1e-3, high=1e3)
    compared: int = parameter(1, "Nearest examples of each class that decide", low=1, high=50)


class SpectralClusters(FewLabels):
    """Clusters in the leading eigenvectors of a self-tuned graph, each named by the majority of its examples.

    The rows of the eigenvectors are brought to unit length before k-means (Ng, Jordan and Weiss, NIPS 2001). Clusters
    without an example take the votes of the examples nearest to their middle, at half weight. Probabilities are
    shares of votes, softened by half a vote for every class.
    """

    def __init__(self, settings: SpectralSettings) -> None:
        self.settings = settings

    def _represent(self, rows: FloatArray, codes: IntArray) -> Array:
        from sklearn.cluster import KMeans

        standard = super()._represent(rows, codes)
        n_clusters = min(self.settings.clusters, max(2, len(rows) // 4))
        affinity = Affinity.of(standard, SELF_TUNED, self.settings.neighbours)
        self._spectrum = SpectralMap.of(affinity, n_clusters - 1, alpha=0.0)
        places = _unit(self._spectrum.vectors)
        means: Any = KMeans(n_clusters, n_init=4, random_state=self.settings.seed).fit(places)
        self._middles = np.asarray(means.cluster_centers_, np.float64)
        return places

    def _map(self, rows: FloatArray) -> Array:
        return _unit(self._spectrum.extend(self._standard(rows)))

    def _learn(self, inside: Array, codes: IntArray, n_classes: int) -> None:
        known = np.flatnonzero(codes >= 0)
        votes = np.zeros((len(self._middles), n_classes))
        np.add.at(votes, (self._cluster(inside[known]), codes[known]), 1.0)
        to_examples = squared_distances(self._middles, inside[known])
        for empty in np.flatnonzero(votes.sum(1) == 0):
            votes[empty, codes[known[to_examples[empty].argmin()]]] = 0.5
        # Classes with more examples are not likelier for that.
        votes /= np.bincount(codes[known], minlength=n_classes) / (len(known) / n_classes)
        votes += 0.5
        self._log_shares = np.log(votes / votes.sum(1, keepdims=True))

    def _scores(self, inside: Array) -> Array:
        return np.asarray(self._log_shares[self._cluster(inside)], np.float64)

    def _cluster(self, places: Array) -> IntArray:
        return np.asarray(squared_distances(places, self._middles).argmin(1), np.int64)


class DiffusionNeighbours(FewLabels):
    """Nearest examples in the coordinates of a diffusion map, new frames placed by Nyström's formula."""

    def __init__(self, settings: DiffusionSettings) -> None:
        self.settings = settings

    def _represent(self, rows: FloatArray, codes: IntArray) -> Array:
        standard = super()._represent(rows, codes)
        affinity = Affinity.of(standard, GAUSSIAN, self.settings.neighbours, sigma=self.settings.width)
        self._spectrum = SpectralMap.of(affinity, self.settings.dimensions, alpha=1.0)
        return self._places(self._spectrum.vectors)

    def _map(self, rows: FloatArray) -> Array:
        return self._places(self._spectrum.extend(self._standard(rows)))

    def _places(self, vectors: Array) -> Array:
        # The first is the same everywhere.
        return np.asarray(vectors[:, 1:] * self._spectrum.values[1:], np.float64)

    def _learn(self, inside: Array, codes: IntArray, n_classes: int) -> None:
        self._examples = [inside[codes == k] for k in range(n_classes)]

    def _scores(self, inside: Array) -> Array:
        # The same number of nearest examples from every class, so that a class with more of them is not favoured.
        k = min(self.settings.compared, min(len(rows) for rows in self._examples))
        nearest = [
            np.partition(squared_distances(inside, rows), k - 1, axis=1)[:, :k].mean(1) for rows in self._examples
        ]
        return -np.stack(nearest, axis=1)


def _unit(vectors: Array) -> Array:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float64)
