"""Vectors of test sets, extracted once per extractor and set."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.fewshot.sets import Frames

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

BATCH = 64


def extracted(extract: Callable[[], Callable[[Floats, Mask], Floats]], frames: Frames, path: Path) -> Floats:
    """(n, D) vectors of a set, from the cache or made now, a few frames at a time.

    Args:
        extract: gives the extractor, only called where it is needed.
        path: where the vectors are kept.
    """
    if not path.is_file():
        work = extract()
        parts = []
        began = time.perf_counter()
        for first in range(0, len(frames), 512):
            block = frames.counts(slice(first, first + 512))
            parts += [work(block[i : i + BATCH], frames.valid) for i in range(0, len(block), BATCH)]
        rate = len(frames) / (time.perf_counter() - began)
        vectors = np.concatenate(parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".part.npy")
        np.save(aside, vectors)
        aside.replace(path)
        print(f"  {path.parent.name}/{path.stem}: {vectors.shape[1]} numbers, {rate:.0f} frames/s", flush=True)
    # Mapped, so that extractors that keep whole pictures do not fill the memory.
    return np.load(path, mmap_mode="r", allow_pickle=False)
