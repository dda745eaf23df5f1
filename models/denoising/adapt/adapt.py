"""Adapt to this run: minutes of further learning from the run's own photons, for weights of its own.

Nobody knows the true rates of measured frames, but the photons of a frame can be divided at random into two
independent exposures. The network is shown one and learns to foretell the other (`splitting`), by the Poisson
likelihood: as in GAP (Krull et al., arXiv:2306.12321), but starting from a network that knows diffraction and any
dose, so that minutes are enough. Frames that nothing is learned from say when to stop, and others whether it was
worth it: weights that do not foretell these photons better, beyond the standard error, are not written.

The standard deviations of the rates are held where they were while the network learns. Afterwards the factor between
them and the errors found on kept photons, before and after, corrects the network's two calibration factors: the new
deviations are as far from the errors as the old ones were, neither more nor less sure of themselves.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from models.denoising.adapt.sample import Sample, sample_run
from models.denoising.adapt.settings import DenoiseAdaptSettings, checked
from models.denoising.counting import CountingSettings
from models.denoising.limits import Limits
from models.denoising.types import BoolArray
from models.errors import NotSaved
from models.files.disk import is_writable
from models.parameters import to_dict
from models.progress import Progress

if TYPE_CHECKING:
    from torch import Tensor

    from models.denoising.adapt.likelihood import Comparison, Judged
    from models.denoising.network import DenoiseNet
    from models.runs.types import Run

_WATCHED, _JUDGED = 0.12, 0.22
_FEWEST_ASIDE = 2
_MOST_WATCHED, _MOST_JUDGED = 16, 40
_LOOK_EVERY = 20
_PATIENCE = 3
_REPORT_EVERY = 2
_LARGEST_GRADIENT = 1.0
_BETAS = (0.9, 0.99)
_HIDDEN_SHARE = 0.08
_WORSE_SIGMAS = 2.0
_MOST_RESCALED = 2.0
_CLEAR_SIGMAS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DenoiseAdaptProgress(Progress):
    """How an adaptation goes.

    Attributes:
        loss: mean over the last steps; NaN before the first.
        gain: nats by which a kept photon of the watched frames is foretold better than before; NaN before a look.
    """

    loss: float = math.nan
    gain: float = math.nan


@dataclass(frozen=True)
class DenoiseAdapted:
    """What came of an adaptation.

    Attributes:
        path: the new weights; None where they are no better than the old ones and were not written.
        gain: on kept photons of frames that nothing was learned from. hidden_gain: likewise where islands of pixels
            were hidden; None where no photons fell there.
        verdict: a sentence on whether it was worth it.
        deviation_factor: what the stated deviations of measured and of hidden pixels were multiplied by.
        frames_learned, frames_watched, frames_judged: indices in the run.
        steps: that the weights are the result of.
        centre_px: (y, x) of the beam.
        seconds: it took.
        notes: sentences on what was found and decided.
    """

    path: Path | None
    gain: Comparison
    hidden_gain: Comparison | None
    verdict: str
    deviation_factor: tuple[float, float]
    frames_learned: tuple[int, ...]
    frames_watched: tuple[int, ...]
    frames_judged: tuple[int, ...]
    steps: int
    centre_px: tuple[float, float]
    seconds: float
    notes: tuple[str, ...]

    @property
    def better(self) -> bool:
        return self.path is not None


def adapt(
    run: Run,
    settings: DenoiseAdaptSettings,
    out_folder: Path,
    frames: Sequence[int] | None = None,
    *,
    mask: BoolArray | None = None,
    counting: CountingSettings | None = None,
) -> Generator[DenoiseAdaptProgress, None, DenoiseAdapted]:
    """Train weights for `run`; if they are better, write them with their description into a folder under a new name.

    Between any two records the work can be stopped; nothing is written before its end.

    Args:
        run: whose frames are read, a sample of them once.
        settings: where to start and how long to go on.
        out_folder: made if need be; nothing in it is replaced.
        frames: indices to learn from, such as the hits; None for all. Frames of fewer than ten photons are left out.
        mask: (H, W) bool, True = measured; taken together with the run's own.
        counting: how the run's values become counts; None where they are counts.

    Raises:
        BadWeights: the weights to start from cannot be loaded.
        BadParameter: settings out of range, or the run holds no photon counts (see `sample.sample_run`).
        NotEnoughExamples: the run has too few frames with photons.
        NotSaved: the folder cannot be written.
    """
    import torch

    from models.denoising import weights
    from models.denoising.adapt.likelihood import compare, judge

    settings = checked(settings)
    if not is_writable(out_folder):  # said before the work, not after it
        raise NotSaved(
            f"Adapted weights cannot be saved to {out_folder}",
            cause="no file can be made there",
            hint="choose another folder",
        )
    began = time.monotonic()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    parent, info = weights.load(settings.weights)
    limits = Limits.of(info.provenance)
    reading = sample_run(run, settings, frames, mask=mask, counting=counting, limits=limits)
    sample = yield from _counted(reading)
    learned, watched, judged = _divided(len(sample))
    yield DenoiseAdaptProgress(done=0, total=settings.steps, unit="steps", message="judging the network as it is")
    before = judge(parent, sample, judged, _HIDDEN_SHARE, settings.seed)
    network, steps = yield from learn(parent, sample, learned, watched, settings, began)
    yield DenoiseAdaptProgress(done=settings.steps, total=settings.steps, unit="steps", message="judging the result")
    after = judge(network, sample, judged, _HIDDEN_SHARE, settings.seed)
    factors = _recalibrate(network, before, after)
    gain = compare(before.nats, after.nats, before.photons)
    hidden = (
        compare(before.hidden_nats, after.hidden_nats, before.hidden_photons)
        if before.hidden_photons.sum() > 0
        else None
    )
    good, verdict = _verdict(gain, hidden, steps)
    frames_learned, frames_watched, frames_judged = (
        tuple(int(sample.indices[row]) for row in rows) for rows in (learned, watched, judged)
    )
    made = DenoiseAdapted(
        None, gain, hidden, verdict, factors, frames_learned, frames_watched, frames_judged, steps,
        sample.centre_px, time.monotonic() - began, sample.notes,
    )  # fmt: skip
    if not good:
        return made
    told = {
        "parent": info.digest,
        "parent_name": info.name,
        "run": _told_run(run),
        "settings": to_dict(settings),
        "counting": to_dict(counting or CountingSettings()),
        "pixels_summed": sample.summed,
        "before": _figures(before),
        "after": _figures(after),
        **_told(made),
    }
    # What the parent was trained on goes with it: the method asks for it.
    provenance = {
        "made_by": "adaptation to a run by photon splitting",
        "settings": info.provenance.get("settings"),
        "adapted": told,
        "versions": {name: version(name) for name in ("torch", "numpy", "safetensors")},
    }
    try:
        path = _free_name(out_folder, f"denoise-{run.identity.digest[:8]}")
        weights.save(network, path, provenance)
    except OSError as error:
        raise NotSaved(f"The adapted weights were not saved to {out_folder}", cause=str(error)) from error
    return replace(made, path=path)


def learn(
    parent: DenoiseNet,
    sample: Sample,
    learned: npt.NDArray[np.int64],
    watched: npt.NDArray[np.int64],
    settings: DenoiseAdaptSettings,
    began: float | None = None,
) -> Generator[DenoiseAdaptProgress, None, tuple[DenoiseNet, int]]:
    """A copy of a network that has gone on learning from frames of a sample.

    The running mean of its weights is looked at on the watched frames every `_LOOK_EVERY` steps; the best is kept,
    and the parent's own weights where none is better.

    Args:
        learned, watched: rows of the sample. began: when the time began to run, of `time.monotonic`.

    Returns:
        The network, ready for inference, and after how many steps.
    """
    import torch

    from models.denoising.adapt.likelihood import answer, judge, loss
    from models.denoising.adapt.splitting import draw

    began = time.monotonic() if began is None else began
    rng = np.random.default_rng([settings.seed, 0xADB])
    network = _copy(parent)
    network.requires_grad_(True).train()
    average = {name: value.clone() for name, value in parent.state_dict().items()}
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.learning_rate, betas=_BETAS, weight_decay=0.0)
    groups = [learned[sample.folded[learned] == folded] for folded in (True, False)]
    shares = np.array([len(group) for group in groups]) / len(learned)

    def watch(state: dict[str, Tensor]) -> float:
        found = judge(_copy(parent, state), sample, watched, _HIDDEN_SHARE, settings.seed + 1)
        return float((found.nats.sum() + settings.hidden_weight * found.hidden_nats.sum()) / found.photons.sum())

    start = watch(average)
    best, best_step, best_state = start, 0, dict(average)
    losses: list[float] = []
    gain, unlucky = math.nan, 0
    for step in range(1, settings.steps + 1):
        for group in optimiser.param_groups:
            group["lr"] = settings.learning_rate * min(1.0, step / 10)
        chosen = groups[int(rng.choice(2, p=shares))]
        made = draw(sample, rng.choice(chosen, settings.batch, replace=len(chosen) < settings.batch), settings, rng)
        with torch.no_grad():
            held = answer(parent, made)
        value = loss(answer(network, made), made, held, settings.hidden_weight, settings.deviation_weight)
        optimiser.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), _LARGEST_GRADIENT)
        optimiser.step()
        losses.append(float(value.detach()))
        kept = min(settings.averaging, step / (step + 9))
        with torch.no_grad():
            for name, tensor in network.state_dict().items():
                average[name] = average[name].lerp(tensor, 1 - kept)
        late = time.monotonic() - began > 60 * settings.minutes
        if step % _LOOK_EVERY == 0 or step == settings.steps or late:
            now = watch(average)
            gain, unlucky = start - now, unlucky + 1
            if now < best:
                best, best_step, best_state, unlucky = now, step, dict(average), 0
        if step % _REPORT_EVERY == 0 or step == settings.steps:
            yield DenoiseAdaptProgress(
                done=step,
                total=settings.steps,
                unit="steps",
                message="adapting",
                loss=float(np.mean(losses[-_LOOK_EVERY:])),
                gain=gain,
            )
        if late or unlucky >= _PATIENCE:
            break
    return _copy(parent, best_state), best_step


def _copy(parent: DenoiseNet, state: dict[str, Tensor] | None = None) -> DenoiseNet:
    """A network of the same sizes, ready for inference."""
    import torch

    other = type(parent)(parent.config)
    other.load_state_dict(parent.state_dict() if state is None else state)
    return other.to(memory_format=torch.channels_last).eval().requires_grad_(False)  # type: ignore[call-overload, no-any-return]


def _divided(n: int) -> tuple[npt.NDArray[np.int64], ...]:
    """Rows to learn from, to watch, and to judge by; the sample's order is random already."""
    judged = min(_MOST_JUDGED, max(_FEWEST_ASIDE, round(_JUDGED * n)))
    watched = min(_MOST_WATCHED, max(_FEWEST_ASIDE, round(_WATCHED * n)))
    rows = np.arange(n)
    return rows[judged + watched :], rows[judged : judged + watched], rows[:judged]


