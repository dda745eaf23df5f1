"""Progress on stderr, reports on stdout."""

from __future__ import annotations

import io
import json
from collections.abc import Generator

import pytest

from app.cli.console import clock, follow, report
from models.progress import Progress


def count_to(total: int) -> Generator[Progress, None, str]:
    for done in range(1, total + 1):
        yield Progress(done=done, total=total, unit="frames")
    return "finished"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_result_comes_back_and_a_log_gets_few_lines() -> None:
    log = io.StringIO()
    assert follow(count_to(5000), "reading", log) == "finished"
    lines = log.getvalue().splitlines()
    assert len(lines) == 2
    assert lines[-1].startswith("reading  [########################] 100 %  5 000 of 5 000 frames")


def test_a_terminal_redraws_one_line() -> None:
    terminal = Terminal()
    follow(count_to(3), "reading", terminal)
    assert terminal.getvalue().count("\n") == 1


def test_the_bar_is_closed_when_the_work_fails() -> None:
    def fails() -> Generator[Progress, None, None]:
        yield Progress(done=1, total=2)
        raise ValueError("broken")

    terminal = Terminal()
    with pytest.raises(ValueError, match="broken"):
        follow(fails(), "reading", terminal)
    assert terminal.getvalue().endswith("\n")


def test_json_is_one_object_with_nulls(capsys: pytest.CaptureFixture[str]) -> None:
    report({"frames": 3, "distance_m": None}, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"frames": 3, "distance_m": None}


def test_people_read_unknown_and_lists(capsys: pytest.CaptureFixture[str]) -> None:
    report({"distance_m": None, "columns": ["train", "pulse"]}, as_json=False)
    assert capsys.readouterr().out == "distance_m  unknown\ncolumns     train\n            pulse\n"


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (61.4, "1:01"), (3725, "1:02:05")])
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text
