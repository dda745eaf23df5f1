"""Every algorithm against its published formula, written out with plain projections, and its fixed points."""

import numpy as np
import pytest

from models.errors import BadParameter
from models.phasing.algorithms import update
from models.phasing.constraints import Values
from models.phasing.iterate import Iterate
from models.phasing.settings import PhasingSettings
from tests.models.phasing.engine_cases import fits, onto_moduli, onto_object, particle, pattern_of

KINDS = {
    "complex": Values(),
    "positive real part": Values.of(PhasingSettings(object="positive real part")),
    "phases": Values.of(PhasingSettings(phase_low_rad=-0.3, phase_high_rad=1.2)),
    "wide phases": Values.of(PhasingSettings(phase_low_rad=-2.9, phase_high_rad=1.9)),
    "real": Values(real=True),
    "positive": Values(real=True, floor=True),
}


def er(x, pm, ps, beta, fit):
    return ps(pm(x))


def hio(x, pm, ps, beta, fit):
    p = pm(x)
    return np.where(fit(p), p, x - beta * p)


def raar(x, pm, ps, beta, fit):
    def rm(v):
        return 2 * pm(v) - v

    def rs(v):
        return 2 * ps(v) - v

    return beta / 2 * (rs(rm(x)) + x) + (1 - beta) * pm(x)


def rrr(x, pm, ps, beta, fit):
    p = pm(x)
    return x + beta * (ps(2 * p - x) - p)


def dm(x, pm, ps, beta, fit):
    gamma_m, gamma_s = 1 / beta, -1 / beta
    f_m = (1 + gamma_m) * pm(x) - gamma_m * x
    f_s = (1 + gamma_s) * ps(x) - gamma_s * x
    return x + beta * (ps(f_m) - pm(f_s))


PUBLISHED = {"ER": er, "HIO": hio, "RAAR": raar, "RRR": rrr, "DM": dm}


def case(kind, shape=(16, 14)):
    values = KINDS[kind]
    wave, inside = particle(shape, kind="real" if values.real else "complex")
    measured = np.ones(shape, bool)
    measured[shape[0] // 2 - 1 : shape[0] // 2 + 2, shape[1] // 2 - 1 : shape[1] // 2 + 2] = False
    pattern = pattern_of(wave, measured)
    support = np.fft.ifftshift(inside)
    made = Iterate(pattern, None, values, support, dtype="complex128", device="cpu")
    amplitude = np.fft.ifftshift(np.sqrt(pattern.intensity))

    def pm(x):
        found = onto_moduli(x, amplitude, np.fft.ifftshift(measured))
        return found.real if values.real else found

    def ps(x):
        return onto_object(x, support, values)

    return made, pm, ps, (lambda p: fits(p, support, values)), np.fft.ifftshift(wave)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("beta", [0.7, 1.0])
@pytest.mark.parametrize("algorithm", PUBLISHED)
def test_three_steps_are_those_of_the_published_formula(algorithm, beta, kind):
    made, pm, ps, fit, truth = case(kind)
    rng = np.random.default_rng(5)
    x = rng.standard_normal(truth.shape) * np.abs(truth).max()
    if not KINDS[kind].real:
        x = x + 1j * rng.standard_normal(truth.shape) * np.abs(truth).max()
    made.set_object(x)
    for _ in range(3):
        made.step(update(algorithm, beta), 0.0, look=False)
        x = PUBLISHED[algorithm](x, pm, ps, beta, fit)
    assert np.allclose(made.whole_iterate(), x, rtol=0, atol=1e-11 * np.abs(x).max())


@pytest.mark.parametrize("kind", ["complex", "real", "positive", "positive real part"])
@pytest.mark.parametrize("algorithm", PUBLISHED)
def test_a_solution_is_a_fixed_point(algorithm, kind):
    wave, inside = particle((17, 20), kind=kind)
    wave = np.abs(wave) if kind == "positive" else wave
    made = Iterate(pattern_of(wave), None, KINDS[kind], np.fft.ifftshift(inside), dtype="complex128", device="cpu")
    made.set_object(np.fft.ifftshift(wave))
    for _ in range(5):
        made.step(update(algorithm, 0.8), 0.0, look=False)
    assert np.allclose(made.whole_iterate(), np.fft.ifftshift(wave), rtol=0, atol=1e-9 * np.abs(wave).max())


def test_a_look_shows_the_moduli_projection_cut_off_at_the_support():
    made, pm, ps, _, truth = case("complex")
    x = np.fft.ifft2(np.fft.fft2(truth) * np.exp(1j * np.random.default_rng(0).uniform(0, 6, truth.shape)))
    for algorithm in PUBLISHED:
        made.set_object(x)
        made.step(update(algorithm, 0.9), 0.0, look=True)
        assert np.allclose(made.whole_object(), ps(pm(x)), atol=1e-9 * np.abs(x).max()), algorithm


def test_one_pixel_by_hand():
    """Two pixels, one in the support: P_S is exact arithmetic that can be checked on paper."""
    wave = np.zeros((2, 2), complex)
    wave[1, 1] = 2.0  # the middle, index n // 2
    made = Iterate(pattern_of(wave), None, Values(), np.fft.ifftshift(wave != 0), dtype="complex128", device="cpu")
    # A pixel beside it: its transform has the right moduli, 1 each, with signs; P_M leaves it, so p = x.
    x = np.array([[0, 2.0], [0, 0]], complex)
    expected = {"ER": 0.0, "HIO": 2.0 - 0.5 * 2.0, "RRR": 2.0 - 0.5 * 2.0, "RAAR": 0.5 * 2.0 + (1 - 1.0) * 2.0}
    for algorithm, value in expected.items():
        made.set_object(x)
        made.step(update(algorithm, 0.5), 0.0, look=False)
        assert np.allclose(made.whole_iterate(), [[0, value], [0, 0]]), algorithm


def test_unknown_algorithms_and_dm_without_a_step_are_refused():
    with pytest.raises(BadParameter, match="DM"):
        update("DM", 0.0)
    with pytest.raises(BadParameter):
        update("GPS", 0.9)
