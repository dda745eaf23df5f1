"""What is kept of the user's decisions."""

from __future__ import annotations

import json

import pytest

from models.errors import BadParameter
from models.geometry.settings import AS_STORED, FROM_FILE, GeometrySettings
from models.parameters import from_dict, to_dict


def test_nothing_is_done_by_default():
    assert GeometrySettings().is_nothing
    assert not GeometrySettings(positions=FROM_FILE).is_nothing
    assert not GeometrySettings(distance_m=0.1).is_nothing


def test_settings_survive_json():
    settings = GeometrySettings("/data/a.geom", 0.2, 8000.0, 75e-6, (10.5, 20.25))
    again = from_dict(GeometrySettings, json.loads(json.dumps(to_dict(settings))))
    assert again == settings
    assert hash(again) == hash(settings)


@pytest.mark.parametrize("centre", [(1,), (1, 2, 3), "ab", 5, ("x", "y"), (float("nan"), 1), (1, float("inf"))])
def test_a_centre_is_two_numbers(centre):
    with pytest.raises(BadParameter):
        GeometrySettings(centre_px=centre)


def test_a_geometry_file_is_told_from_the_other_choices():
    assert GeometrySettings("/data/a.geom").geom_path == "/data/a.geom"
    assert GeometrySettings(AS_STORED).geom_path == GeometrySettings(FROM_FILE).geom_path == ""


@pytest.mark.parametrize("values", [{"distance_m": 0.0}, {"photon_energy_eV": -1.0}, {"pixel_size_m": 5.0}])
def test_numbers_out_of_range_are_refused(values):
    with pytest.raises(BadParameter):
        from_dict(GeometrySettings, values)
