"""The runs and labels that all methods of the few-shot benchmark are given."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.fewshot.plan import CONDITIONS, Cell
from benchmarks.fewshot.sets import Frames, absent, of_species, valid_pixels
from benchmarks.fewshot.tasks import CONTAMINANT, OTHER_SPECIES, OWN, labelled, run_of
from models.simulation.generate import Kind


@pytest.fixture
def frames() -> Frames:
    rng = np.random.default_rng(0)
    kind = np.concatenate([np.tile(np.repeat([Kind.SINGLE, Kind.MULTI], 60), 3), np.repeat([2, 3], 100)])
    species = np.concatenate([np.repeat([7, 8, 9], 120), np.full(200, -1)])
    return Frames(
        file=Path("nowhere.h5"),
        missing="",
        kind=kind.astype(np.int64),
        species=species.astype(np.int64),
        particles=np.ones(len(kind), np.int64),
        photons=(50 * 400 ** rng.random(len(kind))).astype(np.float32),
        valid=np.ones((4, 4), np.bool_),
    )


def test_a_run_holds_one_species_bright_enough(frames: Frames):
    run = run_of(frames, 8, Cell("pair", 200.0, 5), seed=0)
    assert set(frames.species[run.rows]) == {8}
    assert frames.photons[run.rows].min() >= 200
    np.testing.assert_array_equal(run.truth, frames.kind[run.rows])


def test_strangers_have_no_class(frames: Frames):
    run = run_of(frames, 8, Cell("unknown", 200.0, 5), seed=0)
    assert set(run.truth[run.stranger != OWN]) == {-1}
    others = run.rows[run.stranger == OTHER_SPECIES]
    assert 8 not in frames.species[others]
    assert (frames.kind[run.rows[run.stranger == CONTAMINANT]] == Kind.CONTAMINANT).all()
    assert len(np.unique(run.rows)) == len(run.rows)


@pytest.mark.parametrize(("task", "classes"), [("pair", 2), ("unknown", 2), ("four", 4)])
def test_every_class_gets_its_labels(frames: Frames, task: str, classes: int):
    cell = Cell(task, 50.0, 10)
    run = run_of(frames, 9, cell, seed=1)
    places = labelled(run, cell, seed=1, draw=3)
    assert len(set(places)) == 10 * classes
    np.testing.assert_array_equal(run.truth[places], np.repeat(np.arange(classes), 10))


def test_draws_differ_and_can_be_repeated(frames: Frames):
    cell = Cell("pair", 50.0, 10)
    run = run_of(frames, 9, cell, seed=1)
    first, again, other = (labelled(run, cell, 1, draw) for draw in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert set(first) != set(other)


def test_too_few_frames_are_said_to_be(frames: Frames):
    cell = Cell("pair", 50.0, 60)
    run = run_of(frames, 7, cell, 0)
    with pytest.raises(ValueError, match="cannot give 60 labels"):
        labelled(run, cell, 0, 0)


@pytest.mark.parametrize(("name", "share"), [("", 0.0), ("quarter", 0.25), ("half", 0.5), ("three-quarters", 0.75)])
def test_as_much_of_the_detector_is_missing_as_the_name_says(name: str, share: float):
    assert absent(name, (128, 96)).mean() == share


def test_a_missing_half_is_not_valid():
    assert not valid_pixels(CONDITIONS["half"])[:64].any()
    assert valid_pixels(CONDITIONS["full"])[:60].all()


def test_a_species_is_exposed_the_same_again_and_differently_with_another_seed():
    few = replace(CONDITIONS["full"], frames_per_class=3)
    first, again, other = (of_species(2_000_001, few, seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first["counts"], again["counts"])
    assert (first["counts"] != other["counts"]).any()
    assert sorted(set(first["kind"])) == [Kind.SINGLE, Kind.MULTI]


def test_photons_follow_the_law():
    few = replace(CONDITIONS["proportional"], frames_per_class=4)
    found = of_species(2_000_001, few, 0)
    np.testing.assert_allclose(found["photons"] / found["particles"], found["photons"][0], rtol=1e-5)
    independent = of_species(2_000_001, replace(CONDITIONS["full"], frames_per_class=40), 0)
    seen = independent["counts"].sum(axis=(1, 2))
    # Poisson: all but a few frames within four standard deviations.
    off = np.abs(seen - independent["photons"]) / np.sqrt(independent["photons"])
    assert np.median(off) < 1.0
    assert (off < 5).all()
    bright = independent["photons"] >= 1000
    assert bright[:40].sum() == pytest.approx(20, abs=1)
    assert bright[40:].sum() == pytest.approx(20, abs=1)
