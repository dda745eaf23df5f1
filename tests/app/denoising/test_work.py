"""What the preview process answers: of a large frame a first look, then the result."""

from __future__ import annotations

import numpy as np
import pytest

from app.denoising import work
from app.denoising.preview import new_key
from app.denoising.records import Ask, Recipe, Subject
from models.runs.types import Frame, Geometry


def subject(side: int) -> Subject:
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    r = np.maximum(np.hypot(y, x) * 50 / side, 1e-3)
    rate = (3 * (np.sin(r) - r * np.cos(r)) / r**3) ** 2
    counts = np.random.default_rng(1).poisson(rate * 3e4 / rate.sum()).astype(np.float32)
    return Subject(new_key(), Frame(0, counts, np.zeros(counts.shape, np.uint8)), "photons", Geometry())


def network(friedel: str) -> Recipe:
    return Recipe("network", {"friedel": friedel})


def test_a_first_look_at_a_large_frame_is_close_to_its_result_and_says_what_it_is() -> None:
    large = subject(256)
    first = work.preview(Ask(large.key, large, network("off"), draft=True))
    assert first.sketch
    assert not first.sure, "deviations are shown of results only"
    assert first.compared is None
    result = work.preview(Ask(large.key, None, network("off")))
    assert not result.sketch
    assert result.sure
    assert result.compared is not None
    a, b = np.sqrt(first.result.rate), np.sqrt(result.result.rate)
    assert np.sqrt(np.mean((a - b) ** 2)) < 0.1 * np.sqrt(np.mean(b**2))
    assert not np.array_equal(first.result.rate, result.result.rate)
    assert first.result.rate.sum() == pytest.approx(result.result.rate.sum(), rel=1e-3)


@pytest.mark.parametrize(
    ("side", "friedel", "method"), [(64, "off", "network"), (256, "on", "network"), (256, "", "gaussian")]
)
def test_where_the_result_comes_as_soon_it_comes_alone(side: int, friedel: str, method: str) -> None:
    small = subject(side)
    recipe = network(friedel) if method == "network" else Recipe(method, {})
    assert not work.preview(Ask(small.key, small, recipe, draft=True)).sketch
