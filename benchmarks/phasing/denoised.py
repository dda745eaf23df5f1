"""What denoised input does for the default preset: `python -m benchmarks.phasing.denoised` prints a markdown table.

The same simulated objects (`benchmarks.phasing.objects`) under the same conditions, reconstructed with amplitudes
from counts and from denoised rates, seeds and all other settings being equal. An input is written as the preset's
setting and the denoiser, such as “raw”, “denoised tv”, “bounded:2 network” (a bound of two standard errors) or
“denoised-first tv weight=0.7”. Objects scatter with a phase of up to a radian, so that Friedel's law does not hold
and mates are not averaged; with `--weak` they are the same without it. Success is an object error below 0.3 after
shift, twin, phase and scale are taken out.

Two figures of resolution, in pixels of the pattern: how far out the kept starts agree (PRTF above 1/e), which the
program does not call a resolution for starts that share a search, and how far out the chosen start agrees with the
true object (Fourier ring correlation above 0.5, the usual threshold against a perfect reference). “Better” counts
objects whose error is below that of raw input; objects that raw input has not run on are no part of that.

    python -m benchmarks.phasing.denoised [--objects 20] [--first 0] [--conditions 1e5,3 1e6,3] [--weak]
                                          [--inputs raw "denoised tv" …] [--lines results.jsonl]
                                          [--table results.jsonl …]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.phasing.judged import GOOD, append, chosen_is_good, conditions, read
from benchmarks.phasing.objects import measured, simulated
from models.phasing.presets import DEFAULT
from models.phasing.quality import align, cutoff, object_error
from models.phasing.quality.rings import ring_index
from models.phasing.quality.transform import to_fourier
from models.phasing.settings import RAW, PhasingSettings
from models.phasing.starts import run_starts
from models.phasing.types import ComplexArray
from models.progress import drain

CONDITIONS = ("1e5,3", "1e6,3")
INPUTS = (RAW, "bounded-first tv", "bounded tv", "denoised-first tv", "denoised tv")
_RESOLVED = 0.5


def settings_of(words: str) -> PhasingSettings:
    """The default preset with an input such as “bounded:2 network”."""
    kind, _, denoiser = words.partition(" ")
    kind, _, bound = kind.partition(":")
    found = replace(DEFAULT.settings, input=kind, denoiser=denoiser)
    return replace(found, bound_sigma=float(bound)) if bound else found


def one(number: int, photons: float, stop_px: int, words: str, weak: bool = False) -> dict[str, Any]:
    """One object under one condition with one input; a weak object has no phase of its own."""
    made = simulated(number)
    values = np.abs(made.values).astype(np.complex64) if weak else made.values
    pattern, truth = measured(values, photons, stop_px, number)
    began = time.process_time()
    result = drain(run_starts(pattern, settings_of(words), workers=0))
    seconds = time.process_time() - began
    errors = [object_error(truth, start.object) for start in result.starts]
    return {
        "input": words,
        "object": number,
        "kind": made.kind,
        "photons": photons,
        "stop": stop_px,
        "error": errors[0],
        "average": object_error(truth, result.object),
        "starts": errors,
        "free": [start.free_log_likelihood for start in result.starts],
        "prtf": cutoff(result.prtf)[0],
        "truth": agrees_to(truth, result.starts[0].object),
        "kept": result.kept,
        "seconds": seconds,
    }


def agrees_to(truth: ComplexArray, found: ComplexArray) -> float:
    """Radius in pixels of the pattern up to which their Fourier ring correlation stays above a half."""
    laid, _ = align(truth, found)
    a, b = to_fourier(truth.astype(np.complex128)), to_fourier(laid.astype(np.complex128))
    ring = ring_index(truth.shape)
    common, of_a, of_b = (
        np.bincount(ring.ravel(), weights=values.ravel())
        for values in ((a * b.conj()).real, np.abs(a) ** 2, np.abs(b) ** 2)
    )
    edge = min(truth.shape) // 2
    correlation = common[:edge] / np.maximum(np.sqrt(of_a * of_b)[:edge], 1e-30)
    # Three rings together: single ones near the beam have few pixels.
    smooth = np.convolve(np.pad(correlation, 1, mode="edge"), np.ones(3) / 3, mode="valid")
    below = np.flatnonzero(smooth < _RESOLVED)
    return float(below[0]) if len(below) else float(edge)


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown of all conditions and inputs among the rows."""
    lines = [
        "| photons | stop / px | input | objects | success | median error | worst | of the average | better than raw "
        "| chosen is good | PRTF > 1/e / px | agrees with the truth / px | CPU s, median |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for photons, stop in dict.fromkeys((row["photons"], row["stop"]) for row in rows):
        here = [row for row in rows if (row["photons"], row["stop"]) == (photons, stop)]
        raw = {row["object"]: row["error"] for row in here if row["input"] == RAW}
        for words in dict.fromkeys(row["input"] for row in here):
            of = [row for row in here if row["input"] == words]
            error = np.array([row["error"] for row in of])
            compared = [(row["error"], raw[row["object"]]) for row in of if row["object"] in raw]
            better = "–" if words == RAW else f"{sum(a < b for a, b in compared)} of {len(compared)}"
            chosen, any_good = chosen_is_good(of)
            average, prtf, truth, seconds = (
                float(np.median([row[name] for row in of])) for name in ("average", "prtf", "truth", "seconds")
            )
            lines.append(
                f"| 10^{np.log10(photons):.3g} | {stop} | {words} | {len(of)} | {sum(error < GOOD)} of {len(of)} "
                f"| {np.median(error):.4f} | {error.max():.3f} | {average:.4f} | {better} "
                f"| {chosen} of {any_good} | {prtf:.0f} | {truth:.0f} | {seconds:.0f} |"
            )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(description="the default preset on counted and on denoised amplitudes")
    parser.add_argument("--objects", type=int, default=20, help="objects under each condition")
    parser.add_argument("--first", type=int, default=0, help="number of the first object")
    parser.add_argument("--conditions", nargs="*", default=CONDITIONS, help="photons,stop radius in px")
    parser.add_argument("--inputs", nargs="*", default=INPUTS, help="what amplitudes are fitted to")
    parser.add_argument(
        "--weak", action="store_true", help="objects without phase, whose patterns obey Friedel's law"
    )
    parser.add_argument("--lines", type=Path, help="write a line of JSON for each reconstruction here as well")
    parser.add_argument("--table", type=Path, nargs="+", help="run nothing: print the table of these lines")
    given = parser.parse_args(arguments)
    if given.table:
        print(table(read(given.table)))
        return
    rows = []
    for photons, stop in conditions(given.conditions):
        for number in range(given.first, given.first + given.objects):
            for words in given.inputs:
                row = one(number, photons, stop, words, given.weak)
                rows.append(row)
                said = f"{row['kind']} {number}, {photons:.0e} photons, {stop} px, {words}: {row['error']:.4f}"
                print(f"{said}, {row['seconds']:.0f} s", file=sys.stderr, flush=True)
                if given.lines is not None:
                    append(given.lines, row)
    print(table(rows))


if __name__ == "__main__":
    main()
