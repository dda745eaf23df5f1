"""The partial-convolution U-Net against the definitions of its parts, with whatever weights."""

import numpy as np
import pytest
import torch

from models.denoising.published.partial_unet import (
    Features,
    FriedelMixing,
    PartialConv,
    PartialUNet,
    PartialUNetConfig,
    decode,
    encode,
    loss,
    target,
)

SMALL = PartialUNetConfig(channels=(4, 6, 8), kernels=(5, 3, 3))


def some_network(seed: int = 0) -> PartialUNet:
    torch.manual_seed(seed)
    return PartialUNet(SMALL).eval().requires_grad_(False)


def some_mask(h: int = 24, w: int = 20, share: float = 0.4) -> torch.Tensor:
    return (torch.rand(1, 1, h, w, generator=torch.Generator().manual_seed(2)) < share).float()


def some_counts(h: int = 48, w: int = 40, photons: float = 3.0) -> torch.Tensor:
    y, x = torch.arange(h) - (h - 1) / 2, torch.arange(w) - (w - 1) / 2
    shine = photons * torch.exp(-torch.hypot(y[:, None], x[None, :]) / 8)
    return torch.poisson(shine[None], generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (5, 2), (7, 2)])
def test_a_partial_convolution_is_what_its_definition_says(kernel, stride):
    torch.manual_seed(0)
    layer = PartialConv((1,), 2, kernel, stride)
    torch.nn.init.normal_(layer.bias)
    mask = some_mask(share=0.15)
    x = torch.randn(1, 1, 24, 20)
    found = layer(Features(x, mask))
    weight, rim = layer.conv.weight.detach().numpy(), kernel // 2
    values, seen = (np.pad(a[0, 0].numpy(), rim) for a in (x, mask))
    for i in range(found.mask.shape[2]):
        for j in range(found.mask.shape[3]):
            box = np.s_[i * stride : i * stride + kernel, j * stride : j * stride + kernel]
            n = seen[box].sum()
            assert found.mask[0, 0, i, j].item() == (n > 0)
            expected = np.zeros(2)
            if n:
                inner = (weight[:, 0] * (values[box] * seen[box])).sum((1, 2))
                expected = inner * kernel**2 / n + layer.bias.detach().numpy()
            np.testing.assert_allclose(found.values[0, :, i, j].detach(), expected, rtol=1e-4, atol=1e-5)


def test_masks_of_several_features_count_by_their_channels():
    layer = PartialConv((3, 1), 1, 3)
    torch.nn.init.ones_(layer.conv.weight)
    wide, narrow = (
        Features(torch.ones(1, 3, 9, 9), torch.zeros(1, 1, 9, 9)),
        Features(torch.ones(1, 1, 9, 9), torch.ones(1, 1, 9, 9)),
    )
    found = layer(wide, narrow)
    # 9 measured values of the 36 a window holds, each 1: scaled up to 36.
    assert found.values[0, 0, 4, 4].item() == pytest.approx(36)
    assert (found.mask == 1).all()


def test_evenly_lit_pixels_look_alike_however_many_of_them_were_measured():
    layer = PartialConv((1,), 1, 5)
    torch.nn.init.ones_(layer.conv.weight)
    mask = some_mask(share=0.3)
    found = layer(Features(torch.full(mask.shape, 2.0), mask))
    assert torch.allclose(found.values[found.mask > 0], torch.tensor(50.0), rtol=1e-5)


def test_beyond_the_edge_is_as_good_as_not_measured():
    torch.manual_seed(0)
    layer = PartialConv((1,), 3, 5)
    x, mask = torch.randn(1, 1, 24, 20), some_mask()
    plain = layer(Features(x, mask))
    padded = layer(Features(*(torch.nn.functional.pad(a, (7, 7, 7, 7)) for a in (x, mask))))
    for one, other in zip(plain, padded, strict=True):
        assert torch.allclose(one, other[:, :, 7:-7, 7:-7], atol=1e-5)


