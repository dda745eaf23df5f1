"""docs/formats.md names a test for everything it says is read, and the tests exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.models.runs.files import refused

PAGE = Path(__file__).resolve().parents[3] / "docs" / "formats.md"
HERE = Path(__file__).parent
_NAMED = re.compile(r"`([\w/.]+\.py)::(test_\w+)`")


def rows() -> list[str]:
    """The rows of the tables, without heads."""
    lines = PAGE.read_text("utf-8").splitlines()
    return [line for line in lines if line.startswith("| ") and not re.match(r"\| (producer|mask|what) \|", line)]


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


@pytest.mark.parametrize(
    ("start", "word"),
    [
        (b"\x0e\x03\x13\x01", "h4toh5"),
        (b"CDF\x01", "NetCDF 3"),
        (b"SIMPLE  =", "FITS"),
        (b"\x89PNG\r\n\x1a\n", "PNG picture"),
        (b"\xff\xd8\xff\xe0", "JPEG picture"),
        (b"GIF89a", "GIF picture"),
        (b"%PDF-1.4", "PDF document"),
    ],
)
def test_what_is_not_supported_is_named(tmp_path: Path, start: bytes, word: str) -> None:
    path = tmp_path / "run.h5"
    path.write_bytes(start + bytes(range(200)))
    assert word in refused(path)
