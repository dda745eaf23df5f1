"""Friedel's own few-shot head behind the convention of the others."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt

from models.classifying.estimators.base import checked
from models.classifying.types import FloatArray, IntArray
from models.embedding.few_shot import FewShotSettings, Head, Verdicts, fit_head, run_statistics


class FewShotHead:
    """`models.embedding.few_shot` as an estimator; rows without label say how far crowds of frames reach.

    Attributes:
        classes_: (K,) labels with examples, ascending.
        head_: the fitted head, which also knows which frames are none of the classes.
    """

    classes_: IntArray
    head_: Head

    def __init__(self, settings: FewShotSettings) -> None:
        self.settings = settings

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike) -> Self:
        """See `models.classifying.types.Estimator`."""
        rows, labels = checked(X, y)
        known = labels >= 0
        self.classes_, codes = np.unique(labels[known], return_inverse=True)
        names = [str(label) for label in self.classes_]
        run = None if known.all() else run_statistics(rows)
        self.head_ = fit_head(rows[known], codes, names, self.settings, run=run)
        return self

    def predict(self, X: npt.ArrayLike) -> IntArray:
        """(n,) the likeliest class, also of frames that the head would rather call unknown."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(1)], np.int64)

    def predict_proba(self, X: npt.ArrayLike) -> FloatArray:
        """(n, K) float32 given that the frame is one of the classes, rows sum to 1."""
        found = self._verdicts(X)
        total = found.probabilities.sum(1, keepdims=True)
        even = np.full_like(found.probabilities, 1 / len(self.classes_))
        # Far from everything the head gives unknown all there is: then the classes are even.
        np.divide(found.probabilities, total, out=even, where=total > 1e-12)
        return even

    def predict_unknown(self, X: npt.ArrayLike) -> FloatArray:
        """(n,) float32 probability of belonging to none of the classes."""
        return self._verdicts(X).unknown

    def _verdicts(self, X: npt.ArrayLike) -> Verdicts:
        return self.head_.verdicts(np.asarray(X, np.float32))
