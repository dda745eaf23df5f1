"""Adapting an embedding to a run: what the worker process does, and how the results are compared. Qt-free."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.embeddings import FOLDER
from app.judging import CONFUSION_FOLDS, Labelled
from models.embedding.few_shot import FewShotSettings, hold_out, run_statistics
from models.errors import NotEnoughExamples
from models.parameters import from_dict
from models.progress import Progress

if TYPE_CHECKING:
    from models.embedding.training.adapt import AdaptSettings
    from models.treatment import RunReference

# Seconds on a quick, idle machine and on a slow or busy one, with one thread.
SECONDS_PER_PARTICLE = (0.4, 2.0)
SECONDS_PER_TRAINED_FRAME = (0.0015, 0.006)
SECONDS_PER_EMBEDDED_FRAME = (0.006, 0.05)


def minutes(settings: AdaptSettings, frames: int) -> tuple[float, float]:
    """Shortest and longest time that adapting, and embedding `frames` frames afterwards, usually takes."""
    trained = settings.steps * (2 * settings.run_frames_per_batch + 14 * settings.species_per_batch)
    quick, slow = (
        (settings.species * particle + trained * step + frames * embedded) / 60.0
        for particle, step, embedded in zip(
            SECONDS_PER_PARTICLE, SECONDS_PER_TRAINED_FRAME, SECONDS_PER_EMBEDDED_FRAME, strict=True
        )
    )
    return quick, slow


def adapt(
    source: RunReference, folder: str, values: Mapping[str, Any], examples: Mapping[int, str]
) -> Generator[Progress, None, str]:
    """Train weights for a run and embed it with them; gives the name of the new weight file.

    Args:
        folder: the workspace; weights and vectors go there under new names.
        values: of `AdaptSettings`.
        examples: class names of labelled frames to learn from, too; may be empty.
    """
    yield Progress(done=0, message="loading the network")
    from app.jobs.tasks import embed
    from models.embedding.training.adapt import AdaptSettings
    from models.embedding.training.adapt import adapt as train

    settings = from_dict(AdaptSettings, values)
    run = source.open()
    try:
        weights = yield from train(run, settings, Path(folder) / FOLDER, examples)
    finally:
        run.close()
    yield from embed(source, folder, {"weights": str(weights), "threads": settings.threads})
    return weights.name


def accuracies(
    folder: str, run_digest: str, digests: Sequence[str], labelled: Labelled, settings: FewShotSettings
) -> dict[str, float]:
    """Balanced accuracy on the labels, each held out, for every embedding of the run that is complete.

    Returns:
        By digest of the weights; those without vectors, or for which there are too few labels, are left out.
    """
    from models.workspace.store import EmbeddingStore

    found = {}
    for digest in digests:
        store = EmbeddingStore.find(Path(folder), run_digest, digest)
        if store is None or not store.finished:
            continue
        vectors = store.vectors()
        try:
            held_out = hold_out(
                vectors[labelled.frames],
                labelled.codes,
                labelled.names,
                settings,
                run=run_statistics(vectors),
                folds=CONFUSION_FOLDS,
            )
        except NotEnoughExamples:
            continue
        found[digest] = held_out.confusion().balanced_accuracy
    return found
