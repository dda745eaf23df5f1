"""Residual tests over frames of a run: what share of them speaks against a method, and with which words.

`quality.judge` asks one frame; a method's faults are often too small to show in one, and systematic over many.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from models.denoising.counting import CountingSettings, counted
from models.denoising.quality import judge
from models.denoising.registry import make, method
from models.denoising.types import BoolArray
from models.errors import BadParameter, FrameUnreadable
from models.progress import Progress
from models.runs.types import Run

FRAMES = 20
"""How many frames are looked at where there are more."""


@dataclass(frozen=True, slots=True)
class RunVerdict:
    """What the tests say of a method on a run.

    Attributes:
        tested: frames with photons enough. sound: of these, frames in which no test speaks against the result.
        chi_square: mean reduced χ² of what was removed; 1 where only noise was.
        neighbours: mean likeness of what was removed from neighbouring pixels; 0 where only noise was.
        kept_noise: mean share of the counting noise that is left in the rates.
        finest_px: median period of the finest structure that a frame's photons carry; None where they carry none.
        against: what tests had to say against frames, each with how many frames it is about.
    """

    tested: int
    sound: int
    chi_square: float | None
    neighbours: float | None
    kept_noise: float | None
    finest_px: float | None
    against: tuple[str, ...]


def judge_run(
    run: Run,
    frames: npt.ArrayLike,
    name: str,
    parameters: Any = None,
    *,
    mask: BoolArray | None = None,
    counting: CountingSettings | None = None,
    centre_px: tuple[float, float] | None = None,
    most: int = FRAMES,
) -> Generator[Progress, None, RunVerdict]:
    """Test a method on frames of a run, evenly chosen among those given.

    Args:
        run: in photons. frames: indices. name, parameters: the method, as in `run.denoise_run`.
        mask: (H, W) bool, True = measured, taken together with the frames' own.
        counting: how values become counts; None where they are counts.
        centre_px: of the beam for all frames; None to ask each frame where the run does not say.
        most: frames at most.

    Yields:
        Progress in frames.

    Raises:
        BadParameter: no such method, or no frames.
    """
    info = method(name)
    parameters = info.parameters() if parameters is None else parameters
    denoiser = make(name, _quick(parameters))
    indices = np.asarray(frames, np.int64).ravel()
    if not len(indices):
        raise BadParameter("No frames are chosen", hint="Choose the frames to test")
    chosen = indices[np.unique(np.linspace(0, len(indices) - 1, min(most, len(indices))).round().astype(int))]
    centre = centre_px or run.geometry.centre_px
    found, words = [], dict[str, int]()
    for place, index in enumerate(chosen):
        yield Progress(done=place, total=len(chosen), unit="frames", message="testing what was removed")
        try:
            frame = counted(run.load(int(index)), counting or CountingSettings())
        except FrameUnreadable:
            continue
        measured = frame.valid if mask is None else frame.valid & mask
        verdict = judge(frame.raw, measured, denoiser, centre, seed=int(index))
        if verdict is None:
            continue
        found.append(verdict)
        for sentence in verdict.against:
            # The figures differ from frame to frame; what they are about does not.
            kind = sentence.partition(":")[0]
            words[kind] = words.get(kind, 0) + 1
    yield Progress(done=len(chosen), total=len(chosen), unit="frames", message=f"{len(found)} frames tested")
    told = sorted(words.items(), key=lambda word: -word[1])
    fine = [v.photons_carry.finest_px for v in found if v.photons_carry.finest_px is not None]
    return RunVerdict(
        tested=len(found),
        sound=sum(v.sound for v in found),
        chi_square=_mean([v.chi_square.value for v in found]),
        neighbours=_mean([v.neighbours.value for v in found]),
        kept_noise=_mean([v.kept_noise for v in found]),
        finest_px=float(np.median(fine)) if fine else None,
        against=tuple(f"{n} of {len(found)} frames: {text}" for text, n in told),
    )


def _quick(parameters: Any) -> Any:
    """The same parameters without a deviation, which the tests do not look at."""
    return replace(parameters, splits=0) if hasattr(parameters, "splits") else parameters


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None
