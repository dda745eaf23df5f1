"""What extractors promise: turns, masks, sizes, blanks, and features that mean what they are called."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.classifying.features import EXTRACTORS, extractor
from models.classifying.features.angular import HARMONICS, RINGS, radial_angular
from models.classifying.features.grid import to_grid
from models.classifying.features.physics import autocorrelation_extent, physical_features, sphere_size
from models.classifying.features.pictures import join_pictures, polar_counts, small_pictures, split_polar
from models.classifying.features.polar import to_cells
from models.errors import BadParameter
from tests.models.classifying.scenes import SIDE, expected

RECIPES = [name for name in EXTRACTORS if name not in ("speckle", "specklenn")]
EVERYWHERE = np.ones((SIDE, SIDE), bool)


def bright(picture, photons=1e5):
    return (photons * picture / picture.sum())[None].astype(np.float32)


def harmonics_of(picture, valid=None):
    rows = radial_angular(bright(picture), np.ones(picture.shape, bool) if valid is None else valid)
    return rows[0, RINGS:].reshape(RINGS, HARMONICS)


@pytest.mark.parametrize("name", RECIPES)
def test_values_of_masked_pixels_change_nothing(name):
    rng = np.random.default_rng(0)
    frames = rng.poisson(1.0, (5, 70, 60)).astype(np.float32)
    valid = rng.random((5, 70, 60)) > 0.3
    other = np.where(valid, frames, rng.choice([np.nan, -5.0, 1e9, 3e38], frames.shape)).astype(np.float32)
    chosen = extractor(name)
    np.testing.assert_array_equal(chosen.extract(other, valid), chosen.extract(frames, valid))


@pytest.mark.parametrize("name", RECIPES)
@given(
    height=st.integers(16, 140),
    width=st.integers(16, 140),
    level=st.sampled_from([0.0, 1e-3, 1.0, 1e5]),
    hidden=st.sampled_from([0.0, 0.5, 0.99]),
)
@settings(max_examples=12, deadline=None)
def test_any_size_brightness_and_mask_gives_finite_numbers(name, height, width, level, hidden):
    rng = np.random.default_rng(1)
    frames = rng.poisson(level, (2, height, width)).astype(np.float32)
    valid = rng.random((height, width)) >= hidden
    valid[height // 2, width // 2] = True
    chosen = extractor(name)
    found = chosen.extract(frames, valid)
    assert found.shape == (2, chosen.dimensions)
    assert found.dtype == np.float32
    # So few pixels may be left that none of the working grid's is a quarter valid: then it says that it is missing.
    assert np.isfinite(found).all() or (hidden == 0.99 and np.isnan(found).all())


@pytest.mark.parametrize("name", RECIPES)
def test_a_frame_without_valid_pixels_is_missing_and_the_others_are_not(name):
    frames = np.ones((3, 32, 32), np.float32)
    valid = np.ones((3, 32, 32), bool)
    valid[1] = False
    found = extractor(name).extract(frames, valid)
    assert np.isnan(found[1]).all()
    assert np.isfinite(found[[0, 2]]).all()


@pytest.mark.parametrize("name", RECIPES)
def test_features_of_a_frame_do_not_depend_on_the_others(name):
    frames = np.random.default_rng(2).poisson(2.0, (4, 40, 40)).astype(np.float32)
    valid = np.ones((40, 40), bool)
    chosen = extractor(name)
    np.testing.assert_allclose(chosen.extract(frames, valid)[2:3], chosen.extract(frames[2:3], valid), atol=1e-5)


def test_a_quarter_turn_leaves_angular_features_exactly_as_they_are():
    rng = np.random.default_rng(3)
    frame = rng.poisson(3.0, (1, SIDE, SIDE)).astype(np.float32)
    valid = rng.random((SIDE, SIDE)) > 0.1
    turned = radial_angular(np.rot90(frame, axes=(1, 2)).copy(), np.rot90(valid).copy())
    np.testing.assert_allclose(turned, radial_angular(frame, valid), atol=1e-4)


@pytest.mark.parametrize("angle", [0.3, 0.7, 1.1])
def test_any_turn_leaves_angular_features_nearly_as_they_are(angle):
    still = harmonics_of(expected(2))

    def apart(picture):
        return np.median(np.linalg.norm(harmonics_of(picture) - still, axis=1) / np.linalg.norm(still, axis=1))

    # Not exactly: there are only so many pixels in a sector, and the dark rings far out have hardly any light.
    assert apart(expected(2, angle)) < 0.25 * apart(expected(1))


def test_a_two_fold_pattern_has_the_first_harmonic_and_no_other():
    # Opposite sectors are folded, so the first harmonic repeats every 180°. Roots are taken: 4 + cos 2θ squared.
    y, x = np.arange(SIDE)[:, None] - (SIDE - 1) / 2, np.arange(SIDE)[None, :] - (SIDE - 1) / 2
    first = harmonics_of((4 + np.cos(2 * np.arctan2(y, x))) ** 2)[4:]
    assert (first[:, 0] > 0.65).all()  # of unit norm: 1/√2
    assert (first[:, 1:] < 0.12).all()
    third = harmonics_of((4 + np.cos(6 * np.arctan2(y, x))) ** 2)[4:]
    assert (third.argmax(1) == 2).all()


def test_missing_sectors_leave_the_harmonics_of_a_ring_nearly_as_they_are():
    y, x = np.arange(SIDE)[:, None] - (SIDE - 1) / 2, np.arange(SIDE)[None, :] - (SIDE - 1) / 2
    picture = (4 + np.cos(4 * np.arctan2(y, x))) ** 2
    valid = np.abs(np.arctan2(y, x) % np.pi - 1.0) > 0.35  # a fifth of every ring, on both sides
    whole, part = harmonics_of(picture)[4:], harmonics_of(picture, valid)[4:]
    np.testing.assert_allclose(part[:, 1], whole[:, 1], atol=0.12)


def test_half_a_detector_gives_the_features_of_the_whole_by_friedel_s_law():
    half = EVERYWHERE.copy()
    half[: SIDE // 2] = False
    frame = bright(expected(2, 0.4))
    np.testing.assert_allclose(radial_angular(frame, half), radial_angular(frame, EVERYWHERE), atol=0.05)


def test_the_beam_s_place_is_followed():
    centre = (22.0, 33.5)
    y, x = np.arange(SIDE)[:, None] - centre[0], np.arange(SIDE)[None, :] - centre[1]
    frame = bright((4 + np.cos(4 * np.arctan2(y, x))) ** 2)
    there, assumed = (
        radial_angular(frame, EVERYWHERE, at)[0, RINGS:].reshape(RINGS, HARMONICS)[4:12, 1] for at in (centre, None)
    )
    assert (there > 0.65).all()
    assert (assumed < 0.65).all()


@pytest.mark.parametrize("diameter", [4.0, 7.0, 12.0])
def test_the_size_of_a_ball_is_found(diameter):
    grid = to_grid(bright(expected(1, diameter=diameter)), EVERYWHERE)
    size, misfit = sphere_size(to_cells(grid, 16, 18).ring_means())
    assert size[0] == pytest.approx(diameter, rel=0.08)
    assert misfit[0] < 0.1


def test_two_balls_reach_farther_and_less_evenly_than_one():
    one, two = (to_grid(bright(expected(copies, 0.5)), EVERYWHERE) for copies in (1, 2))
    reach1, anisotropy1, beyond1 = autocorrelation_extent(one, np.array([7.0]))
    reach2, anisotropy2, beyond2 = autocorrelation_extent(two, np.array([7.0]))
    assert (reach2 > 1.15 * reach1).any()
    assert anisotropy2 > anisotropy1 + 0.15
    assert beyond2 > beyond1


def test_photons_and_fringes_are_among_the_physical_features():
    # ln(1 + photons per pixel) follows the ring means; visibility is four before the reach.
    dim, light = (physical_features(bright(expected(2), photons), EVERYWHERE)[0] for photons in (1e4, 1e6))
    assert light[16] > dim[16]
    smooth = physical_features(bright(expected(1), 1e6), EVERYWHERE)[0]
    assert light[44:48].mean() > 2 * smooth[44:48].mean()


def test_every_photon_of_the_rings_is_in_a_cell_once():
    frame = np.random.default_rng(4).poisson(2.0, (1, 64, 64)).astype(np.float32)
    counts, area = split_polar(polar_counts(frame, np.ones((64, 64), bool)))
    y, x = np.arange(64)[:, None] - 31.5, np.arange(64)[None, :] - 31.5
    radius = np.hypot(y, x)
    inside = (radius > 0.03 * 64) & (radius < 32)
    assert area.sum() == pytest.approx(np.pi * (32**2 - (0.03 * 64) ** 2), rel=0.01)
    assert counts.sum() == pytest.approx(frame[0][inside].sum(), rel=0.03)


def test_small_pictures_say_where_they_are_missing():
    frame = np.full((1, 30, 40), 3.0, np.float32)
    valid = np.ones((30, 40), bool)
    valid[5:10] = False
    photons, there = join_pictures(small_pictures(frame, valid))
    assert there.sum() == valid.sum()
    assert (photons[there] == 3.0).all()
    assert (photons[~there] == 0.0).all()


def test_stores_are_told_apart_by_the_recipe():
    assert len({extractor(name).digest for name in RECIPES}) == len(RECIPES)
    with pytest.raises(BadParameter, match="no features 'nothing'"):
        extractor("nothing")
