"""How common the classes are in the run, where labels say little about it."""

from __future__ import annotations

import numpy as np

from models.embedding.few_shot.discriminants import Array

_EVEN_SHARE = 0.02
"""Frames, as a share of the sample, that are taken to be spread evenly over the classes to begin with."""


def estimated_shares(likelihood: Array, known: Array) -> Array:
    """(K,) mean probabilities of the run's frames under equal shares: which classes are common, on the safe side.

    This is the first step of the expectation-maximisation of Saerens, Latinne and Decaestecker (Neural Comput. 14:21,
    2002). Its further steps sharpen the estimate where probabilities are exactly true, but with a handful of labels,
    chosen because they are hard, they starve the rare classes: of 5 % single hits only three in four were found.

    Args:
        likelihood: (m, K) probabilities of sampled frames, all classes taken as equally common, rows adding up to 1.
        known: (m,) probability that a frame is of one of the classes: what it counts.
    """
    even = max(1.0, _EVEN_SHARE * len(likelihood)) / likelihood.shape[1]
    total = known @ likelihood + even
    return np.asarray(total / total.sum(), np.float64)
