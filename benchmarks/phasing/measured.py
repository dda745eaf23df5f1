"""The presets on measured patterns: `python -m benchmarks.phasing.measured FOLDER` prints a markdown table.

FOLDER holds `hawk_ring/ring.h5`, `nadia_planar/planar_data.tif` and `bcdi64/ft_crop_64.npy` (see the table in
`docs/phasing-success.md` for where they come from); what is missing is skipped with its reason.

The Fourier error is Hawk's: √(Σ(|F| − √I)² / ΣI) over measured pixels, those held out included.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from models.patterns import Pattern
from models.patterns.read import read_pattern
from models.phasing.presets import BRAGG_CRYSTAL, DEFAULT
from models.phasing.settings import PhasingSettings
from models.phasing.starts import run_starts
from models.phasing.types import ComplexArray, Reconstruction
from models.progress import drain

PLANAR_SIDE_PX = 256


@dataclass(frozen=True, slots=True)
class Case:
    """A measured pattern and how it is reconstructed."""

    name: str
    file: str
    settings: PhasingSettings
    prepare: Callable[[Pattern], Pattern] = lambda pattern: pattern


def _middle(pattern: Pattern) -> Pattern:
    """What scatters of the planar object lies in the middle; outside are single photons and zeros."""
    cut = tuple(slice(n // 2 - PLANAR_SIDE_PX // 2, n // 2 + PLANAR_SIDE_PX // 2) for n in pattern.shape)
    return replace(pattern, intensity=pattern.intensity[cut].copy(), measured=pattern.measured[cut].copy())


CASES = (
    Case("ring without its centre, 98²", "hawk_ring/ring.h5", replace(DEFAULT.settings, starts=12)),
    Case("planar object, middle 256²", "nadia_planar/planar_data.tif", DEFAULT.settings, _middle),
    Case("Bragg peak of a crystal, 64³", "bcdi64/ft_crop_64.npy", replace(BRAGG_CRYSTAL.settings, starts=3)),
)


def fourier_error(pattern: Pattern, values: ComplexArray) -> float:
    """√(Σ(|F| − √I)² / ΣI) over the measured pixels."""
    calculated = np.abs(np.fft.fftshift(np.fft.fftn(np.fft.ifftshift(values), norm="ortho")))
    at = pattern.measured
    amplitude = np.sqrt(pattern.intensity[at].astype(np.float64))
    return float(np.sqrt(np.square(calculated[at] - amplitude).sum() / np.square(amplitude).sum()))


def holes(values: ComplexArray) -> int:
    """Holes of the object: parts of the background that it encloses, at half of its typical modulus."""
    from scipy.ndimage import gaussian_filter, label

    modulus = gaussian_filter(np.abs(values), 1.0)
    inside = modulus > 0.5 * np.quantile(modulus[modulus > 0.1 * modulus.max()], 0.8)
    parts, count = label(~inside)
    sizes = np.bincount(parts.ravel())[1:]
    return int(sum(size >= 12 for size in sizes)) - 1 if count else 0


def row(case: Case, pattern: Pattern, result: Reconstruction) -> str:
    """A line of the table."""
    errors = [fourier_error(pattern, start.object) for start in result.starts]
    with_hole = sum(holes(start.object) >= 1 for start in result.starts) if pattern.intensity.ndim == 2 else None
    trust = result.trust
    said = "; ".join(warning.rstrip(".") for warning in trust.warnings[:2])
    return (
        f"| {case.name} | {len(result.starts)} | {'' if with_hole is None else with_hole} | {min(errors):.3f} … "
        f"{max(errors):.3f} | {trust.r_factor:.3f} | {trust.kept} of {trust.starts} | {trust.agreement:.3f} "
        f"| {trust.masked_power:.0%} | {result.seconds:.0f} | {said} |"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(description="the presets on measured patterns")
    parser.add_argument("folder", type=Path, help="folder with the measured patterns")
    folder = parser.parse_args(arguments).folder
    print(
        "| pattern | starts | with a hole | Fourier error | R factor of the best | kept | agreement "
        "| power in masked pixels | CPU s | first warnings |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    skipped = []
    for case in CASES:
        path = folder / case.file
        if not path.exists():
            skipped.append(f"{case.name} skipped: {path} is not there.")
            continue
        pattern = case.prepare(read_pattern(path))
        print(row(case, pattern, drain(run_starts(pattern, case.settings, workers=0))), flush=True)
    print("\n".join(["", *skipped]))


if __name__ == "__main__":
    main()
