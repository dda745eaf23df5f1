"""Sort a run with any classifier: features block by block, then a fit to the labels and a verdict for every frame.

Methods that use frames without labels are fitted to the labelled ones and a random sample of the others; all frames
are judged out of sample, a block at a time, so a run of any length needs the same memory.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from models.classifying.registry import classifier, make
from models.classifying.types import UNLABELLED, Estimator, Extractor, FloatArray, IntArray
from models.detector.geometry import centre_of
from models.embedding.few_shot.types import UNKNOWN, Verdicts
from models.embedding.types import VectorStore
from models.errors import BadParameter, NotEnoughExamples
from models.parameters import parameter, to_dict, validate
from models.progress import Progress
from models.runs.batches import batch_length, load_batch
from models.runs.types import Run

_BLOCK = 1024


@dataclass(frozen=True)
class JudgeSettings:
    """How a run is judged by a classical classifier."""

    batch_frames: int = parameter(64, "Frames read at once; fewer where frames are large", low=1, high=4096)
    sampled_frames: int = parameter(
        1500, "Frames without label that a classifier is fitted to, drawn at random", low=0, high=20_000
    )
    sample_seed: int = parameter(0, "Of that draw", low=0)


@dataclass(frozen=True, eq=False)
class Judgement:
    """What judging a run gives.

    Attributes:
        verdicts: of every frame.
        held_out: (m, K) float32 probabilities of labelled frames by the method fitted without them; empty for
            methods that do not hold examples out themselves.
        held_out_frames: (m,) int64 which frames.
    """

    verdicts: Verdicts
    held_out: FloatArray = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    held_out_frames: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))

    def balanced_accuracy(
        self, frames: npt.NDArray[Any], classes: npt.NDArray[Any], class_names: Sequence[str]
    ) -> float | None:
        """Mean over the classes of how often held-out examples were told right; None where none was held out.

        Args:
            frames, classes, class_names: the labels, as given to `judge`.
        """
        given = {int(frame): class_names[int(k)] for frame, k in zip(frames, classes, strict=True)}
        right: dict[str, list[bool]] = {}
        for frame, row in zip(self.held_out_frames, self.held_out, strict=True):
            name = given[int(frame)]
            right.setdefault(name, []).append(self.verdicts.classes[int(row.argmax())] == name)
        return float(np.mean([np.mean(told) for told in right.values()])) if right else None


def extract_features(
    run: Run, store: VectorStore, extractor: Extractor, settings: JudgeSettings | None = None
) -> Generator[Progress, None, FloatArray]:
    """Features of the frames of `run` that `store` lacks, batch by batch.

    A frame that cannot be read, or has no valid pixel, gets a row of NaN; the others go on.

    Args:
        run: the frames; they are turned about its beam centre, or the middle of the frame where it has none.
        store: takes `extractor.dimensions` numbers per frame, e.g. an `EmbeddingStore` named by `extractor.digest`.

    Returns:
        (N, D) float32 of all frames, as the store holds them.

    Raises:
        BadParameter: for settings out of range.
    """
    settings = validate(settings or JudgeSettings())
    todo = np.asarray(store.missing(), np.int64)
    done, total = len(run) - len(todo), len(run)
    centre = centre_of(run.geometry, run.shape)
    batch = batch_length(run, settings.batch_frames)
    yield Progress(done=done, total=total, unit="frames", message=f"features: {extractor.name}")
    for start in range(0, len(todo), batch):
        indices = todo[start : start + batch]
        frames, valid = load_batch(run, indices, "features")
        store.write(indices, extractor.extract(frames, valid, centre))
        done += len(indices)
        yield Progress(done=done, total=total, unit="frames", message=f"features: {extractor.name}")
    store.finish()
    return store.vectors()


def judge(
    features: npt.NDArray[Any],
    frames: npt.NDArray[Any] | Sequence[int],
    classes: npt.NDArray[Any] | Sequence[int],
    class_names: Sequence[str],
    name: str,
    parameters: Any = None,
    settings: JudgeSettings | None = None,
    *,
    source: Mapping[str, Any] | None = None,
) -> Generator[Progress, None, Judgement]:
    """Fit a classifier to labelled frames and judge all of them.

    Args:
        features: (N, D) float32 of its extractor, may be memory-mapped; frames whose row is not finite are missing.
        frames: (n,) labelled frames. classes: (n,) index into `class_names`.
        class_names: all the user's classes; those without an example are left out.
        name: of the classifier. parameters: of its dataclass; defaults where None.
        source: what to add to the provenance.

    Raises:
        NotEnoughExamples: no labelled frame has features.
        BadParameter: no such classifier, parameters out of range, or labels that do not fit the run.
    """
    settings = validate(settings or JudgeSettings())
    info = classifier(name)
    estimator = make(name, parameters)
    labelled, codes = _labels(features, frames, classes, class_names)
    sample = _sample(features, labelled, settings)
    rows = np.concatenate([np.asarray(features[labelled], np.float32), np.asarray(features[sample], np.float32)])
    y = np.concatenate([codes, np.full(len(sample), UNLABELLED, np.int64)])
    total = len(features)
    yield Progress(done=0, total=total, unit="frames", message=f"fitting: {info.title}")
    estimator.fit(rows, y)
    present = [class_names[k] for k in estimator.classes_]
    found = Verdicts.empty(total, present)
    found = Verdicts(
        classes=found.classes,
        probabilities=found.probabilities,
        unknown=found.unknown,
        label=found.label,
        confidence=found.confidence,
        missing=found.missing,
        provenance={
            "classifier": name,
            "paper": info.paper,
            "settings": to_dict(info.parameters() if parameters is None else parameters),
            "features": info.features,
            "examples": {present[i]: int((codes == k).sum()) for i, k in enumerate(estimator.classes_)},
            "frames_without_label": len(sample),
            "temperature": float(getattr(estimator, "temperature_", 1.0)),
            "rejects": hasattr(estimator, "predict_unknown"),
            **(source or {}),
        },
    )
    threshold = float(getattr(parameters or info.parameters(), "unknown_threshold", 1.0))
    for start in range(0, total, _BLOCK):
        stop = min(start + _BLOCK, total)
        _fill(found, np.asarray(features[start:stop], np.float32), start, estimator, threshold)
        yield Progress(done=stop, total=total, unit="frames", message=f"judging: {info.title}")
    held = getattr(estimator, "held_out_rows_", np.zeros(0, np.int64))
    return Judgement(found, getattr(estimator, "held_out_", np.zeros((0, len(present)), np.float32)), labelled[held])


def judge_run(
    run: Run,
    store: VectorStore,
    extractor: Extractor,
    frames: npt.NDArray[Any] | Sequence[int],
    classes: npt.NDArray[Any] | Sequence[int],
    class_names: Sequence[str],
    name: str,
    parameters: Any = None,
    settings: JudgeSettings | None = None,
    *,
    source: Mapping[str, Any] | None = None,
) -> Generator[Progress, None, Judgement]:
    """`extract_features`, then `judge`. Raises what they raise."""
    features = yield from extract_features(run, store, extractor, settings)
    whole = {"model": extractor.digest, "run": run.identity.pixels, **(source or {})}
    return (yield from judge(features, frames, classes, class_names, name, parameters, settings, source=whole))


def _labels(
    features: npt.NDArray[Any],
    frames: npt.NDArray[Any] | Sequence[int],
    classes: npt.NDArray[Any] | Sequence[int],
    class_names: Sequence[str],
) -> tuple[IntArray, IntArray]:
    """Labelled frames that have features, and their classes."""
    places, codes = np.asarray(frames, np.int64), np.asarray(classes, np.int64)
    if places.shape != codes.shape or places.ndim != 1:
        raise BadParameter("the labels cannot be used", cause=f"{places.shape} frames, {codes.shape} classes")
    if len(places) and not (places.min() >= 0 and places.max() < len(features)):
        raise BadParameter("the labels cannot be used", cause=f"a frame is outside 0 … {len(features) - 1}")
    if len(codes) and not (codes.min() >= 0 and codes.max() < len(class_names)):
        raise BadParameter("the labels cannot be used", cause=f"a class is outside 0 … {len(class_names) - 1}")
    known = np.isfinite(np.asarray(features[places], np.float32)).all(1) if len(places) else np.zeros(0, bool)
    if not known.any():
        raise NotEnoughExamples(
            "no class can be learned",
            cause="none of the labelled frames has features" if len(places) else "no frame is labelled",
            hint="label at least one readable frame of every class",
        )
    return places[known], codes[known]


def _sample(features: npt.NDArray[Any], labelled: IntArray, settings: JudgeSettings) -> IntArray:
    """Frames without label to fit to, ascending."""
    rng = np.random.default_rng(settings.sample_seed)
    drawn = rng.choice(len(features), min(len(features), settings.sampled_frames + len(labelled)), replace=False)
    drawn = np.sort(drawn[~np.isin(drawn, labelled)][: settings.sampled_frames]).astype(np.int64)
    finite = np.isfinite(np.asarray(features[drawn], np.float32)).all(1)
    return np.asarray(drawn[finite], np.int64)


def _fill(found: Verdicts, rows: FloatArray, start: int, estimator: Estimator, threshold: float) -> None:
    """Verdicts of the frames from `start` on."""
    good = np.isfinite(rows).all(axis=1)
    if not good.any():
        return
    places = start + np.flatnonzero(good)
    probabilities = estimator.predict_proba(rows[good])
    unknown = np.zeros(len(places), np.float32)
    if hasattr(estimator, "predict_unknown"):
        unknown = np.asarray(estimator.predict_unknown(rows[good]), np.float32)
        probabilities = probabilities * (1 - unknown)[:, None]
    label = probabilities.argmax(1)
    best = probabilities[np.arange(len(label)), label]
    apart = unknown >= threshold
    found.probabilities[places] = probabilities
    found.unknown[places] = unknown
    found.label[places] = np.where(apart, UNKNOWN, label)
    found.confidence[places] = np.where(apart, unknown, best)
    found.missing[places] = False
