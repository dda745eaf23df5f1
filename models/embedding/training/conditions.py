"""How well an embedding holds where a run is not as it should be: lost modules, streaks, another detector or dose.

Every condition shows the same particles in the same orientations; only what the condition names is changed. As users
do it, a few frames of one species are labelled and its others classified by their nearest prototype, so that the
figures speak of the embedding and not of a classifier. Frames come from the simulator at its full sampling, never
from the training's own augmentation.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from models.embedding.training.evaluation import FewShotSet, few_shot_score, nearest_prototype, spread
from models.progress import Progress
from models.simulation import detector
from models.simulation.generate import Kind, render_batch
from models.simulation.particles import random_species
from models.simulation.settings import SimulationSettings

BoolImage = npt.NDArray[np.bool_]
FloatStack = npt.NDArray[np.float32]
Embed = Callable[[npt.NDArray[np.float32], npt.NDArray[np.bool_]], npt.NDArray[np.float32]]
"""(frames (n, H, W) float32, valid (H, W) bool) -> (n, D) float32 vectors"""

_RIM_PX = 3
_STREAM = 0xC0D
_NEAR_FIELD = {"height": 128, "width": 128, "distance_m": 0.35}
_FAR_FIELD = {"height": 160, "width": 112, "distance_m": 0.85, "pixel_size_m": 0.25e-3, "gap_rows": 10}


@dataclass(frozen=True)
class Condition:
    """What is unlike the plain run.

    Attributes:
        what: in words, for tables.
        station: fields of `SimulationSettings` that differ.
        missing: share of the detector that is lost, in quarters: 0, 0.25, 0.5 or 0.75.
        off_px: the beam lies up to this far from where it should, detector pixels, another place in every frame.
        streaks: every frame has a saturated streak through the beam, as jets and sample holders make them.
        by_number: photons proportional to the number of particles instead of independent of it.
        least_photons: only frames with at least this many expected photons are classified and labelled.
        shots: labels per class.
    """

    what: str
    station: dict[str, Any] = field(default_factory=dict)
    missing: float = 0.0
    off_px: float = 0.0
    streaks: bool = False
    by_number: bool = False
    least_photons: float = 0.0
    shots: int = 5


PLAIN = "plain"
CONDITIONS: dict[str, Condition] = {
    PLAIN: Condition("whole detector, 200 to 20 000 photons"),
    "bright": Condition("at least 1000 photons", least_photons=1000.0),
    "bright, 20 labels": Condition("at least 1000 photons, 20 labels", least_photons=1000.0, shots=20),
    "faint": Condition("50 to 500 photons", {"photons_low": 50.0, "photons_high": 500.0}),
    "by number": Condition("photons proportional to the number of particles", by_number=True),
    "quarter missing": Condition("a quarter of the detector lost", missing=0.25),
    "half missing": Condition("half of the detector lost", missing=0.5),
    "three quarters missing": Condition("three quarters of the detector lost", missing=0.75),
    "centre off": Condition("beam up to 3 px off", off_px=3.0),
    "background": Condition("three times the background", {"background_low": 0.06, "background_high": 0.6}),
    "streaks": Condition("a saturated streak in every frame", streaks=True),
    "small speckles": Condition("0.7 times the speckle size", _NEAR_FIELD),
    "large speckles": Condition("twice the speckle size, 160 × 112 px, wide gap", _FAR_FIELD),
}


@dataclass(frozen=True, eq=False)
class ConditionScore:
    """Balanced accuracy under one condition.

    Attributes:
        name: of `CONDITIONS`.
        per_species: (S,) each species' own.
    """

    name: str
    per_species: npt.NDArray[np.float64]

    @property
    def mean(self) -> float:
        return float(self.per_species.mean())

    @property
    def worst(self) -> float:
        return float(self.per_species.min())

    @property
    def spread(self) -> float:
        """Half the width of the 95 % interval of the mean, by bootstrap over species."""
        return spread(self.per_species)


@dataclass(frozen=True, eq=False)
class ConditionsReport:
    """All conditions, and how well strangers are told from the labelled classes.

    Attributes:
        scores: in the order asked for.
        droplets, strangers: area under the ROC curve of the distance to the nearest example, for contaminants and for
            frames of other species, against frames of the labelled species; 5 examples of each class.
    """

    scores: tuple[ConditionScore, ...]
    droplets: float
    strangers: float


def evaluate_conditions(
    embed: Embed,
    ids: Iterable[int],
    frames_per_class: int = 30,
    names: Iterable[str] = tuple(CONDITIONS),
    seed: int = 0,
    draws: int = 5,
) -> Generator[Progress, None, ConditionsReport]:
    """Judge an embedding under the named conditions.

    Args:
        embed: the embedding.
        ids: species never trained on.
        frames_per_class: frames of singles, and as many of aggregates, per species; conditions with 20 labels need
            more than 20 bright ones and are shown twice as many.
        names: of `CONDITIONS`.
        seed: of frames and draws. draws: how many times examples are drawn.
    """
    numbers, wanted = list(ids), list(names)
    scores = []
    rendered: dict[tuple[Any, ...], FloatStack] = {}
    for i, name in enumerate(wanted):
        yield Progress(done=i, total=len(wanted) + 1, unit="conditions", message=name)
        condition = CONDITIONS[name]
        n = frames_per_class * (3 if condition.shots > 5 else 1)
        station = SimulationSettings(**condition.station)
        optics = (n, station.shape, station.distance_m, station.pixel_size_m)
        if optics not in rendered:
            rendered[optics] = _render(numbers, n, station, seed)
        frames = expose(rendered[optics], numbers, condition, station, seed)
        vectors = embed(frames.counts.astype(np.float32), frames.valid)
        kept = frames.photons >= condition.least_photons
        score = few_shot_score(
            vectors[kept], subset(frames, kept), nearest_prototype, shots=condition.shots, draws=draws, seed=seed
        )
        scores.append(ConditionScore(name, score.per_species))
    yield Progress(done=len(wanted), total=len(wanted) + 1, unit="conditions", message="strangers")
    droplets, strangers = _strangers(embed, numbers, frames_per_class, seed)
    return ConditionsReport(tuple(scores), droplets, strangers)


def expose(
    signal: FloatStack, numbers: list[int], condition: Condition, station: SimulationSettings, seed: int
) -> FewShotSet:
    """Counted frames of a condition.

    Args:
        signal: (n, H + 6, W + 6) noise-free intensity, species by species, singles first; photons per particle equal.
        numbers: the species. condition, station: what they are seen under. seed: of everything drawn.
    """
    rng = np.random.default_rng([seed, _STREAM])
    n, (h, w) = len(signal), station.shape
    kind = np.tile(np.repeat([int(Kind.SINGLE), int(Kind.MULTI)], n // len(numbers) // 2), len(numbers))
    dose = station.photons_low * (station.photons_high / station.photons_low) ** rng.random(n)
    share = station.background_low * (station.background_high / station.background_low) ** rng.random(n)
    if condition.by_number:
        dose = dose * np.where(kind == Kind.MULTI, rng.integers(2, station.most_copies + 1, n), 1)
    shift = np.rint(rng.uniform(-condition.off_px, condition.off_px, (n, 2))).astype(int) + _RIM_PX
    counts = np.empty((n, h, w), np.uint16)
    for i in range(n):
        y, x = shift[i]
        expected = detector.expected_counts(signal[i : i + 1, y : y + h, x : x + w], dose[i], share[i], rng, station)[
            0
        ]
        if condition.streaks:
            expected = _with_streak(expected, dose[i], rng)
        counts[i] = detector.sample_counts(rng, expected)
    valid = detector.usable(station) & ~lost(station.shape, condition.missing)
    return FewShotSet(
        counts=counts,
        valid=valid,
        species=np.repeat(numbers, n // len(numbers)).astype(np.int64),
        kind=kind.astype(np.int64),
        photons=dose.astype(np.float32),
    )


def lost(shape: tuple[int, int], missing: float) -> BoolImage:
    """(H, W), True where modules are lost: quarter by quarter around the beam, the lower half first."""
    half = np.zeros((2, 2), np.bool_)
    half.ravel()[[2, 3, 1][: round(4 * missing)]] = True
    rows = (np.arange(shape[0]) * 2 // shape[0])[:, None]
    columns = (np.arange(shape[1]) * 2 // shape[1])[None, :]
    return np.asarray(half[rows, columns], np.bool_)


def subset(frames: FewShotSet, kept: BoolImage) -> FewShotSet:
    """The frames where `kept` (n,) is True."""
    return replace(
        frames,
        counts=frames.counts[kept],
        species=frames.species[kept],
        kind=frames.kind[kept],
        photons=frames.photons[kept],
    )


def _with_streak(expected: FloatStack, photons: float, rng: np.random.Generator) -> FloatStack:
    """A ray from the beam outwards, 0.3 to 3 times the frame's photons, cut at the saturation of its brightest."""
    h, w = expected.shape
    angle = rng.uniform(0, 2 * np.pi)
    y = np.arange(h)[:, None] - (h - 1) / 2 - rng.normal(0, 1.5)
    x = np.arange(w)[None, :] - (w - 1) / 2 - rng.normal(0, 1.5)
    along = x * np.cos(angle) + y * np.sin(angle)
    across = -x * np.sin(angle) + y * np.cos(angle)
    ray = np.exp(-0.5 * (across / rng.uniform(0.7, 2.5)) ** 2) / (1 + np.abs(along) / rng.uniform(5, 30)) ** 2
    if rng.random() < 0.5:
        ray = ray * (along > 0)
    ray = ray * (expected > 0)
    ray *= photons * 10 ** rng.uniform(-0.5, 0.5) / ray.sum()
    level = np.quantile(ray[ray > 0], rng.uniform(0.97, 0.995))
    return np.asarray(expected + np.minimum(ray, level), np.float32)


