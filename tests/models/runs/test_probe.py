"""Files are tried out in a process that may crash or hang."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from models.errors import AmbiguousRun, CannotOpen
from models.runs import probe as probe_module
from models.runs.probe import Prober
from models.runs.watch import FileStamp
from tests.models.runs.files import write_cxi


@pytest.fixture(scope="module")
def shared():
    prober = Prober()
    yield prober
    prober.close()


@pytest.fixture
def prober(shared):
    shared._limit_s = 10.0
    shared._hung.clear()
    return shared


def trial(prober: Prober, path, dataset=None) -> None:
    prober.probe(path, dataset, FileStamp.of(path))


def test_a_good_file_passes_and_is_not_tried_again_until_it_changes(prober, tmp_path, monkeypatch):
    path = write_cxi(tmp_path / "a.cxi")
    trial(prober, path)
    tried = []
    real = prober._try
    monkeypatch.setattr(prober, "_try", lambda *args: (tried.append(args), real(*args)))
    trial(prober, path)
    assert not tried
    trial(prober, path, "/entry_1/data_1/data")
    assert len(tried) == 1, "another dataset is another trial"
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    trial(prober, path)
    assert len(tried) == 2


def test_what_was_opened_is_remembered_by_the_next_program(prober, tmp_path, monkeypatch):
    path, memory = write_cxi(tmp_path / "a.cxi"), tmp_path / "data" / "opened.json"
    monkeypatch.setattr(prober, "_memory", memory)
    trial(prober, path)
    again = Prober(memory)
    again.probe(path, None, FileStamp.of(path))
    assert again._process is None
    memory.write_text("{")
    assert not Prober(memory)._all_known()


def test_what_opening_says_is_said(prober, tmp_path):
    empty = tmp_path / "empty.h5"
    empty.touch()
    with pytest.raises(CannotOpen, match="empty"):
        trial(prober, empty)
    with pytest.raises(AmbiguousRun) as caught:
        trial(prober, write_cxi(tmp_path / "a.cxi"), "/nowhere")
    assert caught.value.candidates


def stop(prober: Prober) -> int:
    """Make the process hang, as one does that reads from a dead disk; gives its id."""
    prober.warm()
    pid = prober._process.pid
    os.kill(pid, signal.SIGSTOP)
    return pid


def test_a_file_on_which_reading_crashes_is_refused_and_others_go_on(prober, tmp_path):
    path = write_cxi(tmp_path / "a.cxi")
    pid = stop(prober)

    def crash() -> None:
        os.kill(pid, signal.SIGSEGV)
        os.kill(pid, signal.SIGCONT)

    threading.Timer(0.2, crash).start()
    with pytest.raises(CannotOpen) as caught:
        trial(prober, path)
    assert "crashed (SIGSEGV)" in caught.value.sentence()
    assert "a.cxi" in caught.value.sentence()
    trial(prober, path)


def test_a_file_that_does_not_answer_is_given_up_and_gets_longer_the_next_time(prober, tmp_path, monkeypatch):
    path = write_cxi(tmp_path / "a.cxi")
    monkeypatch.setattr(probe_module, "PATIENT_S", 0.6)
    stop(prober)
    prober._limit_s = 0.3
    with pytest.raises(CannotOpen) as caught:
        trial(prober, path)
    assert "within 0.3 s" in caught.value.sentence()
    stop(prober)
    with pytest.raises(CannotOpen) as caught:
        trial(prober, path)
    assert "within 0.6 s" in caught.value.sentence()


def test_a_trial_that_nobody_waits_for_is_ended(prober, tmp_path):
    path = write_cxi(tmp_path / "a.cxi")
    stop(prober)
    refused = []

    def attempt() -> None:
        try:
            trial(prober, path)
        except CannotOpen as error:
            refused.append(error.sentence())

    thread = threading.Thread(target=attempt)
    thread.start()
    time.sleep(0.3)
    prober.give_up()
    thread.join(10)
    assert not thread.is_alive()
    assert "another file" in refused[0]


def test_giving_up_when_nothing_is_tried_harms_nothing(prober, tmp_path):
    path = write_cxi(tmp_path / "a.cxi")
    prober.warm()
    with prober._turn:  # as while the process is being made ready
        prober.give_up()
    trial(prober, path)
