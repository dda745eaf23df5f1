"""The user's mask as settings: they survive JSON, and their digest says whether anything is done."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from models.errors import BadParameter
from models.masking.settings import MaskSettings, MaskShape

RECTANGLE = MaskShape("rectangle", points=(-0.5, 1.5, 3.5, 8.5), name="beam stop")
STROKE = MaskShape("brush", use=True, points=(2, 2, 5, 7), size_px=3, mate_of=(31.5, 31.5))


def test_nothing_is_done_by_default() -> None:
    assert MaskSettings().is_nothing
    assert MaskSettings().digest == ""


def test_settings_survive_json() -> None:
    settings = MaskSettings(inverted=True, ignored_bits=0x100, shapes=(RECTANGLE, STROKE), shape=(64, 64))
    back = MaskSettings.from_state(json.loads(json.dumps(settings.to_state())))
    assert back == settings
    assert back.digest == settings.digest != ""
    assert hash(back) == hash(settings)


def test_hidden_shapes_and_names_do_not_count() -> None:
    settings = MaskSettings(shapes=(RECTANGLE,), shape=(64, 64))
    hidden = replace(settings, shapes=(RECTANGLE, replace(STROKE, hidden=True)))
    renamed = replace(settings, shapes=(replace(RECTANGLE, name="other"),))
    assert settings.digest == hidden.digest == renamed.digest
    assert replace(settings, shapes=(replace(RECTANGLE, hidden=True),)).is_nothing
    assert replace(settings, shapes=(replace(RECTANGLE, use=True),)).digest != settings.digest


@pytest.mark.parametrize(
    "state",
    [
        {"shapes": [{"kind": "star"}]},
        {"shapes": [{"kind": "rectangle", "points": [1, 2, 3]}]},
        {"shapes": [{"kind": "rectangle", "points": [1, 2, 3, float("nan")]}]},
        {"shapes": [{"kind": "polygon", "points": [1, 2, 3, 4]}]},
        {"shapes": [{"kind": "brush", "points": ["a", "b"]}]},
        {"shapes": [{"kind": "brush", "points": [1, 1], "colour": "red"}]},
        {"shapes": [7]},
        {"shapes": 7},
        {"shape": [3]},
        {"polarity": "good"},
        [],
    ],
)
def test_what_is_no_mask_is_refused_in_words(state: object) -> None:
    with pytest.raises(BadParameter):
        MaskSettings.from_state(state)  # type: ignore[arg-type]
