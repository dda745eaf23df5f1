"""docs/fewshot.md: what was promised and whether it holds, then the tables."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.fewshot.methods import Method
from benchmarks.fewshot.plan import CONDITIONS, FULL, PHOTONS, PROPORTIONAL, SHOTS
from benchmarks.fewshot.results import Outcome, Results
from benchmarks.fewshot.training import SPECIES
from models.simulation.particles import random_species

MAIN = "friedel"


@dataclass(frozen=True)
class Promise:
    """A figure that was aimed at, and what came of it; `held` is None where it could not be measured."""

    what: str
    figure: str
    held: bool | None


def page(
    results: Results,
    methods: Mapping[str, Method],
    species: range,
    seeds: Sequence[int],
    machine: str,
    speeds: Mapping[str, Mapping[str, Any]],
    trainings: Mapping[str, Mapping[str, Any]],
    pictures: Sequence[str],
) -> str:
    """The whole page, markdown."""
    tables = [
        _labels_table(results, methods),
        _dose_table(results, methods),
        _conditions_table(results, methods),
        _rare_table(results, methods),
        _calibration_table(results, methods),
        _unknown_table(results, methods),
        _fluence_table(results, methods),
        _training_table(trainings),
        _speed_table(speeds, methods),
        _worst_particles(results, methods, species),
    ]
    return "\n\n".join(
        [
            "# Few labels: how well, against what",
            f"Measured {datetime.date.today().isoformat()} by `python -m benchmarks.fewshot` on {machine}",
            PROTOCOL.format(
                species=len(species),
                first=species.start,
                last=species.stop - 1,
                seeds=len(seeds),
                train_species=SPECIES,
            ),
            "## What was aimed at",
            _promise_table(promises(results, methods)),
            *(f"![{_CAPTIONS[name]}](images/{name})" for name in pictures),
            *[table for table in tables if table],
        ]
    )


PROTOCOL = """\
**Frames.** {species} simulated particles that nothing was trained on (numbers {first} to {last}): spheres,
icosahedra, capsids, globules, oligomers, cages, rods of 80 to 220 nm. For each, exposures of one particle and of two
to four that touch, in random orientations, on a detector of 128 × 128 pixels with a gap and a beam stop; Poisson
counts, 2 to 20 % of the photons are background, the beam's position jitters. Photons per frame: *independent* of
class, log-uniform from 50 to 20 000; or *proportional* to the number of particles, 50 to 5 000 per particle, one
value for a species.

**Question.** In the run of one species, k frames of each class are labelled; the others are classified. {seeds} sets
of frames (seeds), 200 draws of the labels for each, the species taking turns (1200 where single particles are
compared). All methods see the same frames, the same labels and the same draws; slow methods get the first of them.
Blanks and droplets (contaminants) are classes where a table says four classes. Balanced accuracy is the mean over
classes and species; ± is the standard deviation over seeds, left out where a method was run on one. Every frame
counts as its likeliest class, also where it is called unknown.

