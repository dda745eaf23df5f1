"""From a label to new verdicts for 10⁶ stored embeddings, by the way the window goes: through the service process.

`python -m benchmarks.refresh [frames]`. The floor is the same arithmetic, called in this process.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

FRAMES = 1_000_000
DIMENSIONS = 128
CLASSES = ("single", "multi", "blank", "contaminant", "other")
LABELS = 60
REPEATS = 9
LIMIT_MS = 300


def crowds(path: Path, frames: int) -> np.memmap:
    """Five overlapping crowds on the unit sphere, as a mapped file."""
    import numpy as np

    rng = np.random.default_rng(4)
    middles = rng.standard_normal((len(CLASSES), DIMENSIONS)).astype(np.float32)
    vectors = np.lib.format.open_memmap(path, "w+", np.float32, (frames, DIMENSIONS))
    for start in range(0, frames, 50_000):
        block = middles[np.arange(start, min(frames, start + 50_000)) % len(CLASSES)]
        block = block + 1.2 * rng.standard_normal(block.shape, dtype=np.float32)
        vectors[start : start + len(block)] = block / np.linalg.norm(block, axis=1, keepdims=True)
    vectors.flush()
    return vectors


def main() -> None:
    frames = int(sys.argv[1]) if len(sys.argv) > 1 else FRAMES
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the window; read when numpy is loaded
    with tempfile.TemporaryDirectory() as name:
        measure(crowds(Path(name) / "vectors.npy", frames))


def measure(vectors: np.memmap) -> None:
    import numpy as np

    from app import judging
    from app.classifying import Classifier
    from app.judging import Labelled
    from app.start import make_application
    from benchmarks.event_loop import live
    from models.embedding.few_shot import FewShotSettings

    application = make_application(["friedel"])
    frames = len(vectors)
    codes = np.full(frames, -1, np.int16)
    codes[:LABELS] = np.arange(LABELS) % len(CLASSES)
    classifier = Classifier(lambda: (codes.copy(), CLASSES))
    arrived: list[float] = []
    classifier.judged.connect(lambda: arrived.append(time.perf_counter()))
    classifier.set_vectors(vectors)
    live(60, lambda: classifier.verdicts is not None and not classifier.busy)
    took = []
    for i in range(REPEATS):
        codes[LABELS + i] = (LABELS + i) % len(CLASSES)
        arrived.clear()
        begun = time.perf_counter()
        classifier.refit()
        live(60, lambda: bool(arrived) and not classifier.busy)
        took.append(1000.0 * (arrived[0] - begun))
    stored, labelled = classifier.stored, Labelled.of(codes, CLASSES)
    assert stored is not None
    bare = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        judging.judge(stored, labelled, FewShotSettings(), {})
        bare.append(1000.0 * (time.perf_counter() - begun))
    classifier.close()
    application.processEvents()
    print("## Verdicts after a label\n")
    print(f"{frames:,} stored embeddings of {DIMENSIONS} numbers, {len(CLASSES)} classes, {LABELS} labels.\n")
    print("| | median ms | largest ms | limit |")
    print("|---|---|---|---|")
    print(f"| label to verdicts, through the service | {np.median(took):.0f} | {max(took):.0f} | {LIMIT_MS} |")
    print(f"| the same arithmetic in this process (floor) | {np.median(bare):.0f} | {max(bare):.0f} | |")


if __name__ == "__main__":
    main()
