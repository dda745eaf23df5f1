"""SpeckleNet's promises: size, any frame size, no influence of other frames, symmetry of its Fourier branch."""

import math

import pytest
import torch

from models.embedding.network import NetworkConfig, PolarFourier, SpeckleNet, blur


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return SpeckleNet().eval()


def prepared(n, h, w, seed=0):
    rng = torch.Generator().manual_seed(seed)
    mask = (torch.rand((n, 1, h, w), generator=rng) > 0.05).float()
    return torch.cat([torch.poisson(torch.full((n, 1, h, w), 1.0), generator=rng).sqrt() * mask, mask], 1)


def test_it_has_fewer_than_a_million_numbers(network):
    assert sum(p.numel() for p in network.parameters()) < 1_000_000


@pytest.mark.parametrize("shape", [(64, 64), (48, 48), (64, 40), (31, 64), (8, 9)])
def test_any_frame_size_gives_unit_vectors(network, shape):
    with torch.inference_mode():
        vectors = network(prepared(3, *shape))
    assert vectors.shape == (3, 128)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(3))


def test_a_vector_does_not_depend_on_the_rest_of_the_batch(network):
    x = prepared(6, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(
            network(x), torch.cat([network(x[i : i + 1]) for i in range(6)]), atol=1e-5, rtol=0
        )


def test_an_empty_frame_and_a_fully_masked_one_give_finite_vectors(network):
    x = torch.zeros(2, 2, 64, 64)
    x[0, 1] = 1
    with torch.inference_mode():
        assert torch.isfinite(network(x)).all()


def blobs(places, h=64, w=64):
    """A frame of Gaussian blobs, all valid."""
    y, x = torch.arange(h)[:, None], torch.arange(w)[None, :]
    frame = sum(torch.exp(-((y - a) ** 2 + (x - b) ** 2) / 8.0) for a, b in places)
    return torch.stack([frame.sqrt(), torch.ones(h, w)])[None]


def test_the_fourier_map_does_not_depend_on_where_the_beam_centre_is():
    polar = PolarFourier(96, 32, 32)
    places = [(30, 30), (36, 28), (27, 35)]
    moved = [(a + 3, b - 4) for a, b in places]
    torch.testing.assert_close(polar(blobs(places))[:, :2], polar(blobs(moved))[:, :2], atol=1e-3, rtol=1e-3)


def test_turning_the_frame_turns_the_fourier_map_and_half_a_turn_changes_nothing():
    polar = PolarFourier(96, 32, 32)
    frame = blobs([(30, 30), (36, 28), (27, 35)])
    here = polar(frame)
    torch.testing.assert_close(polar(frame.rot90(2, (2, 3))), here, atol=2e-3, rtol=2e-3)
    quarter = polar(frame.rot90(1, (2, 3)))
    torch.testing.assert_close(quarter, here.roll(16, 3), atol=1e-2, rtol=1e-2)


def test_fringes_of_two_particles_show_as_a_side_lobe_at_their_distance():
    size, period = 96, 8.0
    x = torch.arange(64.0)[None, :].expand(64, 64)
    frame = torch.stack([(1 + torch.cos(2 * math.pi * x / period)).sqrt(), torch.ones(64, 64)])[None]
    lobe = PolarFourier(size, 32, 32)(frame)[0, 2].amax(1)
    expected = size / period / ((size / 2 - 1.5) / 32) - 0.75
    assert abs(int(lobe.argmax()) - expected) < 1.0


def test_blur_keeps_a_flat_image_flat_inside():
    image = torch.ones(1, 1, 40, 40)
    inner = blur(image, 3.0)[0, 0, 12:-12, 12:-12]
    torch.testing.assert_close(inner, inner[0, 0].expand_as(inner))


def test_sizes_survive_the_journey_through_json():
    import json

    config = NetworkConfig(hidden=96, image_channels=(8, 12, 16))
    assert NetworkConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config


@pytest.mark.parametrize("shape", [(260, 257), (131, 77), (64, 64), (33, 100)])
def test_frames_as_they_are_prepared_give_finite_vectors(network, shape):
    """Shares of resampled areas do not come out exactly as one; roots of what is left must not suffer."""
    import numpy as np

    from models.embedding.embed import embed_frames

    frames = np.random.default_rng(0).poisson(0.5, (2, *shape)).astype(np.float32)
    assert np.isfinite(embed_frames(frames, np.ones(shape, bool), network)).all()
