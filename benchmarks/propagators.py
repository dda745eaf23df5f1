"""How far each propagator is from Mie theory: `python -m benchmarks.propagators` prints a markdown table.

Spheres in the extreme ultraviolet, scattering angles below 40°, 128×128 pixels. R = Σ|√I − √I_Mie| / Σ√I_Mie with
absolute intensities (no scale is fitted), and, beside it, after the best scale with that scale: what a fit with free
brightness would see.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import time
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from models.runs.types import PLANCK_TIMES_LIGHT_EV_M
from models.simulation import mie
from models.simulation.beam import BeamSettings
from models.simulation.multislice import far_field
from models.simulation.photons import polarisation, tangents
from models.simulation.settings import SimulationSettings
from models.simulation.shapes import sphere

Real = npt.NDArray[np.float64]

WIDEST = np.radians(40.0)
VOXELS = 100
"""across a sphere"""

CASES = (
    ("weak, 100 nm at 13.5 nm", 1 - 1e-3 + 0j, 100.0, 13.5),
    ("helium-like, 600 nm at 57.6 nm", 0.998 + 0.0003j, 600.0, 57.6),
    ("xenon-like, 300 nm at 13.5 nm", 0.99 + 0.015j, 300.0, 13.5),
    ("silver, 40 nm at 13.5 nm", 0.89 + 0.09j, 40.0, 13.5),
    ("silver, 100 nm at 13.5 nm", 0.89 + 0.09j, 100.0, 13.5),
    ("silver, 200 nm at 13.5 nm", 0.89 + 0.09j, 200.0, 13.5),
)


def misfit(found: Real, exact: Real) -> float:
    return float(np.abs(np.sqrt(found) - np.sqrt(exact)).sum() / np.sqrt(exact).sum())


def best_scale(found: Real, exact: Real) -> tuple[float, float]:
    """(R, factor on the intensity) after the best scale: the weighted median of the ratios of amplitudes."""
    ratio = np.sqrt(exact / found)
    order = np.argsort(ratio)
    weight = np.cumsum(np.sqrt(found)[order])
    scale = float(ratio[order][np.searchsorted(weight, weight[-1] / 2)]) ** 2
    return misfit(found * scale, exact), scale


def projected(index: complex, diameter: float, settings: SimulationSettings) -> Real:
    """(H, W) dσ/dΩ of the small-angle approximation: the first Born amplitude with qz left out."""
    y, x = tangents(settings, (0.0, 0.0))
    wavenumber = 2 * np.pi / settings.wavelength_nm
    transverse = wavenumber * np.stack(np.broadcast_arrays(x, y, 0 * x)) / np.sqrt(1 + x * x + y * y)
    form = sphere(diameter).amplitude(transverse)
    return np.asarray(np.abs(wavenumber**2 / (4 * np.pi) * (index**2 - 1) * form) ** 2)


def main() -> None:
    print("## Propagators against Mie theory\n")
    print(f"Unpolarised light, angles below 40°, {VOXELS} voxels across. R of absolute intensities (R after the best")
    print("scale × that scale on the intensity).\n")
    print("| sphere | projection | first Born, voxels | msft | split-step |")
    print("|---|---|---|---|---|")
    seconds: dict[str, list[float]] = {}
    for name, index, diameter, wavelength in CASES:
        settings = SimulationSettings(
            height=128,
            width=128,
            distance_m=0.05,
            pixel_size_m=0.05 * float(np.tan(WIDEST)) / 64,
            photon_energy_eV=PLANCK_TIMES_LIGHT_EV_M * 1e9 / wavelength,
            surface="ewald",
        )
        settings = replace(settings, beam=BeamSettings(polarisation="unpolarised"))
        y, x = tangents(settings, (0.0, 0.0))
        cone = np.hypot(y, x) < np.tan(WIDEST)
        exact = mie.cross_section(settings, diameter, index)[cone]
        factor = polarisation(settings)
        step = diameter / VOXELS
        contrast = sphere(diameter).voxels(step)[0] * (index - 1)
        found = {"projection": projected(index, diameter, settings)}
        for method in ("born", "msft", "split-step"):
            start = time.process_time()
            found[method] = np.abs(far_field(contrast, step, settings, method)) ** 2
            seconds.setdefault(method, []).append(time.process_time() - start)
        cells = []
        for picture in found.values():
            inside = (picture * factor)[cone]
            rest, scale = best_scale(inside, exact)
            cells.append(f"{misfit(inside, exact):.4f} ({rest:.4f} × {scale:.3f})")
        print(f"| {name} | {' | '.join(cells)} |")
    times = ", ".join(f"{method} {np.median(spent):.2f} s" for method, spent in seconds.items())
    print(f"\nCPU time per pattern, one thread: {times}.")


if __name__ == "__main__":
    main()
