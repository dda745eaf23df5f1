"""Mie theory against published values, closed limits and an independent program."""

from __future__ import annotations

import numpy as np
import pytest

from models.errors import BadParameter
from models.simulation import mie


@pytest.mark.parametrize(
    ("size", "index", "extinction", "scattering"),
    [
        # Bohren & Huffman 1983, appendix A: sample run of BHMIE
        (2 * np.pi * 0.525 / 0.6328, 1.55, 3.10543, 3.10543),
        # Wiscombe, NCAR/TN-140+STR (1979): test cases of MIEV0
        (10.0, 1.5, 2.881999, 2.881999),
        (100.0, 1.5, 2.094388, 2.094388),
        (1000.0, 1.5, 2.013945, 2.013945),
        (1.0, 1.33 + 1e-5j, 0.093952, 0.093923),
        (100.0, 1.33 + 1e-5j, 2.101321, 2.096594),
        (1.0, 1.5 + 1j, 2.336321, 0.663454),
        (100.0, 1.5 + 1j, 2.097502, 1.283697),
        (1.0, 10 + 10j, 2.532993, 2.049405),
        (100.0, 10 + 10j, 2.071124, 1.836785),
    ],
)
def test_published_efficiencies(size: float, index: complex, extinction: float, scattering: float):
    found = mie.efficiencies(size, complex(index))
    assert found.extinction == pytest.approx(extinction, abs=1e-6 + 5e-6 * (index == 1.55))
    assert found.scattering == pytest.approx(scattering, abs=1e-6 + 5e-6 * (index == 1.55))


@pytest.mark.parametrize(
    ("size", "index"), [(0.3, 1.5), (23.27, 0.89 + 0.09j), (60.0, 0.999 + 0.001j), (7.0, 10 + 10j)]
)
def test_energy_and_the_optical_theorem(size: float, index: complex):
    mu, weight = np.polynomial.legendre.leggauss(300)
    s1, s2 = mie.amplitudes(size, complex(index), mu)
    found = mie.efficiencies(size, complex(index))
    scattered = (weight * (np.abs(s1) ** 2 + np.abs(s2) ** 2)).sum() / size**2
    assert scattered == pytest.approx(found.scattering, rel=1e-9)
    forward, same = mie.amplitudes(size, complex(index), 1.0)
    assert forward == same
    assert 4 / size**2 * forward.real == pytest.approx(found.extinction, rel=1e-12)
    assert found.absorption >= -1e-12


def test_rayleigh_limit():
    size, index = 0.01, 1.2 + 0.3j
    polarisability = (index**2 - 1) / (index**2 + 2)
    assert mie.efficiencies(size, index).scattering == pytest.approx(
        8 / 3 * size**4 * abs(polarisability) ** 2, rel=1e-4
    )
    cosine = np.linspace(-1, 1, 11)
    s1, s2 = mie.amplitudes(size, index, cosine)
    np.testing.assert_allclose(s1, -1j * size**3 * polarisability, rtol=1e-4)
    np.testing.assert_allclose(s2, s1 * cosine, rtol=2e-4, atol=1e-4 * abs(s1[0]))


def test_a_weak_sphere_is_the_fourier_transform_of_a_ball():
    size, index = 40.0, 1 - 1e-6
    cosine = np.cos(np.radians(np.linspace(0, 40, 81)))
    s1, s2 = mie.amplitudes(size, complex(index), cosine)
    x = 2 * size * np.sqrt((1 - cosine) / 2)
    ball = np.where(x > 0, 3 * (np.sin(x) - x * np.cos(x)) / np.where(x > 0, x, 1) ** 3, 1)
    born = 2 / 3 * size**3 * 1e-6 * ball
    assert np.abs(np.abs(s1) - np.abs(born)).sum() < 1e-3 * np.abs(born).sum()
    assert np.abs(np.abs(s2) - np.abs(born) * cosine).sum() < 1e-3 * np.abs(born).sum()


@pytest.mark.parametrize("size", [0.3, np.pi, 50.0, 500.0])
@pytest.mark.parametrize("index", [1.5 + 0j, 0.9 + 0.001j, 1.33 + 0.1j, 0.05 + 4j])
def test_against_an_independent_program(size: float, index: complex):
    miepython = pytest.importorskip("miepython")
    extinction, scattering, *_ = miepython.efficiencies_mx(np.conj(index), size)
    found = mie.efficiencies(size, index)
    assert found.extinction == pytest.approx(extinction, rel=1e-8)
    assert found.scattering == pytest.approx(scattering, rel=1e-8)


def test_what_is_no_sphere_is_refused():
    with pytest.raises(BadParameter, match="size parameter"):
        mie.efficiencies(0.0, 1.5 + 0j)
    with pytest.raises(BadParameter, match=r"1\.5-0\.1j"):
        mie.efficiencies(1.0, 1.5 - 0.1j)
