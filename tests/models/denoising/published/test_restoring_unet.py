"""The restoring U-Net: its scale, and what users rely on with whatever weights."""

import pytest
import torch

from models.denoising.published.restoring_unet import RestoringUNet, RestoringUNetConfig, decode, encode, loss

SMALL = RestoringUNetConfig(channels=(4, 6, 8))


def some_network() -> RestoringUNet:
    torch.manual_seed(0)
    return RestoringUNet(SMALL).eval().requires_grad_(False)


def some_counts(h: int = 48, w: int = 40) -> torch.Tensor:
    return torch.poisson(torch.rand(2, h, w, generator=torch.Generator().manual_seed(0)) * 4)


def test_a_pattern_is_shown_on_the_scale_of_its_brightest_pixel():
    counts = some_counts()
    shown = encode(counts)
    assert torch.allclose(shown.amax((1, 2)), torch.ones(2))
    assert torch.allclose(encode(1000 * counts), shown)
    peak = counts.amax((1, 2), keepdim=True)
    assert torch.allclose(decode(shown), counts / peak, atol=1e-6)
    half = torch.tensor([[[1.0, 3.0]]])
    assert encode(half)[0, 0, 0].item() == pytest.approx(0.41504, abs=1e-5)  # log₂(4/3)


def test_the_photons_its_scale_loses_are_put_back():
    network, counts = some_network(), some_counts()
    measured = torch.ones_like(counts)
    measured[:, 20:24] = 0
    once = network.rate(counts * measured, measured)
    assert torch.allclose((once * measured).sum((1, 2)), (counts * measured).sum((1, 2)), rtol=1e-4)
    assert torch.allclose(network.rate(50 * counts * measured, measured), 50 * once, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("h", "w"), [(48, 40), (31, 57), (5, 6)])
def test_frames_of_any_size(h, w):
    rate = some_network().rate(some_counts(h, w), torch.ones(2, h, w))
    assert rate.shape == (2, h, w)
    assert (rate >= 0).all()


def test_frames_of_a_batch_do_not_see_one_another():
    network, counts = some_network(), some_counts()
    measured = torch.ones_like(counts)
    assert torch.allclose(network.rate(counts, measured)[:1], network.rate(counts[:1], measured[:1]), atol=1e-5)


def test_a_blank_frame_stays_blank():
    nothing = torch.zeros(1, 16, 16)
    assert (some_network().rate(nothing, torch.ones_like(nothing)) == 0).all()


def test_deepest_levels_are_dropped_out_in_training_only():
    network, frame = RestoringUNet(SMALL).train(), encode(some_counts())
    assert not torch.allclose(network(frame), network(frame))
    network.eval()
    assert torch.allclose(network(frame), network(frame))


def test_the_loss_is_the_mean_squared_error_of_logarithms():
    counts, rate = some_counts(), torch.rand(2, 48, 40)

    class Black(torch.nn.Module):
        def forward(self, frame):
            return torch.zeros_like(frame)

    assert loss(Black(), counts, torch.ones_like(counts), rate).item() == pytest.approx(
        encode(rate).square().mean().item(), rel=1e-5
    )
