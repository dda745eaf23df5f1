"""A pedestal made from frames of a run: of a run taken in the dark, or of the light frames themselves.

For frames without light the pedestal of a pixel is the median (or mean) of its values. Frames with light have it
too, where photons are rare: the position of the lowest peak of a pixel's values, since photons only add. Pixels that
are lit in most frames have none of their own, and take that of their neighbours in the row.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.calibration.pixel_values import lean_on_neighbours, lowest_peaks, ranked
from models.errors import BadParameter, FrameUnreadable
from models.parameters import parameter, to_dict, validate
from models.progress import Progress
from models.runs.types import FloatImage

if TYPE_CHECKING:
    from models.runs.types import Run

MEDIAN, MEAN, LOWEST = "median", "mean", "lowest peak"
_BLOCK_BYTES = 256 << 20
_FEWEST_LIT = 5
_FEWEST_FOR_NOISE = 4


@dataclass(frozen=True)
class DarkSettings:
    """How a pedestal is made."""

    statistic: str = parameter(
        MEDIAN,
        "median or mean of frames taken in the dark; lowest peak for frames with light, where photons are rare",
        choices=(MEDIAN, MEAN, LOWEST),
        title="Pedestal is the",
    )
    most_frames: int = parameter(200, "at most so many frames, evenly spread", unit="frames", low=1, high=100_000)


@dataclass(frozen=True)
class Dark:
    """A pedestal and how it came about.

    Attributes:
        pedestal: (H, W) float32, the values' unit; NaN where no frame has a usable value.
        noise: (H, W) float32, standard deviation of a pixel's values about it, by its lower side; NaN where unknown.
        frames: frames it was made of. skipped: unreadable ones.
        borrowed: pixels that took the pedestal of their line (lowest peak only).
        provenance: JSON-ready.
    """

    pedestal: FloatImage
    noise: FloatImage
    frames: int
    skipped: int = 0
    borrowed: int = 0
    provenance: dict[str, Any] = field(default_factory=dict)


def make_dark(
    run: Run, frames: Sequence[int], settings: DarkSettings, *, block_bytes: int = _BLOCK_BYTES
) -> Generator[Progress, None, Dark]:
    """The pedestal from frames of `run`, as it is stored.

    Memory is bounded: bands of rows that fit into `block_bytes` are gone through one after the other, and each reads
    the frames again (the mean needs one pass).

    Args:
        run: untreated. frames: places in the run, at most `settings.most_frames` are taken, evenly spread.

    Raises:
        BadParameter: no frame, none can be read, or too few for the statistic.
    """
    validate(settings)
    chosen = _spread(frames, settings.most_frames)
    if not chosen:
        raise BadParameter("there is no frame to make a pedestal of", hint="Choose frames, or another run")
    if settings.statistic == LOWEST and len(chosen) < _FEWEST_LIT:
        raise BadParameter(
            f"{len(chosen)} frames are too few for a pedestal from frames with light",
            cause=f"at least {_FEWEST_LIT} are needed",
            hint="Choose more frames",
        )
    height, width = run.shape
    band = height if settings.statistic == MEAN else max(1, block_bytes // (4 * len(chosen) * width))
    bands = [(top, min(top + band, height)) for top in range(0, height, band)]
    pedestal = np.full(run.shape, np.nan, np.float32)
    likely, noise = pedestal.copy(), pedestal.copy()
    bad: set[int] = set()
    done, total = 0, len(bands) * len(chosen)
    for top, end in bands:
        gathered = (
            _Moments((end - top, width)) if settings.statistic == MEAN else _Stack(len(chosen), end - top, width)
        )
        for index in chosen:
            yield Progress(done=done, total=total, unit="frames", message="reading frames")
            done += 1
            if index in bad:
                continue
            try:
                frame = run.load(index)
            except FrameUnreadable:
                bad.add(index)
                continue
            good = (frame.flags[top:end] == 0) & np.isfinite(frame.data[top:end])
            gathered.add(np.where(good, frame.data[top:end], np.float32("nan")))
        if len(bad) == len(chosen):
            raise BadParameter(
                "no pedestal can be made", cause=f"none of {len(chosen)} frames can be read", hint="Check the file"
            )
        pedestal[top:end], likely[top:end], noise[top:end] = gathered.result(settings.statistic)
    borrowed = 0
    if settings.statistic == LOWEST:
        borrowed = lean_on_neighbours(pedestal, likely, noise, run.mask, len(chosen))
    yield Progress(done=total, total=total, unit="frames", message="done")
    used = len(chosen) - len(bad)
    told = {
        "made_from": str(run.path),
        "dataset": run.dataset,
        "run": run.identity.digest,
        "frames": [index for index in chosen if index not in bad],
        "settings": to_dict(settings),
        "unit": run.unit or "as stored",
        "shape": list(run.shape),
    }
    return Dark(pedestal, noise, used, len(bad), borrowed, told)


def save_dark(dark: Dark, path: Path) -> Path:
    """Write the pedestal to `path` (NPY) and beside it its noise and, as JSON, where it comes from.

    Raises:
        NotSaved: for anything that keeps a file from being written.
    """
    import json

    from models.files.disk import replace_array, replace_text

    what = f"The pedestal {path} could not be saved"
    replace_array(path.with_name(f"{path.stem}_noise.npy"), dark.noise, what)
    told = {
        **dark.provenance,
        "frames_used": dark.frames,
        "unreadable": dark.skipped,
        "borrowed_pixels": dark.borrowed,
    }
    replace_text(path.with_suffix(".json"), json.dumps(told, indent=1, ensure_ascii=False) + "\n", what)
    replace_array(path, dark.pedestal, what)
    return path


class _Moments:
    """Sums over frames: the mean needs no more."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._count = np.zeros(shape, np.int64)
        self._mean = np.zeros(shape, np.float64)
        self._squares = np.zeros(shape, np.float64)

    def add(self, values: FloatImage) -> None:
        good = np.isfinite(values)
        self._count += good
        step = np.where(good, values - self._mean, 0.0)
        self._mean += step / np.maximum(self._count, 1)
        self._squares += step * np.where(good, values - self._mean, 0.0)

    def result(self, _statistic: str) -> tuple[FloatImage, FloatImage, FloatImage]:
        spread = np.sqrt(self._squares / np.maximum(self._count - 1, 1))
        mean = np.where(self._count == 0, np.nan, self._mean).astype(np.float32)
        return mean, mean, np.where(self._count < 2, np.nan, spread).astype(np.float32)


