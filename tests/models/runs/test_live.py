"""Runs that grow while they are open."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from models.runs import open_run, read_columns
from models.runs.live import NoFramesYet, following, innermost, refresh, take
from models.runs.types import Column
from tests.models.runs.files import write_cxi
from tests.models.runs.writers import writing


def test_frames_written_since_are_there_after_a_look_with_their_events_and_columns(tmp_path):
    path = tmp_path / "live.h5"
    with writing(path) as writer:
        writer.write(3)
        with open_run(path) as run:
            read_columns(run)
            assert refresh(run) == 0
            writer.write(4)
            assert len(run) == 3, "a run never changes by itself"
            assert refresh(run) == 4
            assert len(run) == 7
            assert [int(run.frame(i)[0, 0]) for i in range(7)] == [1, 2, 3, 4, 5, 6, 7]
            assert list(run.events)[-1] == "7018"
            column = run.columns["pulse_energy_mJ"]
            np.testing.assert_array_equal(column.values, np.arange(7) / 2)
            assert column.unit == "mJ"
            writer.kill()
            assert refresh(run) == 0
            assert run.frame(6).max() == 7, "what a killed writer has written stays"


def test_looking_alone_does_not_change_the_run(tmp_path):
    path = tmp_path / "live.h5"
    with writing(path, events=False) as writer:
        writer.write(2)
        with open_run(path) as run:
            file = following(run)
            writer.write(1)
            growth = file.look(len(run))
            assert growth.frames == 3
            assert not growth.ended
            assert len(run) == 2
            assert take(run, growth) == 1
            assert run.events is None
            with pytest.raises(IndexError):
                run.load(3)


def test_the_end_of_writing_is_noticed_with_the_last_frames(tmp_path):
    path = tmp_path / "live.h5"
    with writing(path) as writer:
        writer.write(2)
        with open_run(path) as run:
            writer.write(1)
            writer.finish()
            growth = following(run).look(2)
            assert growth.ended
            assert growth.frames == 3
    with open_run(path) as run:
        assert following(run) is None, "a finished file does not grow"


def test_a_file_without_frames_yet_says_so_in_a_way_that_can_be_waited_for(tmp_path):
    path = tmp_path / "live.h5"
    with writing(path) as writer:
        with pytest.raises(NoFramesYet):
            open_run(path)
        writer.write(1)
        with open_run(path) as run:
            assert len(run) == 1


def test_what_belongs_to_a_frame_may_be_a_little_late(tmp_path):
    path = tmp_path / "late.h5"
    with h5py.File(path, "w", libver="latest") as file:
        frames = file.create_dataset("data", (5, 16, 16), "u2", maxshape=(None, 16, 16), chunks=(1, 16, 16))
        frames[:] = 1
        trains = file.create_dataset("event_id", (3,), "u8", maxshape=(None,), chunks=(8,))
        trains[:] = [41, 43, 47]
        energy = file.create_dataset("energy_mJ", (4,), "f8", maxshape=(None,), chunks=(8,))
        energy[:] = 0.5
        file.create_dataset("settings", data=np.arange(4.0))
        file.swmr_mode = True
        with open_run(path) as run:  # in this process the writer's file is shared
            if following(run) is None:
                pytest.skip("HDF5 shares the writer's own file in its process")
            assert list(run.events) == ["41", "43", "47", "", ""]
            np.testing.assert_array_equal(run.columns["energy_mJ"].values, [0.5, 0.5, 0.5, 0.5, np.nan])
            assert "settings" not in run.columns


@pytest.mark.parametrize("frames", [64, 200])
def test_a_run_of_64_frames_keeps_its_identity_while_it_grows(tmp_path, frames):
    found = []
    for name, count in (("before", 64), ("after", frames)):
        data = np.random.default_rng(3).poisson(1.0, (200, 16, 16))[:count].astype(np.int32)
        with open_run(write_cxi(tmp_path / f"{name}.cxi", data)) as run:
            found.append(run.identity.digest)
    assert found[0] == found[1]


def test_a_run_around_a_run_grows_with_it(tmp_path):
    class Around:
        def __init__(self, base):
            self.base, self.events, self.columns = base, base.events, base.columns

        def __len__(self):
            return len(self.base)

    path = tmp_path / "live.h5"
    with writing(path) as writer:
        writer.write(2)
        with open_run(path) as run:
            outer = Around(run)
            assert innermost(outer) is run
            writer.write(1)
            assert refresh(outer) == 1
            assert len(outer) == 3
            assert len(outer.events) == 3


def test_columns_that_were_added_to_a_run_stay_and_wait_for_what_is_new(tmp_path):
    path = tmp_path / "live.h5"
    with writing(path) as writer:
        writer.write(2)
        with open_run(path) as run:
            run.columns = {**run.columns, "lit pixels": Column("lit pixels", np.array([5, 6]), "px")}
            writer.write(1)
            refresh(run)
            np.testing.assert_array_equal(run.columns["lit pixels"].values, [5, 6, np.nan])
            assert run.columns["lit pixels"].unit == "px"
            assert len(run.columns["pulse_energy_mJ"].values) == 3
