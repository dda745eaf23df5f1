"""UMAP's stochastic gradient descent, compiled. Import this module inside functions only: it loads numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba  # noqa: TID253
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_REPULSIONS = 5.0

Kernel = TypeVar("Kernel", bound=Callable[..., None])


class Descent:
    """A graph being laid out.

    Args:
        positions: (n, 2) float32 to start from; moved in place.
        graph: (n, n) symmetric weights, as `neighbour_graph.fuzzy_graph` makes them.
        min_dist: how close points may lie.
        epochs: how many there will be.
        seed: of the random points that are pushed away.
    """

    def __init__(
        self, positions: npt.NDArray[np.float32], graph: csr_matrix, min_dist: float, epochs: int, seed: int
    ) -> None:
        edges = graph.tocoo()
        # An edge that would not be used even once is left out.
        used = edges.data >= edges.data.max() / epochs
        self.positions = positions
        self.epochs = epochs
        self.done = 0
        self._heads = edges.row[used].astype(np.int32)
        self._tails = edges.col[used].astype(np.int32)
        self._period = (edges.data.max() / edges.data[used]).astype(np.float32)
        self._due = self._period.copy()
        self._due_apart = self._period / np.float32(_REPULSIONS)
        self._curve = curve(min_dist)
        self._state = np.random.SeedSequence(seed).generate_state(1, np.uint64) | np.uint64(1)

    def advance(self, epochs: int) -> None:
        """Do that many more epochs, or as many as are left."""
        last = min(self.done + epochs, self.epochs)
        descend(
            self.positions,
            self._heads,
            self._tails,
            self._period,
            self._due,
            self._due_apart,
            self.done,
            last,
            self.epochs,
            *self._curve,
            _REPULSIONS,
            self._state,
        )
        self.done = last


def _compiled(function: Kernel) -> Kernel:
    try:
        kernel: Any = numba.njit(function, cache=True, nogil=True, fastmath=True)
    except RuntimeError:
        # Nowhere to keep the compiled code: compile it anew in each process, which takes a second or two.
        kernel = numba.njit(function, nogil=True, fastmath=True)
    return cast(Kernel, kernel)


@_compiled
def descend(
    positions: npt.NDArray[np.float32],
    heads: npt.NDArray[np.int32],
    tails: npt.NDArray[np.int32],
    period: npt.NDArray[np.float32],
    due: npt.NDArray[np.float32],
    due_apart: npt.NDArray[np.float32],
    first: int,
    last: int,
    total: int,
    a: float,
    b: float,
    repulsions: float,
    state: npt.NDArray[np.uint64],
) -> None:
    """Epochs first … last-1 of `total`, in place: positions, the times edges are due next, and the random state.

    An edge of weight w pulls its ends together in a share w / max(w) of the epochs (every `period` of them) and
    pushes its head away from `repulsions` random points each time; McInnes et al., arXiv:1802.03426, section 4.2,
    with membership 1 / (1 + a d^(2 b)) in the plane. Doing all epochs in one call or in several gives the same.
    """
    n = positions.shape[0]
    random = state[0]
    for epoch in range(first, last):
        rate = np.float32(1.0 - epoch / total)
        for e in range(heads.shape[0]):
            if due[e] > epoch:
                continue
            j, k = heads[e], tails[e]
            x, y = positions[j, 0], positions[j, 1]
            dx, dy = x - positions[k, 0], y - positions[k, 1]
            squared = dx * dx + dy * dy
            if squared > 0.0:
                power = squared**b
                force = np.float32(-2.0 * a * b * power / (squared * (a * power + 1.0)))
                step_x = rate * min(np.float32(4.0), max(np.float32(-4.0), force * dx))
                step_y = rate * min(np.float32(4.0), max(np.float32(-4.0), force * dy))
                x += step_x
                y += step_y
                positions[k, 0] -= step_x
                positions[k, 1] -= step_y
            due[e] += period[e]
            pause = period[e] / repulsions
            pushes = int((epoch - due_apart[e]) / pause)
            for _ in range(pushes):
                # xorshift64*: Marsaglia, J. Stat. Softw. 8(14), 2003; Vigna, ACM Trans. Math. Softw. 42(4), 2016
                random ^= random >> np.uint64(12)
                random ^= random << np.uint64(25)
                random ^= random >> np.uint64(27)
                other = np.int64(((random * np.uint64(2685821657736338717)) >> np.uint64(33)) % np.uint64(n))
                if other == j:
                    continue
                dx, dy = x - positions[other, 0], y - positions[other, 1]
                squared = dx * dx + dy * dy
                if squared > 0.0:
                    force = np.float32(2.0 * b / ((0.001 + squared) * (a * squared**b + 1.0)))
                    x += rate * min(np.float32(4.0), max(np.float32(-4.0), force * dx))
                    y += rate * min(np.float32(4.0), max(np.float32(-4.0), force * dy))
            due_apart[e] += pushes * pause
            positions[j, 0], positions[j, 1] = x, y
    state[0] = random


def curve(min_dist: float) -> tuple[float, float]:
    """(a, b) for which 1 / (1 + a d^(2 b)) is nearest to 1 up to `min_dist` and exp(min_dist - d) beyond."""
    from scipy.optimize import curve_fit

    d = np.linspace(0.0, 3.0, 300)
    wanted = np.where(d < min_dist, 1.0, np.exp(min_dist - d))

    def membership(d: npt.NDArray[np.float64], a: float, b: float) -> Any:
        return 1.0 / (1.0 + a * d ** (2.0 * b))

    (a, b), _ = curve_fit(membership, d, wanted, p0=(1.0, 1.0), bounds=((1e-3, 0.1), (1e4, 4.0)))
    return float(a), float(b)
