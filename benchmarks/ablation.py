"""Which parts of the training recipe earn their place: `python -m benchmarks.ablation FOLDER` trains and judges.

Every recipe sees the same number of frames, from the same seed and the same training species, and is judged on
the same validation species, never on test species. Weights and figures go into FOLDER; a recipe whose figures are
there already is not trained again, so that the table can be made in pieces or by several processes (`--only`).
"""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from dataclasses import replace
from pathlib import Path

import torch

from benchmarks.conditions import judge
from models.embedding.training.conditions import PLAIN
from models.embedding.training.settings import TrainingSettings
from models.embedding.training.train import train
from models.progress import drain
from models.simulation.particles import VALIDATION_IDS

FIRST_RELEASE: dict[str, Any] = {
    "background_high": 0.35,
    "lost_modules": 0.0,
    "streaks": 0.0,
    "saturated": 0.0,
    "diameter_low_nm": 80.0,
    "diameter_high_nm": 220.0,
    "across_species": 0.0,
}
"""What the recipe of the first release had, where it differs from today's."""

RECIPES: dict[str, dict[str, Any]] = {
    "first release": FIRST_RELEASE,
    "+ lost modules": {**FIRST_RELEASE, "lost_modules": 0.35},
    "+ streaks, saturation": {**FIRST_RELEASE, "streaks": 0.2, "saturated": 0.1},
    "+ sizes": {**FIRST_RELEASE, "diameter_low_nm": 60.0, "diameter_high_nm": 320.0},
    "all": {"across_species": 0.0},
    "all, triplet": {"objective": "triplet"},
    "all, contrastive": {"objective": "contrastive"},
    "all, other species 0.05": {"across_species": 0.05},
    "all, projection 0.2": {"across_species": 0.0, "projection_weight": 0.2},
}

JUDGED = (
    PLAIN,
    "faint",
    "half missing",
    "three quarters missing",
    "background",
    "streaks",
    "small speckles",
    "large speckles",
)

SHORT = TrainingSettings(
    epochs=3,
    species=120,
    refreshed_species=0,
    droplets=300,
    validation_species=2,
    test_species=2,
    validation_frames=6,
    averaging=0.97,
    warmup_steps=40,
)


def figures(recipe: dict[str, Any], settings: TrainingSettings, folder: Path, species: int) -> dict[str, Any]:
    """Train one recipe and judge it."""
    path = drain(train(replace(settings, **recipe), folder))
    _, report = judge(str(path), VALIDATION_IDS[:species], 30, JUDGED)
    found: dict[str, Any] = {score.name: score.mean for score in report.scores}
    found |= {"droplets": report.droplets, "strangers": report.strangers}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where weights and figures go")
    parser.add_argument("--only", nargs="+", choices=RECIPES, default=list(RECIPES), help="train just these")
    parser.add_argument("--steps", type=int, default=60, help="steps in each of 3 epochs (default %(default)s)")
    parser.add_argument("--species", type=int, default=16, help="validation species (default %(default)s)")
    args = parser.parse_args()
    torch.set_num_threads(1)
    settings = replace(SHORT, steps_per_epoch=args.steps)
    args.folder.mkdir(parents=True, exist_ok=True)
    for name in args.only:
        kept = args.folder / f"{name}.json"
        if not kept.exists():
            found = figures(RECIPES[name], settings, args.folder / name, args.species)
            kept.write_text(json.dumps(found, indent=1))
    columns = [*JUDGED, "droplets", "strangers"]
    print("| recipe | " + " | ".join(columns) + " |")
    print("|---|" + "---|" * len(columns))
    for name in RECIPES:
        kept = args.folder / f"{name}.json"
        if kept.exists():
            found = json.loads(kept.read_text())
            print(f"| {name} | " + " | ".join(f"{found[c]:.3f}" for c in columns) + " |")


if __name__ == "__main__":
    main()
