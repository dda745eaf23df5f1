"""Thousands of damaged files, the same every time: none may crash, hang, be changed, or show a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.fuzz import plan
from tests.fuzz.pool import Pool, Verdict
from tests.fuzz.seeds import Seed, make_seeds

MUTATIONS = 2_000
RUN_SEED = 7


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> list[Verdict]:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "seeds").mkdir()
    seeds = make_seeds(folder / "seeds")
    pool = Pool(seeds, RUN_SEED, folder, jobs=2)
    try:
        return list(pool.run(plan(seeds, MUTATIONS)))
    finally:
        pool.close()


def told(verdicts: list[Verdict]) -> str:
    """Offenders as a test's failure shows them: `python -m benchmarks.fuzz` keeps their files."""
    return "\n".join(
        f"{verdict.seed.name}-{verdict.number}: {verdict.recipe}\n{verdict.crashed} {' '.join(verdict.faults)}"
        for verdict in verdicts
    )


def test_all_were_tried(verdicts: list[Verdict]) -> None:
    assert len(verdicts) == MUTATIONS
    assert len({(verdict.seed.name, verdict.number) for verdict in verdicts}) == MUTATIONS
    opened = sum(verdict.opened for verdict in verdicts)
    assert MUTATIONS / 10 < opened < 0.9 * MUTATIONS, "mutants that all open, or none, try nothing"


def test_no_crash(verdicts: list[Verdict]) -> None:
    crashed = [verdict for verdict in verdicts if verdict.crashed]
    assert not crashed, told(crashed)


def test_no_hang(verdicts: list[Verdict]) -> None:
    hung = [verdict for verdict in verdicts if verdict.hung]
    assert not hung, told(hung)


def test_no_traceback(verdicts: list[Verdict]) -> None:
    faulty = [verdict for verdict in verdicts if verdict.faults]
    assert not faulty, told(faulty)


def test_nothing_is_written(verdicts: list[Verdict]) -> None:
    modified = [verdict for verdict in verdicts if verdict.modified]
    assert not modified, told(modified)


def test_the_pool_notices_what_files_can_do(tmp_path: Path) -> None:
    """Without this, the tests above could pass by being blind."""
    names = ("fine", "crash", "hang", "raise", "write")
    seeds = [Seed(name, name, {name: b"0123456789"}, name) for name in names]
    kept: dict[str, bytes] = {}

    def keep(verdict: Verdict, folder: Path) -> None:
        kept[verdict.seed.name] = (folder / verdict.seed.opened).read_bytes()

    pool = Pool(seeds, 1, tmp_path, jobs=2, probing=False, subject="tests.fuzz.offenders", keep=keep)
    try:
        found = {verdict.seed.name: verdict for verdict in pool.run([(place, 0) for place in range(len(seeds))])}
    finally:
        pool.close()
    assert set(found) == set(names)
    assert set(kept) == set(names) - {"fine"}
    assert not found["fine"].offends
    assert "-11" in found["crash"].crashed
    assert found["crash"].again
    assert found["hang"].hung
    assert "ValueError: on purpose" in found["raise"].faults[0]
    assert found["write"].modified
    assert [name for name in names if found[name].faults] == ["raise"]
