"""Frames of a run to learn from: those with photons, cut about the beam, and whether each one's mates agree."""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.denoising.adapt.settings import AUTO, OFF, ON, DenoiseAdaptSettings
from models.denoising.beam import estimate_beam, half_pixel
from models.denoising.checking import Counts, check_counts
from models.denoising.friedel import check_symmetry, mate
from models.denoising.types import BoolArray, FloatArray
from models.denoising.window import Window, around
from models.errors import BadParameter, FrameUnreadable, NotEnoughExamples
from models.progress import Progress
from models.runs.types import DENOISED, Run

_log = logging.getLogger(__name__)

FEWEST = 8
"""Frames with photons without which nothing is learned."""
FEW = 20
"""Below this many the user is told that they are few."""
LEAST_PHOTONS = 10
"""A frame with fewer photons says nothing of its pattern and is left out."""
_FRAMES_FOR_BEAM = 50
_READ_AT_ONCE = 16


@dataclass(frozen=True, eq=False)
class Sample:
    """Frames to learn from.

    Attributes:
        indices: (n,) int64, in the run.
        counts: (n, h, w) float32 photons, 0 where not measured. measured: (n, h, w) bool.
        folded: (n,) bool, whether mates are summed; then the window is symmetric about the beam.
        radius: (h, w) float32 px from the beam.
        centre_px: (y, x) of the beam in the run's frames.
        skipped: frames looked at that have fewer than `LEAST_PHOTONS` photons.
        notes: sentences on what was found and decided.
    """

    indices: npt.NDArray[np.int64]
    counts: FloatArray
    measured: BoolArray
    folded: BoolArray
    radius: FloatArray
    centre_px: tuple[float, float]
    skipped: int
    notes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def photons(self) -> npt.NDArray[np.float64]:
        """(n,) photons of each frame."""
        found: npt.NDArray[np.float64] = self.counts.sum((1, 2), dtype=np.float64)
        return found


def sample_run(
    run: Run, settings: DenoiseAdaptSettings, frames: Sequence[int] | None = None, mask: BoolArray | None = None
) -> Generator[Progress, None, Sample]:
    """Read frames of a run, up to `settings.most_frames` of those that hold photons, in an order drawn at random.

    Args:
        run: in photons. frames: indices to choose from; None for all.
        mask: (H, W) bool, True = measured; taken together with the run's own.

    Raises:
        BadParameter: the run is denoised already, its values are no photon counts, no such frames, a mask of another
            shape.
        NotEnoughExamples: fewer than `FEWEST` frames hold photons.
    """
    order = _order(run, settings, frames, mask)
    seen = run.mask if mask is None else run.mask & mask
    centre, notes, sure = run.geometry.centre_px, [], True
    if centre is None or not np.isfinite(centre).all():
        yield Progress(done=0, total=settings.most_frames, unit="frames", message="looking for the beam")
        centre, words, sure = _find_beam(run, order, seen)
        notes.append(words)
    middle = half_pixel(centre)
    mates = settings.friedel == ON or (settings.friedel == AUTO and sure)
    mates = mates and bool((seen & mate(seen, middle, fill=False)).any())
    window = _window(seen, middle, settings.window_px, symmetric=mates)
    kept: list[int] = []
    counts: list[FloatArray] = []
    measured: list[BoolArray] = []
    folded: list[bool] = []
    skipped = 0
    for looked, index in enumerate(order):
        if looked % _READ_AT_ONCE == 0:
            yield Progress(done=len(kept), total=settings.most_frames, unit="frames", message="reading frames")
        if len(kept) == settings.most_frames:
            break
        frame = _read(run, index, seen)
        if frame is None:
            continue
        if not frame.whole:
            raise BadParameter(
                f"{run.name} cannot be adapted to",
                cause=f"frame {index} holds values that are no whole photons, which cannot be split",
                hint="convert the run to photons first",
            )
        light, lit = window.cut(frame.counts), window.cut(frame.measured, False)
        if light.sum() < LEAST_PHOTONS:
            skipped += 1
            continue
        kept.append(index)
        counts.append(light)
        measured.append(lit)
        folded.append(
            mates and (settings.friedel == ON or check_symmetry(frame.counts, frame.measured, middle).holds)
        )
    if len(kept) < FEWEST:
        raise NotEnoughExamples(
            f"{run.name} has {len(kept)} frames with at least {LEAST_PHOTONS} photons to adapt to",
            cause=f"at least {FEWEST} are needed, and {FEW} or more make sense",
            hint="use the network as it is",
        )
    y, x = (
        np.arange(n) + first - c for n, first, c in zip(window.shape, (window.top, window.left), middle, strict=True)
    )
    radius = np.hypot(y[:, None], x[None, :]).astype(np.float32)
    notes += _sentences(len(kept), skipped, sum(folded), mates, settings)
    return Sample(
        np.array(kept, np.int64), np.stack(counts), np.stack(measured), np.array(folded), radius, middle, skipped,
        tuple(notes),
    )  # fmt: skip


