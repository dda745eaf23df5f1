"""Scores fitted to the examples, to all of them and to all but those held out."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from models.embedding.few_shot.calibration import best_temperature
from models.embedding.few_shot.discriminants import HEADS, Array, Discriminant, IntArray, logistic_held_out
from models.embedding.few_shot.folds import stratified_folds
from models.embedding.few_shot.settings import FewShotSettings
from models.embedding.few_shot.unknown import BoundaryFit, RunStatistics

FOLDS = 5

_STRENGTH = {"prototype": 1.0, "shrinkage": 30.0}
# A handful of examples say little about where classes part, many say it themselves. More classes lie farther apart
# on the whole, so that the same penalty would weigh more on two of them that are close.
_LOGISTIC_STRENGTH, _LEAST_LOGISTIC_STRENGTH = 6.0, 0.05
# ln of the temperature that suits each head, and how far that varies.
_PRIOR_TEMPERATURE = {"prototype": (3.0, 0.6), "shrinkage": (2.0, 1.0), "logistic": (-1.5, 0.6)}
# A penalty holds scores down, the more of it the more: with one example of each class verdicts that are right nine
# times in ten would call themselves seven in ten likely. What suits grows by so much with the ln of the examples of a
# class, up to ten of them (validation particles, two and four classes).
_MILDER_WITH_EXAMPLES, _MILDEST = {"logistic": 0.6}, -0.2


class FoldedFit:
    """The examples of one head: scores and boundaries of all of them, and of parts."""

    def __init__(
        self,
        examples: Array,
        classes: IntArray,
        n_classes: int,
        settings: FewShotSettings,
        run: RunStatistics | None,
        folds: int = FOLDS,
    ) -> None:
        """
        Args:
            examples: (n, D) finite. classes: (n,) 0 … K-1, each present.
        """
        self.examples, self.classes, self.n_classes = examples, classes, n_classes
        self.settings = settings
        self.fold = stratified_folds(classes, folds)
        """(n,) the part each example is held out in, -1 for never"""
        self.boundary = BoundaryFit(examples, classes, n_classes, run)
        self._stretch = run.stretch if run is not None and settings.head == "logistic" else None

    @property
    def prior_temperature(self) -> float:
        """The temperature before any example was held out."""
        return 1.0 if self.n_classes == 1 else float(np.exp(self._prior[0]))

    @cached_property
    def whole(self) -> Discriminant:
        """Scores fitted to all examples."""
        if self.n_classes == 1:
            return Discriminant(np.zeros((self.examples.shape[1], 1)), np.zeros(1))
        return self._fit(np.ones(len(self.classes), np.bool_))

    @cached_property
    def held_out(self) -> Array:
        """(n, K) scores of every example by fits without its part; 0 for those never held out."""
        scores = np.zeros((len(self.classes), self.n_classes))
        if self.n_classes == 1:
            return scores
        parts = self.parts
        if self.settings.head == "logistic":
            return logistic_held_out(
                self._stretched(self.examples), self.classes, self.n_classes, self._strength, self.fold
            )
        for part in parts:
            held = self.fold == part
            scores[held] = self._fit(~held).scores(self.examples[held])
        return scores

    @property
    def parts(self) -> IntArray:
        """The parts there are."""
        return np.unique(self.fold[self.fold >= 0])

    def temperature(self, without: int | None = None) -> float:
        """The temperature that suits the held-out examples, or all of them but those of one part."""
        if self.n_classes == 1:
            return 1.0
        use = (self.fold >= 0) & (self.fold != without) if without is not None else self.fold >= 0
        return best_temperature(self.held_out[use], self.classes[use], *self._prior)

    def _fit(self, use: npt.NDArray[np.bool_]) -> Discriminant:
        examples = self._stretched(self.examples[use])
        found = HEADS[self.settings.head](examples, self.classes[use], self.n_classes, self._strength)
        return Discriminant(self._stretched(found.weights.T).T, found.bias)

    def _stretched(self, vectors: Array) -> Array:
        return vectors if self._stretch is None else vectors @ self._stretch

    @property
    def _strength(self) -> float:
        if self.settings.head == "logistic":
            return max(_LOGISTIC_STRENGTH / (len(self.classes) * self.n_classes), _LEAST_LOGISTIC_STRENGTH)
        return _STRENGTH[self.settings.head]

    @property
    def _prior(self) -> tuple[float, float]:
        middle, spread = _PRIOR_TEMPERATURE[self.settings.head]
        if milder := _MILDER_WITH_EXAMPLES.get(self.settings.head):
            middle = min(middle + milder * float(np.log(len(self.classes) / self.n_classes)), _MILDEST)
        return middle, spread
