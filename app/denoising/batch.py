"""What the worker process of "Denoise frames…" does. No Qt.

Imported in worker processes only, by name.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from models.denoising.run import DenoisedRun
from models.progress import Progress
from models.treatment import RunReference


def denoise_frames(
    source: RunReference,
    frames: Sequence[int],
    name: str,
    values: Mapping[str, Any],
    target: str,
    counting: Mapping[str, Any],
) -> Generator[Progress, None, DenoisedRun]:
    """Denoise frames of a run into the CXI file `target`; see `models.denoising.run.denoise_run`."""
    yield Progress(done=0, total=len(frames), unit="frames", message="loading")
    from models.denoising.counting import CountingSettings
    from models.denoising.registry import method
    from models.denoising.run import denoise_run
    from models.parameters import from_dict

    run = source.open()
    try:
        parameters = from_dict(method(name).parameters, values)
        how = from_dict(CountingSettings, counting)
        return (yield from denoise_run(run, frames, name, Path(target), parameters, counting=how))
    finally:
        run.close()
