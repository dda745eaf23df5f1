"""Frames of a run to learn from: those with photons, cut about the beam, and whether each one's mates agree."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.denoising.adapt.reading import Reader
from models.denoising.adapt.settings import AUTO, OFF, ON, DenoiseAdaptSettings
from models.denoising.beam import half_pixel
from models.denoising.counting import CountingSettings, counts_unit
from models.denoising.friedel import check_symmetry, mate
from models.denoising.limits import Limits
from models.denoising.types import BoolArray, FloatArray
from models.denoising.window import Window, around
from models.errors import BadParameter, NotEnoughExamples
from models.progress import Progress
from models.runs.types import DENOISED, Run

FEWEST = 8
"""Frames with photons without which nothing is learned."""
FEW = 20
"""Below this many the user is told that they are few."""
LEAST_PHOTONS = 10
"""A frame with fewer photons says nothing of its pattern and is left out."""
_READ_AT_ONCE = 16


@dataclass(frozen=True, eq=False)
class Sample:
    """Frames to learn from.

    Attributes:
        indices: (n,) int64, in the run.
        counts: (n, h, w) float32 photons, 0 where not measured.
        exposure: (n, h, w) float32, 1 where measured, 0 where not, between where `summed` pixels are only in part.
        folded: (n,) bool, whether mates are summed; then the window is symmetric about the beam.
        radius: (h, w) float32 from the beam, in px of the sample.
        centre_px: (y, x) of the beam in the run's frames.
        summed: pixels of the run summed to one along each axis, as the method does with speckles wider than the
            network knows.
        skipped: frames looked at that have fewer than `LEAST_PHOTONS` photons.
        notes: sentences on what was found and decided.
    """

    indices: npt.NDArray[np.int64]
    counts: FloatArray
    exposure: FloatArray
    folded: BoolArray
    radius: FloatArray
    centre_px: tuple[float, float]
    summed: int
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
    run: Run,
    settings: DenoiseAdaptSettings,
    frames: Sequence[int] | None = None,
    *,
    mask: BoolArray | None = None,
    counting: CountingSettings | None = None,
    limits: Limits | None = None,
) -> Generator[Progress, None, Sample]:
    """Read frames of a run, up to `settings.most_frames` of those that hold photons, in an order drawn at random.

    Args:
        run: in photons. frames: indices to choose from; None for all.
        mask: (H, W) bool, True = measured; taken together with the run's own.
        counting: how values become counts; None where they are counts.
        limits: of the network's training; they say what speckles it knows.

    Raises:
        BadParameter: the run is denoised already, its values are no photon counts, no such frames, a mask of another
            shape.
        NotEnoughExamples: fewer than `FEWEST` frames hold photons.
    """
    counting = counting or CountingSettings()
    order = _order(run, settings, frames, mask, counting)
    seen = run.mask if mask is None else run.mask & mask
    reader = Reader(run, seen, counting)
    centre, notes, sure = run.geometry.centre_px, [], True
    if centre is None or not np.isfinite(centre).all():
        yield Progress(done=0, total=settings.most_frames, unit="frames", message="looking for the beam")
        centre, words, sure = reader.find_beam(order)
        notes.append(words)
    middle = half_pixel(centre)
    mates = settings.friedel == ON or (settings.friedel == AUTO and sure)
    mates = mates and bool((seen & mate(seen, middle, fill=False)).any())
    summed = reader.summed(order, limits)
    window = _window(seen, middle, settings.window_px, summed, symmetric=mates)
    kept: list[int] = []
    counts: list[FloatArray] = []
    exposure: list[FloatArray] = []
    folded: list[bool] = []
    skipped = 0
    for looked, index in enumerate(order):
        if looked % _READ_AT_ONCE == 0:
            yield Progress(done=len(kept), total=settings.most_frames, unit="frames", message="reading frames")
        if len(kept) == settings.most_frames:
            break
        frame = reader.read(index)
        if frame is None:
            continue
        if not frame.whole:
            raise BadParameter(
                f"{run.name} cannot be adapted to",
                cause=f"frame {index} holds values that are no whole photons, which cannot be split",
                hint="say which value one photon has, or convert the run to photons first",
            )
        light, lit = window.cut(frame.counts), window.cut(frame.measured, False).astype(np.float32)
        if light.sum() < LEAST_PHOTONS:
            skipped += 1
            continue
        kept.append(index)
        counts.append(_pooled(light, summed))
        exposure.append(_pooled(lit, summed) / np.float32(summed**2))
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
        np.arange(n // summed) - ((c - first + 0.5) / summed - 0.5)
        for n, first, c in zip(window.shape, (window.top, window.left), middle, strict=True)
    )
    radius = np.hypot(y[:, None], x[None, :]).astype(np.float32)
    notes += _sentences(len(kept), skipped, sum(folded), mates, summed, settings)
    return Sample(
        np.array(kept, np.int64), np.stack(counts), np.stack(exposure), np.array(folded), radius, middle, summed,
        skipped, tuple(notes),
    )  # fmt: skip


def _order(
    run: Run,
    settings: DenoiseAdaptSettings,
    frames: Sequence[int] | None,
    mask: BoolArray | None,
    counting: CountingSettings,
) -> list[int]:
    """The frames to choose from, shuffled."""
    if run.unit.endswith(DENOISED):
        raise BadParameter(
            f"{run.name} is denoised already",
            cause="its values are rates, not counts",
            hint="adapt to the measured run it was made from",
        )
    counts_unit(run, counting)
    if mask is not None and mask.shape != run.shape:
        raise BadParameter(f"the mask has shape {mask.shape} and the frames {run.shape}")
    chosen = np.arange(len(run)) if frames is None else np.unique(np.asarray(frames, np.int64))
    if len(chosen) and (chosen[0] < 0 or chosen[-1] >= len(run)):
        raise BadParameter(f"frames {chosen[0]} … {chosen[-1]} are chosen", cause=f"the run has {len(run)}")
    shuffled = np.random.default_rng([settings.seed, 0xADE]).permutation(chosen)
    return [int(index) for index in shuffled]


def _window(seen: BoolArray, centre_px: tuple[float, float], most_px: int, summed: int, *, symmetric: bool) -> Window:
    """What is looked at: all that is measured, or as much of it about the beam as `most_px` sums of pixels allow."""
    if not seen.any():
        raise NotEnoughExamples("there is nothing to adapt to", cause="the mask leaves no pixel measured")
    whole = around(seen, centre_px if symmetric else None)
    edges = []
    for start, size, c in zip((whole.top, whole.left), whole.shape, centre_px, strict=True):
        first, n = start, size
        if n > most_px * summed:
            # As many pixels off either side keep it symmetric.
            n = most_px * summed - (size - most_px * summed) % 2
            first += (size - n) // 2 if symmetric else int(np.clip(round(c - n / 2) - start, 0, size - n))
        # Whole sums; where these cannot lie about the beam, they are half a pixel off.
        length = -(-n // summed) * summed
        edges.append((first - (length - n) // 2, length))
    (top, height), (left, width) = edges
    return Window(top, left, height, width)


def _pooled(values: FloatArray, summed: int) -> FloatArray:
    """Sums over squares of pixels."""
    h, w = (n // summed for n in values.shape)
    found: FloatArray = values.reshape(h, summed, w, summed).sum((1, 3))
    return found


def _sentences(
    kept: int, skipped: int, folded: int, mates: bool, summed: int, settings: DenoiseAdaptSettings
) -> list[str]:
    found = []
    if kept < FEW:
        found.append(f"only {kept} frames hold photons: what is learned from so few may not hold for others")
    if skipped:
        found.append(f"{skipped} frames with fewer than {LEAST_PHOTONS} photons were left out")
    if summed > 1:
        found.append(f"{summed} × {summed} pixels were summed: speckles are wider than the network knows")
    if not mates and settings.friedel != OFF:
        found.append(
            "Friedel mates were not summed: no pixel's mate is measured, or it is not known where the beam is"
        )
    elif mates:
        found.append(f"Friedel mates were summed in {folded} of {kept} frames")
    return found
