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

from models.embedding.few_shot.calibration import best_temperature, held_out_scores
from models.embedding.few_shot.discriminants import HEADS, Array, Discriminant, IntArray
from models.embedding.few_shot.types import UNKNOWN, FloatArray, Verdicts
from models.embedding.few_shot.unknown import RunStatistics, fit_boundary
from models.errors import BadParameter, NotEnoughExamples
from models.parameters import parameter, to_dict, validate

BLOCK = 4096
"""Frames handled at once: small enough for the processor's cache, large enough for the matrix product."""

Room = tuple[FloatArray, FloatArray]
"""Where a block's products go: (BLOCK, K + R) as computed, (K + R, BLOCK) as used."""

_TEMPERATURE_FOLDS = 5
_STRENGTH = {"prototype": 1.0, "shrinkage": 30.0, "logistic": 0.1}
# ln of the temperature that suits each head, and how far that varies, over simulated clusters.
_PRIOR_TEMPERATURE = {"prototype": (3.0, 0.6), "shrinkage": (2.0, 1.0), "logistic": (-0.4, 0.6)}


@dataclass(frozen=True)
class FewShotSettings:
    """How verdicts are reached from the examples."""

    head: str = parameter(
        "logistic",
        "How classes are told apart: by the nearest class mean, by linear discriminants with shrunken covariance, or "
        "by regularised logistic regression",
        choices=("prototype", "shrinkage", "logistic"),
    )
    unknown_quantile: float = parameter(
        0.99,
        "Share of a class's own frames that should be near enough to its examples not to count as unknown",
        low=0.6,
        high=0.999999,
    )
    unknown_threshold: float = parameter(
        0.5, "A frame is shown as unknown from this probability of belonging to no class", low=0.0, high=1.0
    )
    compared_examples: int = parameter(
        24, "Examples that distances are measured to, shared among the classes", low=1, high=4096
    )


