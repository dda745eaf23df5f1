"""From starts to a judged reconstruction: the words it finds, and when it says nothing."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from models.errors import BadParameter
from models.parameters import from_dict
from models.patterns import Pattern
from models.phasing.quality import assemble, held_out_pixels, is_preview, object_error, rank
from models.phasing.quality.transform import to_fourier, to_object
from models.phasing.settings import PhasingSettings
from models.phasing.types import Reconstruction, Start
from models.progress import drain
from tests.models.phasing.quality.objects import moved, particle, pattern_of, start, twin


def result(
    pattern: Pattern, starts: list[Start], settings: PhasingSettings | None = None, share: float = 0.05
) -> Reconstruction:
    held = held_out_pixels(pattern, share, seed=0)
    return drain(assemble(pattern, starts, settings or PhasingSettings(), held))


def agreeing(
    n: int, shape: tuple[int, ...] = (64, 64), noise: float = 0.1, seed: int = 0
) -> tuple[np.ndarray, list[Start]]:
    """n starts that found the same object, each elsewhere, some as its twin, with noise of their own."""
    truth, support = particle(shape, seed)
    truth *= 100
    chance = np.random.default_rng(seed)
    starts = []
    for k in range(n):
        shift = chance.integers(-6, 7, len(shape))
        found = truth + support * 100 * noise * (chance.standard_normal(shape) + 1j * chance.standard_normal(shape))
        found = np.roll(found, shift, tuple(range(len(shape)))) * np.exp(1j * k)
        where = np.roll(support, shift, tuple(range(len(shape))))
        if k % 2:
            found, where = twin(found), twin(where).real > 0.5
        starts.append(start(found, where, seed=k, free=1 + 0.01 * k, r=0.1 + 0.001 * k))
    return truth, starts


def noise_in(size: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    support = particle((64, 64), size=size)[1]
    chance = np.random.default_rng(seed)
    return 100 * support * (chance.standard_normal((64, 64)) + 1j * chance.standard_normal((64, 64))), support


def other(seed: int, free: float, r: float = 0.2) -> Start:
    values, support = noise_in(0.17, seed + 100)
    return start(values, support, seed=seed, free=free, r=r)


def homometric() -> tuple[np.ndarray, np.ndarray]:
    """Two objects with the same pattern, neither shifted nor twins: a ∗ b and a ∗ twin(b)."""
    a, b = (to_fourier(noise_in(0.08, seed)[0]) for seed in (1, 2))
    # 10⁶ photons on 64 × 64 pixels.
    scale = 1e3 / np.linalg.norm(a * b)
    return to_object(scale * a * b), to_object(scale * a * b.conj())


@pytest.mark.parametrize("shape", [(64, 64), (20, 22, 24)])
def test_the_average_is_nearer_to_the_truth_than_any_start(shape: tuple[int, ...]) -> None:
    truth, starts = agreeing(8, shape, noise=0.2)
    found = result(pattern_of(truth), starts)
    assert found.kept == 8
    assert object_error(truth, found.object) < 0.6 * min(object_error(truth, each.object) for each in starts)
    assert [each.seed for each in found.starts] == list(range(8))
    assert found.object.dtype == np.complex64
    assert found.trust.warnings == ()


def test_starts_lie_over_the_best_with_their_supports() -> None:
    truth, starts = agreeing(5, noise=0.05)
    found = result(pattern_of(truth), starts)
    for each in found.starts[1:]:
        np.testing.assert_array_equal(each.support, found.starts[0].support)
        assert np.linalg.norm(each.object - found.starts[0].object) < 0.2 * np.linalg.norm(truth)


def test_the_best_is_the_one_that_predicts_held_out_pixels_best() -> None:
    truth, starts = agreeing(3)
    starts = [
        start(s.object, s.support, seed=s.seed, free=f, r=r)
        for s, f, r in zip(starts, (3, 1, 2), (1, 3, 2), strict=True)
    ]
    assert result(pattern_of(truth), starts).starts[0].seed == 1
    none_held = [start(s.object, s.support, seed=s.seed, free=math.nan, r=s.r_factor) for s in starts]
    assert result(pattern_of(truth), none_held, share=0).starts[0].seed == 0


def test_where_held_out_pixels_cannot_decide_the_fitted_ones_do() -> None:
    truth, starts = agreeing(3, noise=0.2)
    pattern = pattern_of(truth)
    figures = ((1.0, 0.3), (1.01, 0.1), (1.02, 0.2))
    same = [
        dataclasses.replace(starts[0], seed=k, free_log_likelihood=f, r_factor=r) for k, (f, r) in enumerate(figures)
    ]
    assert result(pattern, same).starts[0].seed == 1
    larger = [dataclasses.replace(same[1], support=np.ones((64, 64), bool)), same[0]]
    assert result(pattern, larger).starts[0].seed == 0
    # A start that is clearly worse on held-out pixels does not win by its fit.
    wrong = other(7, 1.5, r=0.05)
    assert result(pattern, [*same, dataclasses.replace(wrong, support=starts[0].support)]).starts[0].seed == 1


def test_a_good_result_has_every_figure() -> None:
    truth, starts = agreeing(8, noise=0.02)
    trust = result(pattern_of(truth), starts).trust
    assert trust.kept == trust.starts == 8
    assert trust.agreement > 0.99
    assert trust.mode_weight > 0.98
    assert trust.prtf_resolution_nm == pytest.approx(10, rel=0.05)
    assert trust.oversampling > 8
    assert trust.masked_power == 0
    assert not is_preview(trust)


def test_one_start_is_a_preview() -> None:
    truth, starts = agreeing(1)
    found = result(pattern_of(truth), starts)
    assert is_preview(found.trust)
    assert found.trust.warnings[0].startswith("One start only")
    assert math.isnan(found.trust.agreement)
    assert math.isnan(found.trust.mode_weight)
    assert math.isnan(found.trust.prtf_resolution_nm)


def test_starts_that_all_differ_are_said_to_and_are_a_preview() -> None:
    truth, starts = agreeing(1)
    found = result(pattern_of(truth), [*starts, *(other(k, 2.0) for k in range(1, 8))])
    assert found.kept == 1
    assert "none of the other 7 gives this object" in found.trust.warnings[0]
    assert is_preview(found.trust)


def test_a_minority_that_agrees_is_said_to() -> None:
    truth, starts = agreeing(3)
    found = result(pattern_of(truth), [*starts, *(other(k, 2.0) for k in range(3, 8))])
    assert found.kept == 3
    assert "Starts disagree: only 3 of 8 give this object." in found.trust.warnings


def test_other_objects_that_fit_as_well_are_the_gravest() -> None:
    first, second = homometric()
    everywhere = np.abs(first) > 1e-9 * np.abs(first).max()
    starts = [start(first, everywhere, seed=k) for k in range(6)]
    starts += [start(second, everywhere, seed=k) for k in (6, 7)]
    exact = pattern_of(first)
    counts = np.random.default_rng(0).poisson(exact.intensity).astype(np.float32)
    found = result(dataclasses.replace(exact, intensity=counts), starts)
    assert found.kept == 6
    said = [each for each in found.trust.warnings if "Several different objects fit equally well" in each]
    assert said == [
        "Several different objects fit equally well: 2 of the 8 starts show another one, and fit as well as the best."
    ]
    # Where held-out pixels tell them apart, the starts only disagree, and a majority of six is no cause to worry.
    truth, starts = agreeing(6)
    clear = result(pattern_of(truth), [*starts, other(6, 1.02, r=0.1), other(7, 1.9)])
    assert clear.trust.warnings == ()


def test_most_of_the_power_behind_the_mask_is_said() -> None:
    truth, starts = agreeing(6, noise=0.01)
    wide = result(pattern_of(truth, stop=9), starts).trust
    assert wide.masked_power > 0.5
    assert f"Centre unconstrained: {wide.masked_power:.0%} of the power is in masked pixels" in wide.warnings[0]


def test_a_stop_within_the_central_speckle_is_told_apart() -> None:
    _, support = particle((64, 64), size=0.08)
    flat = 100 * support.astype(complex)
    trust = result(pattern_of(flat, stop=4.1), [start(flat, support, seed=k) for k in range(6)]).trust
    assert trust.masked_power > 0.5
    assert trust.warnings == (
        f"Centre not measured: {trust.masked_power:.0%} of the power is in masked pixels, and the support alone says "
        "what is there.",
    )


def test_an_undersampled_pattern_is_said_to_be() -> None:
    truth, support = particle((48, 48), size=0.48)
    truth *= 100
    starts = [start(truth, support, seed=k) for k in range(6)]
    trust = result(pattern_of(truth), starts).trust
    words = trust.warnings
    assert words[0].startswith("Undersampled along axis 0 and axis 1")
    assert words[1].startswith("Fewer measured numbers than unknowns")
    assert any(each.startswith(("Undersampled: the support", "Support touches the edge")) for each in words)
    assert trust.kept == 6
    assert is_preview(trust)
    everywhere = [start(truth, np.ones_like(support), seed=k) for k in range(6)]
    words = result(pattern_of(truth), everywhere).trust.warnings
    assert any(each.startswith("Support touches the edge") for each in words)


def test_an_object_that_lies_across_the_edge_is_no_larger_for_that() -> None:
    truth, starts = agreeing(6)
    across = [
        dataclasses.replace(each, object=np.roll(each.object, 32, axis=0), support=np.roll(each.support, 32, axis=0))
        for each in starts
    ]
    assert result(pattern_of(truth), across).trust.warnings == ()


def test_a_dot_is_no_picture() -> None:
    truth, _ = agreeing(1)
    dot = np.zeros((64, 64), bool)
    dot[32:34, 32:34] = True
    words = result(pattern_of(truth), [start(dot * 1.0, dot, seed=k) for k in range(6)]).trust.warnings
    assert words[0] == "The support shrank to 4 pixels: there is no picture in it."


def test_what_predicts_no_better_than_the_rings_has_found_nothing() -> None:
    truth, starts = agreeing(6)
    hopeless = [start(s.object, s.support, seed=s.seed, free=1e6) for s in starts]
    words = result(pattern_of(truth), hopeless).trust.warnings
    assert "no better than by the mean of their ring" in words[0]


def test_few_starts_give_no_resolution() -> None:
    truth, starts = agreeing(3)
    trust = result(pattern_of(truth), starts).trust
    assert math.isnan(trust.prtf_resolution_nm)
    assert any("No resolution from 3 starts" in each for each in trust.warnings)


def test_the_small_print_comes_last() -> None:
    truth, starts = agreeing(6)
    trust = result(pattern_of(truth, unit="arbitrary"), starts, share=0).trust
    assert "No pixels were held out" in trust.warnings[-2]
    assert "arbitrary units" in trust.warnings[-1]


def test_the_user_may_say_how_many_are_averaged() -> None:
    truth, starts = agreeing(3)
    found = result(pattern_of(truth), [*starts, *(other(k, 1.5) for k in range(3, 6))], PhasingSettings(keep=6))
    assert found.kept == 6
    assert any("averaged starts agree only to" in each for each in found.trust.warnings)


def test_hopeless_starts_come_last_and_are_not_averaged() -> None:
    truth, starts = agreeing(4)
    gone = start(starts[0].object, starts[0].support, seed=9, free=0.5, ended="hopeless")
    found = result(pattern_of(truth), [gone, *starts])
    assert found.starts[-1].seed == 9
    assert found.kept == 4


def test_empty_objects_are_left_out_and_nothing_left_is_said() -> None:
    truth, starts = agreeing(2)
    empty = start(np.zeros((64, 64)), np.zeros((64, 64), bool), seed=7)
    broken = start(np.full((64, 64), np.nan), starts[0].support, seed=8)
    found = result(pattern_of(truth), [empty, *starts, broken])
    assert {each.seed for each in found.starts} == {0, 1}
    with pytest.raises(BadParameter, match="There is no reconstruction"):
        result(pattern_of(truth), [empty])
    with pytest.raises(BadParameter, match="There is no reconstruction"):
        result(pattern_of(truth), [])


def test_the_global_phase_is_settled_where_it_is_free_and_only_there() -> None:
    truth, starts = agreeing(1)
    values = result(pattern_of(truth), starts).object
    assert np.angle((np.abs(values) * values).sum()) == pytest.approx(0, abs=1e-4)
    real = start(np.abs(starts[0].object) * -1, starts[0].support)
    kept = result(pattern_of(truth), [real], PhasingSettings(object="real")).object
    np.testing.assert_allclose(kept, real.object, rtol=1e-5)


def test_what_it_was_made_with_goes_along() -> None:
    truth, starts = agreeing(2)
    settings = PhasingSettings(seed=5, schedule="100 ER", starts=2)
    found = result(pattern_of(truth), starts, settings)
    assert from_dict(PhasingSettings, found.settings) == settings
    assert found.seconds == 3.0
    assert found.versions["numpy"] == np.__version__
    assert moved(truth, (0.0, 0.0)) == pytest.approx(truth)


@pytest.mark.parametrize("more", [{"first_support": "search"}, {"generations": 2}])
def test_starts_that_share_a_beginning_have_a_curve_and_no_resolution(more: dict[str, object]) -> None:
    truth, starts = agreeing(8, noise=0.2)
    pattern = dataclasses.replace(pattern_of(truth), pixel_nm=(2.0, 2.0))
    alone = result(pattern, starts)
    assert alone.prtf.independent
    assert math.isfinite(alone.trust.prtf_cutoff_px)
    assert math.isfinite(alone.trust.prtf_resolution_nm)
    shared = result(pattern, starts, PhasingSettings(**more))  # type: ignore[arg-type]
    assert not shared.prtf.independent
    assert np.array_equal(shared.prtf.values, alone.prtf.values, equal_nan=True)
    figures = (shared.trust.prtf_cutoff_px, shared.trust.prtf_resolution_nm, shared.trust.prtf_resolution_q)
    assert all(math.isnan(figure) for figure in figures)
    assert any(text.startswith("No resolution: the starts begin from") for text in shared.trust.warnings)
    single = result(pattern, starts[:1], PhasingSettings(**more))  # type: ignore[arg-type]
    assert not any("agree on noise" in text for text in single.trust.warnings)


def test_refined_starts_keep_the_order_they_had_before_they_were_shown_the_held_out_pixels() -> None:
    truth, starts = agreeing(4, noise=0.2)
    pattern = pattern_of(truth)
    held = held_out_pixels(pattern, 0.05, seed=0)
    before = drain(rank(pattern, starts, held))
    assert before.seeds[0] == 0
    assert before.worse[0] == 0
    # Refined, the last would look best by any figure.
    refined = [
        dataclasses.replace(each, object=truth.astype(np.complex64)) if each.seed == 3 else each for each in starts
    ]
    made = drain(assemble(pattern, refined, PhasingSettings(), held, ranking=before))
    assert [each.seed for each in made.starts] == list(before.seeds)
    assert made.trust.free_log_likelihood == starts[0].free_log_likelihood


def test_a_margin_in_standard_errors_means_nothing_in_arbitrary_units() -> None:
    truth, starts = agreeing(3)
    counted, arbitrary = pattern_of(truth), dataclasses.replace(pattern_of(truth), unit="arbitrary")
    for settings in (PhasingSettings(margin_sigma=1.0), PhasingSettings(schedule="50 RAAR(margin=2) + 10 ER")):
        assert any("margin" in text for text in result(arbitrary, starts, settings).trust.warnings)
        assert not any("margin" in text for text in result(counted, starts, settings).trust.warnings)
    assert not any("margin" in text for text in result(arbitrary, starts).trust.warnings)
