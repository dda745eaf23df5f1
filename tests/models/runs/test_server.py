"""The reader thread: what is read, in which order, and what the window is told."""

from __future__ import annotations

import queue
import threading

import numpy as np
import pytest

from models.errors import FriedelError
from models.runs.cache import FrameCache, cost
from models.runs.server import AHEAD, BEHIND, FrameServer
from tests.models.runs.fake import fake_run

PATIENCE_S = 10


class Window:
    """Collects what a server says."""

    def __init__(self) -> None:
        self.said: queue.Queue = queue.Queue()

    def deliver(self, index, prepared):
        self.said.put((index, prepared))

    def failed(self, index, error):
        self.said.put((index, error))

    def next(self):
        return self.said.get(timeout=PATIENCE_S)


@pytest.fixture
def window():
    return Window()


@pytest.fixture
def serve(window):
    servers = []

    def start(run, prepare=lambda frame: int(frame.raw[0, 0]), **kwargs):
        server = FrameServer(run, prepare, window.deliver, window.failed, **kwargs)
        servers.append(server)
        return server

    yield start
    for server in servers:
        assert server.close()


def settle(server):
    """Wait until the server has read all neighbours and made all thumbnails."""
    done = threading.Event()
    server.want_thumbnails([0], lambda frame: None, lambda index, picture: done.set())
    assert done.wait(PATIENCE_S)


def test_a_wanted_frame_is_delivered_prepared(serve, window):
    run, source = fake_run()
    serve(run).want(7)
    assert window.next() == (7, 7)
    assert source.threads == {"friedel-reader"}


def test_frames_superseded_while_scrubbing_are_never_read(serve, window):
    run, source = fake_run(1000)
    server = serve(run)
    source.gate.clear()
    server.want(0)
    assert source.entered.wait(PATIENCE_S)
    for index in range(1, 901, 3):
        server.want(index)
    source.gate.set()
    assert window.next() == (0, 0)
    assert window.next() == (898, 898)
    settle(server)
    superseded = set(range(1, 890, 3))
    assert not superseded & set(source.reads)


def test_neighbours_are_read_in_the_direction_of_travel(serve, window):
    run, source = fake_run()
    server = serve(run)
    server.want(50)
    window.next()
    settle(server)
    assert source.reads[1 : 1 + AHEAD + BEHIND] == [51, 52, 53, 54, 55, 56, 57, 58, 49, 48]
    source.reads.clear()
    server.want(40)
    window.next()
    settle(server)
    assert source.reads[:4] == [40, 39, 38, 37]


def test_stride_and_explicit_neighbours(serve, window):
    run, source = fake_run()
    server = serve(run)
    server.want(10, stride=10)
    window.next()
    settle(server)
    assert source.reads[:4] == [10, 20, 30, 40]
    source.reads.clear()
    server.want(61, upcoming=[5, 99])
    window.next()
    settle(server)
    assert source.reads == [61, 5, 99]


def test_a_frame_read_beforehand_is_not_read_again(serve, window):
    run, source = fake_run()
    server = serve(run)
    server.want(3)
    window.next()
    settle(server)
    server.want(4)
    assert window.next() == (4, 4)
    assert source.reads.count(4) == 1


def test_new_preparation_reads_nothing(serve, window):
    run, source = fake_run()
    server = serve(run)
    server.want(3)
    window.next()
    settle(server)
    before = list(source.reads)
    server.set_prepare(lambda frame: "log")
    assert window.next() == (3, "log")
    assert source.reads == before


def test_new_preparation_reads_nothing_even_if_the_frame_is_larger_than_the_cache(serve, window):
    run, source = fake_run()
    server = serve(run, cache_bytes=1)
    server.want(3)
    window.next()
    settle(server)
    server.set_prepare(lambda frame: "log")
    assert window.next() == (3, "log")
    assert source.reads.count(3) == 1


def test_an_unreadable_frame_is_reported_once_and_the_rest_goes_on(serve, window):
    run, source = fake_run(broken={5})
    server = serve(run)
    server.want(4)
    assert window.next() == (4, 4)
    settle(server)
    server.want(5)
    index, error = window.next()
    assert index == 5
    assert isinstance(error, FriedelError)
    assert error.index == 5
    server.want(6)
    assert window.next() == (6, 6)
    settle(server)
    assert source.reads.count(5) == 2, "once beforehand, once because it was asked for; never in a loop"


