"""Keeps the line that names the classifier in step with the open run."""

from __future__ import annotations

from PyQt6.QtCore import QObject, pyqtSignal

from app.later import Later
from app.session import RunSession
from widgets.trust.classifier_bar import ClassifierBar, ClassifierChoice

BUSY_AFTER_MS = 400
"""verdicts that are there by then need no sign that they are on their way"""
COSTS = {"moderate": "takes some minutes for a long run", "slow": "trains a network after every label"}


class SortingPresenter(QObject):
    """Shows one session's classifier in its line."""

    settings_wanted = pyqtSignal(str)
    """of the classifier with this id"""

    def __init__(self, bar: ClassifierBar, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bar = bar
        self._session: RunSession | None = None
        self._busy_later = Later(self._show_work, BUSY_AFTER_MS, self)
        bar.chosen.connect(self._choose)
        bar.cancel_wanted.connect(self._cancel)
        bar.settings_wanted.connect(lambda: self.settings_wanted.emit(bar.chosen_id()))

    def show_session(self, session: RunSession | None) -> None:
        self._session = session
        self._bar.setEnabled(session is not None)
        if session is None:
            self._bar.set_idle()
            return
        session.sorting.changed.connect(self._show)
        session.classifier.judged.connect(self._show_work)
        session.labels.changed.connect(self._busy_later.ask)
        self._show()

    def _show(self) -> None:
        session = self._session
        if session is None:
            return
        sorting = session.sorting
        self._bar.set_choices(
            [
                ClassifierChoice(
                    c.id,
                    c.title,
                    f"{c.summary} ({COSTS[c.cost]})" if c.cost in COSTS else c.summary,
                    c.paper,
                    "few-shot" if c.few_shot else "classical",
                )
                for c in sorting.choices
            ]
        )
        self._bar.set_chosen(sorting.chosen if sorting.at_work is None else sorting.at_work.choice.id)
        self._show_work()

    def _show_work(self) -> None:
        session = self._session
        if session is None:
            return
        work, classifier = session.sorting.at_work, session.classifier
        by = classifier.judged_by
        meanwhile = "" if by is None else f" Shown meanwhile: {by.title}."
        if work is not None:
            self._bar.set_busy(f"{work.words}.{meanwhile}", work.fraction)
        elif classifier.judging and not classifier.method.few_shot:
            self._bar.set_busy(f"Judging.{meanwhile if by != classifier.method else ''}", None)
            self._busy_later.ask()
        else:
            self._bar.set_idle()

    def _choose(self, choice_id: str) -> None:
        if self._session is not None and not self._session.sorting.choose(choice_id):
            self.settings_wanted.emit(choice_id)

    def _cancel(self) -> None:
        if self._session is not None:
            self._session.sorting.cancel()
