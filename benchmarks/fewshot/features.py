"""Vectors of test sets, extracted once per extractor and set; and hand-made features for simple peers."""

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


def radial_and_angular(frames: Floats, valid: Mask, radii: int = 28, angles: int = 36) -> Floats:
    """(n, 10 · radii) mean of each ring, and the strength of angular harmonics 1 … 9 of each.

    Square roots of intensity in units of its mean; rings as wide as the short side / 56; harmonics of each ring with
    its mean removed and unit norm, as in Dragonfly's "ang_corr_normed".
    """
    height, width = valid.shape
    y, x = np.indices((height, width)).astype(np.float64)
    ring = np.hypot(y - (height - 1) / 2, x - (width - 1) / 2) / (min(height, width) / 2 / radii)
    ring = np.minimum(ring, radii).astype(int)
    sector = ((np.arctan2(y - (height - 1) / 2, x - (width - 1) / 2) + np.pi) / (2 * np.pi) * angles).astype(int)
    cell = np.where(valid & (ring < radii), ring * angles + sector % angles, radii * angles).ravel()
    size = radii * angles + 1
    area = np.bincount(cell, minlength=size)[:-1].reshape(radii, angles)
    out = np.empty((len(frames), 10 * radii), np.float32)
    for i, counts in enumerate(frames):
        root = np.sqrt(counts / max(counts[valid].mean(), 1e-9)).ravel()
        polar = np.bincount(cell, root, size)[:-1].reshape(radii, angles)
        profile = polar.sum(axis=1) / np.maximum(area.sum(axis=1), 1)
        polar = np.where(area > 0, polar / np.maximum(area, 1) - profile[:, None], 0.0)
        polar /= np.maximum(np.linalg.norm(polar, axis=1, keepdims=True), 1e-9)
        harmonics = np.abs(np.fft.rfft(polar, axis=1))[:, 1:10]
        out[i] = np.concatenate([np.log(profile + 1e-3), harmonics.ravel()])
    return out


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
