"""docs/formats.md names a test for everything it says is read, and the tests exist."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs" / "formats.md"
HERE = Path(__file__).parent
_NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def rows() -> list[str]:
    """The rows of the tables, without heads."""
    lines = PAGE.read_text("utf-8").splitlines()
    return [line for line in lines if line.startswith("| ") and not re.match(r"\| (producer|what) \|", line)]


def test_every_test_that_is_named_exists() -> None:
    named = _NAMED.findall(PAGE.read_text("utf-8"))
    assert len(named) > 60
    for file, test in named:
        text = (HERE / file).read_text("utf-8")
        assert re.search(rf"^def {test}\(", text, re.MULTILINE), f"{file} has no {test}"


def test_every_format_that_is_read_has_a_test() -> None:
    for row in rows():
        assert _NAMED.search(row) or row.endswith("| none |"), row
    assert sum(row.endswith("| none |") for row in rows()) == 1, "only what is not supported may be without"


def test_every_file_of_tests_of_a_producer_is_named() -> None:
    text = PAGE.read_text("utf-8")
    for path in sorted((HERE / "producers").glob("test_*.py")):
        assert f"producers/{path.name}::" in text, f"{path.name} is in no row"
