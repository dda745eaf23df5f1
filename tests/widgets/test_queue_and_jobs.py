"""The queue of suggestions and the list of jobs."""

from __future__ import annotations

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication, QLabel, QProgressBar, QPushButton, QToolButton, QTreeWidget
from pytestqt.qtbot import QtBot

from widgets.empty import EmptyState
from widgets.jobs_panel import JobsPanel, StatusJob
from widgets.queue_panel import QueuePanel, Suggestion
from widgets.theme import default_style

SINGLE = default_style(0, "single")
QUEUE = (
    Suggestion(1223, "uncertain", SINGLE, 0.52),
    Suggestion(40_221, "unlike"),
    Suggestion(17, "covers the run", SINGLE, 0.999, labelled=True),
)


@pytest.fixture
def queue(qtbot: QtBot) -> QueuePanel:
    panel = QueuePanel()
    qtbot.addWidget(panel)
    panel.resize(440, 240)
    panel.show()
    return panel


def test_queue_says_why_each_frame_is_in_it(queue: QueuePanel) -> None:
    queue.set_queue(QUEUE)
    tree = queue.findChild(QTreeWidget)
    shown = [[tree.topLevelItem(row).text(column) for column in range(4)] for row in range(3)]
    assert shown == [
        ["1\u202f223", "single", "52\u202f%", "uncertain"],
        ["40\u202f221", "", "", "unlike anything labelled"],
        ["17", "single", "99\u202f%", "labelled"],
    ]
    assert queue._caption.text() == "2 frames to look at"


def test_click_goes_to_the_frame_and_the_current_one_is_marked(queue: QueuePanel, qtbot: QtBot) -> None:
    queue.set_current(17)
    queue.set_queue(QUEUE)
    tree = queue.findChild(QTreeWidget)
    assert tree.currentItem() is tree.topLevelItem(2)
    with qtbot.waitSignal(queue.frame_chosen) as chosen:
        where = tree.visualItemRect(tree.topLevelItem(1)).center()
        QTest.mouseClick(tree.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert chosen.args == [40_221]
    queue.set_current(5)
    assert tree.currentItem() is None


def test_empty_queue_explains_itself_and_others_can_be_asked_for(queue: QueuePanel, qtbot: QtBot) -> None:
    assert queue.findChild(EmptyState).isVisible()
    with qtbot.waitSignal(queue.refresh_requested):
        queue.findChild(QToolButton).click()
    queue.set_refreshable(False)
    assert not queue.findChild(QToolButton).isEnabled()


@pytest.fixture
def jobs(qtbot: QtBot) -> JobsPanel:
    panel = JobsPanel()
    qtbot.addWidget(panel)
    panel.resize(440, 300)
    panel.show()
    panel.add_job("1", "Embedding run 0238")
    return panel


def words(panel: JobsPanel) -> str:
    return " | ".join(label.text() for label in panel.findChildren(QLabel) if label.isVisible())


def test_a_job_shows_how_far_it_is_and_how_long_it_takes(jobs: JobsPanel) -> None:
    assert jobs.findChild(QProgressBar).maximum() == 0
    jobs.update_job("1", 0.625, "12 of 20 frames", 41)
    bar = jobs.findChild(QProgressBar)
    assert bar.value() / bar.maximum() == 0.625
    assert "62\u202f% · 0:41 left" in words(jobs)
    assert "12 of 20 frames" in words(jobs)


def test_cancelling_asks_once_and_waits_for_the_end(jobs: JobsPanel, qtbot: QtBot) -> None:
    cross = next(b for b in jobs.findChildren(QToolButton) if "Cancel" in b.toolTip())
    with qtbot.waitSignal(jobs.cancel_requested) as asked:
        cross.click()
    assert asked.args == ["1"]
    assert not cross.isEnabled()
    assert "stopping" in words(jobs)
    jobs.finish_job("1", "cancelled", "Stopped after 12 of 20 frames; they are kept.")
    assert jobs.outcome("1") == "cancelled"
    assert "they are kept" in words(jobs)
    cross.click()
    assert jobs.jobs() == ()


def test_a_failed_job_keeps_its_sentence_and_offers_details(jobs: JobsPanel, qtbot: QtBot) -> None:
    jobs.finish_job("1", "failed", "The disk is full. Free some space.")
    jobs.update_job("1", 0.9, "late news")
    assert "The disk is full" in words(jobs)
    assert "late news" not in words(jobs)
    with qtbot.waitSignal(jobs.details_requested) as asked:
        next(b for b in jobs.findChildren(QPushButton) if b.isVisible()).click()
    assert asked.args == ["1"]


def test_several_jobs_newest_on_top_and_unknown_ones_passed_over(jobs: JobsPanel) -> None:
    jobs.add_job("2", "UMAP")
    jobs.update_job("3", 0.5)
    jobs.finish_job("3", "done")
    assert jobs.jobs() == ("1", "2")
    QApplication.processEvents()
    titles = [label for label in jobs.findChildren(QLabel) if label.text() in ("UMAP", "Embedding run 0238")]
    heights = {label.text(): label.mapTo(jobs, label.rect().topLeft()).y() for label in titles}
    assert heights["UMAP"] < heights["Embedding run 0238"]
    with pytest.raises(ValueError, match="outcome"):
        jobs.finish_job("2", "perhaps")


def test_status_job_shows_one_line_and_can_be_cancelled(qtbot: QtBot) -> None:
    status = StatusJob()
    qtbot.addWidget(status)
    assert status.isHidden()
    status.show_job("7", "embedding", 0.62, 41, others=1)
    texts = [label.text() for label in status.findChildren(QLabel)]
    assert texts == ["embedding", "62\u202f% · 0:41 left", "+1"]
    with qtbot.waitSignal(status.cancel_requested) as asked:
        status.findChild(QToolButton).click()
    assert asked.args == ["7"]
    with qtbot.waitSignal(status.list_requested):
        QTest.mouseClick(status, Qt.MouseButton.LeftButton)
    status.clear()
    assert status.isHidden()
    assert status.job() == ""
