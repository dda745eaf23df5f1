"""How common the classes are in the run, where labels say little about it."""

from __future__ import annotations

import numpy as np

from models.embedding.few_shot.discriminants import Array, IntArray

_DAMP = 8.0
_STEPS = 50
_PRIOR_SHARE = 0.02
"""Frames, as a share of the sample, that are taken to be spread evenly over the classes to begin with."""


def estimated_shares(likelihood: Array, known: Array, counts: IntArray) -> Array:
    """(K,) shares under which the probabilities of the run's frames agree with their own mean.

    The expectation-maximisation of Saerens, Latinne and Decaestecker (Neural Comput. 14:21, 2002), begun and damped
    by a few frames spread evenly, so that no class vanishes because none of the sampled frames was it.

    Args:
        likelihood: (m, K) probabilities of sampled frames, all classes taken as equally common, rows adding up to 1.
        known: (m,) probability that a frame is of one of the classes: what it counts.
        counts: (K,) examples per class.
    """
    classes = likelihood.shape[1]
    even = max(1.0, _PRIOR_SHARE * len(likelihood)) / classes
    shares = np.full(classes, 1.0 / classes)
    for _ in range(_STEPS):
        joint = likelihood * shares
        joint *= (known / np.maximum(joint.sum(axis=1), 1e-300))[:, None]
        fresh = joint.sum(axis=0) + even
        fresh /= fresh.sum()
        done = np.abs(fresh - shares).max() < 1e-4
        shares = fresh
        if done:
            break
    n = counts.sum()
    shares = shares ** (n / (n + _DAMP))
    return np.asarray(shares / shares.sum(), np.float64)