@dataclass(frozen=True)
class Head:
    """Fitted examples, ready to judge frames. Made by `fit_head`.

    Attributes:
        classes: the K classes that have examples, in the order of the user's list.
        temperature: what scores are divided by before they become probabilities.
        provenance: copied into every `Verdicts` (see there).
    """

    classes: tuple[str, ...]
    temperature: float
    provenance: Mapping[str, Any]
    _columns: FloatArray = field(repr=False)
    """(D, K + R): the K score vectors over the temperature, then the R examples"""
    _bias: FloatArray = field(repr=False)
    """(K + R, 1): the scores' bias over the temperature, then minus half the examples' squared lengths"""
    _starts: IntArray = field(repr=False)
    """(K + 1,): where each class's examples begin, and their number"""
    _nearness: FloatArray = field(repr=False)
    """(K,): 1 / squared distance that is usual for the class's own frames"""
    _spread: float
    _quantile: float
    _threshold: float

    def verdicts(self, vectors: npt.NDArray[Any], out: Verdicts | None = None, *, threads: int = 2) -> Verdicts:
        """Judge every frame.

        Args:
            vectors: (N, D) floats, may be memory-mapped; rows that are not finite become `missing`.
            out: verdicts of the same N and classes whose arrays are overwritten; new ones without it. Whoever still
                looks at `out` sees it change: keep two and swap them.
            threads: blocks handled at the same time; the interpreter lock is free during nearly all of the work.

        Returns:
            Verdicts with this head's provenance; their arrays are `out`'s where it was given.

        Raises:
            BadParameter: vectors of another dimension than the examples, or an `out` that does not fit.
        """
        n = len(vectors)
        target = self._target(vectors, out)
        spans = np.linspace(0, n, max(1, threads) + 1).astype(int) if n > 4 * BLOCK else np.array([0, n])
        if len(spans) == 2:
            self._fill(vectors, target, 0, n)
        else:
            with ThreadPoolExecutor(len(spans) - 1, thread_name_prefix="verdicts") as pool:
                jobs = [
                    pool.submit(self._fill, vectors, target, int(start), int(stop)) for start, stop in pairwise(spans)
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
            self._judge(vectors, target, start, stop, room)
            yield slice(start, stop)

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
        return np.empty((BLOCK, len(self._bias)), np.float32), np.empty((len(self._bias), BLOCK), np.float32)

    def _fill(self, vectors: npt.NDArray[Any], out: Verdicts, start: int, stop: int) -> None:
        room = self._room()
        for first in range(start, stop, BLOCK):
            self._judge(vectors, out, first, min(first + BLOCK, stop), room)

    def _judge(self, vectors: npt.NDArray[Any], out: Verdicts, start: int, stop: int, room: Room) -> None:
        block = np.asarray(vectors[start:stop], np.float32)
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            # The product is fastest frame by frame, everything after it class by class.
            by_frame = np.matmul(block, self._columns, out=room[0][: len(block)])
            products = np.add(by_frame.T, self._bias, out=room[1][:, : len(block)])
            squares = np.vecdot(block, block)
            known = products[: len(self.classes)]
            unknown = self._unknown(products[len(self.classes) :], squares)
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

    def _unknown(self, products: FloatArray, squares: FloatArray) -> FloatArray:
        """Probability that a frame is none of the classes, from x·e - |e|²/2 for every example e and |x|²."""
        nearest = np.full(len(squares), np.inf, np.float32)
        for (first, last), nearness in zip(pairwise(self._starts), self._nearness, strict=True):
            squared = products[first:last].max(axis=0)  # far faster than reduceat along this axis
            squared *= -2.0
            squared += squares
            squared *= nearness
            np.minimum(nearest, squared, out=nearest)
        np.maximum(nearest, np.float32(1e-30), out=nearest)
        excess = np.log(nearest, out=nearest)
        excess *= -0.5 * self._quantile / self._spread
        excess += self._quantile**2
        np.exp(excess, out=excess)
        excess += 1.0
        return np.reciprocal(excess, out=excess)


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
    examples = examples[usable]
    names = tuple(class_names[k] for k in present)
    discriminant, temperature = _discriminate(examples, numbers, len(names), settings.head, calibrated)
    boundary = fit_boundary(
        examples,
        numbers,
        len(names),
        run=run,
        accepted=settings.unknown_quantile,
        most_examples=settings.compared_examples,
    )
    columns = np.vstack([discriminant.weights.T / temperature, boundary.examples])
    bias = np.concatenate([discriminant.bias / temperature, -0.5 * (boundary.examples**2).sum(axis=1)])
    counts = np.bincount(numbers, minlength=len(names))
    provenance = {
        "head": settings.head,
        "settings": to_dict(settings),
        "examples": {name: int(n) for name, n in zip(names, counts, strict=True)},
        "examples_without_embedding": int(np.count_nonzero(~usable)),
        "temperature": temperature,
        "unknown_threshold": settings.unknown_threshold,
        "unknown_log_distance": [float(value) for value in boundary.middle],
        "unknown_spread": boundary.spread,
        **(source or {}),
    }
    return Head(
        classes=names,
        temperature=temperature,
        provenance=provenance,
        _columns=np.ascontiguousarray(columns.T, np.float32),
        _bias=bias.astype(np.float32)[:, None],
        _starts=np.append(boundary.starts, len(boundary.examples)),
        _nearness=np.exp(-2.0 * boundary.middle).astype(np.float32),
        _spread=boundary.spread,
        _quantile=boundary.quantile,
        _threshold=settings.unknown_threshold,
    )


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


def _discriminate(
    examples: Array, numbers: IntArray, n_classes: int, kind: str, calibrated: bool
) -> tuple[Discriminant, float]:
    """The linear scores and their temperature; a single class needs neither."""
    if n_classes == 1:
        return Discriminant(np.zeros((examples.shape[1], 1)), np.zeros(1)), 1.0
    fit, strength = HEADS[kind], _STRENGTH[kind]
    scores, tested = np.zeros((0, n_classes)), np.zeros(0, np.bool_)
    if calibrated:
        scores, tested = held_out_scores(
            examples, numbers, n_classes, lambda x, y: fit(x, y, n_classes, strength), _TEMPERATURE_FOLDS
        )
    judged = numbers[tested] if calibrated else numbers[:0]
    temperature = best_temperature(scores[tested], judged, *_PRIOR_TEMPERATURE[kind])
    return fit(examples, numbers, n_classes, strength), temperature