def test_a_broken_preparation_is_reported_and_the_thread_lives(serve, window):
    run, _ = fake_run()
    server = serve(run, prepare=lambda frame: 1 // int(frame.raw[0, 0]))
    server.want(0)
    index, error = window.next()
    assert index == 0
    assert "cannot be shown" in error.sentence()
    server.want(1)
    assert window.next() == (1, 1)


def test_cached_tells_what_is_in_memory(serve, window):
    run, _ = fake_run()
    server = serve(run)
    assert server.cached(2) is None
    server.want(2)
    window.next()
    assert np.all(server.cached(2).raw == 2)


def test_cache_limit_is_kept(serve, window):
    run, _ = fake_run(shape=(64, 64))
    limit = 5 * cost(run.load(0))
    server = serve(run, cache_bytes=limit)
    for index in (0, 30, 60, 90):
        server.want(index)
        assert window.next()[0] == index
        settle(server)
    assert server._cache.nbytes <= limit


def test_thumbnails_come_after_the_wanted_frame_and_failures_are_none(serve, window):
    run, source = fake_run(broken={31})
    server = serve(run)
    pictures: dict[int, int | None] = {}
    done = threading.Event()

    def deliver(index, picture):
        pictures[index] = picture
        if len(pictures) == 3:
            done.set()

    source.gate.clear()
    server.want(0, upcoming=[])
    assert source.entered.wait(PATIENCE_S)
    server.want_thumbnails([30, 31, 32], lambda frame: int(frame.raw[0, 0]), deliver)
    server.want(10, upcoming=[11])
    source.gate.set()
    assert done.wait(PATIENCE_S)
    assert pictures == {30: 30, 31: None, 32: 32}
    assert source.reads == [0, 10, 11, 30, 31, 32]


def test_a_thumbnail_that_cannot_be_made_is_answered_too(serve):
    run, _ = fake_run()
    said: queue.Queue = queue.Queue()
    serve(run).want_thumbnails([1, 2], lambda frame: 1 // (frame.index - 1), lambda *answer: said.put(answer))
    assert [said.get(timeout=PATIENCE_S) for _ in range(2)] == [(1, None), (2, 1)]


def test_a_frame_that_failed_while_its_file_changed_is_tried_again(serve, window):
    run, source = fake_run(broken={5})
    server = serve(run)
    said: queue.Queue = queue.Queue()
    source.gate.clear()
    server.want_thumbnails([5], lambda frame: frame.index, lambda *answer: said.put(answer))
    assert source.entered.wait(PATIENCE_S)
    server.forget()
    source.gate.set()
    assert said.get(timeout=PATIENCE_S) == (5, None)
    source.broken.clear()
    server.want_thumbnails([5], lambda frame: frame.index, lambda *answer: said.put(answer))
    assert said.get(timeout=PATIENCE_S) == (5, 5)


def test_newer_thumbnails_replace_older_ones(serve):
    run, source = fake_run()
    server = serve(run)
    done = threading.Event()
    source.gate.clear()
    server.want_thumbnails(range(50), lambda frame: 0, lambda index, picture: None)
    assert source.entered.wait(PATIENCE_S)
    server.want_thumbnails([77], lambda frame: 0, lambda index, picture: done.set())
    source.gate.set()
    assert done.wait(PATIENCE_S)
    assert source.reads == [0, 77]


def test_tasks_run_on_the_reader_thread(serve):
    run, _ = fake_run()
    server = serve(run)
    answers: queue.Queue = queue.Queue()
    server.submit(lambda run: (len(run), threading.current_thread().name), answers.put)
    assert answers.get(timeout=PATIENCE_S) == (100, "friedel-reader")

    def fail(run):
        raise FriedelError("no such column")

    server.submit(fail, answers.put, answers.put)
    assert answers.get(timeout=PATIENCE_S).what == "no such column"
    server.submit(lambda run: 1 // 0, answers.put, answers.put)
    assert "ZeroDivisionError" in answers.get(timeout=PATIENCE_S).sentence()


def test_forget_reads_the_present_frame_again_with_new_flags(serve, window):
    run, source = fake_run()
    server = serve(run, prepare=lambda frame: int(frame.flags.max()))
    server.want(9, upcoming=[])
    assert window.next() == (9, 0)
    run.saturation_level = 9
    server.forget()
    index, flags = window.next()
    assert index == 9
    assert flags == 16
    assert source.reads == [9, 9]


def test_want_outside_the_run_is_refused(serve):
    run, _ = fake_run(10)
    with pytest.raises(IndexError):
        serve(run).want(10)


def test_close_drops_what_was_not_begun(window):
    run, source = fake_run()
    server = FrameServer(run, lambda frame: 0, window.deliver, window.failed)
    source.gate.clear()
    server.want(0)
    assert source.entered.wait(PATIENCE_S)
    assert not server.close(timeout_s=0.05), "a hanging read is reported"
    source.gate.set()
    assert server.close()
    assert source.reads == [0]


def test_cache_keeps_the_recently_used():
    run, _ = fake_run(10)
    frames = [run.load(i) for i in range(4)]
    cache = FrameCache(3 * cost(frames[0]))
    for frame in frames[:3]:
        cache.add(frame)
    cache.get(0)
    cache.add(frames[3])
    assert [i in cache for i in range(4)] == [True, False, True, True]
    cache.add(run.load(9), evict=False)
    assert 9 not in cache
