"""How often the default preset finds the object: `python -m benchmarks.phasing.success` prints a markdown table.

Twenty simulated objects (`benchmarks.phasing.objects`) under each condition; the recipe is told neither their area
nor their shape. Everything runs through `run_starts`, in one process and one thread, as the window and command line
run it. Success is an object error below 0.3 after shift, twin, phase and scale are taken out. "Chosen is good" counts
only objects of which any start is good: whether the one with the best free log-likelihood is one of them.

Beside it: the same for the average that the user is shown, and the error of one start from the true object in its
true support, fitted to all measured pixels, which is what the photons and the stop allow, not what the recipe misses.

With `--peers` other programs (`benchmarks.phasing.peers`) run on the same patterns and have a table below. Tables can
be put together from parts: `--lines` writes a line of JSON for each object, `--table` only prints.

    python -m benchmarks.phasing.success [--objects 20] [--first 0] [--conditions 1e8,0 1e6,3 …] [--peers]
                                         [--lines results.jsonl] [--table results.jsonl …]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.phasing import peers
from benchmarks.phasing.judged import GOOD, append, chosen_is_good, conditions, read
from benchmarks.phasing.objects import measured, simulated
from models.patterns import Pattern
from models.phasing.presets import DEFAULT
from models.phasing.quality import object_error
from models.phasing.starts import run_starts
from models.phasing.types import ComplexArray
from models.progress import drain


def one(number: int, photons: float, stop_px: int) -> dict[str, Any]:
    """One object under one condition."""
    made = simulated(number)
    pattern, truth = measured(made.values, photons, stop_px, number)
    result = drain(run_starts(pattern, DEFAULT.settings, workers=0))
    errors = [object_error(truth, start.object) for start in result.starts]
    return {
        "object": number,
        "kind": made.kind,
        "photons": photons,
        "stop": stop_px,
        "error": errors[0],
        "average": object_error(truth, result.object),
        "starts": errors,
        "free": [start.free_log_likelihood for start in result.starts],
        "seconds": result.seconds,
        "kept": result.kept,
        "agreement": result.trust.agreement,
        "possible": possible(pattern, truth),
    }


def possible(pattern: Pattern, truth: ComplexArray) -> float:
    """The error where the true object and support are what it begins from: what noise and missing pixels cost."""
    from models.phasing.solver import Solver
    from models.phasing.starts.refining import refinement

    # In the end the default, too, is fitted to all pixels.
    schedule = f"100 RAAR + 150 ER + {refinement(DEFAULT.settings, pattern)}"
    settings = replace(DEFAULT.settings, schedule=schedule, first_support="given")
    solver = Solver(pattern, settings, 0, first=truth, support=np.abs(truth) > 0)
    solver.run(solver.total)
    return object_error(truth, solver.start().object)


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown of all conditions among the rows."""
    lines = [
        "| photons | stop / px | objects | success | median error | worst | of the average | true support given "
        "| chosen is good | good starts | CPU s, median | most |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for photons, stop in dict.fromkeys((row["photons"], row["stop"]) for row in rows):
        of = [row for row in rows if (row["photons"], row["stop"]) == (photons, stop)]
        error = np.array([row["error"] for row in of])
        chosen, any_good = chosen_is_good(of)
        starts = np.concatenate([row["starts"] for row in of])
        seconds = [row["seconds"] for row in of]
        lines.append(
            f"| 10^{np.log10(photons):.0f} | {stop} | {len(of)} | {np.mean(error < GOOD):.0%} "
            f"| {np.median(error):.4f} | {error.max():.3f} | {np.median([row['average'] for row in of]):.4f} "
            f"| {np.median([row['possible'] for row in of]):.4f} | {chosen} of {any_good} "
            f"| {np.mean(starts < GOOD):.0%} | {np.median(seconds):.0f} | {max(seconds):.0f} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run it and print the table."""
    parser = argparse.ArgumentParser(description="success of the default preset on simulated objects")
    parser.add_argument("--objects", type=int, default=20, help="objects under each condition")
    parser.add_argument("--first", type=int, default=0, help="number of the first object")
    parser.add_argument("--conditions", nargs="*", default=[], help="photons,stop radius in px; all where none")
    parser.add_argument("--lines", type=Path, help="write a line of JSON for each object here as well")
    parser.add_argument("--peers", action="store_true", help="other programs on the same patterns as well")
    parser.add_argument("--table", type=Path, nargs="+", help="run nothing: print the tables of these lines")
    given = parser.parse_args(arguments)
    if given.table:
        rows = read(given.table)
        ours, theirs = ([row for row in rows if ("program" in row) == other] for other in (False, True))
        print("\n\n".join(made(of) for made, of in ((table, ours), (peers.table, theirs)) if of))
        return
    numbers, pairs = range(given.first, given.first + given.objects), conditions(given.conditions)
    rows = []
    for photons, stop in pairs:
        for number in numbers:
            rows.append(one(number, photons, stop))
            row = rows[-1]
            said = f"{row['kind']} {number}, {photons:.0e} photons, {stop} px: {row['error']:.4f}"
            print(f"{said}, {row['seconds']:.0f} s", file=sys.stderr, flush=True)
            if given.lines is not None:
                append(given.lines, row)
    print(table(rows))
    if given.peers:
        print("\n" + peers.words(*peers.run(peers.PEERS, numbers, pairs, given.lines)))


if __name__ == "__main__":
    main()
