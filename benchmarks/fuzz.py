"""Damaged files by the thousand: `python -m benchmarks.fuzz --mutations 20000 --seed 1 --keep build/fuzz`.

Small valid files of every format are cut, flipped, overwritten, and (HDF5) changed in their structure; each mutant
is opened as the window does it (tried out in a process of its own, then for good), described, its columns and some
frames read and shown, in processes that may die. The table counts what became of them: "held by the trial" are those
over which the library crashed or did not end while the file was tried out, so that the user gets a sentence and
nothing else happens. Those, and every offender, are kept with a note on what was done and what came of it.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.conftest import SHARED_DATA
from tests.fuzz.pool import Pool, Verdict
from tests.fuzz.seeds import Seed, make_seeds

COLUMNS = (
    "mutations",
    "opened",
    "refused",
    "frames asked for",
    "frames unreadable",
    "crashes held by the trial",
    "hangs held by the trial",
    "crashes",
    "hangs over 5 s",
    "tracebacks",
    "files modified",
)


_MEASURED_SHARE = 10


def plan(seeds: list[Seed], mutations: int) -> list[tuple[int, int]]:
    """(number of the seed, number of the mutant), every seed in turn; a tenth goes to the measured files."""
    ours = [place for place, seed in enumerate(seeds) if not seed.measured]
    measured = [place for place, seed in enumerate(seeds) if seed.measured]
    some = mutations // _MEASURED_SHARE if measured else 0
    turns = [(ours, mutations - some), (measured, some)] if ours else [(measured, mutations)]
    return [(group[place % len(group)], place // len(group)) for group, many in turns for place in range(many)]


def keep_in(folder: Path, verdict: Verdict, mutant: Path) -> None:
    """Copy an offender, or what the trial held, and what is known of it."""
    name = f"{verdict.seed.name.replace('/', '_')}-{verdict.number}"
    place = folder / (name if verdict.offends else f"held-{verdict.held}-{name}")
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    shutil.copytree(mutant, place / "mutant", symlinks=True)
    how = f"crashed: {verdict.crashed} (again in a fresh process: {verdict.again})\n" if verdict.crashed else ""
    how += "hung\n" if verdict.hung else ""
    how += "modified\n" if verdict.modified else ""
    text = f"{verdict.seed.opened}\n{verdict.recipe}\n{how}\n" + "\n".join(verdict.faults)
    (place / "note.txt").write_text(text, "utf-8", "backslashreplace")


def count(counts: dict[str, Counter[str]], verdict: Verdict) -> None:
    """Add one mutant to its format's row."""
    row = counts.setdefault(verdict.seed.format, Counter())
    row["mutations"] += 1
    row["opened" if verdict.opened else "refused"] += not (verdict.crashed or verdict.hung)
    row["frames asked for"] += verdict.frames
    row["frames unreadable"] += verdict.unreadable
    row["crashes held by the trial"] += verdict.held == "crash"
    row["hangs held by the trial"] += verdict.held == "hang"
    row["crashes"] += bool(verdict.crashed)
    row["hangs over 5 s"] += verdict.hung
    row["tracebacks"] += bool(verdict.faults)
    row["files modified"] += verdict.modified


def table(counts: dict[str, Counter[str]]) -> str:
    """The counts as a markdown table, with their sum."""
    total: Counter[str] = Counter()
    for row in counts.values():
        total.update(row)
    lines = ["| format | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, row in [*counts.items(), ("**all**", total)]:
        numbers = (f"{row[column]:,}".replace(",", "\u202f") for column in COLUMNS)
        lines.append(f"| {name} | {' | '.join(numbers)} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutations", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1, help="another one makes other mutants")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--only", nargs="+", help="formats, as the table names them")
    parser.add_argument("--without-trial", action="store_true", help="no trial before, as on the command line")
    parser.add_argument(
        "--keep", type=Path, default=Path("build/fuzz"), help="offenders, and what the trial held, are kept here"
    )
    args = parser.parse_args()
    counts: dict[str, Counter[str]] = {}
    slowest: list[tuple[float, str]] = []
    offenders = 0
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        (Path(folder) / "seeds").mkdir()
        seeds = make_seeds(Path(folder) / "seeds", SHARED_DATA)
        if args.only:
            seeds = [seed for seed in seeds if seed.format in args.only]
        counts.update({seed.format: Counter() for seed in seeds})
        pool = Pool(
            seeds,
            args.seed,
            Path(folder),
            jobs=args.jobs,
            probing=not args.without_trial,
            keep=lambda verdict, place: keep_in(args.keep, verdict, place),
        )
        try:
            for verdict in pool.run(plan(seeds, args.mutations)):
                count(counts, verdict)
                offenders += verdict.offends
                slowest = sorted([*slowest, (verdict.seconds, f"{verdict.seed.name}-{verdict.number}")])[-5:]
        finally:
            pool.close()
    seconds = time.monotonic() - begin
    print(f"## Damaged files\n\nSeed {args.seed}; {seconds:.0f} s with {args.jobs} processes.\n")
    print(table(counts))
    slow = ", ".join(f"{name} {took:.2f} s" for took, name in reversed(slowest))
    print(f"\nThe slowest: {slow}.")
    if offenders:
        print(f"\n{offenders} offenders are kept in {args.keep}.")
    return 1 if offenders else 0


if __name__ == "__main__":
    sys.exit(main())
