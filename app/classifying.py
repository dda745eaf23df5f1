"""From labels to verdicts: the service process refits the head after every label, and the latest labels win."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, pyqtSignal

from app.jobs.service import the_service
from app.judging import Labelled, Shown, Stored, Studied
from app.later import Later
from models.embedding.few_shot import Calibration, Confusion, FewShotSettings, HeldOut, Verdicts
from models.errors import FriedelError
from models.parameters import to_dict

log = logging.getLogger(__name__)

Vectors = npt.NDArray[np.float32]
Codes = npt.NDArray[np.int16]
FEW_SHOT = "speckle"
"""name of the few-shot head in the registry of classifiers"""
HEADS = {
    "logistic": "logistic regression",
    "prototype": "nearest class mean",
    "shrinkage": "shrunken discriminants",
}
REFIT_AFTER_MS = 10
"""the label is painted first"""


@dataclass(frozen=True)
class Judged(Shown):
    """Verdicts with the labels they came from, and what the views show of them.

    Attributes:
        labels: (N,) int16 label codes at that time.
        class_names: the user's classes at that time; all codes point into them.
    """

    labels: Codes
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class Method:
    """What verdicts are made by.

    Attributes:
        name: in the registry of classifiers.
        title: for people.
        settings: its own dataclass; `FewShotSettings` means the few-shot head on the run's embedding.
    """

    name: str
    title: str
    settings: Any

    @property
    def few_shot(self) -> bool:
        return isinstance(self.settings, FewShotSettings)


def few_shot(settings: FewShotSettings) -> Method:
    """The few-shot head on the run's embedding."""
    return Method(FEW_SHOT, f"Speckle embedding, {HEADS[settings.head]}", settings)


class Classifier(QObject):
    """Keeps verdicts, queue and confusion in step with the labels of one run.

    `vectors` is None until the run is embedded; until then, and while fewer than two classes have examples, there are
    no verdicts and `why_not` says why.
    """

    judged = pyqtSignal()
    """`verdicts` changed (also to None)"""
    studied = pyqtSignal()
    """`queue`, `held_out`, `confusion` and `calibration` changed"""

    def __init__(
        self, labels_now: Callable[[], tuple[Codes, tuple[str, ...]]], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._labels_now = labels_now
        self.method = few_shot(FewShotSettings())
        self.vectors: Vectors | None = None
        self.verdicts: Verdicts | None = None
        self.shown: Judged | None = None
        self.judged_by: Method | None = None
        self.queue: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self.held_out: HeldOut | None = None
        self.confusion: Confusion | None = None
        self.calibration: Calibration | None = None
        self.why_not = "The run has not been embedded yet."
        self.provenance: dict[str, Any] = {}
        self._embedded: Stored | None = None
        self._features: Stored | None = None
        self._looks = 0
        self._seed = 0
        self._refit = Later(self._refit_now, REFIT_AFTER_MS, self)
        self._head = the_service().lane("few-shot head")
        self._classical = the_service().lane("classical classifier")
        self._study = the_service().lane("queue and confusion")

    @property
    def busy(self) -> bool:
        """Whether newer verdicts, or what follows from them, are on their way."""
        return self._refit.waiting or self.judging or self._study.busy

    @property
    def judging(self) -> bool:
        """Whether newer verdicts are on their way."""
        return (self._head if self.method.few_shot else self._classical).busy

    @property
    def stored(self) -> Stored | None:
        """The vectors that verdicts are made from, as the service knows them."""
        return self._embedded if self.method.few_shot else self._features

    def use(self, method: Method, features: Vectors | None = None) -> None:
        """Judge by another method from now on; what is shown stays until its verdicts are there.

        Args:
            features: (N, D) float32 of the whole run, for any method but the few-shot head.
        """
        self.method = method
        self._features = None
        if features is not None:
            self._looks += 1
            self._features = Stored(self._classical.share(features), self._looks)
        for lane in (self._head, self._classical, self._study):
            lane.forget()
        self.refit()

    def set_vectors(self, vectors: Vectors | None, provenance: dict[str, Any] | None = None) -> None:
        """The run's embedding, (N, D) float32, not-a-number where a frame has none; None takes it away.

        A mapped file is passed on as it is; any other array is copied to where the service finds it.
        """
        self.vectors = vectors
        self.provenance = dict(provenance or {})
        self._looks += 1
        self._embedded = None if vectors is None else Stored(self._head.share(vectors), self._looks)
        self.refit()

    def refit(self) -> None:
        """Labels or embedding changed: judge all frames anew. Returns at once."""
        self._refit.ask()

    def _refit_now(self) -> None:
        codes, names = self._labels_now()
        if self.stored is not None:
            codes = codes[: self.stored.where.shape[0]]  # a run that grew has frames without vectors
        method, stored = self.method, self.stored
        if stored is None:
            self._drop("The run has not been embedded yet.")
            return
        labelled = Labelled.of(codes, names)
        given = np.unique(labelled.codes)
        if len(given) < 2:
            missing = "two classes" if len(given) == 0 else "a second class"
            self._drop(f"Label at least one frame of {missing}: all others are then sorted by likeness.")
            self._study.submit("app.judging:cover", (stored, labelled, self._seed), self._studied, self._failed)
            return

        def judged(shown: Shown) -> None:
            self._judged(shown, codes, stored, labelled, method)

        if method.few_shot:
            args: tuple[Any, ...] = (stored, labelled, method.settings, self.provenance)
            self._head.submit("app.judging:judge", args, judged, self._failed)
        else:
            args = (stored, labelled, method.name, to_dict(method.settings), {"run": self.provenance.get("run", "")})
            self._classical.submit("app.judging_classical:judge", args, judged, self._failed)

    def suggest_others(self) -> None:
        """Other suggestions from the same verdicts."""
        self._seed += 1
        self.refit()

    def close(self) -> None:
        self._refit.forget()
        self._head.close()
        self._classical.close()
        self._study.close()

    def _judged(self, shown: Shown, codes: Codes, stored: Stored, labelled: Labelled, method: Method) -> None:
        self.shown = Judged(
            shown.verdicts, shown.codes, shown.confidence, shown.counts, shown.histogram, codes, labelled.names
        )
        self.verdicts, self.judged_by = shown.verdicts, method
        self.why_not = ""
        self.judged.emit()
        if method.few_shot:
            study = "app.judging:study"
            args: tuple[Any, ...] = (stored, labelled, method.settings, self._seed)
        else:
            study = "app.judging_classical:study"
            args = (stored, self._embedded or stored, labelled, self._seed)
        self._study.submit(study, args, self._studied, self._failed)

    def _studied(self, studied: Studied) -> None:
        self.queue, self.held_out = studied.queue, studied.held_out
        self.confusion, self.calibration = studied.confusion, studied.calibration
        self.studied.emit()

    def _failed(self, error: FriedelError) -> None:
        self._drop(error.sentence())

    def _drop(self, why: str) -> None:
        """No verdicts, and why; outcomes of earlier labels that are still on their way are not wanted any more."""
        self._head.forget()
        self._classical.forget()
        self._study.forget()
        changed = self.verdicts is not None or self.why_not != why
        self.verdicts, self.shown, self.judged_by, self.why_not = None, None, None, why
        self.held_out, self.confusion, self.calibration = None, None, None
        if changed:
            self.judged.emit()
            self.studied.emit()
