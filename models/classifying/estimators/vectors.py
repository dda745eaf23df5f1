"""Nearest prototype, nearest on average, small network and support vectors on standardised features.

Features are standardised over all rows given, labelled or not. scikit-learn is imported when an estimator is fitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from models.classifying.estimators.base import FewLabels
from models.classifying.types import Array, FloatArray, IntArray
from models.parameters import parameter


@dataclass(frozen=True)
class PrototypeSettings:
    """Nothing to set."""


@dataclass(frozen=True)
class MlpSettings:
    """A small network on features, as in Dragonfly's classifier."""

    first_layer: int = parameter(10, "Neurons of the first hidden layer", low=1, high=1000)
    second_layer: int = parameter(10, "Neurons of the second hidden layer", low=1, high=1000)
    alpha: float = parameter(0.1, "L2 penalty", low=0.0, high=1e3)
    seed: int = parameter(0, "Of the starting weights", low=0)


@dataclass(frozen=True)
class SvmSettings:
    """Support vectors on principal components, after Bobkov et al. 2015."""

    variance: float = parameter(0.98, "Share of the variance the principal components keep", low=0.1, high=0.9999)
    penalty: float = parameter(3.0, "C of the support vector machine", low=1e-3, high=1e4)


class NearestPrototype(FewLabels):
    """The class whose mean example is nearest (squared distance per feature)."""

    def __init__(self, settings: PrototypeSettings) -> None:
        self.settings = settings

    def _learn(self, inside: Array, codes: IntArray, n_classes: int) -> None:
        self._means = np.stack([inside[codes == k].mean(0) for k in range(n_classes)])

    def _scores(self, inside: Array) -> Array:
        # |x|² is the same for all classes.
        scores = 2 * inside @ self._means.T - (self._means**2).sum(1)
        return np.asarray(scores / inside.shape[1], np.float64)


class MeanDistance(FewLabels):
    """The class whose examples are nearest on average, by squared distance: the published SpeckleNN's scorer.

    Vectors are taken as they are. That of a class with widely spread examples is at a disadvantage, as published.
    """

    def __init__(self, settings: PrototypeSettings) -> None:
        self.settings = settings

    def _represent(self, rows: FloatArray, codes: IntArray) -> Array:
        return self._map(rows)

    def _map(self, rows: FloatArray) -> Array:
        return np.asarray(rows, np.float64)

    def _learn(self, inside: Array, codes: IntArray, n_classes: int) -> None:
        self._means = np.stack([inside[codes == k].mean(0) for k in range(n_classes)])
        self._squares = np.array([(inside[codes == k] ** 2).sum(1).mean() for k in range(n_classes)])

    def _scores(self, inside: Array) -> Array:
        # mean |x − e|² = |x|² − 2 x·mean(e) + mean |e|², and |x|² is the same for all classes.
        return np.asarray(2 * inside @ self._means.T - self._squares, np.float64)


class SmallNetwork(FewLabels):
    """A multilayer perceptron with two small hidden layers."""

    def __init__(self, settings: MlpSettings) -> None:
        self.settings = settings

    def _learn(self, inside: Array, codes: IntArray, n_classes: int) -> None:
        from sklearn.neural_network import MLPClassifier

        settings = self.settings
        self._net: Any = MLPClassifier(
            (settings.first_layer, settings.second_layer),
            alpha=settings.alpha,
            solver="lbfgs",  # few rows: quicker and steadier than stochastic steps
            max_iter=500,
            random_state=settings.seed,
        )
        known = codes >= 0
        self._net.fit(inside[known], codes[known])

    def _scores(self, inside: Array) -> Array:
        return np.asarray(np.log(np.maximum(self._net.predict_proba(inside), 1e-12)), np.float64)


class SupportVectors(FewLabels):
    """Principal components of all rows, then a support vector machine with a Gaussian kernel."""

    def __init__(self, settings: SvmSettings) -> None:
        self.settings = settings

    def _represent(self, rows: FloatArray, codes: IntArray) -> Array:
        standard = super()._represent(rows, codes)
        _, strengths, axes = np.linalg.svd(standard, full_matrices=False)
        kept = np.cumsum(strengths**2) / max(float((strengths**2).sum()), 1e-30)
        self._axes = axes[: int(np.searchsorted(kept, self.settings.variance)) + 1]
        return np.asarray(standard @ self._axes.T, np.float64)

    def _map(self, rows: FloatArray) -> Array:
        return np.asarray(self._standard(rows) @ self._axes.T, np.float64)

    def _learn(self, inside: Array, codes: IntArray, n_classes: int) -> None:
        from sklearn.svm import SVC

        known = codes >= 0
        # gamma from all rows, not from a handful of examples
        gamma = 1.0 / max(inside.shape[1] * float(inside.var()), 1e-12)
        self._svc: Any = SVC(
            C=self.settings.penalty, gamma=gamma, class_weight="balanced", decision_function_shape="ovr"
        )
        self._svc.fit(inside[known], codes[known])

    def _scores(self, inside: Array) -> Array:
        decision = np.asarray(self._svc.decision_function(inside), np.float64)
        return np.stack([-decision, decision], axis=1) / 2 if decision.ndim == 1 else decision
