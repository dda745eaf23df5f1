"""Adapting the denoising network to a run: what the worker process does, and how long it takes. Qt-free."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.progress import Progress

if TYPE_CHECKING:
    from models.denoising.adapt.adapt import DenoiseAdapted
    from models.denoising.adapt.settings import DenoiseAdaptSettings
    from models.runs.types import Run
    from models.treatment import RunReference

FOLDER = "denoising-weights"
"""Within the workspace of a run: weights adapted to it."""

# Seconds for 128 × 128 pixels on a quick, idle machine and on a slow or busy one, with one thread.
_SECONDS_PER_LEARNED_FRAME = (0.04, 0.16)
_SECONDS_PER_JUDGED_FRAME = (0.1, 0.4)
_FRAMES_JUDGED = 100
_SIDE_PX = 128


def minutes(settings: DenoiseAdaptSettings, run: Run) -> tuple[float, float]:
    """Shortest and longest time that adapting usually takes."""
    seen, learned = (
        min(run.shape[0], side) * min(run.shape[1], side) / _SIDE_PX**2
        for side in (settings.window_px, settings.crop_px)
    )
    quick, slow = (
        (settings.steps * settings.batch * step * learned + _FRAMES_JUDGED * judged * seen) / 60.0
        for step, judged in zip(_SECONDS_PER_LEARNED_FRAME, _SECONDS_PER_JUDGED_FRAME, strict=True)
    )
    return min(quick, settings.minutes), min(slow, settings.minutes)


def adapt(
    source: RunReference,
    folder: str,
    values: Mapping[str, Any],
    frames: Sequence[int] | None,
    counting: Mapping[str, Any],
) -> Generator[Progress, None, DenoiseAdapted]:
    """Train weights for a run; they go to the workspace `folder` if they are better.

    Args:
        values: of `DenoiseAdaptSettings`. frames: to learn from, None for all. counting: of `CountingSettings`.
    """
    yield Progress(done=0, message="loading the network")
    from models.denoising.adapt.adapt import adapt as train
    from models.denoising.adapt.settings import DenoiseAdaptSettings
    from models.denoising.counting import CountingSettings
    from models.parameters import from_dict

    settings, how = from_dict(DenoiseAdaptSettings, values), from_dict(CountingSettings, counting)
    run = source.open()
    try:
        return (yield from train(run, settings, Path(folder) / FOLDER, frames, counting=how))
    finally:
        run.close()
