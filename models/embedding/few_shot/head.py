"""The few-shot head: from a handful of labelled embeddings to a verdict for every frame of a run.

Fitting takes milliseconds; a million frames take a fraction of a second, because all a head does to a frame is one
matrix product. Nothing here needs more than numpy, so it runs on a thread of the window's own process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from models.embedding.few_shot.discriminants import Array, Discriminant, IntArray
from models.embedding.few_shot.fitting import FOLDS, FoldedFit
from models.embedding.few_shot.settings import FewShotSettings
from models.embedding.few_shot.shares import estimated_shares
from models.embedding.few_shot.types import UNKNOWN, FloatArray, Verdicts
from models.embedding.few_shot.unknown import Boundary, RunStatistics
from models.errors import BadParameter, NotEnoughExamples
from models.parameters import to_dict, validate

_TINY = 1e-9
BLOCK = 16_384
"""Frames handled at once: few calls, which threads take turns with, and products that still fit a cache."""

Room = tuple[FloatArray, ...]
"""Where a block's products go: (BLOCK, M) as computed, (M, BLOCK) as used, (r + R + 1, BLOCK)."""


@dataclass(frozen=True)
class Head:
    """Fitted examples, ready to judge frames. Made by `fit_head`.

    Attributes:
        classes: the K classes that have examples, in the order of the user's list.
        temperature: what scores are divided by before they become probabilities.
        shares: how common each class is taken to be among the frames that belong to one.
        provenance: copied into every `Verdicts` (see there).
    """

    classes: tuple[str, ...]
    temperature: float
    provenance: Mapping[str, Any]
    shares: tuple[float, ...]
    _columns: FloatArray = field(repr=False)
    """(D, M): the K score vectors over the temperature, the r axes, nothing (for the constant, and padding), the
    middle"""
    _bias: FloatArray = field(repr=False)
    """(M, 1): what is added to the products with the columns; 1 for the constant"""
    _second: FloatArray = field(repr=False)
    """(r + R + 1, M − K − 1): places along the axes and the constant to whitened places, to products with the R
    examples, to the lean"""
    _axes: int
    _rest: float
    _middle_square: float
    _usual: float
    _spread: float
    _quantile: float
    _threshold: float

    def verdicts(
        self,
        vectors: npt.NDArray[Any],
        out: Verdicts | None = None,
        *,
        threads: int = 2,
        squares: FloatArray | None = None,
    ) -> Verdicts:
        """Judge every frame.

        Args:
            vectors: (N, D) floats, may be memory-mapped; rows that are not finite become `missing`.
            out: verdicts of the same N and classes whose arrays are overwritten; new ones without it. Whoever still
                looks at `out` sees it change: keep two and swap them.
            threads: blocks handled at the same time; the interpreter lock is free during nearly all of the work.
            squares: (N,) squared length of each vector, where it is known from before.

        Returns:
            Verdicts with this head's provenance; their arrays are `out`'s where it was given.

        Raises:
            BadParameter: vectors of another dimension than the examples, or an `out` that does not fit.
        """
        n = len(vectors)
        target = self._target(vectors, out)
        spans = np.linspace(0, n, max(1, threads) + 1).astype(int) if n > 4 * BLOCK else np.array([0, n])
        if len(spans) == 2:
            self._fill(vectors, squares, target, 0, n)
        else:
            with ThreadPoolExecutor(len(spans) - 1, thread_name_prefix="verdicts") as pool:
                jobs = [
                    pool.submit(self._fill, vectors, squares, target, int(start), int(stop))
                    for start, stop in pairwise(spans)
                ]
                for job in jobs:
                    job.result()
        return target

    def blocks(self, vectors: npt.NDArray[Any], out: Verdicts) -> Iterator[slice]:
        """Judge block after block into `out`, giving the rows just filled: for callers that want to stop in between.

        Raises:
            BadParameter: as `verdicts`.
        """
        target = self._target(vectors, out)
        room = self._room()
        for start in range(0, len(vectors), BLOCK):
            stop = min(start + BLOCK, len(vectors))
            self._judge(vectors, None, target, start, stop, room)
            yield slice(start, stop)

    def with_shares(self, shares: Array, provenance: Mapping[str, Any]) -> Head:
        """The same head for classes as common as `shares`, which add up to 1."""
        bias = self._bias.copy()
        bias[: len(shares), 0] += np.log(shares / np.asarray(self.shares)).astype(np.float32)
        return replace(self, shares=tuple(float(s) for s in shares), provenance=provenance, _bias=bias)

    def _target(self, vectors: npt.NDArray[Any], out: Verdicts | None) -> Verdicts:
        if vectors.ndim != 2 or vectors.shape[1] != len(self._columns):
            raise BadParameter(
                f"embeddings of shape {vectors.shape} cannot be judged",
                cause=f"the examples have {len(self._columns)} dimensions",
                hint="embed the run again with the model the examples were embedded with",
            )
        if out is None:
            out = Verdicts.empty(len(vectors), self.classes)
        if len(out) != len(vectors) or out.probabilities.shape[1] != len(self.classes):
            raise BadParameter(
                f"verdicts of {len(out)} frames and {out.probabilities.shape[1]} classes cannot be reused",
                cause=f"{len(vectors)} frames and {len(self.classes)} classes are to be judged",
            )
        return replace(out, classes=self.classes, provenance=self.provenance)

    def _room(self) -> Room:
        first, second = len(self._bias), len(self._second)
        return tuple(np.empty(shape, np.float32) for shape in ((BLOCK, first), (first, BLOCK), (second, BLOCK)))

    def _fill(
        self, vectors: npt.NDArray[Any], known_squares: FloatArray | None, out: Verdicts, start: int, stop: int
    ) -> None:
        room = self._room()
        for first in range(start, stop, BLOCK):
            self._judge(vectors, known_squares, out, first, min(first + BLOCK, stop), room)

    def _judge(
        self,
        vectors: npt.NDArray[Any],
        known_squares: FloatArray | None,
        out: Verdicts,
        start: int,
        stop: int,
        room: Room,
    ) -> None:
        block = np.asarray(vectors[start:stop], np.float32)
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            # The product is fastest frame by frame, everything after it class by class.
            by_frame = np.matmul(block, self._columns, out=room[0][: len(block)])
            products = np.add(by_frame.T, self._bias, out=room[1][:, : len(block)])
            squares = np.vecdot(block, block) if known_squares is None else known_squares[start:stop]
            known = products[: len(self.classes)]
            unknown = self._unknown(products[len(self.classes) :], squares, room[2])
            known -= known.max(axis=0)
            np.exp(known, out=known)
            known *= (1.0 - unknown) / known.sum(axis=0)
        best, label = known[0].copy(), np.zeros(stop - start, np.int16)
        for k in range(1, len(self.classes)):
            np.copyto(label, k, where=known[k] > best)
            np.maximum(best, known[k], out=best)
        apart = unknown >= self._threshold
        np.copyto(label, UNKNOWN, where=apart)
        np.copyto(best, unknown, where=apart)
        missing = ~np.isfinite(squares)
        if missing.any():
            known[:, missing] = 0.0
            unknown[missing] = 1.0
            label[missing] = UNKNOWN
            best[missing] = 0.0
        out.probabilities[start:stop] = known.T
        out.unknown[start:stop] = unknown
        out.label[start:stop] = label
        out.confidence[start:stop] = best
        out.missing[start:stop] = missing

    def _unknown(self, products: FloatArray, squares: FloatArray, room: FloatArray) -> FloatArray:
        """Probability that a frame is none of the classes, from its place along the axes, x·middle and |x|²."""
        r = self._axes
        places, along_middle = products[:r], products[-1]
        beyond = squares - along_middle
        beyond -= along_middle
        beyond += np.float32(self._middle_square)
        beyond -= np.einsum("ij,ij->j", places, places)
        np.maximum(beyond, 0.0, out=beyond)
        second = np.matmul(self._second, products[:-1], out=room[:, : len(squares)])
        white, lean = second[:r], second[-1]
        nearest = second[r:-1].max(axis=0)  # of x·e - |e|²/2 over the examples e
        nearest *= -2.0
        nearest += np.einsum("ij,ij->j", white, white)
        np.maximum(nearest, 0.0, out=nearest)
        beyond *= np.float32(self._rest)
        nearest += beyond
        np.maximum(nearest, np.float32(1e-30), out=nearest)
        excess = np.log(nearest, out=nearest)
        excess *= 0.5
        excess += lean
        excess -= np.float32(self._usual + self._quantile * self._spread)
        excess *= np.float32(-self._quantile / self._spread)
        np.minimum(excess, np.float32(80.0), out=excess)
        np.exp(excess, out=excess)
        excess += 1.0
        return np.asarray(np.reciprocal(excess, out=excess), np.float32)


