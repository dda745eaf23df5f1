"""What is measured: species, laws of fluence, conditions, numbers of labels, draws. Nothing here computes.

Everything follows from these numbers; a result says which of them it was made with.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.simulation.settings import SimulationSettings

SEEDS = (0, 1, 2)
SHOTS = (1, 5, 10, 20)
"""labelled frames per class"""

DRAWS = 200
"""random choices of the labelled frames per set and seed, the species taking turns"""
DEEP_DRAWS = 1200
"""the same where single species are compared: 20 for each of 60"""

PHOTONS = (50.0, 20_000.0)
"""expected photons on the usable pixels of a frame, independent law"""
PARTICLE_PHOTONS = (50.0, 5_000.0)
"""expected photons per particle of a species, proportional law; up to four particles are in the beam"""

DOSE_EDGES = (50.0, 106.0, 224.0, 473.0, 1000.0, 2115.0, 4472.0, 9457.0, 20_000.0)
"""photons per frame, eight equal steps of the logarithm (1000 is an edge)"""

SINGLE_SHARE = 0.05
MIXED_RUN = {"single": 0.05, "multi": 0.15, "blank": 0.60, "contaminant": 0.20}
"""a run with 5 % single hits"""
PAIR_RUN = {"single": 0.05, "multi": 0.95}
"""the hardest run with 5 % single hits: everything else is an aggregate of the same particle"""


@dataclass(frozen=True, slots=True)
class Condition:
    """Circumstances of a test set.

    Attributes:
        name, title: short, and in words.
        station: the beamline.
        frames_per_class: per species.
        proportional: photons in proportion to the number of particles; else log-uniform whatever the class.
        offset_px: largest distance of the beam from where it should be; 0 leaves the station's own jitter.
        missing: which part of the detector is not there, by a name that `sets.absent` knows.
        like: the condition whose frames these are, apart from what is missing; empty for frames of its own.
        everything: blanks and contaminants too, not only the species' own frames.
        columns_gap: missing columns between the detector's halves.
    """

    name: str
    title: str
    station: SimulationSettings
    frames_per_class: int = 50
    proportional: bool = False
    offset_px: float = 0.0
    missing: str = ""
    like: str = ""
    everything: bool = False
    columns_gap: int = 0


HOME = SimulationSettings(photons_low=PHOTONS[0], photons_high=PHOTONS[1])
ABROAD = replace(
    HOME,
    height=208,
    width=256,
    pixel_size_m=0.15e-3,
    distance_m=0.3,
    photon_energy_eV=1240.0,
    gap_rows=10,
    beam_stop_px=9.0,
)
"""oblong, finer pixels, nearer, softer X-rays, a cross of gaps"""

FULL, PROPORTIONAL = "full", "proportional"
CONDITIONS = {
    condition.name: condition
    for condition in (
        Condition(FULL, "full detector", HOME, frames_per_class=80, everything=True),
        Condition(PROPORTIONAL, "fluence proportional to the number of particles", HOME, 80, proportional=True),
        Condition("quarter", "¼ missing", HOME, 80, missing="quarter", like=FULL),
        Condition("half", "½ missing", HOME, 80, missing="half", like=FULL),
        Condition("three-quarters", "¾ missing", HOME, 80, missing="three-quarters", like=FULL),
        Condition("centre", "centre off", HOME, offset_px=3.0),
        Condition("background", "background × 3", replace(HOME, background_low=0.06, background_high=0.6)),
        Condition("geometry", "another detector", ABROAD, columns_gap=8),
    )
}

BLANKS = 300
CONTAMINANTS = 300
"""frames of each beside the species' own, shared by all species' runs"""
FOUR_CLASS_FRAMES = 80
"""blanks, and as many contaminants, in a species' run when they are classes of their own"""
UNKNOWN_FRAMES = 40
"""contaminants, and as many hits of other species, in a species' run when nobody labelled them"""


@dataclass(frozen=True, slots=True)
class Cell:
    """One number of labels in one task.

    Attributes:
        task: "pair" (single against multi), "four" (single, multi, blank, contaminant) or "unknown" (single and
            multi are labelled, other species and contaminants are among the frames).
        least_photons: frames below are in nobody's run.
        shots: labelled frames per class.
        draws: of the labelled frames.
    """

    task: str
    least_photons: float
    shots: int
    draws: int = DRAWS

    @property
    def key(self) -> str:
        return f"{self.task}/{self.least_photons:g}/{self.shots}"


def cells(condition: Condition, every: bool) -> list[Cell]:
    """What is asked of a method under a condition, the most telling first.

    Args:
        every: all numbers of labels everywhere; else, for the classical baselines, those that the tables show.
    """
    if condition.name == PROPORTIONAL:
        return [Cell("pair", PHOTONS[0], shots) for shots in (SHOTS if every else (5,))]
    if condition.name != FULL:
        compared = every and condition.name == "half"  # with the full detector, to a point
        deep = Cell("pair", 200.0, 5, DEEP_DRAWS if compared else DRAWS)
        return [deep, *(Cell("pair", 200.0, shots) for shots in SHOTS if every and shots != 5)]
    found = [Cell("pair", 200.0, shots, DEEP_DRAWS if shots == 5 else DRAWS) for shots in (5, 20, 1, 10)]
    found += [Cell(task, 200.0, shots) for task in ("four", "unknown") for shots in (5, 20)]
    found += [Cell("pair", photons, shots) for photons in (1000.0, PHOTONS[0]) for shots in (5, 20)]
    if every:
        found += [Cell(task, 200.0, shots) for task in ("four", "unknown") for shots in (1, 10)]
        found += [Cell("pair", photons, shots) for photons in (1000.0, PHOTONS[0]) for shots in (1, 10)]
    return found
