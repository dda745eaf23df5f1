"""Other programs on the objects of the success table: `python -m benchmarks.phasing.peers` prints a markdown table.

Each gets the same patterns and runs the recipe of its documentation, several random starts, of which its own figure
of merit chooses one; the modules `peer_*` say how. None is a dependency: what is not installed is a sentence under
the table. Errors are those of `benchmarks.phasing.success`, and so is what counts as success. CPU seconds are of all
starts of a pattern, a program's own process included.

    python -m benchmarks.phasing.peers [--programs TITLE …] [--objects 20] [--first 0] [--conditions 1e8,0 …]
                                       [--lines results.jsonl] [--table results.jsonl …]
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import importlib
import itertools
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.phasing.judged import GOOD, Found, append, chosen_is_good, conditions, judged, read
from benchmarks.phasing.objects import measured, simulated
from models.patterns import Pattern


@dataclass(frozen=True, slots=True)
class Peer:
    """A program.

    Attributes:
        title: in the table. module: of this folder. starts: of each pattern. work: what the module calls the recipe.
    """

    title: str
    module: str
    starts: int
    work: str = "run"

    def run(self, pattern: Pattern, seed: int) -> list[Found]:
        """Its starts on this pattern; none where it gave up."""
        work: Callable[[Pattern, int, int], list[Found]] = getattr(self._module(), self.work)
        return work(pattern, self.starts, seed)

    def missing(self) -> str:
        """A sentence where it cannot be run here, else empty."""
        said: str = self._module().missing()
        return said

    def _module(self) -> Any:
        return importlib.import_module(f"benchmarks.phasing.{self.module}")


# Eight starts, or as many as fit into the CPU seconds that the default preset takes for a pattern.
PEERS = (
    Peer("published recipe, own engine", "peer_plain", 8),
    Peer("PyNX, id10", "peer_pynx", 8),
    Peer("PyNX, id01", "peer_pynx", 8, "run_bragg"),
    Peer("cohere", "peer_cohere", 5),
    Peer("scikit-beam", "peer_skbeam", 2),
)


def one(peer: Peer, number: int, photons: float, stop_px: int) -> dict[str, Any]:
    """One object under one condition by one program."""
    made = simulated(number)
    pattern, truth = measured(made.values, photons, stop_px, number)
    begun = _cpu_seconds()
    found = peer.run(pattern, number)
    seconds = _cpu_seconds() - begun
    return {
        "program": peer.title,
        "object": number,
        "kind": made.kind,
        "photons": photons,
        "stop": stop_px,
        "seconds": seconds,
        **judged(truth, found),
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    """Markdown of all programs and conditions among the rows."""
    lines = [
        "| program | photons | stop / px | objects | starts | success | median error | best … worst "
        "| chosen is good | good starts | CPU s, median | most |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    titles = [peer.title for peer in PEERS]
    programs = dict.fromkeys(sorted((row["program"] for row in rows), key=titles.index))
    pairs = dict.fromkeys((row["photons"], row["stop"]) for row in rows)
    for program, (photons, stop) in itertools.product(programs, pairs):
        of = [row for row in rows if (row["program"], row["photons"], row["stop"]) == (program, photons, stop)]
        if not of:
            continue
        error = np.array([row["error"] for row in of])
        chosen, any_good = chosen_is_good(of)
        starts = np.array([value for row in of for value in row["starts"]])
        seconds = [row["seconds"] for row in of]
        lines.append(
            f"| {program} | 10^{np.log10(photons):.0f} | {stop} | {len(of)} | {starts.size} "
            f"| {np.sum(error < GOOD)} of {len(of)} | {np.median(error):.3f} | {error.min():.3f} … {error.max():.3f} "
            f"| {f'{chosen} of {any_good}' if any_good else '–'} "
            f"| {f'{np.mean(starts < GOOD):.0%}' if starts.size else '–'} "
            f"| {np.median(seconds):.0f} | {max(seconds):.0f} |"
        )
    return "\n".join(lines)


def run(
    peers: Sequence[Peer], numbers: Sequence[int], pairs: Sequence[tuple[float, int]], out: Path | None
) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows, and sentences on programs that are not here. Object by object, so that one stopped early is no bias."""
    rows: list[dict[str, Any]] = []
    said = list(dict.fromkeys(sentence for peer in peers if (sentence := peer.missing())))
    here = [peer for peer in peers if not peer.missing()]
    for number in numbers:
        for peer in here:
            for photons, stop in pairs:
                row = one(peer, number, photons, stop)
                rows.append(row)
                words = f"{peer.title}, {row['kind']} {number}, {photons:.0e} photons, {stop} px: {row['error']:.4f}"
                print(f"{words}, {row['seconds']:.0f} s", file=sys.stderr, flush=True)
                if out is not None:
                    append(out, row)
    return rows, said


def words(rows: Sequence[dict[str, Any]], said: Sequence[str]) -> str:
    """The table, and below it the sentences on what is not here."""
    return "\n\n".join(part for part in (table(rows) if rows else "", " ".join(said)) if part)


def _cpu_seconds() -> float:
    """Of this process and of those it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def main(arguments: Sequence[str] | None = None) -> None:
    """Run them and print the table."""
    parser = argparse.ArgumentParser(description="success of other programs on simulated objects")
    titles = [peer.title for peer in PEERS]
    parser.add_argument("--programs", nargs="*", choices=titles, default=titles, metavar="TITLE", help=str(titles))
    parser.add_argument("--objects", type=int, default=20, help="objects under each condition")
    parser.add_argument("--first", type=int, default=0, help="number of the first object")
    parser.add_argument("--conditions", nargs="*", default=[], help="photons,stop radius in px; all where none")
    parser.add_argument("--lines", type=Path, help="write a line of JSON for each object here as well")
    parser.add_argument("--table", type=Path, nargs="+", help="run nothing: print the table of these lines")
    given = parser.parse_args(arguments)
    if given.table:
        print(table([row for row in read(given.table) if "program" in row]))
        return
    peers = [peer for peer in PEERS if peer.title in given.programs]
    numbers = range(given.first, given.first + given.objects)
    print(words(*run(peers, numbers, conditions(given.conditions), given.lines)))


if __name__ == "__main__":
    main()
