"""A start from its first guess to its result: recovers objects, can be steered, refuses what cannot be phased."""

from dataclasses import replace

import numpy as np
import pytest

from models.errors import BadParameter, BadPattern
from models.patterns import Pattern
from models.phasing.settings import PhasingSettings
from models.phasing.solver import NotConverging, Solver
from tests.models.phasing.engine_cases import error_up_to_phase, particle, pattern_of

PLAIN = PhasingSettings(schedule="200 RAAR + 50 ER", coherence_px=0.0, held_out=0.0, threshold_of="max")


def finish(solver, slices=10):
    while not solver.finished:
        solver.run(slices)
    return solver.start()


@pytest.mark.parametrize(
    ("kind", "schedule", "shape"),
    [
        ("complex", "600 RAAR + 1500 ER", (32, 30)),
        ("complex", "600 HIO + 1500 ER", (31, 33)),
        ("positive", "600 DM + 600 ER", (32, 30)),
        ("positive", "600 HIO + 600 ER", (30, 32)),
        ("real", "1500 RRR + 600 ER", (32, 31)),
        ("positive real part", "600 RAAR + 1500 ER", (32, 30)),
        ("complex", "200 RAAR + 400 ER", (16, 17, 18)),
    ],
)
def test_without_noise_the_object_comes_back(kind, schedule, shape):
    wave, inside = particle(shape, seed=1, kind=kind)
    wave = np.abs(wave) if kind == "positive" else wave
    errors = []
    for seed in range(4):
        settings = replace(PLAIN, schedule=schedule, object=kind)
        solver = Solver(pattern_of(wave), settings, seed, support=inside, dtype="complex128")
        finish(solver, 500)
        errors.append(error_up_to_phase(np.fft.fftshift(solver._iterate.whole_object()), wave))
        if errors[-1] < 1e-6:
            break
    assert min(errors) < 1e-6


def test_without_noise_and_with_a_beam_stop_a_positive_object_comes_back():
    wave, inside = particle((32, 32), seed=2, kind="positive")
    wave = np.abs(wave)
    measured = np.ones(wave.shape, bool)
    measured[15:18, 15:18] = False
    settings = replace(PLAIN, schedule="500 RAAR + 3000 ER", object="positive")
    solver = Solver(pattern_of(wave, measured), settings, 0, support=inside, dtype="complex128")
    finish(solver, 500)
    assert error_up_to_phase(np.fft.fftshift(solver._iterate.whole_object()), wave) < 1e-6


def test_the_support_is_found_too():
    wave, inside = particle((64, 64), seed=3, kind="positive", photons=1e8)
    wave = np.abs(wave)
    settings = PhasingSettings(
        schedule="12*(40 HIO + SW) + 200 ER",
        object="positive",
        threshold_of="max",
        threshold=0.15,
        area_low=0.02,
        coherence_px=0.0,
        first_support="autocorrelation",
    )
    found = [finish(Solver(pattern_of(wave, noise=0), settings, seed)) for seed in range(3)]
    best = min(found, key=lambda start: start.r_factor)
    assert best.r_factor < 0.02
    assert abs(int(best.support.sum()) - int(inside.sum())) < 0.3 * inside.sum()


@pytest.mark.parametrize(
    "settings", [PLAIN, replace(PLAIN, object="positive", schedule="60 HIO + SW + 30 ER + 9 ML")]
)
def test_slices_change_nothing(settings):
    wave, inside = particle(photons=1e5)
    pattern = pattern_of(wave, noise=0)
    ones = finish(Solver(pattern, settings, 3, support=inside), 1)
    whole = finish(Solver(pattern, settings, 3, support=inside), 10_000)
    assert np.array_equal(ones.object, whole.object)
    looked = Solver(pattern, settings, 3, support=inside)
    while not looked.finished:
        looked.run(1, look=True)
        looked.preview()
    assert np.array_equal(looked.start().object, whole.object)
    other = finish(Solver(pattern, settings, 4, support=inside))
    assert not np.allclose(other.object, whole.object)


def test_what_is_held_out_or_masked_has_no_influence():
    wave, inside = particle(photons=1e5)
    pattern = pattern_of(wave, noise=0)
    rng = np.random.default_rng(0)
    measured = rng.random(wave.shape) > 0.1
    held_out = measured & (rng.random(wave.shape) < 0.1)
    spoilt = np.where(measured & ~held_out, pattern.intensity, 1e7)
    starts = [
        finish(Solver(Pattern(intensity, measured), PLAIN, 0, held_out=held_out, support=inside))
        for intensity in (pattern.intensity, spoilt)
    ]
    assert np.array_equal(starts[0].object, starts[1].object)
    assert starts[0].free_log_likelihood < 100 < starts[1].free_log_likelihood