def _recalibrate(network: DenoiseNet, before: Judged, after: Judged) -> tuple[float, float]:
    """Correct the deviations of measured and of hidden pixels; the factors they were multiplied by."""
    factors = []
    for part in range(2):
        factor = 1.0
        # Where the photons tell no error beyond their noise, nothing is changed.
        if all(_clear(judged.excess[:, part]) for judged in (before, after)):
            old, new = (judged.excess[:, part].sum() / judged.stated[:, part].sum() for judged in (before, after))
            factor = float(np.clip(math.sqrt(new / old), 1 / _MOST_RESCALED, _MOST_RESCALED))
        network.deviation_scale[part] *= factor
        factors.append(factor)
    return factors[0], factors[1]


def _clear(excess: npt.NDArray[np.float64]) -> bool:
    """Whether the sum over frames is above 0 by more than its noise."""
    return bool(excess.sum() > _CLEAR_SIGMAS * math.sqrt(len(excess)) * excess.std())


def _verdict(gain: Comparison, hidden: Comparison | None, steps: int) -> tuple[bool, str]:
    """Whether the new weights are better, and a sentence on it."""
    if steps == 0:
        return False, "Nothing was gained on the frames watched: the network stays as it is"
    size = (
        f"{1e3 * gain.gain:+.3g} ± {1e3 * gain.error:.2g} millinats a photon on {gain.frames} frames not learned from"
    )
    if gain.gain <= gain.error:
        return False, f"Photons kept back are not foretold better ({size}): the network stays as it is"
    if hidden is not None and hidden.gain < -_WORSE_SIGMAS * hidden.error:
        return False, (
            f"Photons kept back are foretold better ({size}), but those in hidden islands worse "
            f"({1e3 * hidden.gain:+.3g} ± {1e3 * hidden.error:.2g}): the network stays as it is"
        )
    return True, f"Photons kept back are foretold better: {size}"


