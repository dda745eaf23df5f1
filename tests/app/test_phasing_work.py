"""The generator that runs in the worker process of a reconstruction."""

from __future__ import annotations

from pathlib import Path

from app.phasing.patterns import save_pattern
from app.phasing.work import reconstruct
from models.parameters import to_dict
from models.phasing.settings import PhasingSettings
from models.phasing.starts import GoOn, Pause
from models.workspace.reconstructions import Reconstructions
from tests.models.patterns.make import photon_pattern

PLACE = {"run": "digest", "frame": 3, "event": ""}
SETTINGS = PhasingSettings(schedule="20 ER", first_support="disc", starts=2)


def test_what_is_said_while_it_loads_is_heard(tmp_path: Path) -> None:
    """Who presses Pause right after Run has a run that is paused, and one that goes on when it is told to."""
    save_pattern(tmp_path / "pattern", photon_pattern(n=32, width=10))
    work = reconstruct(str(tmp_path / "pattern"), to_dict(SETTINGS), {"folder": str(tmp_path), **PLACE}, workers=0)
    next(work)
    news = [work.send(Pause()), *(next(work) for _ in range(3))]
    assert all(one.starts is not None and one.starts.paused and one.starts.done == 0 for one in news)
    told: GoOn | None = GoOn()
    while True:
        try:
            work.send(told)
        except StopIteration as stop:
            result_id = stop.value
            break
        told = None
    (kept,) = Reconstructions(tmp_path, "digest").list(3)
    assert kept.id == result_id
    assert kept.trust.starts == 2


def test_a_result_from_before_the_last_refinement_is_repeated_without_one() -> None:
    from app.phasing.controller import _of_result, _taken_up

    stored = to_dict(PhasingSettings(beta=0.7))
    now = PhasingSettings(seed=3)
    assert _taken_up(PhasingSettings, _of_result(stored), now) == PhasingSettings(beta=0.7)
    del stored["refine_iterations"]
    assert _taken_up(PhasingSettings, _of_result(stored), now) == PhasingSettings(beta=0.7, refine_iterations=0)
    assert _taken_up(PhasingSettings, _of_result({}), now) == now
