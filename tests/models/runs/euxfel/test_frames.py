"""Putting modules together by train and pulse, whatever the files' order, gaps and repetitions."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from models.runs.euxfel.frames import Frames
from models.runs.euxfel.names import detector_type, parse_file_name, parse_module
from models.runs.euxfel.trains import IndexRows, merge

MODULES = 3

trains_of_a_file = st.lists(
    st.tuples(st.integers(1, 9), st.lists(st.integers(0, 5), unique=True, max_size=4).map(sorted)), max_size=6
)
files = st.lists(st.tuples(st.integers(0, MODULES - 1), trains_of_a_file), min_size=1, max_size=6)


@settings(max_examples=200, deadline=None)
@given(files)
def test_every_frame_finds_each_module_in_the_right_row(files: list[tuple[int, list[tuple[int, list[int]]]]]) -> None:
    parts, pulses_of_part = [], []
    expected: dict[tuple[int, int], dict[int, tuple[int, int]]] = {}
    taken: set[tuple[int, int]] = set()
    for number, (module, trains) in enumerate(files):
        rows, kept = [], []
        for train, pulses in trains:
            if pulses and (module, train) not in taken:
                taken.add((module, train))
                for place, pulse in enumerate(pulses):
                    expected.setdefault((train, pulse), {})[module] = (number, len(rows) + place)
            if pulses:
                kept.append((train, len(rows), len(pulses)))
            rows += pulses
        columns = np.array(kept, np.int64).reshape(-1, 3).T
        parts.append(IndexRows(module, *columns))
        pulses_of_part.append(np.array(rows, np.int64))
    frames = Frames(merge(parts, MODULES), lambda part: pulses_of_part[part])

    events = list(zip(frames.trains.tolist(), frames.pulses.tolist(), strict=True))
    # A pulse that no module of the same count as the first one recorded can be missing: pulses of a train whose
    # modules agree in number are taken from the first.
    assert len(events) == len(set(events)) == len(frames)
    assert [train for train, _ in events] == sorted(train for train, _ in events)
    assert {train for train, _ in events} == {train for train, _ in expected}
    assert set(events) <= set(expected)
    for index, event in enumerate(events):
        rows_of_frame = frames.rows(index)
        assert {m: row for m, row in enumerate(rows_of_frame) if row is not None} == expected[event]
    uneven = {
        train
        for train in {train for train, _ in expected}
        if len({sum(m in there for (t, _), there in expected.items() if t == train) for m in range(MODULES)} - {0})
        > 1
    }
    for event in expected:
        if event[0] in uneven:
            assert event in events, "where modules differ in number, no pulse of any of them is lost"


def test_names_of_files() -> None:
    name = parse_file_name("RAW-R0238-AGIPD05-S00002.h5")
    assert name is not None
    assert (name.kind, name.run, name.aggregator, name.number, name.sequence) == ("RAW", 238, "AGIPD", 5, 2)
    control = parse_file_name("CORR-R9023-AGIPD500K2G00-S00000.h5")
    assert control is not None
    assert (control.aggregator, control.number) == ("AGIPD500K2G", 0)
    for other in ("run_0238.h5", "RAW-R0238-AGIPD05-S00002.cxi", "overview.h5", "RAW-R0238-S00000.h5"):
        assert parse_file_name(other) is None


def test_names_of_sources() -> None:
    for source, device, number, pattern in (
        ("SPB_DET_AGIPD1M-1/DET/7CH0:xtdf", "SPB_DET_AGIPD1M-1", 7, "SPB_DET_AGIPD1M-1/DET/*CH0:xtdf"),
        ("SPB_DET_AGIPD1M-1/CORR/15CH0:output", "SPB_DET_AGIPD1M-1", 15, "SPB_DET_AGIPD1M-1/CORR/*CH0:output"),
        ("SPB_IRDA_JF4M/DET/JNGFR03:daqOutput", "SPB_IRDA_JF4M", 3, "SPB_IRDA_JF4M/DET/JNGFR*:daqOutput"),
        (
            "HED_IA1_JF500K1/DET/RECEIVER-2:daqOutput",
            "HED_IA1_JF500K1",
            2,
            "HED_IA1_JF500K1/DET/RECEIVER-*:daqOutput",
        ),
    ):
        found = parse_module(source)
        assert found is not None
        assert (found.device, found.number, found.pattern) == (device, number, pattern)
    for other in ("SPB_IRU_CAM/CAM/SIDEMIC:daqOutput", "HED_IA1_EPX100-1/DET/RECEIVER:daqOutput", "A/DET/7:x"):
        assert parse_module(other) is None


def test_known_detectors() -> None:
    agipd, jungfrau = detector_type("SPB_DET_AGIPD1M-1"), detector_type("SPB_IRDA_JF4M")
    assert agipd is not None
    assert (agipd.modules, agipd.first) == (16, 0)
    assert jungfrau is not None
    assert (jungfrau.modules, jungfrau.first) == (8, 1)
    assert detector_type("SQS_NQS_PNCCD1MP") is None
