"""Jobs in worker processes and threads: results, stopping, dying, and who wins."""

from __future__ import annotations

import multiprocessing
import threading
import time
from pathlib import Path

import pytest
from PyQt6.QtCore import QCoreApplication

from app.jobs.manager import JobManager, JobState, Pace
from app.jobs.process import ProcessJob
from app.jobs.threads import LatestWorker, run_task
from models.errors import BadParameter
from models.progress import Progress

WHERE = "tests.app.jobs_for_tests"
WAIT_MS = 20_000


@pytest.fixture
def manager(qtbot):
    manager = JobManager()
    yield manager
    manager.shutdown()
    assert workers() == []


def workers() -> list[str]:
    """Names of the processes there are, but for the service and the trial of files, which live with the program."""
    return [child.name for child in multiprocessing.active_children() if child.name not in ("service", "probe")]


def test_result_and_progress_arrive_in_the_gui_thread(qtbot, manager) -> None:
    seen: list[tuple[str, object, threading.Thread]] = []
    manager.start(
        "count", f"{WHERE}:count", (500,),
        on_progress=lambda p: seen.append(("progress", p, threading.current_thread())),
        on_finished=lambda r: seen.append(("finished", r, threading.current_thread())),
    )  # fmt: skip
    qtbot.waitUntil(lambda: any(kind == "finished" for kind, *_ in seen), timeout=WAIT_MS)
    assert seen[-1][:2] == ("finished", 5000)
    assert seen[0][0] == "progress"
    assert {thread for *_, thread in seen} == {threading.main_thread()}
    assert len(seen) < 100, "records are throttled"
    assert manager.records()[0].state is JobState.FINISHED


def test_what_is_sent_to_a_job_arrives_in_order(qtbot, manager) -> None:
    heard: list[list[str]] = []
    job_id = manager.start("obey", f"{WHERE}:obey", on_finished=heard.append)
    manager.send(job_id, "first")  # before the worker is there
    qtbot.waitUntil(lambda: manager.records()[0].progress is not None, timeout=WAIT_MS)
    for word in ("second", "third", "enough"):
        manager.send(job_id, word)
    qtbot.waitUntil(lambda: bool(heard), timeout=WAIT_MS)
    assert heard == [["first", "second", "third", "enough"]]
    manager.send(job_id, "too late")


def test_workers_run_at_low_priority(qtbot, manager) -> None:
    result: list[int] = []
    manager.start("priority", f"{WHERE}:priority", on_finished=result.append)
    qtbot.waitUntil(lambda: bool(result), timeout=WAIT_MS)
    assert result[0] >= 5


