"""Which frames of the run to keep: the class, its curve of precision and yield, and the operating point on it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from PyQt6.QtCore import QObject, pyqtSignal

from app.classifying import Classifier
from app.jobs.service import the_service
from app.operating import STARTING_THRESHOLD, Operating, kept_frames
from models.embedding.few_shot import OperatingPoint
from models.errors import FriedelError

log = logging.getLogger(__name__)

PREFERRED_CLASS = "single"


class Keeping(QObject):
    """The operating point of one run. It follows the verdicts; class and thresholds are the user's and are kept."""

    changed = pyqtSignal()
    """`class_name`, `operating` or `why_not` changed"""
    moved = pyqtSignal()
    """`point` changed"""

    def __init__(
        self,
        classifier: Classifier,
        class_names: Callable[[], tuple[str, ...]],
        state: Mapping[str, Any],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._classifier = classifier
        self._class_names = class_names
        self._wanted = str(state.get("class") or "")
        self._thresholds = _thresholds(state.get("thresholds"))
        self._lane = the_service().lane("operating point")
        self.class_name = ""
        self.operating: Operating | None = None
        classifier.judged.connect(self._verdicts_changed)
        classifier.studied.connect(self._ask)

    @property
    def point(self) -> OperatingPoint | None:
        """What to expect at the present threshold; None while nothing can be said."""
        return None if self.operating is None else self.operating.curve.at(self.threshold)

    @property
    def threshold(self) -> float:
        """The threshold of the present class, 0 … 1."""
        return self._thresholds.get(self.class_name, STARTING_THRESHOLD)

    def classes(self) -> tuple[str, ...]:
        """The classes that verdicts give, in the user's order."""
        verdicts = self._classifier.verdicts
        return () if verdicts is None else tuple(n for n in self._class_names() if n in verdicts.classes)

    def choose_class(self, name: str) -> None:
        """Keep frames of another class."""
        if name in self.classes() and name != self.class_name:
            self._wanted = name
            self._ask()

    def move_to(self, threshold: float) -> None:
        """Keep frames whose P(class) is at least this."""
        self._thresholds[self.class_name] = min(1.0, max(0.0, float(threshold)))
        self.moved.emit()

    def aim_at(self, precision: float) -> bool:
        """Go to the lowest threshold from which at least this precision is expected; False where there is none."""
        found = None if self.operating is None else self.operating.curve.for_precision(precision)
        if found is None:
            return False
        self.move_to(found.threshold)
        return True

    def kept(self) -> npt.NDArray[np.int64]:
        """The frames at or above the threshold, int64, ascending."""
        verdicts = self._classifier.verdicts
        if verdicts is None or self.class_name not in verdicts.classes:
            return np.empty(0, np.int64)
        point = self.point
        return kept_frames(verdicts, self.class_name, self.threshold if point is None else point.threshold)

    def to_state(self) -> dict[str, Any]:
        """Class and thresholds, to be remembered."""
        return {"class": self._wanted, "thresholds": dict(self._thresholds)}

    def close(self) -> None:
        self._lane.close()

    def _verdicts_changed(self) -> None:
        if self._classifier.verdicts is None:
            self._lane.forget()
            self.operating = None
            self.changed.emit()

    def _ask(self) -> None:
        """Have the curve of the wanted class worked out."""
        names = self.classes()
        stored = self._classifier.stored
        if not names or stored is None:
            return
        first = PREFERRED_CLASS if PREFERRED_CLASS in names else names[0]
        name = self._wanted if self._wanted in names else first

        def came(found: Operating) -> None:
            self.class_name, self.operating = name, found
            self.changed.emit()
            self.moved.emit()

        judging = "app.judging" if self._classifier.method.few_shot else "app.judging_classical"
        self._lane.submit(f"{judging}:operate", (stored, name, self._classifier.held_out), came, self._failed)

    def _failed(self, error: FriedelError) -> None:
        # Verdicts of other classes came meanwhile, or none are left: the next study asks again.
        log.info("no operating point: %s", error.sentence())


def _thresholds(kept: object) -> dict[str, float]:
    """Thresholds per class name as they were remembered; what is no number in 0 … 1 is left out."""
    if not isinstance(kept, dict):
        return {}
    return {str(name): float(t) for name, t in kept.items() if isinstance(t, int | float) and 0 <= t <= 1}
