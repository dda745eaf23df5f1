"""The published scorer: the class whose examples are nearest on average.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

import numpy as np
import torch  # noqa: TID253
from torch import Tensor  # noqa: TID253

from models.classifying.specklenn.network import SpeckleNN, standardise, to_side
from models.classifying.types import Array, BoolArray, FloatArray, IntArray

QUERIES_AT_ONCE = 1000
"""Frames of one batch in the published evaluation; matters with the statistics of the batch only."""


def prepared(frames: FloatArray, valid: BoolArray, side: int) -> tuple[Tensor, BoolArray]:
    """Network input of counted frames: masked pixels 0, areas summed, each frame standardised.

    Args:
        frames: (n, H, W) float32 photons or ADU. valid: (n, H, W) or (H, W) bool, True = use.
        side: of the network's frames.

    Returns:
        (n, 1, side, side), and (n,) False for frames without any valid, finite pixel.
    """
    usable = valid & np.isfinite(frames)
    values = torch.from_numpy(np.where(usable, frames, np.float32(0)))
    return standardise(to_side(values, side)), np.asarray(usable.any(axis=(1, 2)), np.bool_)


def embed(network: SpeckleNN, frames: FloatArray, valid: BoolArray, batch_frames: int = 64) -> FloatArray:
    """(n, 128) float32 of unit length in evaluation mode; a row of NaN for a frame without any valid pixel."""
    network.eval()
    out = np.full((len(frames), network.dimensions), np.nan, np.float32)
    for start in range(0, len(frames), batch_frames):
        part = slice(start, start + batch_frames)
        x, seen = prepared(frames[part], valid[part] if valid.ndim == 3 else valid, network.side)
        with torch.inference_mode():
            vectors = network(x).numpy()
        out[part] = np.where(seen[:, None], vectors, np.nan)
    return out


def distances(vectors: FloatArray, examples: FloatArray, classes: IntArray) -> Array:
    """(n, K) mean squared distance of each vector to the examples of each class.

    Args:
        vectors: (n, D). examples: (m, D). classes: (m,) 0 … K-1, each present.
    """
    rows, given = np.asarray(vectors, np.float64), np.asarray(examples, np.float64)
    squares = (rows**2).sum(1)[:, None] + (given**2).sum(1) - 2 * rows @ given.T
    members = np.zeros((len(given), int(classes.max()) + 1))
    members[np.arange(len(given)), classes] = 1.0
    return np.asarray(np.maximum(squares, 0.0) @ (members / members.sum(0)), np.float64)


def batch_statistics_distances(
    network: SpeckleNN,
    examples: FloatArray,
    classes: IntArray,
    queries: FloatArray,
    valid: BoolArray,
    *,
    queries_at_once: int = QUERIES_AT_ONCE,
) -> Array:
    """(n, K) distances as the published scorer computes them, which never leaves training mode.

    There normalisation uses the mean and spread of whatever is embedded together: the examples of one class, and the
    queries of one batch. So a verdict depends on the other queries, and examples know which class they came in; this
    is here to be compared with, not to be used. The network is left as it was.

    Args:
        examples, queries: (m, H, W) and (n, H, W) float32 counted frames. valid: (H, W) bool.
        classes: (m,) 0 … K-1, each present.
    """
    before = {key: value.clone() for key, value in network.state_dict().items()}
    was_training = network.training
    network.train()

    def together(frames: FloatArray) -> FloatArray:
        with torch.no_grad():
            vectors: FloatArray = network(prepared(frames, valid, network.side)[0]).numpy()
        return vectors

    try:
        given = np.empty((len(examples), network.dimensions), np.float32)
        for k in np.unique(classes):
            given[classes == k] = together(examples[classes == k])
        parts = [together(queries[i : i + queries_at_once]) for i in range(0, len(queries), queries_at_once)]
    finally:
        network.load_state_dict(before)
        network.train(was_training)
    return distances(np.concatenate(parts), given, classes)