**Methods.** Friedel is the embedding with the bundled weights and the few-shot head of the window, defaults
throughout. The classical methods are those of `models/classifying` with their default parameters; they see the run's
other frames without labels, as the head does. The published recipe is trained here on {train_species} of the
simulator's particles, at 48 × 48 pixels, and judged in evaluation mode by the mean distance to the examples; it sees
as many frames as the table of trainings says, far fewer than its authors used, and ours at equal frames stands beside
it."""

_CAPTIONS = {
    "fewshot-photons.png": "Balanced accuracy against photons in the frame",
    "fewshot-precision.png": "Precision and recall in a run with 5 % single hits",
    "fewshot-calibration.png": "Reliability: share of right answers against the probability given",
    "fewshot-particles.png": "Balanced accuracy of every test particle, sorted",
}


def promises(results: Results, methods: Mapping[str, Method]) -> list[Promise]:
    """What the project set out to reach."""
    rivals = [name for name, method in methods.items() if method.family in ("published", "classical")]

    def of(condition: str, key: str, method: str = MAIN) -> Outcome | None:
        return results.get(method, condition, key)

    found = [_equal_frames(results)]
    own = of(FULL, "pair/200/5")
    best = [(outcome.balanced, name) for name in rivals if (outcome := of(FULL, "pair/200/5", name))]
    if own and best:
        top, name = max(best)
        found.append(
            Promise(
                "≥ 10 points over the published recipe and every classical baseline, 5 labels, independent fluence, "
                "≥ 200 photons",
                f"{100 * (own.balanced - top):+.1f} points over the best, {methods[name].title} ({top:.3f})",
                own.balanced - top >= 0.10,
            )
        )
    half = of("half", "pair/200/5")
    if own and half:
        cost = 100 * (own.balanced - half.balanced)
        found.append(Promise("half the detector missing costs ≤ 3 points", f"{cost:.1f} points", cost <= 3))
    for shots, least in ((5, 0.95), (20, 0.97)):
        if bright := of(FULL, f"pair/1000/{shots}"):
            figure = f"{bright.balanced:.3f}{_spread(bright)}"
            what = f"balanced accuracy ≥ {least} at {shots} labels, ≥ 1000 photons"
            found.append(Promise(what, figure, bright.balanced >= least))
    if own:
        found.append(Promise("worst test particle ≥ 0.75 (5 labels)", f"{own.worst:.3f}", own.worst >= 0.75))
    errors = {
        f"{task}, {k}": outcome.ece
        for task in ("pair", "four")
        for k in SHOTS
        if (outcome := of(FULL, f"{task}/200/{k}"))
    }
    if errors:
        top = max(errors, key=lambda name: errors[name])
        words = (
            f"at most {errors[top]:.3f} ({top.replace('pair', 'two classes').replace('four', 'four classes')} labels)"
        )
        found.append(Promise("expected calibration error ≤ 0.05, any number of labels", words, errors[top] <= 0.05))
    for strange in ("other species", "contaminants"):
        if unknown := of(FULL, "unknown/200/20"):
            few = of(FULL, "unknown/200/5")
            figure = f"{unknown.auroc[strange]:.3f} (5 labels: {few.auroc[strange]:.3f})" if few else ""
            what = f"AUROC of unknown ≥ 0.90: {strange}, 20 labels"
            found.append(Promise(what, figure, unknown.auroc[strange] >= 0.90))
    if mixed := of(FULL, "four/200/20"):
        figure = f"{mixed.precision_at(0.8):.3f}"
        pair = of(FULL, "pair/200/20")
        if pair:
            figure += f" (all others aggregates: {pair.precision_at(0.8):.3f})"
        what = "precision ≥ 0.8 at recall 0.8, 5 % singles, 20 labels per class"
        found.append(Promise(what, figure, mixed.precision_at(0.8) >= 0.8))
    return found


def _equal_frames(results: Results) -> Promise:
    key = f"pair/{PHOTONS[0]:g}/5"
    ours = results.get("friedel-frames", PROPORTIONAL, key)
    theirs = results.get("specklenn-proportional", PROPORTIONAL, key)
    what = "≥ the published recipe under fluence proportional to number, equal frames (5 labels)"
    if ours is None or theirs is None:
        return Promise(what, "not measured", None)
    bundled = results.get(MAIN, PROPORTIONAL, key)
    figure = f"{ours.balanced:.3f} against {theirs.balanced:.3f}"
    if bundled:
        figure += f" (bundled weights {bundled.balanced:.3f})"
    return Promise(what, figure, ours.balanced >= theirs.balanced)


def _promise_table(found: Sequence[Promise]) -> str:
    words = {True: "yes", False: "**no**", None: "–"}
    rows = [f"| {promise.what} | {promise.figure} | {words[promise.held]} |" for promise in found]
    return "\n".join(["| aim | Friedel, bundled weights | held |", "|---|---|---|", *rows])


def _table(
    title: str,
    remark: str,
    results: Results,
    methods: Mapping[str, Method],
    columns: Mapping[str, tuple[str, str, Callable[[Outcome], str]]],
    first: str = "method",
) -> str:
    """A row per method that has any of the columns; a column is a condition, a cell and how to write it."""
    rows = []
    for name, method in methods.items():
        outcomes = [(results.get(name, condition, key), write) for condition, key, write in columns.values()]
        if any(outcome for outcome, _ in outcomes):
            words = [write(outcome) if outcome else "" for outcome, write in outcomes]
            label = f"**{method.title}**" if name == MAIN else method.title
            rows.append(f"| {label} | {' | '.join(words)} |")
    if not rows:
        return ""
    head = [f"| {first} | {' | '.join(columns)} |", "|---|" + "---:|" * len(columns)]
    return "\n".join([f"## {title}", "", remark, "", *head, *rows])


def _spread(outcome: Outcome) -> str:
    return "" if np.isnan(outcome.spread) else f" ± {outcome.spread:.3f}"


def _accuracy(outcome: Outcome) -> str:
    return f"{outcome.balanced:.3f}{_spread(outcome)}"


def _labels_table(results: Results, methods: Mapping[str, Method]) -> str:
    columns: dict[str, Any] = {f"{k} label{'s' if k > 1 else ''}": (FULL, f"pair/200/{k}", _accuracy) for k in SHOTS}
    columns["F1 (single), 5"] = (FULL, "pair/200/5", lambda o: f"{o.f1:.3f}")
    columns["worst particle, 5"] = (FULL, "pair/200/5", lambda o: f"{o.worst:.3f}")
    columns["draws, 5"] = (FULL, "pair/200/5", lambda o: f"{o.draws}")
    remark = "Balanced accuracy single / multi, independent fluence, frames of at least 200 photons. Chance is 0.5."
    return _table("Few labels", remark, results, methods, columns)


def _dose_table(results: Results, methods: Mapping[str, Method]) -> str:
    columns: dict[str, Any] = {
        f"≥ {least:g} photons, {k}": (FULL, f"pair/{least:g}/{k}", _accuracy)
        for least in (PHOTONS[0], 1000.0)
        for k in (5, 20)
    }
    remark = (
        "Balanced accuracy; the labelled frames come from the same range of photons as the others. Columns: labels."
    )
    return _table("Dose", remark, results, methods, columns)


def _conditions_table(results: Results, methods: Mapping[str, Method]) -> str:
    columns: dict[str, Any] = {
        condition.title: (name, "pair/200/5", _accuracy)
        for name, condition in CONDITIONS.items()
        if name != PROPORTIONAL
    }
    columns["four classes"] = (FULL, "four/200/5", _accuracy)
    remark = (
        "Balanced accuracy at 5 labels, independent fluence, ≥ 200 photons on the whole detector. What is missing "
        "is missing in all frames, the labelled ones too. Centre off: the beam lies up to 3 px from the middle, "
        "elsewhere in every frame. Another detector, never trained on: 208 × 256 pixels of 0.15 mm, 0.3 m away, "
        "1240 eV, a cross of gaps. Four classes: blanks and contaminants are present and labelled; chance is 0.25."
    )
    return _table("Conditions", remark, results, methods, columns)


def _rare_table(results: Results, methods: Mapping[str, Method]) -> str:
    columns: dict[str, Any] = {}
    for k in (5, 20):
        columns[f"PR-AUC, {k}"] = (FULL, f"four/200/{k}", lambda o: f"{o.pr_auc:.3f}")
        columns[f"precision at recall 0.8, {k}"] = (FULL, f"four/200/{k}", lambda o: f"{o.precision_at(0.8):.3f}")
        columns[f"the same, others all aggregates, {k}"] = (
            FULL,
            f"pair/200/{k}",
            lambda o: f"{o.precision_at(0.8):.3f}",
        )
    remark = (
        "Runs with 5 % single hits, 15 % aggregates, 60 % blanks and 20 % droplets (or 95 % aggregates), k labels of "
        "each class; frames ranked by P(single). False alarm rates are measured class by class at the threshold "
        "that finds the share of singles in each run, averaged over runs, and weighted by the shares of the classes."
    )
    return _table("Rare single hits", remark, results, methods, columns)


def _calibration_table(results: Results, methods: Mapping[str, Method]) -> str:
    columns: dict[str, Any] = {
        f"{words}, {k}": (FULL, f"{task}/200/{k}", lambda o: f"{o.ece:.3f}")
        for task, words in (("pair", "two classes"), ("four", "four classes"))
        for k in SHOTS
    }
    remark = "Expected calibration error of the likeliest class's probability, 15 bins; columns: labels per class."
    return _table("Calibration", remark, results, methods, columns)


def _unknown_table(results: Results, methods: Mapping[str, Method]) -> str:
    columns: dict[str, Any] = {}
    for k in (5, 20):
        for strange in ("other species", "contaminants"):
            columns[f"{strange}, {k}"] = (
                FULL,
                f"unknown/200/{k}",
                lambda o, name=strange: f"{o.auroc[name]:.3f}",
            )
    columns["own frames called unknown, 20"] = (
        FULL,
        "unknown/200/20",
        lambda o: f"{100 * o.lost:.1f} %" if "contaminants, called unknown" in o.auroc else "",
    )
    remark = (
        "Area under the ROC curve of telling frames of the labelled species from hits of other species and from "
        "droplets that nobody labelled. Methods without a measure of their own are given 1 − the largest probability."
    )
    return _table("Unknown", remark, results, methods, columns)


def _fluence_table(results: Results, methods: Mapping[str, Method]) -> str:
    compared = {name: method for name, method in methods.items() if method.family != "classical"}
    columns: dict[str, Any] = {
        f"proportional, {k}": (PROPORTIONAL, f"pair/{PHOTONS[0]:g}/{k}", _accuracy) for k in SHOTS
    }
    columns |= {f"independent, {k}": (FULL, f"pair/{PHOTONS[0]:g}/{k}", _accuracy) for k in (5, 20)}
    remark = (
        "Balanced accuracy over all doses where photons grow with the number of particles (then brightness "
        "helps to tell them apart) and where they do not. Columns: labels per class."
    )
    return _table("Law of fluence", remark, results, compared, columns)


_COMPARED = ("friedel-frames", "specklenn")


def _training_table(trainings: Mapping[str, Mapping[str, Any]]) -> str:
    if not trainings:
        return ""
    rows = [
        f"| {training['title']} | {training['seed']} | {training['frames']:,} | {training['cpu_s'] / 60:.1f} |"
        for training in trainings.values()
    ]
    remark = "Networks trained for this comparison, one thread each; processor time, because the machine was shared."
    spent = {name: [t["cpu_s"] for t in trainings.values() if t["name"].startswith(name)] for name in _COMPARED}
    if all(spent.values()) and "friedel-time" not in {training["name"] for training in trainings.values()}:
        mine, theirs = (np.mean(seconds) for seconds in spent.values())
        if mine <= theirs:
            remark += " For as many frames ours takes less time, so equal time would only be in its favour."
    return "\n".join(
        ["## Trainings", "", remark, "", "| network | seed | frames seen | CPU min |", "|---|---:|---:|---:|", *rows]
    )


def _speed_table(speeds: Mapping[str, Mapping[str, Any]], methods: Mapping[str, Method]) -> str:
    if not speeds:
        return ""
    rows = []
    for name, speed in speeds.items():
        title = methods[name].title.removesuffix(", independent fluence")
        numbers = (speed[what] for what in ("one", "many", "memory_mb", "judge_ms"))
        rows.append(f"| {title} | {' | '.join(f'{number:.0f}' for number in numbers)} |")
    remark = (
        "Frames of 128 × 128 to vectors, one thread, processor time of the median call; memory is the largest of a "
        "fresh process, libraries included; fit and judge: 5 labels per class, a run of 160 frames."
    )
    head = "| method | frames/s, one by one | frames/s, 64 at once | memory (MB) | fit and judge (ms) |"
    return "\n".join(["## Speed and memory", "", remark, "", head, "|---|---:|---:|---:|---:|", *rows])


def _worst_particles(results: Results, methods: Mapping[str, Method], species: range) -> str:
    found = results.get(MAIN, FULL, "pair/200/5")
    if found is None:
        return ""
    words = []
    for place in np.argsort(found.per_species)[:8]:
        particle = random_species(species[int(place)])
        words.append(
            f"{particle.family} {particle.id}, {particle.diameter_nm:.0f} nm: {found.per_species[place]:.3f}"
        )
    return "Worst particles of the bundled weights (5 labels, ≥ 200 photons): " + "; ".join(words) + "."
