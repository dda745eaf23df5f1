"""What the service process does with labels for a classical classifier: fit it to its features, judge every frame.

Qt-free. Asked for by name, like `app.judging`, whose latest verdicts these become.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from app.judging import QUEUE_LENGTH, Labelled, Latest, Shown, Stored, Studied, as_shown
from app.operating import Operating
from models.embedding.few_shot import HeldOut, held_out_calibration, suggest
from models.parameters import from_dict
from models.progress import drain

if TYPE_CHECKING:
    from models.classifying.judge import Judgement

log = logging.getLogger(__name__)

_latest = Latest()
_held_out: dict[Stored, HeldOut] = {}
"""of the latest verdicts"""


def judge(
    stored: Stored, labelled: Labelled, name: str, values: Mapping[str, Any], source: Mapping[str, Any]
) -> Shown:
    """Verdicts for every frame by the classifier `name` with the settings `values`. Raises as its `judge`."""
    from models.classifying.judge import judge as judge_frames
    from models.classifying.registry import classifier

    parameters = from_dict(classifier(name).parameters, values)
    features = stored.where.open()
    judgement = drain(
        judge_frames(features, labelled.frames, labelled.codes, labelled.names, name, parameters, source={**source})
    )
    _latest.replace(stored, judgement.verdicts)
    _held_out.clear()
    found = _of(judgement, labelled)
    if found is not None:
        _held_out[stored] = found
    return as_shown(judgement.verdicts, labelled.names)


def study(stored: Stored, near: Stored, labelled: Labelled, seed: int) -> Studied:
    """The queue, and what the examples that were held out say of the latest verdicts.

    Args:
        stored: the features that the verdicts were made from.
        near: vectors that are near each other where frames are alike, so that suggestions differ.
    """
    with _latest.read(stored) as verdicts:
        queue = suggest(verdicts, near.where.open(), labelled.done, QUEUE_LENGTH, seed)
    held_out = _held_out.get(stored)
    if held_out is None:
        return Studied(queue)
    return Studied(queue, held_out, held_out.confusion(), held_out_calibration(held_out))


def operate(stored: Stored, class_name: str, held_out: HeldOut | None) -> Operating:
    """Thresholds of one class, from the latest verdicts."""
    return _latest.operate(stored, class_name, held_out)


def _of(judgement: Judgement, labelled: Labelled) -> HeldOut | None:
    """The held-out examples of a judgement as the other heads give them; None where there are none."""
    if not len(judgement.held_out):
        return None
    classes = judgement.verdicts.classes
    places = np.searchsorted(labelled.frames, judgement.held_out_frames)
    names = [labelled.names[code] for code in labelled.codes[places]]
    labels = np.array([classes.index(name) for name in names], np.int64)
    judged = {classes[k] for k in labels}
    return HeldOut(
        classes=classes,
        labels=labels,
        probabilities=judgement.held_out,
        unknown=np.zeros(len(labels), np.float32),
        rows=places.astype(np.int64),
        weights=np.ones(len(labels)),
        untested=tuple(name for name in classes if name not in judged),
    )
