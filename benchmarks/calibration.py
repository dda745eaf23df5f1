"""What calibration costs and how right it is: `python -m benchmarks.calibration` prints two markdown tables.

Cost: every step alone, on frames of 1 Mpx (1024×1024), beside a copy of the frame and numpy's own median over the
same groups (what many programs take off). Processor time, the best of repeated calls: other programs only ever add.

Rightness: frames of known Poisson photons at a known value, on a pedestal, with a common mode of every row of 128
pixels and read noise: the bias of the common mode and the share of pixels with a wrong number of photons, beside the
plain median and a median of values below a threshold of half a photon.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.allocator import keep_freed_memory
from models.calibration import CalibrationSettings, make_calibrator
from models.calibration.common_mode import CommonMode
from models.runs import open_run

SIDE = 1024
ASIC = 128
GAIN, NOISE, COMMON = 12.0, 1.5, 5.0
REPEATS = 15

Values = npt.NDArray[np.float32]


def best_ms(call: Callable[[], object]) -> float:
    found = []
    for _ in range(REPEATS):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return 1e3 * min(found)


def frame(rate: float, seed: int = 0) -> tuple[Values, npt.NDArray[np.int64], Values]:
    """(values without their pedestal, photons, offset of every pixel)."""
    rng = np.random.default_rng(seed)
    photons = rng.poisson(rate, (SIDE, SIDE))
    offsets = np.repeat(rng.normal(0, COMMON, (SIDE, SIDE // ASIC)), ASIC, axis=1).astype(np.float32)
    values = photons * GAIN + offsets + rng.normal(0, NOISE, photons.shape)
    return values.astype(np.float32), photons, offsets


def costs() -> None:
    values, _, _ = frame(0.1)
    pedestal = (1000 + 50 * np.random.default_rng(1).random(values.shape)).astype(np.float32)
    raw = np.rint(values + pedestal).astype(np.uint16)
    flags = np.zeros(raw.shape, np.uint8)
    flags[np.random.default_rng(2).random(raw.shape) < 0.02] = 1
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        np.save(place / "run.npy", raw[None])
        np.save(place / "dark.npy", pedestal)
        np.save(place / "gain.npy", np.ones_like(pedestal))
        run = open_run(place / "run.npy")
        nothing = CalibrationSettings()
        dark = replace(nothing, dark=str(place / "dark.npy"))
        rows = replace(dark, common_mode="row", asic_width_px=ASIC, asic_height_px=512)
        cases = {
            "saturation flags": replace(nothing, saturation_level=65000.0),
            "pedestal": dark,
            f"pedestal and common mode of rows of {ASIC} px": rows,
            "pedestal and common mode of columns of 512 px": replace(rows, common_mode="column"),
            f"pedestal and common mode of ASICs of 512×{ASIC} px": replace(rows, common_mode="asic"),
            "pedestal and common mode of the frame": replace(rows, common_mode="frame"),
            "gain map": replace(nothing, gain_map=str(place / "gain.npy")),
            "ADU per photon": replace(nothing, adu_per_photon=GAIN),
            "whole photons (with ADU per photon)": replace(nothing, adu_per_photon=GAIN, round_from=0.6),
        }
        full = replace(
            rows, saturation_level=65000.0, gain_map=str(place / "gain.npy"), adu_per_photon=GAIN, round_from=0.6
        )
        print("| step, frames of 1 Mpx (uint16) | ms |")
        print("|---|---|")
        print(f"| *a copy as float32* | {best_ms(lambda: raw.astype(np.float32)):.2f} |")
        groups = values.reshape(-1, ASIC)
        print(f"| *numpy.median of rows of {ASIC} px* | {best_ms(lambda: np.median(groups, axis=1)):.2f} |")
        for name, settings in {**cases, "all of them (rows)": full}.items():
            chain = make_calibrator(settings, run)
            assert chain is not None
            print(f"| {name} | {best_ms(lambda chain=chain: chain.apply(raw, flags)):.2f} |")
        run.close()


def rightness() -> None:
    print("\n| photons per pixel | way | bias of the offset (σ of the noise) | its scatter (σ) | wrong photons |")
    print("|---|---|---|---|---|")
    every = np.ones((SIDE, SIDE), np.bool_)
    for rate in (0.01, 0.1, 0.3, 0.6, 1.0):
        values, photons, offsets = frame(rate)
        groups = values.reshape(-1, ASIC)
        truth = offsets.reshape(-1, ASIC)[:, 0]
        below = np.where(groups < GAIN / 2 + np.median(groups, axis=1, keepdims=True), groups, np.nan)
        ours = CommonMode("row", (SIDE, ASIC)).take_off(values, every)
        for name, found in (
            ("median", np.median(groups, axis=1)),
            ("median of values up to half a photon above it", np.nanmedian(below, axis=1)),
            ("lowest peak (Friedel)", ours.offsets),
        ):
            left = values - np.repeat(found.reshape(SIDE, -1), ASIC, axis=1)
            wrong = np.mean(np.maximum(np.rint(left / GAIN), 0) != photons)
            apart = (found - truth) / NOISE
            print(f"| {rate:g} | {name} | {apart.mean():+.3f} | {apart.std():.3f} | {100 * wrong:.3f} % |")


if __name__ == "__main__":
    keep_freed_memory()  # as worker processes do
    costs()
    rightness()
