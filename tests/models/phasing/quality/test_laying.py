"""Large arrays are laid over one another as small ones are, and can be left at any moment."""

from __future__ import annotations

import numpy as np
import pytest

from models.errors import BadParameter
from models.phasing.quality import assemble, find_alignment, held_out_pixels
from models.phasing.quality import laying as laying_module
from models.phasing.quality.laying import Reference
from models.phasing.quality.transform import in_pieces, to_fourier, to_object
from models.phasing.settings import PhasingSettings
from models.progress import drain
from tests.models.phasing.quality.objects import moved, particle, pattern_of, start, twin


@pytest.fixture
def all_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every array counts as large: middles of some 16 pixels, pieces of a few rows."""
    from models.phasing.quality import transform

    monkeypatch.setattr(laying_module, "LARGE", 0)
    monkeypatch.setattr(laying_module, "_MIDDLE", 1 << 9)
    monkeypatch.setattr(laying_module, "_PIECE", 1 << 9)
    monkeypatch.setattr(transform, "_PIECE", 1 << 9)


@pytest.mark.parametrize("shape", [(96, 80), (65, 50), (33, 28, 40)])
def test_transforms_in_pieces_are_the_transform(shape: tuple[int, ...], all_large: None) -> None:
    values = particle(shape)[0].astype(np.complex64)
    np.testing.assert_allclose(drain(in_pieces(values)), to_fourier(values), atol=1e-4)
    np.testing.assert_allclose(drain(in_pieces(values, inverse=True)), to_object(values), atol=1e-4)


@pytest.mark.parametrize("stop", [0.0, 4.0])
@pytest.mark.parametrize("shape", [(96, 80), (65, 50), (200, 36), (40, 28, 36)])
@pytest.mark.parametrize("turned", [False, True])
def test_a_large_array_is_laid_as_a_small_one(
    shape: tuple[int, ...], turned: bool, stop: float, all_large: None
) -> None:
    truth, support = particle(shape)
    measured = pattern_of(truth, stop=stop).measured
    noise = 0.2 * np.random.default_rng(1).standard_normal(shape) * support
    shift = (5.3, -7.8, 2.4)[: len(shape)]
    other = moved(truth + noise, shift) * np.exp(0.7j)
    where = np.roll(support, (5, -8, 2)[: len(shape)], tuple(range(len(shape))))
    if turned:
        other, where = twin(other), twin(where).real > 0.5
    first = truth.astype(np.complex64)
    how = find_alignment(first, other, where=measured)
    found = drain(Reference(first, measured).lay(other.astype(np.complex64), where))
    assert found.agreement == pytest.approx(how.agreement, abs=1e-3)
    np.testing.assert_allclose(found.object, how.object(other), atol=0.02)
    np.testing.assert_array_equal(found.support, how.support(where))


def test_a_stop_over_the_whole_middle_is_no_hindrance(all_large: None) -> None:
    truth = particle((96, 96))[0].astype(np.complex64)
    measured = pattern_of(truth, stop=18).measured
    other = np.roll(truth, (9, -4), (0, 1))
    found = drain(Reference(truth, measured).lay(other, other != 0))
    np.testing.assert_allclose(found.object, truth, atol=1e-3)


def test_an_object_without_power_where_it_is_compared_is_refused(all_large: None) -> None:
    truth = particle((64, 64))[0].astype(np.complex64)
    with pytest.raises(BadParameter, match="zero"):
        drain(Reference(truth, np.ones((64, 64), bool)).lay(np.zeros_like(truth), truth != 0))


def test_told_to_end_the_rest_of_the_starts_is_left_out_and_that_is_said() -> None:
    truth, support = particle((64, 64))
    starts = [start(100 * truth, support, seed=k, free=1 + 0.1 * k) for k in range(5)]
    pattern = pattern_of(100 * truth)
    work = assemble(pattern, starts, PhasingSettings(), held_out_pixels(pattern, 0.05, seed=0))
    record = next(work)
    while True:
        try:
            record = work.send(record.message.startswith("laying") and record.done >= 3)
        except StopIteration as stop:
            made = stop.value
            break
    assert [each.seed for each in made.starts] == [0, 1, 2]
    assert "2 of 5 are left out" in made.trust.warnings[-1]


def test_a_large_array_is_assembled_record_by_record(all_large: None) -> None:
    truth, support = particle((64, 64))
    starts = [start(100 * truth, support, seed=k) for k in range(3)]
    pattern = pattern_of(100 * truth)
    records = []
    made = drain(assemble(pattern, starts, PhasingSettings(), held_out_pixels(pattern, 0.05, seed=0)), records.append)
    assert made.kept == 3
    for words in ("ranking", "laying", "averaging", "judging"):
        assert sum(record.message.startswith(words) for record in records) > 5
