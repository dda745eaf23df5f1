"""Values to places on the colour bar and back."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.display import Levels, Scaling, from_unit, ticks, to_unit
from models.errors import BadParameter

levels_strategy = st.tuples(st.floats(-1e5, 1e5), st.floats(1e-3, 1e6)).map(lambda p: Levels(p[0], p[0] + p[1]))


@pytest.mark.parametrize("scaling", list(Scaling))
@given(levels=levels_strategy)
def test_levels_are_the_ends_and_order_is_kept(scaling: Scaling, levels: Levels) -> None:
    values = np.linspace(levels.low, levels.high, 50)
    places = to_unit(values, levels, scaling)
    assert places[0] == pytest.approx(0, abs=1e-6)
    assert places[-1] == pytest.approx(1, rel=1e-6)
    assert (np.diff(places) > 0).all()


@pytest.mark.parametrize("scaling", list(Scaling))
@given(levels=levels_strategy, place=st.floats(-0.2, 1.2))
def test_from_unit_undoes_to_unit_beyond_the_levels_too(scaling: Scaling, levels: Levels, place: float) -> None:
    value = from_unit(place, levels, scaling)
    # near the low level the root of a rounding error is what can be recovered
    slack = 1e-6 + math.sqrt(np.spacing(max(abs(levels.low), abs(levels.high))) / levels.span) * 40
    assert float(to_unit(value, levels, scaling)) == pytest.approx(place, abs=slack)


def test_log_of_counts_is_the_logarithm_of_one_more() -> None:
    levels = Levels(0, 10_000)
    places = to_unit(np.array([9.0, 99.0, 999.0]), levels, Scaling.LOG)
    assert np.diff(places) == pytest.approx(math.log(10) / math.log(10_001), rel=1e-9)


@pytest.mark.parametrize(("low", "high"), [(1, 1), (2, 1), (0, math.inf), (math.nan, 1)])
def test_impossible_levels_are_refused(low: float, high: float) -> None:
    with pytest.raises(BadParameter, match="cannot be shown"):
        Levels(low, high)


def test_cycling_visits_every_scaling_once() -> None:
    seen = [Scaling.LINEAR]
    while (following := seen[-1].next()) is not Scaling.LINEAR:
        seen.append(following)
    assert seen == list(Scaling)


@pytest.mark.parametrize("scaling", list(Scaling))
@given(levels=levels_strategy)
def test_ticks_are_inside_apart_and_true(scaling: Scaling, levels: Levels) -> None:
    marks = ticks(levels, scaling, reach=(-0.1, 1.1), spacing=0.1)
    places = [place for place, _ in marks]
    assert all(-0.1 - 1e-6 <= place <= 1.1 + 1e-6 for place in places)
    assert all(b - a >= 0.1 - 1e-9 for a, b in itertools.pairwise(places))


def test_ticks_of_counts_are_decades_and_whole() -> None:
    marks = {text: place for place, text in ticks(Levels(0, 1000), Scaling.LOG, reach=(0, 1), spacing=0.08)}
    assert {"0", "1", "10", "100", "1000"} <= set(marks)
    few = ticks(Levels(0, 4), Scaling.LOG, reach=(0, 1), spacing=0.05, whole=True)
    assert few
    assert all(float(text) == int(float(text)) for _, text in few)


def test_linear_ticks_reach_negative_values() -> None:
    texts = [text for _, text in ticks(Levels(-100, 100), Scaling.LINEAR, reach=(0, 1), spacing=0.2)]
    assert texts == ["-100", "-50", "0", "50", "100"]
