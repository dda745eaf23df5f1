"""What worker processes do for the Calibration page: a pedestal from frames, the value of one photon.

Imported in worker processes only, by name (`app.jobs.worker.resolve`).
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from models.calibration.dark import DarkSettings, make_dark, save_dark
from models.calibration.estimate import FRAMES, estimate_gain
from models.calibration.settings import CalibrationSettings
from models.parameters import from_dict
from models.progress import Progress
from models.treatment import RunReference


def dark(
    source: RunReference, frames: Sequence[int] | None, values: Mapping[str, Any], target: str
) -> Generator[Progress, None, dict[str, Any]]:
    """Make a pedestal of frames of the run `source` (all where None) and save it at `target`.

    Gives its path, how many frames it is of, how many were unreadable, and how many pixels leaned on others.
    """
    yield Progress(done=0, message="opening the run")
    run = source.open()
    try:
        chosen = range(len(run)) if frames is None else frames
        made = yield from make_dark(run, chosen, from_dict(DarkSettings, values))
    finally:
        run.close()
    save_dark(made, Path(target))
    return {"path": target, "frames": made.frames, "skipped": made.skipped, "borrowed": made.borrowed}


def photon(source: RunReference, values: Mapping[str, Any]) -> Generator[Progress, None, tuple[float, str] | None]:
    """The value of one photon in frames of the run `source`, after the steps before it; with what it rests on."""
    import numpy as np

    from models.calibration.chain import make_calibrator

    yield Progress(done=0, message="opening the run")
    run = source.open()
    try:
        settings = from_dict(CalibrationSettings, {**values, "use_gain": False, "use_rounding": False})
        places = np.unique(np.linspace(0, len(run) - 1, min(FRAMES, len(run))).round().astype(int))
        found = yield from estimate_gain(run, [int(place) for place in places], make_calibrator(settings, run))
    finally:
        run.close()
    return None if found is None else (found.adu_per_photon, found.words)
