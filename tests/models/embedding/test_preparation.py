"""What the network gets to see of a frame."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from models.embedding.preparation import prepare


def counted(shape=(3, 40, 48), mean=2.0, seed=0):
    return np.random.default_rng(seed).poisson(mean, shape).astype(np.float32)


def all_valid(frames):
    return np.ones(frames.shape[1:], bool)


def test_frames_up_to_64_pixels_keep_their_sampling_and_larger_ones_are_brought_to_it():
    for shape, prepared in [
        ((48, 40), (48, 40)),
        ((64, 64), (64, 64)),
        ((128, 128), (64, 64)),
        ((260, 257), (64, 63)),
    ]:
        frames = np.ones((1, *shape), np.float32)
        assert prepare(frames, all_valid(frames)).shape == (1, 2, *prepared)


def test_photons_are_summed_over_areas():
    frames = counted((1, 128, 128), mean=50.0)
    root = prepare(frames, all_valid(frames))[0, 0]
    sums = frames[0].reshape(64, 2, 64, 2).sum((1, 3))
    np.testing.assert_allclose(root.square().numpy(), sums / sums.mean(), rtol=1e-4)


def test_values_of_masked_pixels_do_not_matter():
    frames = counted()
    valid = np.ones(frames.shape, bool)
    valid[:, 10:20, 5:30] = False
    other = frames.copy()
    other[~valid] = np.resize([1e9, -500.0, np.nan, np.inf], np.count_nonzero(~valid))
    assert torch.equal(prepare(frames, valid), prepare(other, valid))


def test_non_finite_pixels_join_the_mask():
    frames = counted()
    valid = np.ones(frames.shape, bool)
    valid[0, 3, 4] = valid[1, 7, 8] = False
    wild = frames.copy()
    wild[0, 3, 4], wild[1, 7, 8] = np.inf, np.nan
    assert torch.equal(prepare(wild, all_valid(wild)), prepare(frames, valid))


def test_scale_is_that_of_the_valid_pixels_so_half_a_detector_looks_like_its_half_of_a_whole_one():
    half = counted((1, 32, 32), mean=20.0)
    frame = np.concatenate([half, half[:, ::-1]], axis=1)
    valid = np.zeros((64, 32), bool)
    valid[:32] = True
    whole = prepare(frame, np.ones((64, 32), bool))
    lower_missing = prepare(frame, valid)
    # The row at the cut has fewer neighbours, which only hot-pixel removal looks at.
    torch.testing.assert_close(lower_missing[:, :, :31], whole[:, :, :31])
    assert not lower_missing[:, :, 32:].any()


def test_brightness_leaves_no_trace_in_a_noise_free_frame():
    frame = 1 + np.add.outer(np.arange(64.0), np.arange(64.0))[None].astype(np.float32)
    torch.testing.assert_close(prepare(frame, all_valid(frame)), prepare(100 * frame, all_valid(frame)))


def test_a_partly_masked_area_is_scaled_by_its_valid_share():
    frames = np.full((1, 128, 128), 7.0, np.float32)
    valid = np.ones((128, 128), bool)
    valid[:, ::2] = False
    x = prepare(frames, valid)
    torch.testing.assert_close(x[0, 0], torch.ones(64, 64))
    torch.testing.assert_close(x[0, 1], torch.full((64, 64), 0.5))


def test_a_hot_pixel_cannot_drown_the_frame_and_single_photons_stay():
    frames = counted((1, 64, 64), mean=0.05)
    frames[0, 30, 30] = 0
    hot = frames.copy()
    hot[0, 30, 30] = 60_000
    clean, cured = (prepare(f, all_valid(f))[0, 0] for f in (frames, hot))
    assert (clean > 0).sum() == (frames > 0).sum()
    share = cured[30, 30].square() / cured.square().sum()
    assert share < 0.2


def test_electronic_noise_is_removed_and_the_signal_kept():
    rng = np.random.default_rng(0)
    frames = rng.normal(0, 20, (1, 64, 64)).astype(np.float32)
    frames[0, 20:40, 20:40] += 2000
    root = prepare(frames, all_valid(frames))[0, 0]
    inside = root[20:40, 20:40]
    outside = root.clone()
    outside[20:40, 20:40] = 0
    assert inside.min() > 2
    assert (outside > 0).float().mean() < 0.05
    assert outside.square().sum() < 0.01 * inside.square().sum()


def test_frames_do_not_influence_each_other():
    frames = counted((4, 100, 90))
    frames[2] -= 5
    valid = np.random.default_rng(1).random(frames.shape) < 0.9
    together = prepare(frames, valid)
    alone = torch.cat([prepare(frames[i : i + 1], valid[i : i + 1]) for i in range(4)])
    torch.testing.assert_close(together, alone)


def test_read_only_arrays_are_taken_without_complaint(recwarn):
    frames, valid = counted(), np.ones((40, 48), bool)
    frames.setflags(write=False)
    valid.setflags(write=False)
    prepare(frames, valid)
    assert not recwarn.list


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="valid"):
        prepare(np.zeros((2, 8, 8), np.float32), np.ones((8, 9), bool))


@settings(max_examples=25, deadline=None)
@given(
    frames=hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=70),
        elements=st.floats(width=32, allow_nan=True, allow_infinity=True),
        fill=st.sampled_from([0.0, 1.0, -3.0, np.nan]),
    ),
    seed=st.integers(0, 9),
)
def test_the_network_never_sees_anything_that_is_not_finite(frames, seed):
    valid = np.random.default_rng(seed).random(frames.shape[1:]) < 0.7
    x = prepare(frames, valid)
    assert torch.isfinite(x).all()
    assert (x[:, 0] >= 0).all()
    assert ((x[:, 1] >= 0) & (x[:, 1] <= 1)).all()


@pytest.mark.real_data
def test_measured_adu_frames_with_infinite_pixels_are_prepared(shared_data):
    folder = shared_data / "pr772_pnccd"
    frames = np.load(folder / "test_adu.npy", allow_pickle=False)
    valid = np.load(folder / "mask.npy", allow_pickle=False) == 0
    x = prepare(frames, valid)
    assert torch.isfinite(x).all()
    # Rings and speckles, not common-mode bands: light is concentrated around the middle.
    middle = x[:, 0, 16:48, 16:48].square().sum((1, 2))
    assert (middle > 0.7 * x[:, 0].square().sum((1, 2))).all()