def fit_head(
    vectors: npt.NDArray[Any],
    classes: npt.NDArray[Any] | Sequence[int],
    class_names: Sequence[str],
    settings: FewShotSettings | None = None,
    *,
    run: RunStatistics | None = None,
    source: Mapping[str, Any] | None = None,
    calibrated: bool = True,
) -> Head:
    """Learn the user's classes from labelled embeddings.

    Args:
        vectors: (n, D) embeddings of the examples; rows that are not finite are left out.
        classes: (n,) ints, index into `class_names`.
        class_names: all the user's classes; those without an example are left out of the head.
        settings: defaults where None.
        run: `run_statistics` of the whole run's embedding. Without it "unknown" rests on the examples alone, which
            matters while there are few.
        source: what to add to the provenance: the embedding model's digest, the labels' state, the run.
        calibrated: False skips the cross-validation behind the temperature, for callers that need labels only.

    Raises:
        NotEnoughExamples: no example has an embedding.
        BadParameter: settings out of range, or arrays that do not fit each other.
    """
    return fit_parts(vectors, classes, class_names, settings, run=run, source=source, calibrated=calibrated)[0]


def fit_parts(
    vectors: npt.NDArray[Any],
    classes: npt.NDArray[Any] | Sequence[int],
    class_names: Sequence[str],
    settings: FewShotSettings | None,
    *,
    run: RunStatistics | None,
    folds: int = FOLDS,
    source: Mapping[str, Any] | None = None,
    calibrated: bool = True,
) -> tuple[Head, FoldedFit, IntArray]:
    """The head of `fit_head`, the fits it was made of, and which of the examples have embeddings."""
    settings = validate(settings or FewShotSettings())
    examples, numbers = _checked(vectors, classes, class_names)
    usable = np.asarray(np.isfinite(examples).all(axis=1), np.bool_)
    if not usable.any():
        raise NotEnoughExamples(
            "no class can be learned",
            cause="none of the labelled frames has an embedding" if len(usable) else "no frame is labelled",
            hint="label at least one frame of every class, and embed the run",
        )
    present, numbers = np.unique(numbers[usable], return_inverse=True)
    numbers = numbers.astype(np.int64)
    names = tuple(class_names[k] for k in present)
    fitted = FoldedFit(examples[usable], numbers, len(names), settings, run, folds)
    temperature = fitted.temperature() if calibrated else fitted.prior_temperature
    counts = np.bincount(numbers, minlength=len(names))
    boundary = fitted.boundary.fit(settings.unknown_quantile, settings.compared_examples)
    head = assemble(names, fitted.whole, temperature, np.full(len(names), 1.0 / len(names)), boundary, settings)
    shares = class_shares(settings.class_shares, counts, head, run)
    provenance = {
        "head": settings.head,
        "settings": to_dict(settings),
        "examples": {name: int(n) for name, n in zip(names, counts, strict=True)},
        "examples_without_embedding": int(np.count_nonzero(~usable)),
        "temperature": temperature,
        "class_shares": {name: float(share) for name, share in zip(names, shares, strict=True)},
        "unknown_threshold": settings.unknown_threshold,
        "unknown_log_distance": boundary.usual,
        "unknown_spread": boundary.spread,
        "unknown_quantile": boundary.quantile,
        **(source or {}),
    }
    return head.with_shares(shares, provenance), fitted, np.flatnonzero(usable)


