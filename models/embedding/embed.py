"""Every frame of a run becomes a vector: an iterator over batches that can be stopped and taken up again."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from models.embedding.types import Embedding, EmbedProgress, VectorStore
from models.parameters import parameter, validate
from models.runs.batches import batch_length, load_batch
from models.runs.types import Run

if TYPE_CHECKING:
    from models.embedding.network import SpeckleNet


_RATE_OVER_S = 5.0


@dataclass(frozen=True)
class EmbedSettings:
    """How a run is embedded."""

    weights: str = parameter("speckle", "bundled weights by name, or the path of a .safetensors file")
    batch_frames: int = parameter(64, "frames embedded at once; fewer where frames are large", low=1, high=4096)
    threads: int = parameter(0, "processor threads of the network; 0 leaves it to the machine", low=0, high=1024)


def embed_run(
    run: Run, store: VectorStore, settings: EmbedSettings | None = None
) -> Generator[EmbedProgress, None, Embedding]:
    """Embed the frames of `run` that `store` lacks, batch by batch.

    A frame that cannot be read, or has no valid pixel, gets a row of NaN and is counted; the others go on. The order
    is the run's own, so files are read once from front to back.

    Raises:
        BadWeights: where the weights cannot be loaded.
        BadParameter: for settings out of range.
    """
    from models.embedding.weights import load

    settings = validate(settings or EmbedSettings())
    network, info = load(settings.weights)
    if settings.threads:
        import torch

        torch.set_num_threads(settings.threads)
    todo = np.asarray(store.missing(), dtype=np.int64)
    total = len(run)
    done, unreadable = total - len(todo), 0
    batch = batch_length(run, settings.batch_frames)
    recent: deque[tuple[float, int]] = deque([(time.monotonic(), done)])
    yield EmbedProgress(done=done, total=total, unit="frames", message="embedding")
    for start in range(0, len(todo), batch):
        indices = todo[start : start + batch]
        frames, valid = load_batch(run, indices, "embedding")
        vectors = embed_frames(frames, valid, network)
        store.write(indices, vectors)
        done += len(indices)
        unreadable += int(np.isnan(vectors[:, 0]).sum())
        recent.append((time.monotonic(), done))
        while len(recent) > 2 and recent[-1][0] - recent[0][0] > _RATE_OVER_S:
            recent.popleft()
        rate = (recent[-1][1] - recent[0][1]) / max(recent[-1][0] - recent[0][0], 1e-6)
        yield EmbedProgress(
            done=done, total=total, unit="frames", message="embedding", frames_per_s=rate, unreadable=unreadable
        )
    store.finish()
    return Embedding(vectors=store.vectors(), run_digest=run.identity.pixels, model_digest=info.digest)


def embed_frames(
    frames: npt.NDArray[np.float32], valid: npt.NDArray[np.bool_], network: SpeckleNet, batch_frames: int = 64
) -> npt.NDArray[np.float32]:
    """Vectors of frames in memory.

    Args:
        frames: (n, H, W) float32, photons or ADU; non-finite and negative values are allowed.
        valid: (n, H, W) or (H, W) bool, True = use.
        network: from `weights.load`.
        batch_frames: frames the network sees at once; has no influence on the vectors.

    Returns:
        (n, D) float32 of unit length; a row of NaN for a frame without any valid, finite pixel.
    """
    import torch

    from models.embedding.preparation import prepare

    out = np.full((len(frames), network.config.dimensions), np.nan, np.float32)
    for start in range(0, len(frames), batch_frames):
        part = slice(start, start + batch_frames)
        x = prepare(frames[part], valid[part] if valid.ndim == 3 else valid)
        with torch.inference_mode():
            vectors = network(x)
        seen = (x[:, 1].amax((1, 2)) > 0).numpy()
        out[part] = np.where(seen[:, None], vectors.numpy(), np.nan)
    return out
