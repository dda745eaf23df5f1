"""Slices: the first Born approximation where bodies are weak, Mie theory where they absorb, Friedel's law neither way
by accident."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.errors import BadParameter
from models.progress import drain
from models.simulation import mie
from models.simulation.generate import simulate
from models.simulation.multislice import far_field, voxel_size
from models.simulation.photons import ELECTRON_RADIUS_NM, tangents
from models.simulation.propagation import Placed, amplitude, intensity, q_map
from models.simulation.rotations import rotation_matrix
from models.simulation.settings import SimulationSettings, checked
from models.simulation.shapes import box, sphere, tetrahedron

# θ < 40° in every direction at 13.5 nm
XUV = SimulationSettings(
    height=64,
    width=64,
    photon_energy_eV=1239.841984 / 13.5,
    distance_m=0.05,
    pixel_size_m=0.05 * 0.839 / 32,
    surface="ewald",
)
STILL = np.zeros(3)
TURN = rotation_matrix([0.8, 0.36, -0.36, 0.3149603149604725])


def misfit(found: np.ndarray, true: np.ndarray) -> float:
    """Σ||f| − |f₀|| / Σ|f₀|."""
    return float(np.abs(np.abs(found) - np.abs(true)).sum() / np.abs(true).sum())


def cone(settings: SimulationSettings, degrees: float = 40.0) -> np.ndarray:
    y, x = tangents(settings, (0.0, 0.0))
    return np.asarray(np.hypot(y, x) < np.tan(np.radians(degrees)))


@pytest.mark.parametrize("method", ["born", "msft", "split-step"])
@pytest.mark.parametrize(
    "shape", [sphere(100), box(90, 60, 70), tetrahedron(100)], ids=["sphere", "box", "tetrahedron"]
)
def test_a_weak_body_scatters_as_in_the_first_born_approximation(method: str, shape: object):
    density = 1e-3
    weak = replace(XUV, propagator=method if method != "born" else "split-step", voxel_nm=2.0)
    if method == "born":
        contrast, _ = shape.voxels(2.0, TURN)
        delta = ELECTRON_RADIUS_NM * XUV.wavelength_nm**2 / (2 * np.pi)
        f = far_field(-delta * density * contrast.astype(complex), 2.0, XUV, "born")
        found = -f.conj() / ELECTRON_RADIUS_NM / density
    else:
        found = amplitude([Placed(shape, TURN, STILL, 1.0, density)], weak) / density
    exact = amplitude([Placed(shape, TURN, STILL)], XUV)
    assert misfit(found, exact) < 1e-2
    # Not only sizes: phases and the sign of the transform are the shapes' own.
    bright = np.abs(exact) > 0.02 * np.abs(exact).max()
    assert np.abs((found - exact)[bright]).max() < 0.02 * np.abs(exact).max()


@pytest.mark.parametrize(
    ("method", "index", "diameter", "wavelength", "most"),
    [
        ("msft", 0.89 + 0.09j, 100.0, 13.5, 0.14),
        ("split-step", 0.89 + 0.09j, 100.0, 13.5, 0.04),
        ("split-step", 0.99 + 0.015j, 300.0, 13.5, 0.02),
        ("split-step", 0.998 + 0.0003j, 600.0, 57.6, 0.01),
    ],
    ids=["silver by MSFT", "silver", "xenon-like", "helium-like"],
)
def test_absorbing_spheres_against_mie(method: str, index: complex, diameter: float, wavelength: float, most: float):
    settings = replace(XUV, photon_energy_eV=1239.841984 / wavelength)
    step = diameter / 80
    contrast = sphere(diameter).voxels(step)[0] * (index - 1)
    near = cone(settings)
    found = far_field(contrast, step, settings, method)[near]
    exact = np.sqrt(mie.cross_section(settings, diameter, index))[near]
    assert misfit(found, exact) < most
    # Without the attenuation the particle would be several times too bright.
    born = far_field(contrast, step, settings, "born")[near]
    assert misfit(born, exact) > misfit(found, exact)


def test_friedel_s_law_breaks_with_absorption_even_at_small_angles():
    # A degree at most: the Ewald sphere is flat there, and only a body that absorbs tells +q from −q.
    flat = replace(XUV, distance_m=5.0, photon_energy_eV=9184.0, pixel_size_m=0.4e-3, propagator="split-step")
    body = [Placed(tetrahedron(100), TURN, STILL)]
    transparent = intensity(body, replace(flat, index_delta=1e-7))
    assert misfit(np.sqrt(transparent), np.sqrt(transparent[::-1, ::-1])) < 5e-3
    absorbing = intensity(body, replace(flat, index_delta=4e-4, index_beta=8e-4))
    assert misfit(np.sqrt(absorbing), np.sqrt(absorbing[::-1, ::-1])) > 0.05
    round_one = intensity([Placed(sphere(100), TURN, STILL)], replace(flat, index_delta=4e-4, index_beta=4e-4))
    np.testing.assert_allclose(round_one, round_one[::-1, ::-1], rtol=1e-3, atol=1e-6 * round_one.max())


def test_two_absorbing_bodies_interfere_where_they_are():
    settings = replace(XUV, propagator="msft", index_delta=0.05, index_beta=0.03, voxel_nm=2.0)
    apart = np.array([60.0, -40.0, 25.0])
    pair = [Placed(sphere(40), np.eye(3), apart), Placed(sphere(40), np.eye(3), -apart)]
    alone = amplitude([Placed(sphere(40), np.eye(3), STILL)], settings)
    fringes = 2 * np.cos(np.tensordot(apart, q_map(settings, dtype=np.float64), axes=1))
    np.testing.assert_allclose(amplitude(pair, settings), alone * fringes, atol=2e-3 * np.abs(alone).max())


def test_torch_slices_as_numpy_does():
    import array_api_compat.torch as xp

    contrast = sphere(60).voxels(2.0)[0] * (-0.1 + 0.05j)
    for method in ("msft", "split-step"):
        ours, theirs = (far_field(contrast, 2.0, XUV, method, xp=lib) for lib in (np, xp))
        np.testing.assert_allclose(theirs, ours, atol=1e-9 * np.abs(ours).max())


def test_voxels_follow_the_detector_and_too_coarse_ones_are_refused():
    step = voxel_size(XUV, 500.0)
    assert step < np.pi / (2 * np.pi / 13.5 * np.sin(np.radians(40)))
    assert voxel_size(XUV, 24.0) == 1.0
    with pytest.raises(BadParameter, match=r"12 nm.*coarse"):
        far_field(np.zeros((8, 8, 8), complex), 12.0, XUV)


def test_absorbing_runs_are_simulated_on_the_ewald_sphere_only():
    settings = replace(
        XUV,
        frames=2,
        propagator="msft",
        index_delta=0.11,
        index_beta=0.09,
        family="sphere",
        blank=0.0,
        multi=0.0,
        contaminant=0.0,
        diameter_low_nm=60.0,
        diameter_high_nm=60.0,
    )
    truth = drain(simulate(settings))
    assert (truth.photons > 0).all()
    with pytest.raises(BadParameter, match="paraxial surface") as raised:
        checked(replace(settings, surface="paraxial"))
    assert "ewald" in raised.value.hint
