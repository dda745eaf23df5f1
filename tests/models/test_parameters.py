"""One dataclass declares a parameter; everything else reads it from there."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from models.errors import BadParameter
from models.parameters import describe, from_dict, parameter, to_dict, validate
from models.progress import Progress, drain


@dataclass(frozen=True)
class Optics:
    energy_eV: float = parameter(1660.0, "Photon energy", unit="eV", low=100, high=30_000)
    focus: str = parameter("gauss", "Focus profile", choices=("gauss", "flat"))
    limit: float | None = parameter(None, "Upper limit", low=0)
    internal: int = 3


def test_declared_fields_are_described_in_order() -> None:
    infos = describe(Optics)
    assert [(info.name, info.kind, info.optional) for info in infos] == [
        ("energy_eV", float, False),
        ("focus", str, False),
        ("limit", float, True),
    ]
    assert infos[0].unit == "eV"


@pytest.mark.parametrize("values", [{"energy_eV": 50.0}, {"focus": "round"}, {"limit": -1.0}, {"energy": 5.0}])
def test_what_does_not_fit_is_refused_by_name(values: dict[str, object]) -> None:
    with pytest.raises(BadParameter, match=next(iter(values))):
        from_dict(Optics, values)


def test_provenance_round_trips() -> None:
    optics = Optics(energy_eV=9000.0, limit=2.0)
    assert from_dict(Optics, to_dict(optics)) == optics


def test_none_is_within_an_optional_range() -> None:
    assert validate(Optics(limit=None)).limit is None


@pytest.mark.parametrize(("done", "total", "fraction"), [(0, 4, 0.0), (5, 4, 1.0), (3, None, None), (0, 0, None)])
def test_fraction(done: int, total: int | None, fraction: float | None) -> None:
    assert Progress(done=done, total=total).fraction == fraction


def test_drain_gives_the_result_and_every_record() -> None:
    def work():  # type: ignore[no-untyped-def]
        yield Progress(done=1)
        yield Progress(done=2)
        return "result"

    seen: list[Progress] = []
    assert drain(work(), seen.append) == "result"
    assert [record.done for record in seen] == [1, 2]
