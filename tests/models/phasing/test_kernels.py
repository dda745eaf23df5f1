"""The compiled passes, their torch twins and plain numpy say the same; projections are projections."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.phasing import kernels_torch
from models.phasing.constraints import Values
from models.phasing.kernels import CompiledKernels
from models.phasing.settings import PhasingSettings
from tests.models.phasing.engine_cases import onto_object

COMPILED = CompiledKernels()
WEDGES = [
    Values.of(PhasingSettings(object="positive real part")),
    Values.of(PhasingSettings(phase_low_rad=0.2, phase_high_rad=0.9)),
    Values.of(PhasingSettings(phase_low_rad=-3.0, phase_high_rad=2.0)),
]


def arrays(seed=0, n=1000, dtype=torch.complex64):
    generator = torch.Generator().manual_seed(seed)
    wave = torch.randn(n, dtype=dtype, generator=generator)
    amplitude = torch.rand(n, dtype=wave.real.dtype, generator=generator)
    amplitude[::7] = -1
    amplitude[1::13] = 0
    wave[3::50] = 0
    return wave, amplitude


@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128])
@pytest.mark.parametrize("margin", [0.0, 0.3])
def test_modulus_is_the_nearest_wave_within_the_margin(margin, dtype):
    wave, amplitude = arrays(dtype=dtype)
    found = wave.clone()
    COMPILED.modulus(found, amplitude, margin)
    twin = wave.clone()
    kernels_torch.modulus(twin, amplitude, margin)
    assert torch.allclose(found, twin, atol=1e-6)
    free = amplitude < 0
    assert torch.equal(found[free], wave[free])
    bounds = (amplitude - margin).clamp(min=0)[~free], (amplitude + margin)[~free]
    moduli = found.abs()[~free]
    assert (moduli >= bounds[0] - 1e-6).all()
    assert (moduli <= bounds[1] + 1e-6).all()
    # The nearest: it moved exactly by what the modulus lacked or had too much.
    lacking = (bounds[0] - wave.abs()[~free]).clamp(min=0) + (wave.abs()[~free] - bounds[1]).clamp(min=0)
    assert torch.allclose((found - wave).abs()[~free], lacking, atol=1e-6)
    again = found.clone()
    COMPILED.modulus(again, amplitude, margin)
    assert torch.allclose(again, found, atol=1e-6)


def test_scaled_by_a_given_intensity():
    wave, amplitude = arrays()
    intensity = wave.abs() ** 2 + 0.1
    found, twin = wave.clone(), wave.clone()
    COMPILED.modulus_given(found, intensity, amplitude, 0.0)
    kernels_torch.modulus_given(twin, intensity, amplitude, 0.0)
    assert torch.allclose(found, twin, atol=1e-6)
    on = amplitude >= 0
    assert torch.allclose(found[on], (wave * amplitude / intensity.sqrt())[on], atol=1e-6)
    assert torch.equal(found[~on], wave[~on])


def test_misfit_counts_constrained_pixels_only():
    wave, amplitude = arrays(n=20_000)
    on = amplitude >= 0
    expected = float((wave.abs() - amplitude).abs()[on].double().sum())
    assert COMPILED.misfit(wave, amplitude) == pytest.approx(expected, rel=1e-5)
    assert kernels_torch.misfit(wave, amplitude) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128])
def test_settling_is_adding_and_then_the_modulus_to_the_last_digit(dtype):
    wave, amplitude = arrays(dtype=dtype)
    addend, _ = arrays(seed=1, dtype=dtype)
    added = wave.clone()
    COMPILED.add(added, addend, -0.9)
    nearest = added.clone()
    COMPILED.modulus(nearest, amplitude, 0.1)
    for kernels in (COMPILED, kernels_torch):
        settled = wave.clone()
        found = kernels.settle(settled, addend, -0.9, amplitude, 0.1)
        assert torch.allclose(settled, added)
        assert torch.allclose(found, nearest, atol=1e-6)
    settled = wave.clone()
    assert torch.equal(COMPILED.settle(settled, addend, -0.9, amplitude, 0.1), nearest)
    assert torch.equal(settled, added)


def test_moduli():
    wave, _ = arrays()
    for kernels in (COMPILED, kernels_torch):
        assert torch.allclose(kernels.moduli(wave), wave.abs())
        assert torch.equal(kernels.moduli(wave.real.contiguous()), wave.real.abs())


def test_advance_is_its_formula():
    wave, amplitude = arrays()
    addend, _ = arrays(1)
    x = wave + 0.7 * addend
    p = x.clone()
    kernels_torch.modulus(p, amplitude, 0.1)
    for kernels in (COMPILED, kernels_torch):
        kept, point = wave.clone(), addend.clone()
        kernels.advance(kept, point, 0.7, amplitude, 0.1, (1.9, -1.0, 1.0, -0.9))
        assert torch.allclose(point, 1.9 * p - x, atol=1e-5)
        assert torch.allclose(kept, x - 0.9 * p, atol=1e-5)


@pytest.mark.parametrize("values", [Values(), *WEDGES, Values(real=True), Values(real=True, floor=True)])
def test_object_projection_is_the_nearest_allowed_point(values):
    x, _ = arrays(2, dtype=torch.complex128)
    x = x.real.contiguous() if values.real else x
    support = torch.arange(x.numel()) % 3 > 0
    expected = onto_object(x.numpy(), support.numpy(), values)
    for kernels in (COMPILED, kernels_torch):
        found = x.clone()
        kernels.project(found, support, values)
        assert np.allclose(found.numpy(), expected, atol=1e-12)
        again = found.clone()
        kernels.project(again, support, values)
        assert torch.allclose(again, found, atol=1e-12)


@given(st.floats(-3.1, 3.1), st.floats(0.05, 3.0), st.complex_numbers(max_magnitude=10, allow_nan=False))
def test_no_allowed_point_is_nearer_than_the_projection(middle, half, value):
    low, high = max(middle - half, -3.14), min(middle + half, 3.14)
    values = Values.of(PhasingSettings(phase_low_rad=low, phase_high_rad=high))
    x = torch.tensor([value], dtype=torch.complex128)
    COMPILED.project(x, torch.ones(1, dtype=torch.bool), values)
    found = complex(x[0])
    allowed = np.linspace(0, 12, 60)[:, None] * np.exp(1j * np.linspace(low, high, 60))
    assert abs(found - value) <= np.abs(allowed - value).min() + 1e-9


@pytest.mark.parametrize("values", [Values(), *WEDGES, Values(real=True), Values(real=True, floor=True)])
def test_feedback_twins_agree(values):
    x, _ = arrays(3, dtype=torch.complex128)
    p, _ = arrays(4, dtype=torch.complex128)
    if values.real:
        x, p = x.real.contiguous(), p.real.contiguous()
    support = torch.arange(x.numel()) % 3 > 0
    results = []
    for kernels in (COMPILED, kernels_torch):
        new, extra = x.clone(), p.clone()
        kernels.feedback(new, extra, support, values, 0.8)
        assert torch.allclose(new, x - 0.8 * p + extra)
        results.append((new, extra))
    assert torch.allclose(results[0][0], results[1][0])
    assert torch.allclose(results[0][1], results[1][1])


def test_line_slopes_are_derivatives():
    generator = torch.Generator().manual_seed(0)
    m0, m2, counts, weight = (torch.rand(500, dtype=torch.float64, generator=generator) + 0.1 for _ in range(4))
    m1 = torch.randn(500, dtype=torch.float64, generator=generator) * 0.1

    def cost(at):
        m = m0 + at * m1 + at**2 * m2
        return float((weight * m - counts * m.log()).sum())

    slope, bend = COMPILED.line_slopes(m0, m1, m2, weight, counts, 0.3, 1e-12)
    assert slope == pytest.approx((cost(0.3001) - cost(0.2999)) / 2e-4, rel=1e-5)
    assert (slope, bend) == pytest.approx(kernels_torch.line_slopes(m0, m1, m2, weight, counts, 0.3, 1e-12))
    assert bend >= (cost(0.301) - 2 * cost(0.3) + cost(0.299)) / 1e-6 - 1e-2


def test_torch_passes_take_many_starts_at_once():
    wave, amplitude = arrays()
    both = torch.stack([wave, 2 * wave])
    kernels_torch.modulus(both, amplitude, 0.0)
    one = wave.clone()
    kernels_torch.modulus(one, amplitude, 0.0)
    assert torch.allclose(both[0], one)
    assert torch.allclose(both[1][amplitude >= 0], one[amplitude >= 0], atol=1e-6)
