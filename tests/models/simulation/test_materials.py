"""Electron densities and the refractive index against published numbers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import BadParameter
from models.simulation.shapes import materials


@pytest.mark.parametrize(
    ("name", "electrons_per_nm3"),
    [("water", 333.0), ("protein", 436.0), ("silver", 2755.0), ("gold", 4660.0), ("liquid helium", 43.6)],
)
def test_densities_are_the_known_ones(name: str, electrons_per_nm3: float):
    assert materials.MATERIALS[name].electrons_per_nm3 == pytest.approx(electrons_per_nm3, rel=2e-3)


def test_water_refracts_hard_x_rays_as_tabulated():
    # Henke, Gullikson & Davis (1993), 8 keV.
    assert materials.delta(materials.WATER.electrons_per_nm3, 1.23984198 / 8.0) == pytest.approx(3.6e-6, rel=0.01)


@given(density=st.floats(1e-3, 1e4), wavelength=st.floats(1e-2, 100))
def test_density_and_index_are_two_ways_to_say_the_same(density: float, wavelength: float):
    delta = materials.delta(density, wavelength)
    assert materials.effective_density(delta, wavelength) == pytest.approx(density)
    index = materials.refractive_index(density, wavelength, 0.25)
    assert (index.real, index.imag) == (1 - delta, 0.25)


def test_a_wavelength_of_zero_is_refused():
    with pytest.raises(BadParameter, match="wavelength of 0 nm"):
        materials.effective_density(1e-3, 0.0)
