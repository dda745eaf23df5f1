"""What users rely on in DenoiseNet, with whatever weights."""

import numpy as np
import pytest
import torch

from models.denoising.network import DenoiseConfig, DenoiseNet, pyramid, radial_profile

SMALL = DenoiseConfig(channels=(4, 6, 8), blocks=(1, 1, 1))


def radius(h: int, w: int) -> torch.Tensor:
    y, x = torch.arange(h).float() - (h - 1) / 2, torch.arange(w).float() - (w - 1) / 2
    return torch.hypot(y[:, None], x[None, :])[None]


def some_network() -> DenoiseNet:
    torch.manual_seed(0)
    network = DenoiseNet(SMALL)
    with torch.no_grad():
        for values in network.parameters():
            values.add_(0.05 * torch.randn_like(values))
    return network.eval().requires_grad_(False)


def some_counts(h: int = 40, w: int = 48, photons: float = 3.0) -> torch.Tensor:
    shine = photons * torch.exp(-radius(h, w) / 8)
    return torch.poisson(shine, generator=torch.Generator().manual_seed(1))


def test_profile_of_a_bright_round_frame_is_that_frame():
    r = radius(64, 64)
    frame = 1e4 * torch.exp(-r / 12)
    found = radial_profile(frame, torch.ones_like(frame), r)
    inside = (r > 3) & (r < 30)  # nearer, one ring holds what differs
    assert torch.allclose(found[inside], frame[inside], rtol=0.06)


def test_profile_does_not_depend_on_how_often_pixels_were_exposed():
    r = radius(64, 64)
    rate = 1e3 * torch.exp(-r / 12)
    exposure = torch.where(torch.arange(64) < 20, 2.0, 1.0).expand(1, 64, 64)
    once = radial_profile(rate, torch.ones_like(rate), r)
    twice = radial_profile(rate * exposure, exposure, r)
    inside = r > 3
    assert torch.allclose(twice[inside], once[inside], rtol=0.03)


def test_profile_of_few_photons_is_smooth_and_of_a_hole_that_of_its_surroundings():
    counts = some_counts(64, 64, 0.02)
    r = radius(64, 64)
    exposure = (r > 6).float()
    found = radial_profile(counts * exposure, exposure, r)
    assert torch.isfinite(found).all()
    assert (found > 0).all()
    at = found[0, 32, 33:63].log().diff().abs()
    assert at.max() < 1.0


def test_an_untrained_network_gives_the_profile_scaled_to_the_photons():
    counts = some_counts()
    r = radius(40, 48)
    exposure = torch.ones_like(counts)
    found = DenoiseNet(SMALL)(counts, exposure, r)
    profile = radial_profile(counts, exposure, r)
    assert torch.allclose(found.rate, profile * (counts.sum() / profile.sum()), rtol=1e-3)


@pytest.mark.parametrize("photons", [0.05, 3.0, 300.0])
def test_as_many_photons_are_expected_as_were_counted(photons):
    counts = some_counts(photons=photons)
    exposure = (radius(40, 48) > 5).float()
    found = some_network()(counts * exposure, exposure, radius(40, 48))
    assert (found.rate * exposure).sum().item() == pytest.approx((counts * exposure).sum().item(), rel=1e-3)
    assert (found.rate > 0).all()


def test_a_blank_frame_stays_blank():
    nothing = torch.zeros(1, 40, 48)
    found = some_network()(nothing, torch.ones_like(nothing), radius(40, 48))
    assert found.rate.sum() < 0.01


def test_half_of_a_symmetric_frame_is_enough():
    counts = some_counts(64, 64)
    folded = counts + counts.flip(1, 2)
    exposure = torch.full_like(folded, 2.0)
    network, r = some_network(), radius(64, 64)
    half = network(folded, exposure, r, 32)
    assert half.rate.shape == (1, 32, 64)
    whole = network(folded, exposure, r)
    # Convolutions see a margin of rows beyond the middle only; small networks see no farther.
    assert torch.allclose(half.rate[:, :28], whole.rate[:, :28], rtol=0.05)


def test_frames_of_a_batch_do_not_see_one_another():
    network, r = some_network(), radius(40, 48)
    one, other = some_counts(photons=1.0), some_counts(photons=50.0)
    exposure = torch.ones_like(one)
    alone = network(one, exposure, r)
    together = network(torch.cat([one, other]), exposure.expand(2, -1, -1), r.expand(2, -1, -1))
    assert torch.allclose(together.rate[0], alone.rate[0], rtol=1e-4)


def test_the_pyramid_sums_photons_of_blocks():
    counts = some_counts(32, 32)
    levels = pyramid(counts, torch.ones_like(counts), radius(32, 32), torch.ones_like(counts), 3)
    assert [tuple(x.shape[2:]) for x in levels] == [(32, 32), (16, 16), (8, 8)]
    blocks = counts.reshape(1, 8, 4, 8, 4).sum((2, 4))
    assert torch.allclose((levels[2][:, 2] / 0.2) ** 2 - 0.375, blocks.clamp(max=2500), atol=1e-3)


def test_sizes_survive_the_journey_through_a_file(tmp_path):
    from models.denoising import weights

    network = some_network()
    weights.save(network, tmp_path / "mine.safetensors", {"settings": {}})
    back, info = weights.load(tmp_path / "mine.safetensors")
    counts = some_counts()
    args = counts, torch.ones_like(counts), radius(40, 48)
    assert back.config == SMALL
    assert info.digest == info.provenance["digest"]
    np.testing.assert_allclose(back(*args).rate, network(*args).rate, rtol=1e-4)


def test_weights_of_another_network_are_refused(tmp_path):
    from models.denoising import weights
    from models.embedding import weights as others
    from models.embedding.network import NetworkConfig, SpeckleNet
    from models.errors import BadWeights

    others.save(SpeckleNet(NetworkConfig()), tmp_path / "speckle.safetensors", {})
    with pytest.raises(BadWeights, match="not made for this network"):
        weights.load(tmp_path / "speckle.safetensors")
