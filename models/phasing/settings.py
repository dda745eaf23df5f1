"""What a reconstruction is made of; form, flags and provenance derive from it."""

from __future__ import annotations

from dataclasses import dataclass

from models.parameters import parameter

OBJECTS = ("complex", "positive real part", "real", "positive")
FIRST_SUPPORTS = ("search", "disc", "autocorrelation", "given")
THRESHOLDS = ("max", "rms", "area")
RAW, BOUNDED_FIRST, BOUNDED, DENOISED_FIRST, DENOISED = INPUTS = (
    "raw", "bounded-first", "bounded", "denoised-first", "denoised",
)  # fmt: skip


@dataclass(frozen=True)
class PhasingSettings:
    """One reconstruction: schedule, constraints, support, starts."""

    preset: str = parameter("", "name of the preset these settings began as; empty for none")
    schedule: str = parameter(
        "20*(40 RAAR + SW) + 200 ER",
        "what is done, left to right: numbers of iterations with ER, HIO, RAAR, DM, RRR, ML, and SW for the support",
    )
    object: str = parameter("complex", "what values the object may have", choices=OBJECTS, title="Object is")
    phase_low_rad: float | None = parameter(
        None, "smallest phase of a complex object", unit="rad", low=-3.1416, high=3.1416, title="Smallest phase"
    )
    phase_high_rad: float | None = parameter(
        None, "largest phase of a complex object", unit="rad", low=-3.1416, high=3.1416, title="Largest phase"
    )
    beta: float = parameter(
        0.9, "feedback of HIO, relaxation of RAAR, step of DM and RRR", low=0.0, high=2.0, title="Feedback β"
    )
    first_support: str = parameter("disc", "where the object may be at first", choices=FIRST_SUPPORTS)
    search_starts: int = parameter(
        20,
        "short starts at low resolution that look for the support, where it is searched for",
        low=1,
        high=10_000,
        title="Trials of the search",
    )
    search_rounds: int = parameter(
        2,
        "rounds of short starts that begin from the best of the round before",
        low=0,
        high=100,
        title="Further search rounds",
    )
    area_low: float = parameter(
        0.005, "smallest share of the array the object may cover", low=1e-5, high=1.0, title="Smallest area, share"
    )
    area_high: float = parameter(
        0.25, "largest share of the array the object may cover", low=1e-4, high=1.0, title="Largest area, share"
    )
    threshold_of: str = parameter(
        "area",
        "what a support update keeps: pixels above a share of the largest or of the rms modulus, or the brightest",
        choices=THRESHOLDS,
        title="Support keeps by",
    )
    threshold: float = parameter(0.2, "that share, for max and rms", low=0.0, high=5.0)
    blur_start_px: float = parameter(
        3.0, "Gaussian width before a support update, at first", unit="px", low=0.0, high=50.0, title="Blur at first"
    )
    blur_end_px: float = parameter(
        0.7, "the same at the end of the schedule", unit="px", low=0.0, high=50.0, title="Blur at the end"
    )
    fill_holes: bool = parameter(False, "fill holes of the support after every update")
    margin_sigma: float = parameter(
        0.0,
        "amplitudes within so many standard errors of the measured ones are left as they are",
        low=0.0,
        high=10.0,
        title="Margin, standard errors",
    )
    background: bool = parameter(
        False, "find an incoherent background that depends on |q| only", title="Find a background"
    )
    coherence_px: float | None = parameter(
        0.0,
        "Gaussian width of the partial coherence in the pattern; 0 is full coherence, none finds it",
        unit="px",
        low=0.0,
        high=20.0,
        title="Partial coherence",
    )
    input: str = parameter(
        RAW,
        "what amplitudes are the roots of: counted photons (raw), rates a denoiser expects (denoised), something "
        "between, near the counts (bounded); or either of these until the starts are ranked, and counts in the last "
        "refinement (denoised-first, bounded-first)",
        choices=INPUTS,
        title="Amplitudes from",
    )
    denoiser: str = parameter(
        "",
        "method that gives the rates, with its parameters: tv, or tv weight=0.7; empty for the default one",
    )
    denoised_share: float = parameter(
        0.5,
        "where bounded: how far from the counted amplitudes to the denoised ones, 1 being all of the way",
        low=0.0,
        high=1.0,
        title="Denoised share",
    )
    bound_sigma: float = parameter(
        0.5,
        "where bounded: how far at most, in standard errors of the counted amplitudes, half a √photon each",
        low=0.0,
        high=10.0,
        title="Bound, standard errors",
    )
    held_out: float = parameter(
        0.05, "share of the measured pixels held out to judge by", low=0.0, high=0.5, title="Held out, share"
    )
    starts: int = parameter(8, "random starts", low=1, high=10_000)
    generations: int = parameter(
        1, "rounds; each begins from the best object of the one before (GHIO)", low=1, high=100
    )
    keep: int = parameter(
        0, "starts averaged at the end; 0 keeps those that agree with the best", low=0, title="Keep the best"
    )
    stop_hopeless: bool = parameter(
        True, "give up starts that fall far behind the best", title="Give up hopeless starts"
    )
    refine_iterations: int = parameter(
        100,
        "iterations at the very end, after the starts are ranked, with the held-out pixels let back in and the "
        "support as it is but for specks; 0 for none",
        low=0,
        high=100_000,
        title="Refinement, iterations",
    )
    seed: int = parameter(0, "everything drawn by chance follows from this number", low=0)
