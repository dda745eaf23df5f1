"""What adapting the denoising network to a run gains: `python -m benchmarks.denoise_adapt` prints a table.

Ten simulated runs whose detectors, doses, speckle sizes or particles the network was not trained on. The network
adapts to 200 frames of each, and is judged on 40 others: by photons kept back (halves foretelling the other halves,
what measured runs can be judged by, too), and by the truth that the simulation knows (√rate's PSNR, Poisson
divergence per frame, error in the mask's holes, share of true roots within one deviation), from all of the photons.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from models.denoising import weights
from models.denoising.adapt.adapt import DenoiseAdapted, adapt
from models.denoising.adapt.likelihood import compare, judge
from models.denoising.adapt.sample import Sample, sample_run
from models.denoising.adapt.settings import DenoiseAdaptSettings
from models.denoising.limits import Limits
from models.denoising.registry import make
from models.denoising.settings import NetworkSettings
from models.denoising.training import validation
from models.progress import drain
from models.runs.types import Frame, Geometry, PixelFlag, RunIdentity
from models.simulation import detector
from models.simulation.generate import Kind, render_batch
from models.simulation.panels import DetectorSettings
from models.simulation.particles import TEST_IDS, VALIDATION_IDS, random_species
from models.simulation.settings import SimulationSettings

HIDDEN_SHARE = 0.08


@dataclass(frozen=True)
class Place:
    """A run: detector, dose, particle.

    Attributes:
        what: in the table. family: of the particle. extent_nm: its diameter. station: of the simulator.
        background: share of the photons that is background. several: share of frames with aggregates.
    """

    what: str
    family: str
    extent_nm: float
    photons: tuple[float, float]
    station: dict[str, Any] = field(default_factory=dict)
    background: tuple[float, float] = (0.02, 0.2)
    several: float = 0.0


MODULES = DetectorSettings(layout="modules", module_rows=40, module_columns=28, gap_columns=5, hole_px=6.0)
QUADRANTS = DetectorSettings(layout="quadrants", gap_columns=10, dead_share=0.03, arm_px=5.0)

PLACES = (
    Place("tiles of 40 × 28 px with gaps of 5, hole of 6 px", "icosahedron", 150, (300, 3e3),
          {"detector": MODULES, "gap_rows": 5}),
    Place("20 to 40 photons", "spheroid", 180, (20, 40)),
    Place("10⁶ to 2·10⁶ photons", "potato", 140, (1e6, 2e6)),
    Place("speckles of 40 px, stop of 12 px", "core_shell", 160, (300, 3e3),
          {"pixel_size_m": 60e-6, "beam_stop_px": 12.0}),
    Place("speckles of 2.5 px", "globule", 500, (1e3, 1e4)),
    Place("background half to nine tenths", "oligomer", 200, (300, 3e3), {}, (0.5, 0.9)),
    Place("wide angle (edge at 27°), exact Ewald sphere", "potato", 60, (1e3, 2e4),
          {"surface": "ewald", "distance_m": 0.1, "pixel_size_m": 0.8e-3, "photon_energy_eV": 800.0}),
    Place("quadrants, gaps of 10, arm of the stop, 3 % dead", "capsid", 130, (100, 1e3),
          {"detector": QUADRANTS, "gap_rows": 10, "beam_stop_px": 8.0}),
    Place("only aggregates of up to 8", "helium", 90, (500, 5e3), {"most_copies": 8}, (0.02, 0.2), 1.0),
    Place("192 × 160 px, beam off by 3 px from frame to frame", "rod", 220, (300, 3e3),
          {"height": 192, "width": 160, "centre_jitter_px": 3.0}),
)  # fmt: skip
"""Runs unlike the training's frames, one way each or two."""


class SimulatedRun:
    """A simulated run in memory, as far as adapting looks at one, and its true rates."""

    def __init__(self, number: int, place: Place, frames: int, first_id: int) -> None:
        settings = SimulationSettings(**{"centre_jitter_px": 0.0, **place.station})
        rng = np.random.default_rng([number, 0xBE])
        species = random_species(first_id + number, place.family, (place.extent_nm, place.extent_nm))
        kinds = np.where(rng.random(frames) < place.several, Kind.MULTI, Kind.SINGLE)
        signal = render_batch([species] * frames, kinds, None, rng, settings)
        seen = detector.usable(settings)
        form = detector.random_form(rng)
        floor = detector.background(rng, frames, settings, form)
        photons = _log_uniform(place.photons, frames, rng)
        share = _log_uniform(place.background, frames, rng)
        signal *= ((1 - share) * photons / signal[:, seen].sum(1))[:, None, None]
        # Behind gaps and stop, too: what a hole should be filled with.
        self.rate = signal + floor * (share * photons)[:, None, None].astype(np.float32)
        self.counts = (rng.poisson(self.rate) * seen).astype(np.float32)
        self.mask: npt.NDArray[np.bool_] = seen
        self.path = Path(f"{number}")
        self.name = place.what
        self.dataset = ""
        self.unit = "photons"
        self.shape = settings.shape
        self.geometry: Geometry = settings.geometry
        self.identity = RunIdentity(f"{number:016x}", frames)

    def __len__(self) -> int:
        return len(self.counts)

    def load(self, index: int) -> Frame:
        return Frame(index, self.counts[index], np.where(self.mask, 0, PixelFlag.MISSING).astype(np.uint8))


