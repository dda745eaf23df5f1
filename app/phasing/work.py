"""What the worker process of a reconstruction does, and what the service answers about patterns. No Qt.

Imported in those processes only, by name.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.phasing.patterns import load_pattern
from app.phasing.patterns import prepare as prepare  # the service finds these here with the others
from app.phasing.patterns import take_up as take_up
from app.phasing.pictures import amplitude_of, calculated_picture, cropped, measured_picture, whole_object
from app.phasing.records import AmplitudePicture, PhasingNews
from models.parameters import from_dict
from models.patterns import Pattern
from models.phasing.settings import PhasingSettings
from models.phasing.types import Preview, Reconstruction
from models.progress import Progress

CALCULATED_EVERY_S = 0.4
_LIVE_PIXELS = 1 << 21
"""larger patterns get their calculated amplitudes at the end only"""


def reconstruct(
    folder: str,
    values: Mapping[str, Any],
    place: Mapping[str, Any],
    support: npt.NDArray[np.bool_] | None = None,
    workers: int | None = None,
) -> Generator[Progress, Any, str]:
    """Run the starts on the pattern in `folder`; gives the id of the result, which is kept in the workspace.

    Args:
        values: `PhasingSettings`, JSON-ready.
        place: where the result is kept, see `app.phasing.results.place_of`.
        support: bool, centred: the first support that was drawn.

    Yields:
        `PhasingNews`; a `models.phasing.starts.Command` can be sent back at every one.
    """
    command = yield PhasingNews(done=0, message="loading")
    from app.phasing.results import keep
    from models.phasing.starts import run_starts

    pattern = load_pattern(Path(folder))
    like = measured_picture(pattern)
    settings = from_dict(PhasingSettings, values)
    work = run_starts(pattern, settings, workers, support=support)
    record, last = next(work), -1e9
    if command is not None:
        # Said while it was loaded: nothing can be sent to a generator before its first record.
        record = work.send(command)
    made: Reconstruction
    while True:
        picture = None
        now = time.monotonic()
        # A trial of the search is a coarse picture of its object: it has no amplitudes to be shown beside these.
        if record.preview is not None and not record.stage and now - last >= CALCULATED_EVERY_S:
            picture = calculated(record.preview, pattern, like)
            last = now
        command = yield PhasingNews(
            done=record.done,
            total=record.total,
            unit=record.unit,
            message=record.message,
            starts=record,
            calculated=picture,
        )
        try:
            record = work.send(command)
        except StopIteration as stop:
            made = stop.value
            break
    return (yield from keep(made, place))


def calculated(preview: Preview, pattern: Pattern, like: AmplitudePicture) -> AmplitudePicture | None:
    """Amplitudes of an object that is watched; None where its preview does not hold all of it."""
    if pattern.intensity.size > _LIVE_PIXELS:
        return None
    whole = whole_object(preview, pattern.shape)
    return None if whole is None else calculated_picture(amplitude_of(whole), like)


def autocorrelation_picture(folder: str) -> Preview:
    """The modulus of the autocorrelation of the pattern in `folder`, for drawing a support on it."""
    from models.phasing.support.autocorrelation import autocorrelation

    pattern = load_pattern(Path(folder))
    modulus = autocorrelation(pattern)
    # Its middle is far brighter than the rest.
    shown = np.sqrt(modulus).astype(np.complex64)
    return cropped(shown, np.ones(modulus.shape, np.bool_))