def test_a_finished_start_says_what_was_done():
    wave, inside = particle()
    settings = replace(PLAIN, schedule="2*(25 HIO + SW) + CENTRE + 15 ER(margin=1) + 5 ML")
    start = finish(Solver(pattern_of(wave), settings, 0, support=inside))
    assert start.schedule == "2*(25 HIO + SW) + CENTRE + 15 ER(margin=1) + 5 ML"
    assert (start.ended, start.iterations) == ("finished", 70)
    assert list(start.history.iteration) == [20, 40, 60, 70]
    assert start.object.dtype == np.complex64
    assert start.support.sum() == start.history.support_pixels[-1]
    assert not start.object[~start.support].any()
    assert start.seconds > 0


def test_parameters_change_from_the_next_iteration_and_the_schedule_from_the_next_block():
    wave, inside = particle()
    solver = Solver(pattern_of(wave), replace(PLAIN, schedule="40 HIO + 40 ER"), 0, support=inside)
    solver.run(10)
    solver.settings = replace(solver.settings, beta=0.5)
    solver.run(10)
    solver.settings = replace(solver.settings, schedule="30 RAAR")
    assert solver.total == 70
    assert solver.run(100).done == 70
    assert solver.start().schedule == "10 HIO + 30 HIO(beta=0.5) + 30 RAAR(beta=0.5)"


def test_before_the_first_iteration_another_schedule_replaces_it():
    wave, inside = particle()
    solver = Solver(pattern_of(wave), PLAIN, 0, support=inside)
    solver.settings = replace(PLAIN, schedule="5 ER")
    assert finish(solver).schedule == "5 ER"


def test_values_may_change_while_it_runs():
    wave, inside = particle(kind="positive")
    solver = Solver(pattern_of(np.abs(wave)), replace(PLAIN, schedule="100 RAAR + 300 ER"), 1, support=inside)
    solver.run(50)
    solver.settings = replace(solver.settings, object="positive")
    solver.run(60)
    solver.settings = replace(solver.settings, object="complex", background=True)
    solver.run(50)
    start = solver.start()
    assert start.ended == "stopped"
    assert "RAAR(object=positive)" in start.schedule
    assert np.isfinite(start.object).all()


def test_twin_runs_with_half_of_the_support_and_gives_it_back():
    wave, inside = particle()
    solver = Solver(pattern_of(wave), replace(PLAIN, schedule="10 TWIN + 10 ER"), 0, support=inside)
    assert solver.run(5).support_pixels < 0.8 * inside.sum()
    assert solver.run(10).support_pixels == inside.sum()


@pytest.mark.parametrize("kind", ["complex", "positive"])
def test_centre_moves_the_object_and_nothing_else(kind):
    wave, inside = particle((32, 30), kind=kind)
    wave = np.abs(wave) if kind == "positive" else wave
    settings = replace(PLAIN, schedule="1 ER + CENTRE + 1 ER", object=kind)
    moved, there = np.roll(wave, (7, -9), (0, 1)), np.roll(inside, (7, -9), (0, 1))
    solver = Solver(pattern_of(wave), settings, 0, support=there, first=moved)
    start = finish(solver)
    shift = np.argwhere(start.support).mean(axis=0) - np.argwhere(inside).mean(axis=0)
    assert np.abs(np.argwhere(start.support).mean(axis=0) - [16, 15]).max() <= 1
    assert error_up_to_phase(np.roll(start.object, tuple(-np.rint(shift).astype(int)), (0, 1)), wave) < 1e-5
    assert start.r_factor < 1e-5


def test_a_given_first_object_is_where_it_begins():
    wave, inside = particle()
    solver = Solver(pattern_of(wave), replace(PLAIN, schedule="1 ER"), 0, support=inside, first=wave)
    assert solver.run(1, look=True).r_factor < 1e-5


def test_states_tell_where_it_is_and_previews_come_ten_a_second():
    wave, inside = particle()
    solver = Solver(pattern_of(wave), replace(PLAIN, schedule="100000 HIO"), 7, support=inside)
    first = solver.run(20)
    assert (first.done, first.total, first.seed, first.algorithm) == (20, 100_000, 7, "HIO")
    assert first.preview is not None
    assert solver.run(1).preview is None
    assert 0 < first.r_factor < 2
    assert np.isnan(first.free_log_likelihood)


@pytest.mark.parametrize("corner", [(0, 0), (12, -14)])
@pytest.mark.parametrize("shape", [(32, 30), (14, 15, 16)])
def test_a_preview_is_a_part_of_the_object(shape, corner):
    wave, inside = particle(shape)
    inside = np.roll(inside, corner, (-2, -1))
    solver = Solver(pattern_of(wave), replace(PLAIN, schedule="20 ER"), 0, support=inside)
    start = finish(solver)
    preview = solver.preview()
    part = tuple(slice(c, c + n) for c, n in zip(preview.corner, preview.object.shape, strict=True))
    assert preview.step == 1
    assert np.array_equal(preview.object, start.object[part])
    assert np.array_equal(preview.support, start.support[part])
    assert preview.support.sum() == inside.sum()


