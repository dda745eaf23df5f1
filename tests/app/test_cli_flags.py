"""Flags derive from the parameters dataclass: names, units, ranges, defaults."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import pytest

from app.cli.flags import add_flags, from_flags
from models.errors import BadParameter
from models.parameters import parameter


@dataclass(frozen=True)
class BeamSettings:
    photons: int = parameter(1000, "Photons per frame", low=1, high=1e6, unit="photons")
    jitter_px: float = parameter(1.5, "Centre jitter", low=0, unit="px")
    profile: str = parameter("gauss", "Focus profile", choices=("gauss", "flat"))
    background: bool = parameter(True, "Add background")
    limit: float | None = parameter(None, "Upper limit, or auto")


def parse(*argv: str) -> BeamSettings:
    parser = argparse.ArgumentParser()
    add_flags(parser, BeamSettings)
    return from_flags(parser.parse_args(argv), BeamSettings)


def test_defaults_are_the_dataclass_s() -> None:
    assert parse() == BeamSettings()


def test_every_kind_of_value_is_read() -> None:
    settings = parse("--photons", "1e4", "--jitter-px", "0", "--profile", "flat", "--no-background", "--limit", "3")
    assert settings == BeamSettings(photons=10_000, jitter_px=0, profile="flat", background=False, limit=3.0)


def test_auto_is_none() -> None:
    assert parse("--limit", "auto").limit is None


def test_out_of_range_says_range_and_unit() -> None:
    with pytest.raises(BadParameter, match="photons is 0 photons") as caught:
        parse("--photons", "0")
    assert "1 … 1e+06 photons" in caught.value.sentence()


def test_a_fraction_of_a_photon_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse("--photons", "1.5")
    assert "invalid int value: '1.5'" in capsys.readouterr().err


def test_help_names_unit_and_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse("--help")
    text = " ".join(capsys.readouterr().out.split())
    assert "Centre jitter (0 …, px, default 1.5)" in text
