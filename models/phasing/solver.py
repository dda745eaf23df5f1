"""One start of a reconstruction, run in slices; imported only inside functions.

Everything between two slices is up to the caller: pausing is not calling, stepping is a slice of one, and settings
may be replaced at any time.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import numpy.typing as npt
import torch  # noqa: TID253

from models.errors import BadParameter, FriedelError
from models.patterns import Pattern
from models.phasing.algorithms import update
from models.phasing.constraints import Values
from models.phasing.first_object import random_object
from models.phasing.fourier import one_thread
from models.phasing.iterate import Iterate, Look
from models.phasing.measured import check
from models.phasing.record import Record
from models.phasing.schedule import ITERATIVE, Block, parse
from models.phasing.settings import PhasingSettings
from models.phasing.support import first_support, half_support, recentre, update_support
from models.phasing.types import PhasingState, Preview, Start

BoolArray = npt.NDArray[np.bool_]

LOOK_EVERY = 20
"""Iterations between two points of the error curves. A look takes a transform and two passes."""
LOOK_EVERY_S = 0.5
"""Or this long, where iterations are so slow."""
PREVIEW_EVERY_S = 0.1
PREVIEW_SIDE_PX = 256
_PREVIEW_MARGIN = 0.15
_PREVIEW_GRID_PX = 32
_COHERENCE_EVERY = 50
_COUNTING_ERROR = 0.5
"""Standard error of √n for a Poisson count n, whatever n is (Anscombe 1948)."""


class NotConverging(FriedelError):
    """An iterate has left the range of numbers."""


class Solver:
    """One start.

    Args:
        pattern: what was measured, centred.
        settings: schedule, constraints, support; `starts`, `generations`, `held_out` are the caller's business.
        seed: everything drawn by chance follows from it.
        held_out: bool, centred; pixels that are judged by and constrain nothing.
        device: "cpu", or a torch device such as "cuda".
        first: complex, centred: begin from this object instead of a random one.
        support: bool, centred: begin with this support (needed where `settings.first_support` is "given").
        dtype: "complex64", or "complex128" for objects exact to more than six digits.

    Raises:
        BadPattern: nothing measured, no light, values that are not finite.
        BadParameter, BadSchedule: settings that cannot be run, an empty support, arrays of another shape.
    """

    def __init__(
        self,
        pattern: Pattern,
        settings: PhasingSettings,
        seed: int,
        *,
        held_out: BoolArray | None = None,
        device: str = "cpu",
        first: npt.NDArray[Any] | None = None,
        support: BoolArray | None = None,
        dtype: str = "complex64",
    ) -> None:
        check(pattern, held_out)
        for name, array in (("first object", first), ("support", support)):
            if array is not None and array.shape != pattern.shape:
                raise BadParameter(
                    f"the {name} does not fit the pattern", cause=f"its shape is {array.shape}, not {pattern.shape}"
                )
        self.seed = seed
        self.done = 0
        self._settings = settings
        self._schedule = parse(settings.schedule)
        self._block, self._in_block = 0, 0
        self._recorded = 0  # iterations of the present block that are in the record already
        self._record = Record(settings)
        self._last = Look(math.nan, math.nan)
        self._fresh = False
        self._projected = True
        self._whole_support: BoolArray | None = None
        self._support_pixels = 0
        self._last_preview = -math.inf
        self._looked_at = time.monotonic()
        self._seconds = 0.0
        begun = time.thread_time()
        with one_thread():
            rng = np.random.default_rng(seed)
            values = Values.of(self._applied())
            if support is None:
                support = first_support(pattern, settings, rng)
            self._iterate = Iterate(pattern, held_out, values, np.fft.ifftshift(support), dtype=dtype, device=device)
            if first is None:
                fitted = pattern.measured if held_out is None else pattern.measured & ~held_out
                found = random_object(pattern, fitted, support, rng, real=values.real)
            else:
                if not np.isfinite(first).all():
                    raise BadParameter("the first object has values that are not finite")
                found = np.fft.ifftshift(first)
            self._iterate.set_object(found)
            self._support_changed()
            self._configure()
        self._seconds += time.thread_time() - begun

    # Settings and schedule

    @property
    def settings(self) -> PhasingSettings:
        """May be replaced between slices: parameters hold from the next iteration on; another schedule says what
        comes after the present block (all of it before the first iteration)."""
        return self._settings

    @settings.setter
    def settings(self, new: PhasingSettings) -> None:
        if new == self._settings:
            return
        Values.of(new)
        schedule = self._schedule
        if new.schedule != self._settings.schedule:
            begun = self._block if self._in_block else self._block - 1
            schedule = parse(new.schedule) if begun < 0 else schedule.replaced_after(begun, new.schedule)
        self._note_block()
        self._settings, self._schedule = new, schedule
        self._configure()

    @property
    def total(self) -> int:
        """Iterations of the whole schedule."""
        return self._schedule.iterations

    @property
    def finished(self) -> bool:
        return self._block >= len(self._schedule.blocks)

    def _applied(self) -> PhasingSettings:
        """The settings that hold in the present block."""
        block = self._present
        return self._settings if block is None else block.applied(self._settings)

    @property
    def _present(self) -> Block | None:
        return None if self.finished else self._schedule.blocks[self._block]

    def _configure(self) -> None:
        """Make the present block's settings hold."""
        settings = self._applied()
        self._iterate.set_values(Values.of(settings))
        width = self._iterate.coherence_px if settings.coherence_px is None else settings.coherence_px
        self._iterate.set_model(width, settings.background)
        self._margin = settings.margin_sigma * _COUNTING_ERROR
        block = self._present
        self._update = None
        if block is not None and block.algorithm in ITERATIVE and block.algorithm != "ML":
            self._update = update(block.algorithm, settings.beta)

    # Running

    def run(self, iterations_at_most: int, look: bool = False) -> PhasingState:
        """So many iterations, fewer at the schedule's end; support updates in between take none.

        Args:
            look: look at the object after the last of them, for stepping; otherwise that is done every
                `LOOK_EVERY` iterations, and the state tells of the last look.

        Raises:
            NotConverging: numbers have overflowed.
        """
        begun = time.thread_time()
        left = iterations_at_most
        with one_thread(), torch.no_grad():
            while not self.finished:
                block = self._schedule.blocks[self._block]
                if block.algorithm not in ITERATIVE:
                    self._at_once(block)
                    continue
                if left <= 0:
                    break
                take = min(left, block.iterations - self._in_block)
                self._iterations(block, take, look_last=look and left == take)
                left -= take
                if self._in_block >= block.iterations:
                    self._next_block()
        self._seconds += time.thread_time() - begun
        return self.state()

    def _iterations(self, block: Block, count: int, look_last: bool) -> None:
        if block.algorithm == "TWIN" and self._in_block == 0:
            whole = self._iterate.support
            self._whole_support = whole
            self._set_support(half_support(whole, int(np.argmax(whole.shape))))
        self._fresh = False
        for i in range(count):
            self._in_block += 1
            self.done += 1
            last = i == count - 1
            look = (last and look_last) or self._look_due()
            if self._update is None:
                found = self._iterate.descend(look)
                self._projected = False
            else:
                found = self._iterate.step(self._update, self._margin, look)
                self._projected = True
            if found is not None:
                self._looked(found, block.algorithm)
                self._fresh = last
                if self._coherence_due():
                    self._iterate.set_model(self._iterate.find_coherence(), self._settings.background)

    def _look_due(self) -> bool:
        if self.done % LOOK_EVERY == 0 or self.done == self.total or self._coherence_due():
            return True
        return time.monotonic() - self._looked_at > LOOK_EVERY_S

    def _coherence_due(self) -> bool:
        """In the second half of the schedule: before, a blur would only hide what does not fit yet."""
        return (
            self._settings.coherence_px is None and self.done % _COHERENCE_EVERY == 0 and 2 * self.done >= self.total
        )

    def _looked(self, found: Look, algorithm: str) -> None:
        if not math.isfinite(found.r_factor):
            raise NotConverging(
                f"start {self.seed} has left the range of numbers at iteration {self.done}, in {algorithm}",
                hint="lower beta",
            )
        self._last = found
        self._looked_at = time.monotonic()
        self._record.look(self.done, found.r_factor, found.free_log_likelihood, self._support_pixels)

    def _at_once(self, block: Block) -> None:
        support = self._iterate.support
        if block.algorithm == "SW":
            progress = self._schedule.support_progress[self._block]
            found = update_support(self._iterate.modulus(self._margin), support, self._applied(), progress)
            self._set_support(found)
        elif block.algorithm == "CENTRE":
            _, _, shift = recentre(support, fft_order=True)
            if any(shift):
                self._iterate.roll(shift)
                self._support_changed()
        self._in_block = block.iterations
        self._next_block()

    def _next_block(self) -> None:
        self._note_block()
        if self._whole_support is not None:
            self._set_support(self._whole_support)
            self._whole_support = None
        self._block += 1
        self._in_block = self._recorded = 0
        self._configure()

    def _note_block(self) -> None:
        block = self._present
        if block is None:
            return
        new = self._in_block - self._recorded
        if new or block.algorithm not in ITERATIVE:
            self._record.ran(block, new, self._applied())
        self._recorded = self._in_block

    def _set_support(self, support: BoolArray) -> None:
        self._iterate.set_support(support)
        self._support_changed()

    def _support_changed(self) -> None:
        self._support_pixels = int(np.count_nonzero(self._iterate.support))
        self._fresh = False

    # What is to be seen

    def state(self) -> PhasingState:
        """Where it is; with a preview where the last one is older than a tenth of a second."""
        now = time.monotonic()
        preview = None
        if now - self._last_preview >= PREVIEW_EVERY_S:
            preview = self.preview()
            self._last_preview = now
        blocks = self._schedule.blocks
        index = min(self._block, len(blocks) - 1)
        return PhasingState(
            done=self.done,
            total=self.total,
            unit="iterations",
            seed=self.seed,
            algorithm=blocks[index].algorithm,
            block=index,
            support_pixels=self._support_pixels,
            r_factor=self._last.r_factor,
            free_log_likelihood=self._last.free_log_likelihood,
            preview=preview,
        )

    def preview(self) -> Preview:
        """The object at the last look, at most `LOOK_EVERY` iterations ago.

        All of an array of up to `PREVIEW_SIDE_PX` a side, of a larger one the part around the support.
        """
        iterate, box = self._iterate, self._iterate.box
        support, shape = iterate.support, iterate.support.shape
        if max(shape) <= PREVIEW_SIDE_PX:
            found = np.fft.fftshift(iterate.whole_object()).astype(np.complex64, copy=False)
            return Preview(object=found, support=np.fft.fftshift(support), corner=(0,) * len(shape), step=1)
        spans = _around(support)
        step = max(math.ceil((last - first) / PREVIEW_SIDE_PX) for first, last in spans)
        at = [(np.arange(first, last, step) - n // 2) % n for (first, last), n in zip(spans, shape, strict=True)]
        # Where these pixels are in the box, outside which there is nothing.
        boxed = [(there - start) % n for there, start, n in zip(at, box.starts, shape, strict=True)]
        inside = [np.flatnonzero(there < length) for there, length in zip(boxed, box.lengths, strict=True)]
        sides = [there.size for there in at]
        part, shown = np.zeros(sides, np.complex64), np.zeros(sides, np.bool_)
        where = np.ix_(*inside)
        part[where] = iterate.boxed_object()[np.ix_(*[b[i] for b, i in zip(boxed, inside, strict=True)])]
        shown[where] = support[np.ix_(*[there[i] for there, i in zip(at, inside, strict=True)])]
        return Preview(
            object=part,
            support=shown,
            corner=tuple(first for first, _ in spans),
            step=step,
        )

    def start(self, ended: str = "") -> Start:
        """The object as it is now, with its history; "finished" or "stopped" unless `ended` says otherwise."""
        begun = time.thread_time()
        if not self._fresh:
            with one_thread(), torch.no_grad():
                found = self._iterate.refresh(self._margin, self._projected)
            self._looked(found, "the last look")
            self._fresh = True
        self._note_block()
        self._seconds += time.thread_time() - begun
        iterate = self._iterate
        return Start(
            seed=self.seed,
            object=np.fft.fftshift(iterate.whole_object()).astype(np.complex64),
            support=np.fft.fftshift(iterate.support),
            history=self._record.history(),
            r_factor=self._last.r_factor,
            free_log_likelihood=self._last.free_log_likelihood,
            iterations=self.done,
            seconds=self._seconds,
            ended=ended or ("finished" if self.finished else "stopped"),
            schedule=self._record.schedule(),
        )


def _around(support: BoolArray) -> list[tuple[int, int]]:
    """First and last index + 1 along each axis of the part of a centred array with all of a support and a margin.

    Args:
        support: bool, FFT order. In steps, so that what is looked at does not tremble with every update.
    """
    spans = []
    for axis, n in enumerate(support.shape):
        others = tuple(a for a in range(support.ndim) if a != axis)
        inside = np.flatnonzero(np.fft.fftshift(support.any(axis=others)))
        first, last = int(inside[0]), int(inside[-1]) + 1
        margin = max(4, round(_PREVIEW_MARGIN * (last - first)))
        first, last = (first - margin) // _PREVIEW_GRID_PX, -(-(last + margin) // _PREVIEW_GRID_PX)
        spans.append((max(0, first * _PREVIEW_GRID_PX), min(n, last * _PREVIEW_GRID_PX)))
    return spans
