"""What all estimators share: checking, standardising, and probabilities from examples held out.

An estimator gives every row a score for every class. The scores are divided by their usual spacing and by a
temperature that is fitted to examples which were held out (Guo et al., ICML 2017), so that few labels give modest
probabilities, whatever the method's own scale.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from models.classifying.types import UNLABELLED, Array, FloatArray, IntArray
from models.embedding.few_shot.calibration import best_temperature
from models.errors import BadParameter, NotEnoughExamples

_PRIOR_TEMPERATURE = (0.0, 1.0)
"""ln of the temperature that scores in units of their usual spacing need, and how far that varies."""


class FewLabels:
    """Base of the estimators: `fit`, `predict`, `predict_proba`, `classes_`.

    Subclasses say what the rows become (`_represent`, without labels, and `_map` for new rows), what is learned from
    the labels (`_learn`), and how rows are scored (`_scores`).

    Attributes:
        classes_: (K,) labels with examples, ascending.
        temperature_: what scores are divided by before they become probabilities.
        held_out_: (n_held, K) float32 probabilities of the examples by the method fitted without them.
        held_out_rows_: (n_held,) their rows in X.
    """

    folds = 5
    """parts in which examples are held out for the temperature"""

    classes_: IntArray
    temperature_: float
    held_out_: FloatArray
    held_out_rows_: IntArray

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """See `models.classifying.types.Estimator`."""
        rows, labels = checked(X, y)
        self._width = rows.shape[1]
        self.classes_ = np.unique(labels[labels >= 0])
        codes = np.where(labels >= 0, np.searchsorted(self.classes_, labels), UNLABELLED)
        n_classes = len(self.classes_)
        self.temperature_, self._spacing = 1.0, 1.0
        self.held_out_rows_ = np.zeros(0, np.int64)
        self.held_out_ = np.zeros((0, n_classes), np.float32)
        if n_classes == 1:
            return self
        inside = self._represent(rows, codes)
        held, scores = self._hold_out(inside, codes, n_classes)
        self._learn(inside, codes, n_classes)
        sample = inside[:: max(1, len(inside) // 512)]
        self._spacing = _spacing(self._scores(sample))
        # Sharper than held-out scores can say is never asked for: the prior bounds it while labels are few.
        self.temperature_ = best_temperature(scores / self._spacing, codes[held], *_PRIOR_TEMPERATURE)
        self.held_out_rows_ = held
        self.held_out_ = self._probabilities(scores)
        return self

    def predict(self, X: npt.ArrayLike) -> IntArray:
        """(n,) labels."""
        if len(self.classes_) == 1:
            return np.repeat(self.classes_, len(np.asarray(X)))
        return np.asarray(self.classes_[self._scored(X).argmax(1)], np.int64)

    def predict_proba(self, X: npt.ArrayLike) -> FloatArray:
        """(n, K) float32, rows sum to 1."""
        if len(self.classes_) == 1:
            return np.ones((len(np.asarray(X)), 1), np.float32)
        return self._probabilities(self._scored(X))

    # -- for subclasses --------------------------------------------------------------------------------------------

    def _represent(self, rows: FloatArray, codes: IntArray) -> Any:
        """What the labels are learned from; must not use which class a row has. Sets up `_map`."""
        self._standard = Standard(rows)
        return self._standard(rows)

    def _map(self, rows: FloatArray) -> Any:
        """New rows in the form of `_represent`'s."""
        return self._standard(rows)

    def _learn(self, inside: Any, codes: IntArray, n_classes: int) -> None:
        """Learn from the rows whose code is not `UNLABELLED`; every class has one. May be called again."""
        raise NotImplementedError

    def _scores(self, inside: Any) -> Array:
        """(n, K) finite scores; larger is likelier."""
        raise NotImplementedError

    # -- inside ----------------------------------------------------------------------------------------------------

    def _scored(self, X: npt.ArrayLike) -> Array:
        rows = np.asarray(X, np.float32)
        if rows.ndim != 2 or rows.shape[1] != self._width:
            raise BadParameter(
                f"features of shape {rows.shape} cannot be judged",
                cause=f"the classifier was fitted to {self._width} numbers per frame",
                hint="use features of the same extractor",
            )
        return self._scores(self._map(rows))

    def _probabilities(self, scores: Array) -> FloatArray:
        scaled = scores / (self._spacing * self.temperature_)
        scaled = np.exp(scaled - scaled.max(1, keepdims=True, initial=-np.inf))
        return np.asarray(scaled / scaled.sum(1, keepdims=True), np.float32)

    def _hold_out(self, inside: Any, codes: IntArray, n_classes: int) -> tuple[IntArray, Array]:
        """Examples that can be held out, and (m, K) their scores by the method fitted without them."""
        fold = folds_of(codes, self.folds)
        held = np.flatnonzero(fold >= 0)
        scores = np.zeros((len(codes), n_classes))
        for part in np.unique(fold[held]):
            out = fold == part
            self._learn(inside, np.where(out, UNLABELLED, codes), n_classes)
            scores[out] = self._scores(inside[out])
        return held, scores[held]


class Standard:
    """Features less their mean in units of their standard deviation, over all rows given; constant ones become 0."""

    def __init__(self, rows: FloatArray) -> None:
        values = np.asarray(rows, np.float64)
        self.mean = values.mean(0)
        deviation = values.std(0)
        kept = deviation > 1e-9 * (1.0 + np.abs(self.mean))
        self.scale = np.where(kept, 1.0 / np.where(kept, deviation, 1.0), 0.0)

    def __call__(self, rows: FloatArray) -> Array:
        return np.asarray((np.asarray(rows, np.float64) - self.mean) * self.scale, np.float64)


def checked(X: npt.ArrayLike, y: npt.ArrayLike) -> tuple[FloatArray, IntArray]:
    """Features and labels as arrays.

    Raises:
        BadParameter: shapes that do not fit, features that are not finite, or labels below −1.
        NotEnoughExamples: no row has a label.
    """
    rows = np.asarray(X, np.float32)
    labels = np.asarray(y)
    if rows.ndim != 2 or labels.shape != (len(rows),):
        raise BadParameter(
            "the examples cannot be used", cause=f"{rows.shape} features do not fit {labels.shape} labels"
        )
    if not np.isfinite(rows).all():
        raise BadParameter("the examples cannot be used", cause="some features are not finite")
    labels = labels.astype(np.int64)
    if len(labels) and labels.min() < UNLABELLED:
        raise BadParameter("the examples cannot be used", cause=f"there is a label {labels.min()}")
    if not (labels >= 0).any():
        raise NotEnoughExamples(
            "no class can be learned",
            cause="none of the frames has both a label and features",
            hint="label at least one frame of every class",
        )
    return rows, labels


def folds_of(codes: IntArray, folds: int) -> IntArray:
    """(n,) the part in which each example is held out; −1 for rows without label and the only example of a class.

    The i-th example of a class goes to part i modulo `folds`, so that every part takes alike from all classes:
    holding out one class's examples alone would count against that class.
    """
    result = np.full(len(codes), -1, np.int64)
    for k in np.unique(codes[codes >= 0]):
        members = np.flatnonzero(codes == k)
        if len(members) > 1:
            result[members] = np.arange(len(members)) % max(2, folds)
    return result


def _spacing(scores: Array) -> float:
    """The usual distance between the best and the second best score."""
    two = np.partition(scores, -2, axis=1)[:, -2:]
    usual = float(np.median(two[:, 1] - two[:, 0]))
    return usual if usual > 1e-12 else 1.0
