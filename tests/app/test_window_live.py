"""The window on files that grow, change, vanish, or do not answer."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PyQt6.QtWidgets import QApplication

from app import live as live_module
from app import opening
from app.live import ENDED, QUIET
from tests.app.conftest import WAIT_MS, close, label_of, make_run, press, shown, store_vectors
from tests.models.runs.writers import Writer, writing

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(live_module, "LOOK_EVERY_MS", 50)
    monkeypatch.setattr(live_module, "_BUSY_SHARE", 1)


def growing(path: Path, frames: int = 3):
    """A writer with so many frames written."""
    context = writing(path)

    class Begun:
        def __enter__(self) -> Writer:
            self.writer = context.__enter__()
            self.writer.write(frames)
            return self.writer

        def __exit__(self, *exc: object) -> None:
            context.__exit__(*exc)

    return Begun()


def wait_for_frames(qtbot, window, count: int) -> None:
    qtbot.waitUntil(lambda: len(window.session.run) == count, timeout=WAIT_MS)


def test_frames_that_come_are_counted_shown_and_can_be_labelled(qtbot, make_window, open_in, tmp_path) -> None:
    path = tmp_path / "live.h5"
    with growing(path) as writer:
        window = make_window()
        open_in(window, path)
        session, page = window.session, window.panes.frame_page
        assert "live" in page.header.text()
        press(window, "Right")
        press(window, "1")
        here = session.browser.index
        writer.write(6)
        wait_for_frames(qtbot, window, 9)
        assert session.browser.index == here, "nobody is taken away from the frame being looked at"
        assert "9 frames" in window.windowTitle()
        assert "of 9" in page.header.text()
        assert len(page.filmstrip._order) == 9
        session.browser.go_to(8)
        shown(qtbot, window)
        assert page.frame_view.picture.frame.raw.max() == 9
        assert page.header.text().endswith("7024")
        press(window, "2")
        assert (label_of(window, 1), label_of(window, 8)) == ("single", "multi")
        session.browser.select([0, 8])
        writer.kill()
        close(window)
    again = make_window()
    open_in(again, path)
    assert (label_of(again, 1), label_of(again, 8)) == ("single", "multi")
    assert again.session.live.state != "", "a killed writer's file stays as it is, and may be taken up again"


def test_following_shows_the_newest_frame_until_the_user_goes_elsewhere(
    qtbot, make_window, open_in, tmp_path
) -> None:
    path = tmp_path / "live.h5"
    with growing(path) as writer:
        window = make_window()
        open_in(window, path)
        session, badge = window.session, window.panes.frame_page.header.live
        window.actions_table.trigger("frame.follow")
        assert session.browser.index == 2
        writer.write(3)
        qtbot.waitUntil(lambda: session.browser.index == 5, timeout=WAIT_MS)
        assert badge.isChecked()
        assert "following" in badge.text()
        press(window, "Left")
        assert not badge.isChecked()
        assert not window.actions_table["frame.follow"].isChecked()
        writer.write(2)
        wait_for_frames(qtbot, window, 8)
        assert session.browser.index == 4
        badge.click()
        assert session.browser.index == 7
        writer.finish()
        qtbot.waitUntil(lambda: session.live.state == ENDED, timeout=WAIT_MS)
        assert "writing ended" in window.panes.frame_page.header.text()
        assert not session.live.follows
        assert "8 frames" in window.notice.text()
        assert not window.actions_table["frame.follow"].isEnabled()


def test_a_run_to_which_nothing_is_added_becomes_quiet(qtbot, make_window, open_in, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(live_module, "QUIET_AFTER_S", 0.2)
    path = tmp_path / "live.h5"
    with growing(path) as writer:
        window = make_window()
        open_in(window, path)
        qtbot.waitUntil(lambda: window.session.live.state == QUIET, timeout=WAIT_MS)
        assert "no new frame" in window.panes.frame_page.header.text()
        writer.write(1)
        wait_for_frames(qtbot, window, 4)


def test_verdicts_and_map_stay_and_new_frames_wait_to_be_embedded(qtbot, make_window, open_in, tmp_path) -> None:
    path = tmp_path / "live.h5"
    with growing(path, 12) as writer:
        store_vectors(path)
        window = make_window()
        open_in(window, path)
        session = window.session
        qtbot.waitUntil(lambda: session.classifier.vectors is not None, timeout=WAIT_MS)
        for index, key in ((0, "1"), (1, "2")):
            session.browser.go_to(index)
            press(window, key)
        qtbot.waitUntil(lambda: session.classifier.verdicts is not None, timeout=WAIT_MS)
        writer.write(5)
        wait_for_frames(qtbot, window, 17)
        assert session.verdict_of(3)[1] is not None
        assert session.verdict_of(16) == ("", None)
        codes, confidence = session.verdict_codes()
        assert len(codes) == len(confidence) == 17
        assert np.isnan(confidence[12:]).all()
        assert session.embedding.n_missing == 5
        window.panes.map_presenter._show_growth()
        assert window.panes.map_view.canvas().points.total == 17
        session.set_order("confidence")
        qtbot.waitUntil(lambda: session.browser.order == "confidence", timeout=WAIT_MS)
        assert sorted(session.browser.walk.sequence[12:].tolist()) == list(range(12, 17))
        session.browser.go_to(16)
        press(window, "1")
        qtbot.waitUntil(lambda: not session.classifier.busy, timeout=WAIT_MS)
        assert session.classifier.verdicts is not None
        assert label_of(window, 16) == "single"
        writer.finish()
        qtbot.waitUntil(lambda: "not embedded" in window.notice.text(), timeout=WAIT_MS)


def test_a_file_that_was_replaced_is_offered_to_be_read_again_and_labels_stay(qtbot, window, run_file) -> None:
    press(window, "1")
    qtbot.wait(150)
    other = make_run(run_file.with_name("other.cxi"), 12)
    other.replace(run_file)
    qtbot.waitUntil(lambda: "replaced" in window.notice.text(), timeout=WAIT_MS)
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        window.notice.action_requested.emit()
    assert len(window.session.run) == 12
    assert label_of(window, 0) == "single"


def test_a_file_that_was_written_to_or_deleted_is_told_of_once_each(qtbot, window, run_file) -> None:
    qtbot.wait(150)
    before = run_file.stat()
    os.utime(run_file, ns=(before.st_atime_ns, before.st_mtime_ns + 10**9))
    qtbot.waitUntil(lambda: "written to" in window.notice.text(), timeout=WAIT_MS)
    window.notice.clear()
    qtbot.wait(300)
    assert window.notice.text() == ""
    kept = run_file.read_bytes()
    run_file.unlink()
    qtbot.waitUntil(lambda: "deleted" in window.notice.text(), timeout=WAIT_MS)
    press(window, "Right")
    shown(qtbot, window)
    run_file.write_bytes(kept)


class Stuck:
    """A disk that stops answering."""

    def __init__(self, run, monkeypatch) -> None:
        self.answers = threading.Event()
        self._load = run.load
        monkeypatch.setattr(run, "load", self.load)

    def load(self, index: int):
        assert self.answers.wait(30)
        return self._load(index)


def test_a_read_that_does_not_answer_is_told_of_and_nothing_waits_for_it(qtbot, window, monkeypatch) -> None:
    monkeypatch.setattr(live_module, "PATIENCE_S", 0.2)
    qtbot.waitUntil(lambda: window.session.frames.at_work() is None, timeout=WAIT_MS)
    disk = Stuck(window.session.run, monkeypatch)
    window.session.frames._server.forget()
    window.session.browser.go_to(25)
    qtbot.waitUntil(lambda: "may not answer" in window.notice.text(), timeout=WAIT_MS)
    press(window, "1")
    assert label_of(window, 25) == "single", "labels can be given meanwhile"
    disk.answers.set()
    qtbot.waitUntil(lambda: window.notice.text() == "", timeout=WAIT_MS)
    shown(qtbot, window)


def test_closing_a_run_does_not_wait_for_a_disk_that_does_not_answer(qtbot, window, monkeypatch) -> None:
    qtbot.waitUntil(lambda: window.session.frames.at_work() is None, timeout=WAIT_MS)
    run = window.session.run
    disk = Stuck(run, monkeypatch)
    closed = threading.Event()
    monkeypatch.setattr(run, "close", closed.set)
    window.session.frames._server.forget()
    window.session.browser.go_to(20)
    qtbot.waitUntil(lambda: window.session.frames.at_work() is not None, timeout=WAIT_MS)
    began = time.monotonic()
    window.close_run()
    assert time.monotonic() - began < 5, "three times as long as it takes on a busy machine"
    assert not closed.is_set(), "the file must stay open while it is being read"
    QApplication.processEvents()
    disk.answers.set()
    assert closed.wait(10), "and is closed as soon as the read is over"


def test_a_file_that_crashes_what_reads_it_leaves_the_window_as_it_is(qtbot, window, tmp_path) -> None:
    from app.opening import the_prober

    path = make_run(tmp_path / "bad.cxi", 4)
    the_prober().warm()
    process = the_prober()._process
    os.kill(process.pid, signal.SIGSTOP)
    window.open_path(str(path))
    qtbot.wait(300)
    os.kill(process.pid, signal.SIGSEGV)
    os.kill(process.pid, signal.SIGCONT)
    qtbot.waitUntil(lambda: "crashed (SIGSEGV)" in window.notice.text(), timeout=WAIT_MS)
    assert window.session.run.name == "small.cxi"
    with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
        window.open_path(str(path))
    assert window.session.run.name == "bad.cxi"


def test_a_run_without_frames_yet_opens_with_the_first_one(qtbot, make_window, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(opening, "FIRST_FRAME_MS", 100)
    path = tmp_path / "live.h5"
    with growing(path, 0) as writer:
        window = make_window()
        window.open_path(str(path))
        qtbot.waitUntil(lambda: "no frames yet" in window.notice.text(), timeout=WAIT_MS)
        with qtbot.waitSignal(window.run_opened, timeout=WAIT_MS):
            writer.write(1)
        shown(qtbot, window)
        assert "no frames yet" not in window.notice.text()
