"""A fair sample of a run for adaptation: its frames on the network's grid, and what they tell of the detector.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from dataclasses import dataclass

import numpy as np
import torch  # noqa: TID253
from torch import Tensor  # noqa: TID253

from models.embedding.preparation import SIDE_PX, resample
from models.embedding.training.augmentation import prepared
from models.embedding.training.masks import random_masks, uniform
from models.errors import FrameUnreadable, NotEnoughExamples
from models.progress import Progress
from models.runs.types import Run

_log = logging.getLogger(__name__)

_FEWEST = 32
_LEAST_PHOTONS = 20.0
_READ_AT_ONCE = 32


@dataclass(frozen=True, eq=False)
class RunSample:
    """Frames of a run on the prepared grid.

    Attributes:
        indices: (n,) int64 places in the run.
        counts: (n, h, w) float32 per whole prepared pixel, 0 where masked; photons or ADU as the run has them.
        share: (n, h, w) float32 valid share of every prepared pixel.
        counted: True where values are numbers of photons (whole and not negative), which can be thinned.
    """

    indices: np.ndarray
    counts: Tensor
    share: Tensor
    counted: bool

    def __len__(self) -> int:
        return len(self.counts)

    def photons(self) -> tuple[float, float] | None:
        """5th and 95th percentile of the photons per frame; None where frames are not counted in photons."""
        if not self.counted:
            return None
        total = (self.counts * self.share).sum((1, 2)).numpy()
        low, high = np.percentile(total, [5, 95])
        return max(_LEAST_PHOTONS, float(low)), max(2 * _LEAST_PHOTONS, float(high))

    def view(self, chosen: Tensor, rng: torch.Generator) -> Tensor:
        """Network input of the chosen frames as another exposure of the same particles might have been.

        Fewer photons (binomial thinning to 0.4 to 1 of them), turned and mirrored, up to 3 pixels beside, with
        further parts of the detector lost.
        """
        counts, share = self.counts[chosen], self.share[chosen]
        n, h, w = counts.shape
        if self.counted:
            # Areas of raw pixels were summed with fractional shares: whole photons by rounding at random.
            whole = (counts * share + torch.rand(counts.shape, generator=rng)).floor()
            kept = uniform(n, (0.4, 1.0), rng)[:, None, None].expand_as(whole)
            thinned = torch.binomial(whole, kept, generator=rng)
            counts = thinned / share.clamp_min(0.25)
        counts, share = counts * (share > 0), share * _further_losses(n, (h, w), rng)
        counts, share = _turned(counts, share, rng)
        return prepared(torch.where(share > 0, counts * share, 0.0), share)


def _further_losses(n: int, shape: tuple[int, int], rng: torch.Generator) -> Tensor:
    """(n, h, w) in 0 … 1; half of the frames stay as they are."""
    masks = random_masks(n, shape, 0.2, rng)
    return torch.where(torch.rand((n, 1, 1), generator=rng) < 0.5, torch.ones(()), masks)


def _turned(counts: Tensor, share: Tensor, rng: torch.Generator) -> tuple[Tensor, Tensor]:
    """Frames mirrored, turned by quarters (by halves where they are oblong) and moved; nothing is interpolated."""
    pairs = torch.stack([counts, share], 1)
    n, _, h, w = pairs.shape
    out = torch.zeros_like(pairs)
    drawn = torch.randint(0, 8, (n,), generator=rng).tolist()
    moves = torch.randint(-3, 4, (n, 2), generator=rng).tolist()
    for i in range(n):
        quarters = drawn[i] % 4 if h == w else 2 * (drawn[i] % 2)
        frame = torch.rot90(pairs[i], quarters, (1, 2))
        frame = frame.flip(1) if drawn[i] >= 4 else frame
        y, x = moves[i]
        out[i, :, max(0, y) : h + min(0, y), max(0, x) : w + min(0, x)] = frame[
            :, max(0, -y) : h + min(0, -y), max(0, -x) : w + min(0, -x)
        ]
    return out[:, 0], out[:, 1]


def sample_run(run: Run, frames: int, also: Sequence[int], seed: int) -> Generator[Progress, None, RunSample]:
    """Read frames spread over the run at random, and those in `also`.

    Raises:
        NotEnoughExamples: where fewer than 32 frames can be used.
    """
    rng = np.random.default_rng([seed, 0xAD])
    drawn = rng.choice(len(run), min(frames, len(run)), replace=False)
    wanted = np.unique(np.concatenate([drawn, np.asarray(also, np.int64)])).astype(np.int64)
    kept: list[int] = []
    counts, share, counted = [], [], True
    for start in range(0, len(wanted), _READ_AT_ONCE):
        yield Progress(done=start, total=len(wanted), unit="frames", message="reading frames")
        for index in wanted[start : start + _READ_AT_ONCE].tolist():
            try:
                frame = run.load(index)
            except FrameUnreadable as error:
                _log.warning("frame %d is left out: %s", index, error.sentence())
                continue
            valid = frame.valid & np.isfinite(frame.data)
            if not valid.any():
                continue
            values = np.where(valid, frame.data, 0).astype(np.float32)
            counted = counted and bool((values >= 0).all() and (values == np.rint(values)).all())
            small = resample(torch.from_numpy(values)[None], torch.from_numpy(valid)[None].float(), SIDE_PX)
            kept.append(index)
            counts.append(small[0][0])
            share.append(small[1][0])
    if len(kept) < _FEWEST:
        raise NotEnoughExamples(
            f"{run.name} has {len(kept)} frames that can be used to adapt to it",
            cause=f"at least {_FEWEST} are needed",
            hint="use the embedding as it is",
        )
    return RunSample(np.array(kept, np.int64), torch.stack(counts), torch.stack(share), counted)
