"""What adapting to a run gains: `python -m benchmarks.adapt` prints a table.

Runs of one species each, never trained on, from detectors and doses that the training's own station does not have
(50 to 500 photons; other pixel scales, frame sizes, panels). Five frames of each of the four classes (single, multi,
blank, droplet) are labelled and all others classified by their nearest prototype; balanced accuracy, mean of 20
draws, the same draws before and after. "With labels": the adaptation also learns from one draw of those labels, and
only frames that it did not see labelled are judged, before and after.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time

os.environ.setdefault("OMP_NUM_THREADS", "2")

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from models.embedding import weights
from models.embedding.embed import embed_frames
from models.embedding.training.adapt import AdaptSettings, adapt
from models.embedding.training.conditions import lost
from models.embedding.training.evaluation import nearest_prototype
from models.progress import drain
from models.runs.types import Frame, Geometry, PixelFlag, RunIdentity
from models.simulation import detector
from models.simulation.generate import KIND_NAMES, Kind, simulate
from models.simulation.particles import TEST_IDS, VALIDATION_IDS
from models.simulation.settings import SimulationSettings

SHOTS = 5


@dataclass(frozen=True)
class Place:
    """A detector and its doses."""

    what: str
    station: dict[str, Any]
    missing: float = 0.0


PLACES = (
    Place("96 × 152 px, gap of 12 rows", {"height": 96, "width": 152, "gap_rows": 12}),
    Place("half of the detector lost", {}, 0.5),
    Place("speckles 1.8 times as large, stop of 12 px", {"distance_m": 0.9, "beam_stop_px": 12.0}),
    Place("speckles 0.7 times as large, a quarter lost", {"distance_m": 0.35}, 0.25),
    Place(
        "192 × 192 px of 0.2 mm, 100 to 800 photons",
        {"height": 192, "width": 192, "pixel_size_m": 0.2e-3, "photons_low": 100.0, "photons_high": 800.0},
    ),
)


class SimulatedRun:
    """A simulated run in memory, as far as adapting and embedding look at one."""

    def __init__(self, number: int, place: Place, frames: int) -> None:
        settings = SimulationSettings(
            **{
                "frames": frames,
                "species": 1,
                "first_species": number,
                "photons_low": 50.0,
                "photons_high": 500.0,
                "seed": number % 1000,
                **place.station,
            }
        )
        work = simulate(settings)
        parts = []
        truth = drain(work, lambda block: parts.append(block.counts))
        self.counts = np.concatenate(parts)
        self.kind = truth.kind.astype(np.int64)
        self.mask: npt.NDArray[np.bool_] = detector.usable(settings) & ~lost(settings.shape, place.missing)
        self.name = place.what
        self.shape = settings.shape
        self.geometry: Geometry = settings.geometry
        self.identity = RunIdentity(f"{number:016x}", frames)

    def __len__(self) -> int:
        return len(self.counts)

    def load(self, index: int) -> Frame:
        flags = np.where(self.mask, 0, PixelFlag.MISSING).astype(np.uint8)
        return Frame(index, self.counts[index], flags)


def accuracy(
    vectors: npt.NDArray[np.float32],
    kind: npt.NDArray[np.int64],
    classes: tuple[Kind, ...],
    leave_out: npt.NDArray[np.int64],
    fixed: npt.NDArray[np.int64] | None = None,
) -> float:
    """Balanced accuracy over 20 draws of 5 examples per class, or of the `fixed` examples."""
    rng = np.random.default_rng(7)
    values = []
    for _ in range(1 if fixed is not None else 20):
        picked = fixed
        if picked is None:
            picked = np.concatenate([rng.permutation(np.flatnonzero(kind == c))[:SHOTS] for c in classes])
        rest = np.setdiff1d(np.flatnonzero(np.isin(kind, classes)), np.concatenate([picked, leave_out]))
        told = nearest_prototype(vectors[picked], kind[picked], vectors[rest])
        values.append(np.mean([(told[kind[rest] == c] == c).mean() for c in classes]))
    return float(np.mean(values))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", default="speckle", help="to start from (default %(default)s)")
    parser.add_argument("--frames", type=int, default=1500, help="frames per run (default %(default)s)")
    parser.add_argument("--steps", type=int, default=AdaptSettings().steps, help="default %(default)s")
    parser.add_argument("--projection-weight", type=float, default=AdaptSettings().projection_weight)
    parser.add_argument("--learning-rate", type=float, default=AdaptSettings().learning_rate)
    parser.add_argument("--runs", type=int, default=len(PLACES), help="of the five (default all)")
    parser.add_argument("--labels", action="store_true", help="also with labels")
    parser.add_argument("--validation", action="store_true", help="validation species, for choices, not test species")
    parser.add_argument("--threads", type=int, default=2, help="processor threads (default %(default)s)")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    settings = AdaptSettings(
        weights=args.weights,
        steps=args.steps,
        projection_weight=args.projection_weight,
        learning_rate=args.learning_rate,
    )
    network, info = weights.load(args.weights)
    # Species beyond those that other tables use.
    first = (VALIDATION_IDS if args.validation else TEST_IDS)[500]
    none = np.empty(0, np.int64)
    pair = (Kind.SINGLE, Kind.MULTI)
    print("## Adapt to this run: 5 labels per class before and after\n")
    print(f"Weights {info.digest}; {settings.steps} steps; {args.frames} frames per run; 50 to 500 photons.\n")
    print("| run | four classes | adapted | single, multi | adapted | with labels, before | adapted | seconds |")
    print("|---|---|---|---|---|---|---|---|")
    rows = []
    for i, place in enumerate(PLACES[: args.runs]):
        run = SimulatedRun(first + i, place, args.frames)
        frames = run.counts.astype(np.float32)
        old = embed_frames(frames, run.mask, network)
        row = []
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            new = _adapted(run, settings, Path(folder), {}, frames)
            spent = time.monotonic() - began
            for classes in (tuple(Kind), pair):
                row += [accuracy(v, run.kind, classes, none) for v in (old, new)]
            if args.labels:
                rng = np.random.default_rng(11)
                picked = np.concatenate([rng.permutation(np.flatnonzero(run.kind == c))[:SHOTS] for c in Kind])
                names = {int(f): KIND_NAMES[run.kind[f]] for f in picked}
                taught = _adapted(run, settings, Path(folder), names, frames)
                row += [accuracy(v, run.kind, tuple(Kind), picked, picked) for v in (old, taught)]
            else:
                row += [float("nan")] * 2
        rows.append(row)
        print(f"| {place.what} | " + " | ".join(f"{v:.3f}" for v in row) + f" | {spent:.0f} |", flush=True)
    print("| mean | " + " | ".join(f"{v:.3f}" for v in np.mean(rows, axis=0)) + " | |")


def _adapted(
    run: Any, settings: AdaptSettings, folder: Path, names: dict[int, str], frames: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    path = drain(adapt(run, settings, folder, names))
    return embed_frames(frames, run.mask, weights.load(path)[0])


if __name__ == "__main__":
    main()