def test_a_preview_just_after_a_support_update_is_the_last_object_in_the_new_box():
    wave, inside = (np.pad(values, ((150, 154), (130, 122))) for values in particle((20, 20)))
    blurred = {"blur_start_px": 3.0, "blur_end_px": 3.0}
    before = replace(PLAIN, schedule="20 RAAR", threshold_of="area", area_low=0.002, area_high=0.002, **blurred)
    last = finish(Solver(pattern_of(wave), before, 0, support=inside), slices=20)
    solver = Solver(pattern_of(wave), replace(before, schedule="20 RAAR + SW + 20 RAAR"), 0, support=inside)
    solver.run(20)
    preview = solver.preview()
    part = tuple(slice(c, c + n) for c, n in zip(preview.corner, preview.object.shape, strict=True))
    assert preview.support.sum() != inside.sum()
    assert preview.object.size < wave.size / 4, "a large array is not shown for a small object"
    assert preview.support.sum() == solver.state().support_pixels
    assert np.array_equal(preview.object, last.object[part])
    assert np.abs(preview.object).max() > 0


def test_large_previews_are_decimated():
    side = 600
    pattern = Pattern(np.ones((side, side), np.float32), np.ones((side, side), bool))
    solver = Solver(pattern, PLAIN, 0, support=np.ones((side, side), bool))
    preview = solver.preview()
    assert preview.step == 3
    assert preview.object.shape == preview.support.shape == (200, 200)


def test_torch_passes_take_the_same_way_as_the_compiled_ones(monkeypatch):
    from models.phasing import iterate, kernels_torch

    wave, inside = particle(photons=1e5)
    pattern = pattern_of(wave, noise=0)
    for kind in ("complex", "positive", "positive real part"):
        for schedule in ("30 HIO + 10 ER + 5 ML", "30 RAAR + 10 DM"):
            settings = replace(PLAIN, schedule=schedule, object=kind, margin_sigma=0.5)
            compiled = Solver(pattern, settings, 0, support=inside, dtype="complex128")
            with monkeypatch.context() as patch:
                patch.setattr(iterate, "kernels_for", lambda device: kernels_torch)
                twin = Solver(pattern, settings, 0, support=inside, dtype="complex128")
            assert error_up_to_phase(finish(twin).object, finish(compiled).object) < 1e-5


@pytest.mark.parametrize("device_objects", [("complex", "3*(20 HIO + SW) + 10 ER"), ("real", "40 RAAR")])
def test_three_dimensions(device_objects):
    kind, schedule = device_objects
    wave, inside = particle((14, 15, 16), kind=kind)
    start = finish(Solver(pattern_of(wave), replace(PLAIN, schedule=schedule, object=kind), 0, support=inside))
    assert start.object.shape == (14, 15, 16)
    assert start.r_factor < 0.5


def test_overflow_is_said_and_not_shown():
    wave, inside = particle()
    solver = Solver(pattern_of(wave), replace(PLAIN, schedule="2000 HIO", beta=2.0), 0, support=inside)
    solver._iterate._wave *= 1e30
    solver._iterate._wave[0, 0] = float("nan")
    with pytest.raises(NotConverging, match="HIO"):
        solver.run(100)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"support": np.zeros((32, 30), bool)}, BadParameter),
        ({"support": np.ones((8, 8), bool)}, BadParameter),
        ({"first": np.ones((8, 8))}, BadParameter),
        ({"first": np.full((32, 30), np.nan)}, BadParameter),
        ({"dtype": "float16"}, BadParameter),
        ({"held_out": np.ones((32, 30), bool)}, BadParameter),
    ],
)
def test_arguments_that_cannot_be_give_a_sentence(changes, error):
    wave, inside = particle()
    arguments = {"support": inside, **changes}
    with pytest.raises(error) as caught:
        Solver(pattern_of(wave), PLAIN, 0, **arguments)
    assert len(caught.value.sentence()) > 20


def test_an_empty_pattern_is_refused():
    with pytest.raises(BadPattern):
        Solver(Pattern(np.zeros((32, 32), np.float32), np.ones((32, 32), bool)), PLAIN, 0)


def test_a_phase_range_that_ends_before_it_begins_is_refused():
    wave, inside = particle()
    with pytest.raises(BadParameter, match="rad"):
        Solver(pattern_of(wave), replace(PLAIN, phase_low_rad=1.0, phase_high_rad=-1.0), 0, support=inside)