def test_a_polite_stop_lets_the_generator_clean_up(qtbot, manager, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    job_id = manager.start("endless", f"{WHERE}:endless", (str(closed),))
    qtbot.waitUntil(lambda: manager.record(job_id).state is JobState.RUNNING, timeout=WAIT_MS)
    manager.cancel(job_id)
    assert manager.record(job_id).state is JobState.CANCELLING
    qtbot.waitUntil(lambda: manager.record(job_id).state is JobState.CANCELLED, timeout=WAIT_MS)
    assert closed.read_text() == "closed"


def test_a_worker_that_does_not_listen_is_stopped(qtbot) -> None:
    job = ProcessJob(f"{WHERE}:deaf")
    with qtbot.waitSignal(job.progressed, timeout=WAIT_MS):
        job.start()
    with qtbot.waitSignal(job.cancelled, timeout=WAIT_MS):
        job.cancel()
    assert job.wait(5)


def test_expected_errors_arrive_whole(qtbot) -> None:
    job = ProcessJob(f"{WHERE}:refuse")
    with qtbot.waitSignal(job.failed, timeout=WAIT_MS) as caught:
        job.start()
    error = caught.args[0]
    assert isinstance(error, BadParameter)
    assert error.sentence() == "eps is -1: it must be positive. Choose 0.1."
    assert job.wait(5)


@pytest.mark.parametrize(("target", "says"), [("stumble", "by nothing"), ("die", "exit code 9")])
def test_unexpected_ends_become_one_sentence(qtbot, target: str, says: str) -> None:
    job = ProcessJob(f"{WHERE}:{target}")
    with qtbot.waitSignal(job.failed, timeout=WAIT_MS) as caught:
        job.start()
    assert says in caught.args[0].sentence()
    assert job.wait(5)


def test_the_latest_task_wins_and_overtaken_ones_never_report(qtbot) -> None:
    worker = LatestWorker("test")
    gate, started = threading.Event(), threading.Event()
    ran: list[str] = []
    reported: list[str] = []

    def slow() -> str:
        started.set()
        gate.wait(10)
        ran.append("slow")
        return "slow"

    def quick(name: str) -> str:
        ran.append(name)
        return name

    def no(error: Exception) -> None:
        raise error

    worker.submit(slow, reported.append, no)
    assert started.wait(10)
    worker.submit(lambda: quick("dropped"), reported.append, no)
    worker.submit(lambda: quick("last"), reported.append, no)
    gate.set()
    qtbot.waitUntil(lambda: bool(reported), timeout=WAIT_MS)
    worker.close()
    assert ran == ["slow", "last"]
    assert reported == ["last"]


def test_closing_does_not_wait_for_a_computation(qtbot) -> None:
    worker = LatestWorker("test")
    gate, started, ended = threading.Event(), threading.Event(), threading.Event()
    reported: list[object] = []

    def slow() -> None:
        started.set()
        gate.wait(20)
        ended.set()

    worker.submit(slow, reported.append, reported.append)
    assert started.wait(20)
    worker.close()
    assert not ended.is_set()
    gate.set()
    assert ended.wait(20)
    qtbot.waitUntil(lambda: not worker.busy, timeout=WAIT_MS)
    QCoreApplication.processEvents()
    assert reported == []


def test_a_failing_task_reports_its_error_in_the_gui_thread(qtbot) -> None:
    seen: list[tuple[Exception, threading.Thread]] = []

    def fail() -> None:
        raise ValueError("no")

    run_task(fail, lambda _: None, lambda error: seen.append((error, threading.current_thread())))
    qtbot.waitUntil(lambda: bool(seen), timeout=WAIT_MS)
    assert str(seen[0][0]) == "no"
    assert seen[0][1] is threading.main_thread()


def test_of_jobs_that_write_to_one_place_the_later_waits(qtbot, manager, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    first = manager.start("first", f"{WHERE}:endless", (str(closed),), writes_to="a store")
    qtbot.waitUntil(lambda: manager.record(first).state is JobState.RUNNING, timeout=WAIT_MS)
    found: list[bool] = []
    manager.start("second", f"{WHERE}:is_there", (str(closed),), writes_to="a store", on_finished=found.append)
    third = manager.start("third", f"{WHERE}:endless", ("/dev/null",), writes_to="a store")
    manager.cancel(third)
    qtbot.waitUntil(lambda: manager.record(third).state is JobState.CANCELLED, timeout=WAIT_MS)
    assert manager.record(first).state is JobState.RUNNING
    manager.cancel(first)
    qtbot.waitUntil(lambda: bool(found), timeout=WAIT_MS)
    assert found == [True], "the second began before the first had cleaned up"


def test_time_left_counts_from_the_first_record() -> None:
    pace = Pace()
    assert pace.eta_s(Progress(done=100, total=1000), 50.0) is None
    assert pace.eta_s(Progress(done=200, total=1000), 52.0) == pytest.approx(16.0)
    assert pace.eta_s(Progress(done=5), 53.0) is None


def test_no_time_left_is_told_from_the_loading_or_the_first_steps() -> None:
    pace = Pace()
    for now_s in (0.0, 5.0, 10.0):
        assert pace.eta_s(Progress(done=0, total=1000), now_s) is None
    assert pace.eta_s(Progress(done=1, total=1000), 12.0) is None
    assert pace.eta_s(Progress(done=100, total=1000), 20.0) == pytest.approx(90.0)
    slow = Pace()
    slow.eta_s(Progress(done=0, total=1000), 0.0)
    assert slow.eta_s(Progress(done=10, total=1000), 30.0) == pytest.approx(2970.0), "what is really slow is told"


def test_shutdown_leaves_no_worker(qtbot) -> None:
    manager = JobManager()
    job_id = manager.start("endless", f"{WHERE}:endless", ("/dev/null",))
    qtbot.waitUntil(lambda: manager.record(job_id).state is JobState.RUNNING, timeout=WAIT_MS)
    begun = time.monotonic()
    manager.shutdown()
    assert time.monotonic() - begun < 4
    assert workers() == []