def assemble(
    names: tuple[str, ...],
    discriminant: Discriminant,
    temperature: float,
    shares: Array,
    boundary: Boundary,
    settings: FewShotSettings,
) -> Head:
    """A head of its fitted parts, ready for single precision."""
    r = boundary.axes.shape[1]
    # Matrix products are a fifth faster with a multiple of eight columns.
    padding = -(len(names) + r + 2) % 8
    nothing = np.zeros((len(boundary.middle), 1 + padding))
    columns = np.hstack([discriminant.weights / temperature, boundary.axes, nothing, boundary.middle[:, None]])
    scores = discriminant.bias / temperature + np.log(shares)
    bias = np.concatenate([scores, -boundary.middle @ boundary.axes, [1.0], np.zeros(padding), [0.0]])
    second = np.vstack([np.eye(r), boundary.examples, boundary.lean]) @ boundary.white.T
    second_bias = np.concatenate([np.zeros(r), -0.5 * (boundary.examples**2).sum(axis=1), [-boundary.lean_at]])
    return Head(
        classes=names,
        temperature=temperature,
        provenance={},
        shares=tuple(float(share) for share in shares),
        _columns=np.ascontiguousarray(columns, np.float32),
        _bias=bias.astype(np.float32)[:, None],
        _second=np.ascontiguousarray(
            np.column_stack([second, second_bias, np.zeros((len(second), padding))]), np.float32
        ),
        _axes=r,
        _rest=boundary.rest,
        _middle_square=float(boundary.middle @ boundary.middle),
        _usual=boundary.usual,
        _spread=boundary.spread,
        _quantile=boundary.quantile,
        _threshold=settings.unknown_threshold,
    )