class _Stack:
    """All values of a band of rows, +inf where a frame has none."""

    def __init__(self, frames: int, rows: int, width: int) -> None:
        self._shape = (rows, width)
        self._values = np.full((rows * width, frames), np.inf, np.float32)
        self._filled = 0

    def add(self, values: FloatImage) -> None:
        flat = values.ravel()
        self._values[:, self._filled] = np.where(np.isfinite(flat), flat, np.float32(np.inf))
        self._filled += 1

    def result(self, statistic: str) -> tuple[FloatImage, FloatImage, FloatImage]:
        """The pedestal where it is sure, the likeliest one, and the noise."""
        values = self._values[:, : self._filled]
        values.sort(axis=1)
        count = np.count_nonzero(np.isfinite(values), axis=1)
        half = ranked(values, count, 0.5)
        sure, likely = lowest_peaks(values, count) if statistic == LOWEST else (half, half)
        with np.errstate(invalid="ignore"):
            lower = (half - ranked(values, count, 0.25)) / np.float32(0.6745)
        noise = np.where(count >= _FEWEST_FOR_NOISE, lower, np.nan).astype(np.float32)
        return sure.reshape(self._shape), likely.reshape(self._shape), noise.reshape(self._shape)


def _spread(frames: Sequence[int], most: int) -> list[int]:
    chosen = list(dict.fromkeys(int(index) for index in frames))
    if len(chosen) <= most:
        return chosen
    return [chosen[round(place)] for place in np.linspace(0, len(chosen) - 1, most)]
