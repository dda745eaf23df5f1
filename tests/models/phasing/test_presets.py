"""Presets: what a user chooses from."""

from __future__ import annotations

import pytest

from models.errors import BadParameter
from models.parameters import validate
from models.phasing.presets import DEFAULT, PRESETS, preset
from models.phasing.schedule import parse


def test_the_four_of_them_with_the_default_first() -> None:
    assert [p.title for p in PRESETS] == [
        "Single particle with beam stop",
        "Strong small object",
        "Bragg crystal",
        "Quick look",
    ]
    assert DEFAULT is PRESETS[0]


@pytest.mark.parametrize("one", PRESETS, ids=lambda p: p.title)
def test_each_says_when_to_use_it_and_can_be_run(one) -> None:
    assert one.when.endswith(".")
    assert one.settings.preset == one.title
    validate(one.settings)
    assert any(block.algorithm == "SW" for block in parse(one.settings.schedule).blocks)


def test_a_preset_is_found_by_its_title() -> None:
    assert preset(" quick LOOK ").title == "Quick look"
    with pytest.raises(BadParameter, match="Slow look") as caught:
        preset("Slow look")
    assert "Bragg crystal" in caught.value.sentence()


def test_a_quick_look_is_quick() -> None:
    def cost(title: str) -> int:
        settings = preset(title).settings
        return settings.starts * parse(settings.schedule).iterations

    assert cost("Quick look") * 3 < cost("Single particle with beam stop")
