"""The mean of aligned objects, and the modes they are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from models.phasing.types import BoolArray, ComplexArray

MODES = 5
"""Modes kept at most: what follows is noise."""


def average(objects: Sequence[ComplexArray]) -> ComplexArray:
    """Mean of aligned objects, complex64; summed in double precision, one object at a time."""
    total = np.zeros(objects[0].shape, np.complex128)
    for each in objects:
        total += each
    return (total / len(objects)).astype(np.complex64)


def modes(
    objects: Sequence[ComplexArray], support: BoolArray | None = None, most: int = MODES
) -> tuple[npt.NDArray[np.complex64], npt.NDArray[np.float32]]:
    """Orthogonal modes of aligned objects, strongest first: the singular vectors of the objects as rows, as in
    Favre-Nicolin et al. (2020, Sci. Rep. 10, 2664).

    Args:
        objects: n of them, of one shape.
        support: only these pixels; None for all.
        most: modes at most.

    Returns:
        (m, …) complex64 with m ≤ n, each with its share of the objects' mean power Σ|object|², and in phase with
        their mean; (m,) float32 shares of the total power (they sum to 1 when all n are kept).
    """
    shape = objects[0].shape
    inside = np.ones(shape, np.bool_) if support is None else support
    rows = np.stack([each[inside] for each in objects])
    # n is small beside the pixels: the n × n matrix of inner products has the same singular values.
    power, vectors = np.linalg.eigh((rows.conj() @ rows.T).astype(np.complex128))
    order = np.argsort(power)[::-1][: max(1, min(most, len(objects)))]
    power = np.maximum(power, 0)
    total = float(power.sum())
    shares = (power[order] / total if total > 0 else np.zeros(len(order))).astype(np.float32)
    found = np.zeros((len(order), *shape), np.complex64)
    mean = rows.mean(axis=0)
    for place, k in enumerate(order):
        mode = (vectors[:, k] @ rows) / np.sqrt(len(objects))
        inner = np.vdot(mode, mean)
        found[place][inside] = mode * (inner / abs(inner)) if abs(inner) > 0 else mode
    return found, shares
