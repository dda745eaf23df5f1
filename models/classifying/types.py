"""What every classical classifier is made of: a feature extractor and an estimator. numpy only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

UNLABELLED = -1
"""Class of rows without a label in `fit`, as in scikit-learn's semi-supervised estimators."""


class Extractor(Protocol):
    """Turns frames into rows of numbers.

    Attributes:
        name: key in `features.EXTRACTORS`.
        dimensions: numbers per frame.
        digest: 16 hex digits of what the features depend on (recipe, version, weights): the name of their store.
    """

    @property
    def name(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    @property
    def digest(self) -> str: ...

    def extract(
        self, frames: FloatArray, valid: BoolArray, centre_px: tuple[float, float] | None = None
    ) -> FloatArray:
        """Features of frames in memory.

        Args:
            frames: (n, H, W) float32, photons or ADU; what is not valid may be anything, NaN included.
            valid: (n, H, W) or (H, W) bool, True = use.
            centre_px: (y, x) of the beam; None for the middle of the frame.

        Returns:
            (n, dimensions) float32; a row of NaN for a frame without any valid pixel.
        """
        ...


class Estimator(Protocol):
    """scikit-learn's convention for classifiers, with classes as whole numbers from 0.

    Attributes:
        classes_: (K,) the labels that have examples, ascending; the columns of `predict_proba`.
    """

    classes_: IntArray

    def fit(self, X: FloatArray, y: IntArray) -> Estimator:
        """Learn from (n, D) finite features and (n,) labels; `UNLABELLED` (−1) rows help where the method can use
        them: for the features' spread, principal components, graphs.

        Raises:
            NotEnoughExamples: no row is labelled.
            BadParameter: arrays that do not fit each other.
        """
        ...

    def predict(self, X: FloatArray) -> IntArray:
        """(n,) labels of (n, D) features, out of sample."""
        ...

    def predict_proba(self, X: FloatArray) -> FloatArray:
        """(n, K) float32 probabilities; rows sum to 1."""
        ...


@dataclass(frozen=True)
class ClassifierInfo:
    """One classifier as users choose it.

    Attributes:
        name: key in `registry.CLASSIFIERS`, and what `--classifier` takes.
        title: what menus call it.
        paper: where the method was published.
        summary: one line for users: what it looks at, when to take it.
        features: name of its extractor.
        parameters: frozen dataclass of its settings (`models.parameters`).
        semi_supervised: True where frames without labels decide with the labelled ones.
        cost: "fast" (a 10 000-frame run in about a minute), "moderate", or "slow" (trains a network).
        needs_weights: True where the extractor needs weights that do not come with Friedel.
        make: parameters → estimator; imports what it needs.
    """

    name: str
    title: str
    paper: str
    summary: str
    features: str
    parameters: type[Any]
    semi_supervised: bool
    cost: str
    make: Callable[[Any], Estimator]
    needs_weights: bool = False