def _log_uniform(ends: tuple[float, float], n: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    low, high = ends
    found: npt.NDArray[np.float64] = low * (high / low) ** rng.random(n)
    return found


def truth_figures(weight_file: str, run: SimulatedRun, frames: Sequence[int]) -> dict[str, npt.NDArray[np.float64]]:
    """Figures of frames denoised by the method as users have it, from all of their photons."""
    method = make("network", NetworkSettings(weights=weight_file))
    found = []
    for index in frames:
        made = method.predict(run.counts[index], run.mask, run.geometry.centre_px)
        rate = made.rate.astype(np.float64)
        # The deviation of the root: the rate's variance is 4 r s² + 2 s⁴.
        deviation = np.sqrt(np.sqrt(rate**2 + made.deviation.astype(np.float64) ** 2 / 2) - rate)
        truth = run.rate[index].astype(np.float64)
        each = validation.judge(rate, deviation.astype(np.float32), truth, run.mask)
        found.append((each.psnr_dB, each.divergence, each.hole_error, each.covered, each.hole_covered))
    names = ("psnr_dB", "divergence", "hole_error", "covered", "hole_covered")
    return dict(zip(names, np.array(found).T, strict=True))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.denoise_adapt", description=__doc__.split("\n\n")[0])
    parser.add_argument("--weights", default="denoise", help="to start from (default %(default)s)")
    parser.add_argument("--frames", type=int, default=200, help="to adapt to (default %(default)s)")
    parser.add_argument("--unseen", type=int, default=40, help="to be judged by (default %(default)s)")
    parser.add_argument("--runs", type=int, nargs="*", default=range(len(PLACES)), help="which of the ten")
    parser.add_argument("--validation", action="store_true", help="other particles, for choices")
    parser.add_argument("--set", nargs="*", default=[], metavar="NAME=VALUE", help="settings of the adaptation")
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    from app.cli.flags import from_words

    # The number of steps ends it here, not a time that depends on what else the machine does.
    words = [f"weights={args.weights}", "threads=1", "minutes=1000", *args.set]
    settings = from_words(DenoiseAdaptSettings, words, "adaptation")
    parent, info = weights.load(args.weights)
    first = (VALIDATION_IDS if args.validation else TEST_IDS)[700]
    print(f"Weights {info.digest}; at most {settings.steps} steps of {settings.batch} frames; {args.frames} frames "
          f"to adapt to, {args.unseen} others to be judged by.\n")  # fmt: skip
    print("| run | mates | gain, mnat/photon | in hidden islands | PSNR dB | KL nats | R in holes | "
          "covered | covered in holes | kept | steps | CPU s |")  # fmt: skip
    print("|---|" + "---|" * 11, flush=True)
    better = worth = 0
    for number in args.runs:
        run = SimulatedRun(number, PLACES[number], args.frames + args.unseen, first)
        with tempfile.TemporaryDirectory() as folder:
            begun = time.process_time()
            result = drain(adapt(run, settings, Path(folder), range(args.frames)))  # type: ignore[arg-type]
            spent = time.process_time() - begun
            unseen = range(args.frames, len(run))
            others = replace(settings, most_frames=args.unseen)
            reading = sample_run(run, others, unseen, limits=Limits.of(info.provenance))  # type: ignore[arg-type]
            sample = drain(reading)
            rows = np.arange(len(sample))
            before = after = judge(parent, sample, rows, HIDDEN_SHARE, 99)
            old = new = truth_figures(args.weights, run, unseen)
            if result.path is not None:
                after = judge(weights.load(result.path)[0], sample, rows, HIDDEN_SHARE, 99)
                new = truth_figures(str(result.path), run, unseen)
        gain = compare(before.nats, after.nats, before.photons)
        hidden = compare(before.hidden_nats, after.hidden_nats, before.hidden_photons)
        better += gain.gain > gain.error
        worth += result.path is not None
        print(_row(PLACES[number].what, sample, gain, hidden, old, new, result, spent), flush=True)
    print(f"\nHeld-out likelihood better beyond its standard error on unseen frames in {better} of {len(args.runs)} "
          f"runs; weights kept in {worth}.")  # fmt: skip


def _row(
    what: str, sample: Sample, gain: Any, hidden: Any, old: dict[str, Any], new: dict[str, Any],
    result: DenoiseAdapted, spent: float,
) -> str:  # fmt: skip
    def pair(name: str, digits: int) -> str:
        return f"{np.nanmean(old[name]):.{digits}f} → {np.nanmean(new[name]):.{digits}f}"

    cells = [
        what,
        f"{100 * sample.folded.mean():.0f} %",
        f"{1e3 * gain.gain:+.2f} ± {1e3 * gain.error:.2f} ({gain.sigmas:+.1f} σ)",
        f"{1e3 * hidden.gain:+.1f} ± {1e3 * hidden.error:.1f}",
        pair("psnr_dB", 2),
        pair("divergence", 1),
        pair("hole_error", 3),
        pair("covered", 2),
        pair("hole_covered", 2),
        "yes" if result.better else "no",
        str(result.steps),
        f"{spent:.0f}",
    ]
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
