"""The published training: triplets with semi-hard negatives from a stream of labelled frames, as an iterator.

A batch of the stream is one step. Its frames of one species and kind are the candidates of one sample. From each
sample an anchor and a positive are drawn; the negative is drawn among all candidates of another kind that are farther
than the positive, but by less than the margin, or among all of another kind where there is none. As published, the
candidates are embedded for this in training mode without gradient.

This module is torch throughout; import it inside functions only.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

import torch  # noqa: TID253
import torch.nn.functional as F  # noqa: TID253
from torch import Tensor  # noqa: TID253

from models.classifying.specklenn.augmentation import expose
from models.classifying.specklenn.network import SpeckleNN
from models.classifying.specklenn.settings import SpeckleNNSettings
from models.classifying.specklenn.stream import LabelledFrames
from models.errors import BadParameter
from models.parameters import validate
from models.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeckleNNProgress(Progress):
    """How the training goes; `done` counts frames seen.

    Attributes:
        step: optimiser steps so far.
        loss: of this step.
        semi_hard: share of the triplets whose negative was semi-hard.
        seconds: of wall clock so far, waiting for the stream included.
    """

    step: int
    loss: float
    semi_hard: float
    seconds: float


def train(
    stream: Iterator[LabelledFrames],
    settings: SpeckleNNSettings | None = None,
    *,
    validation: Sequence[LabelledFrames] = (),
    validate_every: int = 100,
) -> Generator[SpeckleNNProgress, None, SpeckleNN]:
    """Train on batches of a stream until the frames or the seconds of the settings are used up.

    Args:
        stream: batches in which every species has frames of two kinds at least once in a while; its end ends the
            training, too.
        settings: the published recipe where None.
        validation: batches to judge the network by; with them the weights of the least validation loss are kept, as
            published.
        validate_every: steps between two judgements.

    Returns:
        The network in evaluation mode, on the CPU.

    Raises:
        BadParameter: settings out of range, a device that is not there, or a stream without a frame.
    """
    settings = validate_settings(settings or SpeckleNNSettings())
    device = torch.device(settings.device)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = SpeckleNN(settings.side_px)
    network.to(device).train()
    rng = torch.Generator(device).manual_seed(settings.seed)
    drawing = torch.Generator().manual_seed(settings.seed + 1)
    optimiser = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    best, best_state = math.inf, None
    began, seen, step = time.monotonic(), 0, 0
    for batch in stream:
        x = _exposed(batch, settings, rng, device)
        a, p, n, share = triplets(network, x, *_codes(batch), settings.margin, drawing)
        if len(a):
            loss = triplet_loss(network(x[torch.cat([a, p, n])]), settings.margin)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
        seen += len(batch)
        step += 1
        if validation and step % validate_every == 0:
            judged = _validation_loss(network, validation, settings)
            if judged < best:
                best, best_state = judged, {key: value.clone() for key, value in network.state_dict().items()}
        spent = time.monotonic() - began
        yield SpeckleNNProgress(
            done=min(seen, settings.frames),
            total=settings.frames,
            unit="frames",
            message="training SpeckleNN",
            step=step,
            loss=float(loss.detach()) if len(a) else math.nan,
            semi_hard=share,
            seconds=spent,
        )
        if seen >= settings.frames or 0 < settings.seconds <= spent:
            break
    if step == 0:
        raise BadParameter("SpeckleNN was not trained", cause="its stream of frames is empty")
    if best_state is not None:
        network.load_state_dict(best_state)
    return network.cpu().eval().requires_grad_(False)


def validate_settings(settings: SpeckleNNSettings) -> SpeckleNNSettings:
    """The same settings, if they can be trained with here.

    Raises:
        BadParameter: out of range, or a device that is not there.
    """
    validate(settings)
    if settings.device not in ("cpu", "cuda"):
        raise BadParameter(f"device is {settings.device!r}", cause="it must be cpu or cuda")
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise BadParameter("SpeckleNN cannot be trained on cuda", cause="there is no CUDA device", hint="use cpu")
    return settings


def triplets(
    network: SpeckleNN, x: Tensor, groups: Tensor, kinds: Tensor, margin: float, rng: torch.Generator
) -> tuple[Tensor, Tensor, Tensor, float]:
    """Rows of anchors, positives and negatives, one of each for every group with two frames or more.

    Args:
        network: as it is; its normalisation sees the whole batch, as published.
        x: (B, 1, side, side). groups, kinds: (B,) int64, sample and hit type of each frame.
        margin: how much farther than the positive a semi-hard negative may be, squared distance.
        rng: draws them, on the CPU.

    Returns:
        Three (S,) int64 on the CPU, and the share of semi-hard negatives.
    """
    with torch.no_grad():
        vectors = network(x).cpu()
    groups, kinds = groups.cpu(), kinds.cpu()
    found: list[tuple[int, int, int]] = []
    semi_hard = 0
    for group in torch.unique(groups):
        members = torch.nonzero(groups == group)[:, 0]
        others = torch.nonzero(kinds != kinds[members[0]])[:, 0]
        if len(members) < 2 or len(others) == 0:
            continue
        anchor, positive = members[torch.randperm(len(members), generator=rng)[:2]].tolist()
        near = (vectors[anchor] - vectors[positive]).square().sum()
        far = (vectors[anchor] - vectors[others]).square().sum(1)
        within = others[(far > near) & (far < near + margin)]
        semi_hard += bool(len(within))
        pool = within if len(within) else others
        found.append((anchor, positive, int(pool[int(torch.randint(len(pool), (1,), generator=rng))])))
    rows = torch.tensor(found, dtype=torch.int64).reshape(-1, 3)
    return rows[:, 0], rows[:, 1], rows[:, 2], semi_hard / max(1, len(rows))


def triplet_loss(vectors: Tensor, margin: float) -> Tensor:
    """Mean of max(0, |a − p|² − |a − n|² + margin) over (3 S, D) anchors, positives, negatives in this order."""
    a, p, n = vectors.chunk(3)
    return F.relu((a - p).square().sum(1) - (a - n).square().sum(1) + margin).mean()


def _exposed(
    batch: LabelledFrames, settings: SpeckleNNSettings, rng: torch.Generator, device: torch.device
) -> Tensor:
    frames, valid = torch.from_numpy(batch.frames).to(device), torch.from_numpy(batch.valid.copy()).to(device)
    return expose(frames, valid, settings, rng)


def _codes(batch: LabelledFrames) -> tuple[Tensor, Tensor]:
    """(B,) groups, one number per species and kind, and (B,) kinds."""
    species, kinds = torch.from_numpy(batch.species), torch.from_numpy(batch.kind)
    _, groups = torch.unique(torch.stack([species, kinds], 1), dim=0, return_inverse=True)
    return groups, kinds


def _validation_loss(network: SpeckleNN, batches: Sequence[LabelledFrames], settings: SpeckleNNSettings) -> float:
    """Mean triplet loss in evaluation mode, with the same noise and triplets every time."""
    device = next(network.parameters()).device
    rng, drawing = torch.Generator(device).manual_seed(1), torch.Generator().manual_seed(2)
    network.eval()
    losses = []
    with torch.no_grad():
        for batch in batches:
            x = _exposed(batch, settings, rng, device)
            a, p, n, _ = triplets(network, x, *_codes(batch), settings.margin, drawing)
            if len(a):
                losses.append(float(triplet_loss(network(x[torch.cat([a, p, n])]), settings.margin)))
    network.train()
    return sum(losses) / len(losses) if losses else math.inf
