"""Transforms of a box are those of the whole array with zeros around it, in any number of dimensions."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.phasing.fourier import Box, Fourier, one_thread


@st.composite
def supports(draw):
    shape = draw(st.sampled_from([(8, 9), (12, 7), (5, 6), (6, 7, 8), (5, 4, 6)]))
    seed = draw(st.integers(0, 100))
    rng = np.random.default_rng(seed)
    support = np.zeros(shape, bool)
    corner = [rng.integers(n) for n in shape]
    sides = [rng.integers(1, n + 1) for n in shape]
    support[np.ix_(*[(c + np.arange(s)) % n for c, s, n in zip(corner, sides, shape, strict=True)])] = True
    return support


@settings(deadline=None)
@given(supports(), st.booleans())
def test_box_and_whole_agree(support, real):
    kind = torch.float64 if real else torch.complex128
    rng = np.random.default_rng(1)
    x = rng.standard_normal(support.shape) + (0 if real else 1j * rng.standard_normal(support.shape))
    x = np.where(support, x, 0)
    fourier = Fourier(Box.around(support), real, kind, "cpu")
    wave = fourier.forward(fourier.cut(x)).numpy()
    expected = np.fft.fftn(x, norm="ortho")
    assert np.allclose(wave, expected[: wave.shape[0]])
    assert wave.shape[0] == (support.shape[0] // 2 + 1 if real else support.shape[0])
    back = fourier.inverse(fourier.forward(fourier.cut(x)))
    assert np.allclose(fourier.whole(back), x)
    assert np.allclose(fourier.boxed(back), x[np.ix_(*fourier.box.index())])
    assert not x[~fourier.whole(torch.ones_like(back)).astype(bool)].any()


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("shape", [(12, 20), (8, 10, 12)])
def test_a_box_that_moved_transforms_as_a_new_one(shape, real):
    kind = torch.float64 if real else torch.complex128
    rng = np.random.default_rng(2)
    boxes = [
        Box(shape, (0, *[n - 2 for n in shape[1:]]), (shape[0], *[n // 2 - s for n in shape[1:]])) for s in (0, 1)
    ]
    fourier = Fourier(boxes[0], real, kind, "cpu")
    fourier.forward(torch.ones_like(fourier.inverse(fourier.forward(fourier.cut(np.ones(shape)).to(kind)))))
    moved = fourier.moved(boxes[1])
    x = torch.tensor(rng.standard_normal(fourier.cut(np.ones(shape)).shape))
    x = x[tuple(slice(n) for n in moved.cut(np.ones(shape)).shape)].to(kind).contiguous()
    assert torch.equal(moved.forward(x), Fourier(boxes[1], real, kind, "cpu").forward(x))
    assert moved.moved(boxes[1]) is moved


def test_power_is_kept():
    x = torch.randn(12, 10, dtype=torch.complex128)
    wave = Fourier(Box.whole((12, 10)), False, torch.complex128, "cpu").forward(x)
    assert float(wave.abs().square().sum()) == pytest.approx(float(x.abs().square().sum()))


def test_box_goes_round_the_end():
    support = np.zeros((20, 20), bool)
    support[:3, [18, 19, 0, 1]] = True
    box = Box.around(support)
    assert (box.starts[1], box.lengths[1]) == (18, 4)


def test_threads_are_as_before():
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
