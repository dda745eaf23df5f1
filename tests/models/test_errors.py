"""Errors speak one sentence and survive the pipe from a worker process."""

from __future__ import annotations

import multiprocessing
from multiprocessing.reduction import ForkingPickler

import pytest

from models.errors import AmbiguousRun, CannotOpen, DatasetCandidate, FrameUnreadable, FriedelError


def through_a_pipe(error: FriedelError) -> FriedelError:
    """What a worker process's error looks like on this side."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    sender.send_bytes(ForkingPickler.dumps(error))
    received: FriedelError = receiver.recv()
    return received


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (CannotOpen("Cannot open a.h5"), "Cannot open a.h5."),
        (CannotOpen("Cannot open a.h5", cause="the file is empty."), "Cannot open a.h5: the file is empty."),
        (
            CannotOpen("Cannot open a.h5", cause="it is cut\noff", hint="copy it again"),
            "Cannot open a.h5: it is cut off. Copy it again.",
        ),
    ],
)
def test_sentence_is_one_line_with_cause_and_hint(error: FriedelError, sentence: str) -> None:
    assert error.sentence() == sentence


def test_nothing_is_lost_on_the_way_from_a_worker() -> None:
    candidate = DatasetCandidate("/a/data", (3, 4, 5), "uint16", 1.0, "three dimensions")
    received = through_a_pipe(AmbiguousRun("Which one?", hint="choose", candidates=[candidate]))
    assert isinstance(received, AmbiguousRun)
    assert received.candidates == (candidate,)
    assert received.hint == "choose"


def test_the_frame_s_index_travels_too() -> None:
    received = through_a_pipe(FrameUnreadable("Frame 7 cannot be read", cause="bad chunk", index=7))
    assert isinstance(received, FrameUnreadable)
    assert (received.index, str(received)) == (7, "Frame 7 cannot be read")