def class_shares(how: str, counts: IntArray, head: Head, run: RunStatistics | None) -> Array:
    """(K,) how common the classes are: see `FewShotSettings.class_shares`.

    `head` takes them as equally common. Without a run to estimate them from they stay so.
    """
    if how == "labelled":
        return np.asarray(counts / counts.sum(), np.float64)
    if how == "equal" or run is None or len(head.classes) == 1:
        return np.full(len(counts), 1.0 / len(counts))
    seen = head.verdicts(run.sample, threads=1)
    known = 1.0 - seen.unknown.astype(np.float64)
    likelihood = seen.probabilities.astype(np.float64) / np.maximum(known, _TINY)[:, None]
    return estimated_shares(likelihood, known)


def _checked(
    vectors: npt.NDArray[Any], classes: npt.NDArray[Any] | Sequence[int], class_names: Sequence[str]
) -> tuple[Array, IntArray]:
    examples = np.asarray(vectors, np.float64)
    numbers = np.asarray(classes, np.int64)
    if examples.ndim != 2 or numbers.shape != (len(examples),):
        raise BadParameter(
            "the examples cannot be used", cause=f"{examples.shape} vectors do not fit {numbers.shape} classes"
        )
    if numbers.size and (numbers.min() < 0 or numbers.max() >= len(class_names)):
        raise BadParameter(
            "the examples cannot be used",
            cause=f"their classes go from {numbers.min()} to {numbers.max()}, there are {len(class_names)} classes",
        )
    return examples, numbers