def _order(
    run: Run, settings: DenoiseAdaptSettings, frames: Sequence[int] | None, mask: BoolArray | None
) -> list[int]:
    """The frames to choose from, shuffled."""
    if run.unit.endswith(DENOISED):
        raise BadParameter(
            f"{run.name} is denoised already",
            cause="its values are rates, not counts",
            hint="adapt to the measured run it was made from",
        )
    if mask is not None and mask.shape != run.shape:
        raise BadParameter(f"the mask has shape {mask.shape} and the frames {run.shape}")
    chosen = np.arange(len(run)) if frames is None else np.unique(np.asarray(frames, np.int64))
    if len(chosen) and (chosen[0] < 0 or chosen[-1] >= len(run)):
        raise BadParameter(f"frames {chosen[0]} … {chosen[-1]} are chosen", cause=f"the run has {len(run)}")
    shuffled = np.random.default_rng([settings.seed, 0xADE]).permutation(chosen)
    return [int(index) for index in shuffled]


def _read(run: Run, index: int, seen: BoolArray) -> Counts | None:
    try:
        frame = run.load(index)
    except FrameUnreadable as error:
        _log.warning("frame %d is left out: %s", index, error.sentence())
        return None
    return check_counts(frame.raw, frame.valid & seen)


def _find_beam(run: Run, order: list[int], seen: BoolArray) -> tuple[tuple[float, float], str, bool]:
    """The beam from the sum of some frames, a sentence on it, and whether it is to be trusted."""
    total = np.zeros(run.shape, np.float32)
    measured = seen.copy()
    for index in order[:_FRAMES_FOR_BEAM]:
        frame = _read(run, index, seen)
        if frame is not None and frame.measured.any():
            total += frame.counts
            measured &= frame.measured
    if not measured.any():
        raise NotEnoughExamples(
            f"{run.name} cannot be adapted to",
            cause="no pixel is measured in all of its frames",
            hint="check the mask",
        )
    return estimate_beam(np.where(measured, total, np.float32(0)), measured)


def _window(seen: BoolArray, centre_px: tuple[float, float], most_px: int, *, symmetric: bool) -> Window:
    """What is looked at: all that is measured, or as much of it about the beam as `most_px` allow."""
    if not seen.any():
        raise NotEnoughExamples("there is nothing to adapt to", cause="the mask leaves no pixel measured")
    whole = around(seen, centre_px if symmetric else None)
    edges = []
    for first, n, c in zip((whole.top, whole.left), whole.shape, centre_px, strict=True):
        # As many pixels off either side keep it symmetric.
        length = n if n <= most_px else most_px - (n - most_px) % 2
        low = (
            first + (n - length) // 2 if symmetric else int(np.clip(round(c - length / 2), first, first + n - length))
        )
        edges.append((low, length))
    (top, height), (left, width) = edges
    return Window(top, left, height, width)


def _sentences(kept: int, skipped: int, folded: int, mates: bool, settings: DenoiseAdaptSettings) -> list[str]:
    found = []
    if kept < FEW:
        found.append(f"only {kept} frames hold photons: what is learned from so few may not hold for others")
    if skipped:
        found.append(f"{skipped} frames with fewer than {LEAST_PHOTONS} photons were left out")
    if not mates and settings.friedel != OFF:
        found.append(
            "Friedel mates were not summed: no pixel's mate is measured, or it is not known where the beam is"
        )
    elif mates:
        found.append(f"Friedel mates were summed in {folded} of {kept} frames")
    return found