def _render(numbers: list[int], n: int, station: SimulationSettings, seed: int) -> FloatStack:
    wide = replace(station, height=station.height + 2 * _RIM_PX, width=station.width + 2 * _RIM_PX)
    kinds = [Kind.SINGLE] * n + [Kind.MULTI] * n
    parts = [
        render_batch([random_species(i)] * len(kinds), kinds, None, np.random.default_rng([seed, i]), wide)
        for i in numbers
    ]
    return np.concatenate(parts)


def _strangers(embed: Embed, numbers: list[int], n: int, seed: int) -> tuple[float, float]:
    """AUROC of the distance to the nearest of 5 + 5 examples: droplets, and the next species, against own frames."""
    station = SimulationSettings()
    own = expose(_render(numbers, n, station, seed), numbers, CONDITIONS[PLAIN], station, seed)
    rng = np.random.default_rng([seed, _STREAM + 1])
    many = len(own.kind)
    droplets = _droplets(many // 8, station, rng)
    vectors = embed(own.counts.astype(np.float32), own.valid)
    of_droplets = embed(droplets.astype(np.float32), own.valid)
    areas = []
    for i, number in enumerate(numbers):
        mine = np.flatnonzero(own.species == number)
        other = vectors[own.species == numbers[(i + 1) % len(numbers)]]
        picked = np.concatenate([rng.permutation(mine[own.kind[mine] == c])[:5] for c in np.unique(own.kind)])
        rest = np.setdiff1d(mine, picked)

        def far(queries: FloatStack, examples: FloatStack = vectors[picked]) -> FloatStack:
            return np.asarray(1 - (queries @ examples.T).max(1))

        known = far(vectors[rest])
        areas.append((auroc(known, far(of_droplets)), auroc(known, far(other))))
    return float(np.mean([a for a, _ in areas])), float(np.mean([b for _, b in areas]))


def _droplets(n: int, station: SimulationSettings, rng: np.random.Generator) -> npt.NDArray[np.uint16]:
    signal = render_batch([None] * n, [Kind.CONTAMINANT] * n, None, rng, station)
    dose = station.photons_low * (station.photons_high / station.photons_low) ** rng.random(n)
    share = station.background_low * (station.background_high / station.background_low) ** rng.random(n)
    return detector.sample_counts(rng, detector.expected_counts(signal, dose, share, rng, station))


def auroc(negatives: npt.NDArray[Any], positives: npt.NDArray[Any]) -> float:
    """Chance that a positive's value is larger than a negative's; ties count half (Mann–Whitney)."""
    if not len(negatives) or not len(positives):
        return float("nan")
    order = np.sort(negatives)
    below = np.searchsorted(order, positives, side="left")
    upto = np.searchsorted(order, positives, side="right")
    return float((below + upto).mean() / 2 / len(negatives))
