"""A reconstruction as an iterator: its states, what may be sent to it, and what it returns."""

from dataclasses import replace

import numpy as np
import pytest

from models.errors import BadPattern
from models.patterns import Pattern
from models.phasing.reconstruct import reconstruct
from models.phasing.settings import PhasingSettings
from models.progress import drain
from tests.models.phasing.engine_cases import particle, pattern_of

SETTINGS = PhasingSettings(schedule="100 RAAR + 50 ER", coherence_px=0.0, held_out=0.1)


def test_states_go_forward_and_the_start_is_returned():
    wave, inside = particle((40, 40))
    states = []
    start = drain(reconstruct(pattern_of(wave), SETTINGS, 5, support=inside), states.append)
    done = [state.done for state in states]
    assert done == sorted(done)
    assert done[-1] == 150
    assert np.diff(done).max() <= 10
    assert all(state.total == 150 and state.seed == 5 for state in states)
    assert start.iterations == 150
    assert start.ended == "finished"
    assert np.isfinite(start.free_log_likelihood)


def test_what_is_sent_holds_from_then_on():
    wave, inside = particle((40, 40))
    work = reconstruct(pattern_of(wave), SETTINGS, support=inside)
    next(work)
    state = work.send(replace(SETTINGS, schedule="7 HIO"))
    assert state.total == 107
    work.close()


@pytest.mark.parametrize(("shape", "level"), [((40, 40), 0), ((3, 5), 9), ((1, 1), 9), ((40, 40), np.nan)])
def test_what_cannot_be_phased_is_refused_at_the_first_state(shape, level):
    pattern = Pattern(np.full(shape, level, np.float32), np.ones(shape, bool))
    with pytest.raises(BadPattern):
        next(reconstruct(pattern, SETTINGS))