def test_holes_shrink_from_their_rims_and_dark_pixels_are_no_holes():
    layer = PartialConv((1,), 1, 3)
    mask = torch.ones(1, 1, 21, 21)
    mask[:, :, 5:16, 5:16] = 0
    found = layer(Features(torch.zeros_like(mask), mask)).mask
    assert (found == 0).sum() == 9 * 9
    assert (found[:, :, 6:15, 6:15] == 0).all()


def test_mixing_turns_with_the_picture_and_hands_over_what_only_the_mate_has():
    torch.manual_seed(0)
    mixing = FriedelMixing(5)
    for values in mixing.parameters():
        torch.nn.init.normal_(values)
    x = torch.randn(2, 5, 6, 4)
    assert torch.allclose(mixing(x.flip(2, 3)), mixing(x).flip(2, 3))
    one = torch.zeros(1, 5, 6, 4)
    one[:, :, 1, 0] = 1
    answer = mixing(one) - mixing(torch.zeros_like(one))
    lit = {tuple(p[2:]) for p in answer.nonzero().tolist()}
    assert lit == {(1, 0), (4, 3)}


def test_a_new_mixing_is_the_friedel_mean():
    x = torch.randn(1, 5, 6, 4)
    mixed = FriedelMixing(5)(x)
    assert torch.allclose(mixed, (x + x.flip(2, 3)) / 2)
    assert torch.allclose(mixed, mixed.flip(2, 3))


@pytest.mark.parametrize("photons", [0.02, 3.0, 3e4])
def test_what_stands_for_a_rate_gives_it_back(photons):
    counts = some_counts(photons=photons)
    frame, scale = encode(counts)
    assert frame.min() >= 0
    assert frame.max() <= 1
    rate = counts + 0.3
    assert torch.allclose(decode(target(rate, scale), scale), rate, rtol=1e-3)


def test_faint_frames_are_not_stretched_to_full_scale():
    one_photon = torch.zeros(1, 8, 8)
    one_photon[0, 3, 3] = 1
    assert encode(one_photon)[0].max().item() == pytest.approx(np.log(2))


def test_hidden_pixels_do_not_count_but_that_they_are_hidden_does():
    network, counts = some_network(), some_counts()
    measured = torch.ones_like(counts)
    measured[:, 20:28, 10:30] = 0
    frame, _ = encode(counts * measured)
    other = torch.where(measured > 0, frame, torch.rand(frame.shape))
    assert torch.allclose(network(other, measured), network(frame, measured))
    assert not torch.allclose(network(frame, torch.ones_like(measured)), network(frame, measured))


@pytest.mark.parametrize(("h", "w"), [(48, 40), (31, 57), (8, 8)])
def test_measured_pixels_hold_the_photons_counted(h, w):
    counts = some_counts(h, w)
    measured = torch.ones_like(counts)
    measured[:, 2:5] = 0
    rate = some_network().rate(counts * measured, measured)
    assert rate.shape == counts.shape
    assert (rate >= 0).all()
    assert (rate * measured).sum().item() == pytest.approx((counts * measured).sum().item(), rel=1e-4)


def test_a_blank_frame_stays_blank():
    nothing = torch.zeros(1, 16, 16)
    assert (some_network().rate(nothing, torch.ones_like(nothing)) == 0).all()


def test_the_answer_is_best_at_the_truth():
    counts = some_counts(photons=30.0)
    rate = counts + 0.5

    class Sayer(torch.nn.Module):
        def __init__(self, factor):
            super().__init__()
            self.factor = factor

        def forward(self, _frame, _mask):
            return target(rate * self.factor, encode(counts)[1])

    measured = torch.ones_like(counts)
    assert loss(Sayer(1.0), counts, measured, rate).item() == 0
    hidden = loss(Sayer(1.1), counts, torch.zeros_like(counts), rate)
    assert hidden.item() == pytest.approx(6 * loss(Sayer(1.1), counts, measured, rate).item())
