"""A run's embedding for the verbs: what the workspace has, completed where frames are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.cli.console import follow

if TYPE_CHECKING:
    from models.embedding.embed import EmbedSettings
    from models.embedding.types import Embedding
    from models.runs.types import Run


def embedding_of(run: Run, settings: EmbedSettings) -> Embedding:
    """Every frame's vector, computed for the frames that the workspace lacks, with a bar on stderr.

    Raises:
        BadWeights: the weights cannot be loaded.
        NotSaved: the workspace cannot be written.
    """
    from models.embedding import weights
    from models.embedding.embed import embed_run
    from models.embedding.types import Embedding
    from models.workspace.location import find_places
    from models.workspace.store import EmbeddingStore

    folder = find_places(run).folder
    digest = weights.digest(settings.weights)
    done = EmbeddingStore.find(folder, run.identity.pixels, digest)
    if done is not None and done.finished and done.n_frames == len(run):
        return Embedding(done.vectors(), run.identity.pixels, digest)
    network, info = weights.load(settings.weights)
    store = EmbeddingStore.open(folder, run.identity.pixels, len(run), network.config.dimensions, info.digest)
    return follow(embed_run(run, store, settings), "embedding")
