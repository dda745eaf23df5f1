"""The Poisson finish: its gradient by differences, its minimum, and the support it never leaves."""

import numpy as np
import pytest
import torch

from models.phasing.background import Background
from models.phasing.coherence import Coherence
from models.phasing.constraints import Values
from models.phasing.fourier import Box, Fourier
from models.phasing.kernels import CompiledKernels
from models.phasing.measured import Measured
from models.phasing.poisson import Likelihood
from models.phasing.settings import PhasingSettings
from tests.models.phasing.engine_cases import particle, pattern_of

POSITIVE_REAL_PART = Values.of(PhasingSettings(object="positive real part"))


def case(values, coherence=False, background=False, shape=(14, 12)):
    wave, inside = particle(shape, kind="real" if values.real else "positive real part", photons=1e5)
    rng = np.random.default_rng(1)
    pattern = pattern_of(np.abs(wave) if values.floor else wave, rng.random(shape) > 0.1, noise=2)
    held = (rng.random(shape) < 0.05) & pattern.measured
    measured = Measured(pattern, held, real=values.real, dtype=torch.float64, device="cpu")
    support = np.fft.ifftshift(inside)
    kind = torch.float64 if values.real else torch.complex128
    fourier = Fourier(Box.around(support), values.real, kind, "cpu")
    made = Likelihood(
        fourier,
        CompiledKernels(),
        measured,
        fourier.cut(support),
        values,
        Coherence(shape, values.real, 0.6, measured.amplitude) if coherence else None,
        Background(measured, shape, values.real).intensity if background else None,
    )
    start = np.where(support, np.fft.ifftshift(wave) * rng.uniform(0.5, 1.5, shape), 0)
    start = np.abs(start) if values.floor else start
    return made, fourier, fourier.cut(start).to(kind)


def cost(made, fourier, x):
    return made.cost(made.intensity(fourier.forward(x)))


@pytest.mark.parametrize("extras", [{}, {"coherence": True}, {"background": True}])
@pytest.mark.parametrize("values", [Values(), Values(real=True)])
def test_gradient_is_that_of_differences(values, extras):
    made, fourier, x = case(values, **extras)
    gradient = made.gradient(fourier.forward(x))
    step = 1e-4 * float(x.abs().max())
    pixels = torch.nonzero(x.abs() > 0)[::5]
    assert len(pixels) > 3
    for pixel in map(tuple, pixels.tolist()):
        for way in (1.0,) if values.real else (1.0, 1j):
            up, down = x.clone(), x.clone()
            up[pixel] += step * way
            down[pixel] -= step * way
            slope = (cost(made, fourier, up) - cost(made, fourier, down)) / (2 * step)
            expected = 2 * (complex(gradient[pixel]).conjugate() * way).real
            assert expected == pytest.approx(slope, rel=2e-5, abs=1e-4)


@pytest.mark.parametrize("values", [Values(), Values(real=True), Values(real=True, floor=True), POSITIVE_REAL_PART])
def test_it_descends_within_its_constraints(values):
    made, fourier, x = case(values)
    support = torch.zeros_like(x, dtype=torch.bool) | (x != 0)
    costs = [cost(made, fourier, x)]
    for _ in range(40):
        made.step(x)
        costs.append(cost(made, fourier, x))
    assert np.diff(costs).max() <= 1e-9 * abs(costs[0])
    assert costs[-1] < costs[0] - 100
    assert not x[~support & (made.gradient(fourier.forward(x)) == 0)].any()
    if values.floor:
        assert float(x.min()) >= 0
    if values.wedge is not None:
        assert float(x.real.min()) >= -1e-12


def test_where_nothing_is_noisy_the_truth_is_the_minimum():
    wave, inside = particle((14, 12), photons=1e5)
    measured = Measured(pattern_of(wave), None, real=False, dtype=torch.float64, device="cpu")
    support = np.fft.ifftshift(inside)
    fourier = Fourier(Box.around(support), False, torch.complex128, "cpu")
    made = Likelihood(fourier, CompiledKernels(), measured, fourier.cut(support), Values())
    truth = fourier.cut(np.fft.ifftshift(wave))
    assert float(made.gradient(fourier.forward(truth)).abs().max()) < 1e-10
    x = truth * 1.02 + 0.05 * fourier.cut(support)
    for _ in range(200):
        made.step(x)
    phase = torch.vdot(x.flatten(), truth.flatten())
    assert torch.allclose(x * phase / phase.abs(), truth, atol=1e-4 * float(truth.abs().max()))
