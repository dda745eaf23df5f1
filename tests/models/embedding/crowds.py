"""Simulated embeddings: crowds of frames on the unit sphere, as a trained network makes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def crowds(
    seed: int,
    sizes: Sequence[int] = (400, 400, 400),
    separation: float = 3.5,
    dimension: int = 128,
    directions: int = 8,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """(N, D) unit vectors in mixed order and the crowd each belongs to.

    Crowds are normal in a few random directions, with a little noise in all; `separation` is the distance of their
    centres from the common one, in units of their width.
    """
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    centres = rng.standard_normal((len(sizes) + 1, directions))
    centres *= separation / np.linalg.norm(centres, axis=1, keepdims=True)
    widths = np.exp(rng.normal(0.0, 0.4, directions))
    latent = centres[truth] + rng.standard_normal((len(truth), directions)) * widths * 0.7 + 0.7 * centres[-1]
    basis = np.linalg.qr(rng.standard_normal((dimension, directions)))[0]
    vectors = latent @ basis.T + 0.05 * rng.standard_normal((len(truth), dimension))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32), truth


def examples_of(truth: npt.NDArray[np.int64], each: int, seed: int = 0) -> npt.NDArray[np.int64]:
    """Indices of `each` random frames of every class, in rising order."""
    rng = np.random.default_rng(seed)
    picked = [rng.choice(np.flatnonzero(truth == k), each, replace=False) for k in np.unique(truth)]
    return np.sort(np.concatenate(picked))
