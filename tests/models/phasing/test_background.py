"""The radial background: steps of expectation and maximisation, fixed where everything fits."""

import numpy as np
import pytest
import torch

from models.patterns import Pattern
from models.phasing.background import Background
from models.phasing.measured import Measured
from models.phasing.settings import PhasingSettings
from models.phasing.solver import Solver
from tests.models.phasing.engine_cases import particle, transform


def case(shape, real):
    wave, inside = particle(shape, kind="real" if real else "complex", photons=2e5)
    mean = np.abs(transform(wave)) ** 2 + 5.0
    pattern = Pattern(mean, np.ones(shape, bool))
    measured = Measured(pattern, None, real=real, dtype=torch.float64, device="cpu")
    calculated = np.fft.ifftshift(mean)[: measured.amplitude.shape[0]]
    return measured, torch.tensor(np.ascontiguousarray(calculated)), pattern, wave, inside


@pytest.mark.parametrize("real", [False, True])
@pytest.mark.parametrize("shape", [(16, 15), (8, 9, 10)])
def test_it_stays_where_everything_fits(shape, real):
    measured, calculated, *_ = case(shape, real)
    made = Background(measured, shape, real)
    made.rings = torch.full_like(made.rings, 5.0)
    made.improve(calculated)
    assert torch.allclose(made.intensity, torch.full_like(made.intensity, 5.0))
    assert made.intensity.shape == measured.amplitude.shape


def test_too_much_calculated_lowers_it():
    measured, calculated, *_ = case((16, 15), False)
    made = Background(measured, (16, 15), False)
    before = made.rings.clone()
    made.improve(2 * calculated)
    assert torch.allclose(made.rings[3:], before[3:] / 2)


def test_a_known_object_gives_the_background_back():
    *_, pattern, wave, inside = case((32, 32), False)
    found = {}
    for background in (False, True):
        settings = PhasingSettings(schedule="300 ER", coherence_px=0.0, background=background)
        solver = Solver(pattern, settings, 0, support=inside, first=wave)
        solver.run(300)
        found[background] = solver.start()
    truth = np.linalg.norm(wave)
    errors = {key: np.linalg.norm(np.abs(start.object) - np.abs(wave)) / truth for key, start in found.items()}
    assert found[True].r_factor < 0.3 * found[False].r_factor
    assert errors[True] < errors[False]
