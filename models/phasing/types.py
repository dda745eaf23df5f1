"""What the rooms of phase retrieval hand to one another. Plain data: no Qt, no torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from models.patterns import Pattern
from models.progress import Progress

ComplexArray = npt.NDArray[np.complex64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Preview:
    """The object as it is now, cropped around its support and decimated to at most 256 pixels a side.

    Attributes:
        object: complex64, 2-D or 3-D, not shifted: the array's middle is the middle of object space.
        support: bool of the same shape.
        corner: index of the crop's first pixel in the whole array, per axis. step: decimation.
    """

    object: ComplexArray
    support: BoolArray
    corner: tuple[int, ...]
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PhasingState(Progress):
    """Where one start is. `done` counts iterations of `total`.

    Attributes:
        seed: which start. algorithm: "RAAR", "SW", … block: index of the schedule's block, from 0.
        support_pixels: pixels of the support.
        r_factor: Σ||F| − √I| / Σ√I over measured pixels that are not held out; NaN before the first look.
        free_log_likelihood: Poisson deviance per held-out pixel (1 is ideal); NaN where none is held out or not yet
            looked at.
        preview: the latest picture; None when the last one is younger than a tenth of a second.
    """

    seed: int = 0
    algorithm: str = ""
    block: int = 0
    support_pixels: int = 0
    r_factor: float = math.nan
    free_log_likelihood: float = math.nan
    preview: Preview | None = None


@dataclass(frozen=True, slots=True)
class History:
    """Error curves of one start: arrays of the same length.

    Attributes:
        iteration: int32. r_factor, free_log_likelihood: float32, as in `PhasingState`. support_pixels: int32.
    """

    iteration: npt.NDArray[np.int32]
    r_factor: npt.NDArray[np.float32]
    free_log_likelihood: npt.NDArray[np.float32]
    support_pixels: npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Start:
    """One finished (or stopped) start.

    Attributes:
        seed: what it was drawn from. object: complex64, object space with its middle at index n // 2, scaled so that
            its orthonormal FFT has the pattern's amplitudes (√photons).
        support: bool. history: its error curves, up to the refinement. r_factor: of the object as it is, over the
            measured pixels it was fitted to. free_log_likelihood: from before the refinement, when the held-out
            pixels had not been shown to it. iterations, seconds: CPU seconds it took, the refinement included.
        ended: "finished", "stopped", "hopeless". schedule: what was really run, in the language of schedules,
            with the settings that held in each part. refinement: what was run after it with the held-out pixels let
            back in and the support as it was but for specks; empty for nothing.
    """

    seed: int
    object: ComplexArray
    support: BoolArray
    history: History
    r_factor: float
    free_log_likelihood: float
    iterations: int
    seconds: float
    ended: str = "finished"
    schedule: str = ""
    refinement: str = ""


@dataclass(frozen=True, slots=True)
class Trust:
    """How far to believe a result; NaN where it cannot be said (one start has no agreement).

    Attributes:
        r_factor: of the best start, refined. free_log_likelihood: of the best start before it was refined, deviance
            per held-out pixel.
        prtf_resolution_nm: full-period resolution where the PRTF falls below 1/e; prtf_resolution_q: the same in
            nm⁻¹; both NaN without geometry. prtf_cutoff_px: the same as radius in pixels of the pattern. All three
            NaN where the starts share a beginning or are too few: then a warning says so.
        mode_weight: share of the first mode of the kept starts. agreement: mean correlation of kept starts with their
            average over the support, 0 … 1. kept, starts: how many.
        masked_power: share of the reconstructed power in pixels that were not measured.
        oversampling: σ of Miao et al. (1998), measured pixels per pixel of the support (of a real object, Friedel
            pairs with either pixel measured count as two); below 2 unknowns outnumber measured numbers.
        warnings: sentences, the gravest first.
    """

    r_factor: float = math.nan
    free_log_likelihood: float = math.nan
    prtf_resolution_nm: float = math.nan
    prtf_resolution_q: float = math.nan
    prtf_cutoff_px: float = math.nan
    mode_weight: float = math.nan
    agreement: float = math.nan
    kept: int = 0
    starts: int = 0
    masked_power: float = math.nan
    oversampling: float = math.nan
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prtf:
    """Phase retrieval transfer function of the kept starts.

    Attributes:
        radius_px: ring centres in pixels of the pattern. q_nm: the same in nm⁻¹; None without geometry.
        values: |Σ F| / Σ |F| per ring, 0 … 1. pixels: measured pixels in each ring.
        independent: whether the starts began independently of one another. Where they did not, the curve says how far
            they agree, and no resolution.
    """

    radius_px: npt.NDArray[np.float32]
    values: npt.NDArray[np.float32]
    pixels: npt.NDArray[np.int32]
    q_nm: npt.NDArray[np.float32] | None = None
    independent: bool = True


@dataclass(frozen=True, slots=True)
class Reconstruction:
    """A result with everything needed to judge and to repeat it.

    Attributes:
        pattern: what was phased. object: average of the kept starts, complex64, middle at index n // 2.
        support: bool, of the best start.
        held_out: bool, pixels of the pattern that were held out.
        starts: all starts, best first, aligned to the best (shift, twin, global phase). kept: how many of them,
            from the first, are in the average.
        agreement: float32 map 0 … 1, object space. modes: complex64 (m, …) orthogonal modes; mode_weights: (m,).
        prtf, trust: how far to believe it. settings: JSON-ready, as they were at the start.
        changes: what was changed while it ran: (iteration, JSON-ready settings).
        first_support: bool, what the starts began with where it was given (drawn, or from a file); else None.
        versions: program and libraries. seconds: CPU seconds of all starts.
    """

    pattern: Pattern
    object: ComplexArray
    support: BoolArray
    held_out: BoolArray
    starts: tuple[Start, ...]
    kept: int
    agreement: npt.NDArray[np.float32]
    modes: npt.NDArray[np.complex64]
    mode_weights: npt.NDArray[np.float32]
    prtf: Prtf
    trust: Trust
    settings: Mapping[str, Any]
    changes: tuple[tuple[int, Mapping[str, Any]], ...] = ()
    first_support: BoolArray | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
