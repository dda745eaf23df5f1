"""What worker processes do: each function opens what it needs from paths and gives back something small.

Imported in worker processes only, by name (`app.jobs.worker.resolve`).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.parameters import from_dict
from models.progress import Progress

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from models.embedding.few_shot import Verdicts
    from models.treatment import RunReference


def embed(source: RunReference, folder: str, values: Mapping[str, Any]) -> Generator[Progress, None, str]:
    """Embed what is missing of a run into the workspace `folder`; gives the model's digest."""
    yield Progress(done=0, message="loading the network")
    from models.embedding.embed import EmbedSettings, embed_run
    from models.embedding.weights import load
    from models.workspace.store import EmbeddingStore

    settings = from_dict(EmbedSettings, values)
    network, info = load(settings.weights)
    run = source.open()
    try:
        store = EmbeddingStore.open(
            Path(folder), run.identity.pixels, len(run), network.config.dimensions, info.digest
        )
        yield from embed_run(run, store, settings)
    finally:
        run.close()
    return info.digest


def features(source: RunReference, folder: str, name: str, weights: str) -> Generator[Progress, None, str]:
    """Compute what is missing of the features `name` of a run; gives the extractor's digest."""
    yield Progress(done=0, message="loading")
    from models.classifying.features import extractor
    from models.classifying.judge import extract_features
    from models.workspace.store import EmbeddingStore

    made = extractor(name, weights)
    run = source.open()
    try:
        store = EmbeddingStore.open(Path(folder), run.identity.pixels, len(run), made.dimensions, made.digest)
        yield from extract_features(run, store, made)
    finally:
        run.close()
    return made.digest


def umap(
    folder: str, run_digest: str, model_digest: str, values: Mapping[str, Any]
) -> Generator[Progress, None, npt.NDArray[np.float32]]:
    """Lay the stored vectors of a run out by UMAP; gives (N, 2) float32, not-a-number where a frame has no vector."""
    yield Progress(done=0, message="loading UMAP")
    from models.embedding.layout import UmapSettings, umap_layout
    from models.errors import FriedelError
    from models.workspace.results import Layout, save_layout
    from models.workspace.store import EmbeddingStore

    store = EmbeddingStore.find(Path(folder), run_digest, model_digest)
    if store is None:
        raise FriedelError("There is no embedding to lay out", hint="Embed the run first")
    positions = yield from umap_layout(store.vectors(), from_dict(UmapSettings, values))
    save_layout(Path(folder), Layout("UMAP", positions, values, run_digest, model_digest))
    return positions


def export_selection(
    source: RunReference,
    annotator: str,
    frames: npt.NDArray[np.int64],
    target: str,
    verdicts: Verdicts | None,
    values: Mapping[str, Any],
) -> Generator[Progress, None, int]:
    """Write frames of a run to a CXI file, with the labels on disk; gives how many were unreadable."""
    from models.workspace.export import ExportSettings
    from models.workspace.export import export_selection as write
    from models.workspace.workspace import open_workspace

    run = source.open()
    workspace = open_workspace(run, annotator)
    try:
        yield from write(run, frames, Path(target), workspace.labels, verdicts, from_dict(ExportSettings, values))
    finally:
        workspace.close()
        run.close()
    return _unreadable(Path(target))


def export_labels(
    source: RunReference, annotator: str, target: str, specklenn: bool
) -> Generator[Progress, None, int]:
    """Write the labels on disk of a run to a table; gives their number."""
    yield Progress(done=0, message="reading the journals")
    from app.exporting import write_table
    from models.workspace.workspace import open_workspace

    run = source.open()
    workspace = open_workspace(run, annotator)
    try:
        return write_table(run, workspace.labels, Path(target), specklenn)
    finally:
        workspace.close()
        run.close()


def _unreadable(path: Path) -> int:
    """How many frames an export had to leave out."""
    import h5py

    with h5py.File(path, "r") as file:
        left_out = file.get("entry_1/process_1/unreadable")
        return 0 if left_out is None else len(left_out)