def _figures(judged: Judged) -> dict[str, float]:
    out = {"nats_per_photon": judged.nats.sum() / max(judged.photons.sum(), 1e-9)}
    if judged.hidden_photons.sum() > 0:
        out["hidden_nats_per_photon"] = judged.hidden_nats.sum() / judged.hidden_photons.sum()
    return {name: round(float(value), 6) for name, value in out.items()}


def _told(made: DenoiseAdapted) -> dict[str, Any]:
    """What came of it, for the description of the weights."""

    def gain(found: Comparison) -> dict[str, Any]:
        return {
            "mean": found.gain,
            "standard_error": found.error,
            "frames": found.frames,
            "frames_better": found.better,
        }

    measured, hidden = made.deviation_factor
    return {
        "frames_learned": list(made.frames_learned),
        "frames_watched": list(made.frames_watched),
        "frames_judged": list(made.frames_judged),
        "steps": made.steps,
        "beam_px": list(made.centre_px),
        "gain_nats_per_photon": gain(made.gain),
        "hidden_gain_nats_per_photon": None if made.hidden_gain is None else gain(made.hidden_gain),
        "what": "nats by which photons kept back from the network are foretold, on frames that nothing was learned "
        "from, halves of the photons foretelling the other halves; up to a constant of the frames",
        "deviation_factor": {"measured": measured, "not_measured": hidden},
        "notes": list(made.notes),
        "seconds": round(made.seconds),
    }


def _told_run(run: Run) -> dict[str, Any]:
    identity = run.identity
    return {"name": run.name, "dataset": run.dataset, "digest": identity.digest, "frames": identity.n_frames}


def _counted(work: Generator[Progress, None, Sample]) -> Generator[DenoiseAdaptProgress, None, Sample]:
    """The same work, its records as `DenoiseAdaptProgress`."""
    while True:
        try:
            record = next(work)
        except StopIteration as stop:
            sample: Sample = stop.value
            return sample
        yield DenoiseAdaptProgress(done=record.done, total=record.total, unit=record.unit, message=record.message)


def _free_name(folder: Path, name: str) -> Path:
    """A weight file's path that nothing has yet."""
    number, path = 1, folder / f"{name}.safetensors"
    while path.exists() or path.with_suffix(".json").exists():
        number += 1
        path = folder / f"{name}-{number}.safetensors"
    return path
