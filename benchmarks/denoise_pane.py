"""The Denoise pane at work: from a changed parameter to the new picture, and gaps of the event loop meanwhile.

`python -m benchmarks.denoise_pane [side] [seconds] [--methods network tv] [--theme dark]`: opens a run of simulated
frames (256 × 256 pixels, 30 000 photons, a gap and a beam stop) in the real window and the pane in a window of its
own. Each method is then used as a user would: one parameter is changed at a time, the next one when the picture of
the last has been painted, and the time between is taken. The event loop's gaps are measured while the process and
its libraries start, while previews come one after the other, while a slider is dragged faster than pictures can
come, and while frames are walked through with the pane open. The floor of the latencies is the method itself, called
in this process for the same frame with
nothing else going on; the floor of the gaps is the window at rest, and a bare loop beside a busy process.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np

SIDE = 256
SECONDS = 10.0
PHOTONS = 3e4
FRAMES = 12
CHANGES = 25
DRAG_EVERY_MS = 16
WALK_EVERY_MS = 200
LIMIT = "99 % ≤ 16, largest ≤ 50"
PARAMETERS = {
    "network": ("friedel", ("on", "off")),
    "tv": ("weight", tuple(float(w) for w in np.round(np.linspace(0.3, 1.5, CHANGES), 2))),
    "gaussian": ("sigma_px", tuple(float(w) for w in np.round(np.linspace(0.8, 3.0, CHANGES), 2))),
}
"""what of a method is changed, and the values it takes in turn"""


def make_run(path: Path, side: int) -> Path:
    """Poisson frames of ellipses, as NPY; NaN in a gap and behind a stop."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    frames = []
    for _ in range(FRAMES):
        stretch, turn = rng.uniform(0.7, 1.4), rng.uniform(0, np.pi)
        u = np.hypot(stretch * (x * np.cos(turn) + y * np.sin(turn)), (y * np.cos(turn) - x * np.sin(turn)) / stretch)
        u = np.maximum(u * np.pi * 16 / side, 1e-3)
        rate = (3 * (np.sin(u) - u * np.cos(u)) / u**3) ** 2
        counts = rng.poisson(rate * PHOTONS / rate.sum()).astype(np.float32)
        counts[(np.abs(y) < 2) | (np.hypot(y, x) < side / 40)] = np.nan
        frames.append(counts)
    np.save(path, np.array(frames))
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("side", type=int, nargs="?", default=SIDE)
    parser.add_argument("seconds", type=float, nargs="?", default=SECONDS)
    parser.add_argument("--methods", nargs="+", choices=tuple(PARAMETERS), default=("network", "tv"))
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    args = parser.parse_args()
    if not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as name:
        os.environ |= {"FRIEDEL_CONFIG": f"{name}/config", "FRIEDEL_DATA": f"{name}/data"}
        measure(make_run(Path(name) / "frames.npy", args.side), args.side, args.seconds, args.methods, args.theme)


def method_alone(run: Path, name: str, values: list[object]) -> float:
    """Median ms of the method on the run's first frame, with nothing around it; without draws for the deviation."""
    from dataclasses import replace

    from models.denoising.registry import make, method
    from models.runs import open_run

    opened = open_run(run)
    frame = opened.load(0)
    field = PARAMETERS[name][0]
    took = []
    for value in values:
        settings = replace(method(name).parameters(), **{field: value})
        if hasattr(settings, "splits"):
            settings = replace(settings, splits=0)
        denoiser = make(name, settings)
        denoiser.predict(frame.raw, frame.valid)
        begun = time.perf_counter()
        denoiser.predict(frame.raw, frame.valid)
        took.append(1000 * (time.perf_counter() - begun))
    opened.close()
    return float(np.median(took))


def measure(run: Path, side: int, seconds: float, methods: list[str], theme: str) -> None:
    from dataclasses import replace

    from PyQt6.QtCore import QEvent, QObject, QTimer
    from PyQt6.QtWidgets import QApplication

    from app.denoising.controller import DONE, FAILED
    from benchmarks.event_loop import HEADER, GapMeter, live, open_window, row
    from benchmarks.responsiveness import machine_floor

    floor, steal = machine_floor()
    window = open_window(run, theme)
    denoising, meter = window.session.denoising, GapMeter()

    def phase(length: float, until=lambda: False) -> np.ndarray:
        meter.start()
        live(length, until)
        return meter.stop()

    idle = phase(4.0)
    window.panes.denoise.show()
    window.panes.docks["denoise"].resize(1240, 760)
    presenter = window.panes.denoise_presenter
    starting = phase(180.0, lambda: denoising.state in (DONE, FAILED))
    if denoising.state == FAILED:
        raise SystemExit(denoising.words)
    live(1.0)

    class Painted(QObject):
        """Notes when the first picture of a recipe was painted, and when that of its result was."""

        def __init__(self) -> None:
            super().__init__()
            self.times: dict[str, float] = {}
            self.whole: dict[str, float] = {}
            presenter.pane.pictures.comparison.after.installEventFilter(self)

        def eventFilter(self, _watched: QObject | None, event: QEvent | None) -> bool:
            layers = presenter.shown
            if event is not None and event.type() == QEvent.Type.Paint and layers is not None and layers.view.outcome:
                outcome = layers.view.outcome
                self.times.setdefault(str(outcome.recipe), time.perf_counter())
                if not outcome.sketch:
                    self.whole.setdefault(str(outcome.recipe), time.perf_counter())
            return False

    painted = Painted()
    latencies: list[tuple[str, list[object], list[tuple[float, float]]]] = []
    gaps: list[tuple[str, np.ndarray]] = []
    for name in methods:
        field, values = PARAMETERS[name]
        denoising.choose(name)
        live(60.0, lambda: denoising.state == DONE)
        took: list[tuple[float, float]] = []

        def change(value: object, field: str = field, took: list[tuple[float, float]] = took) -> None:
            """One change, and until its picture has been painted: the first, and that of the result."""
            before = denoising.recipe
            settings = replace(denoising.parameters, **{field: value})
            begun = time.perf_counter()
            denoising.set_parameters(settings)
            if denoising.recipe == before:
                return
            key = str(denoising.recipe)
            painted.times.pop(key, None)
            painted.whole.pop(key, None)
            live(30.0, lambda: key in painted.whole)
            first, whole = (times.get(key, np.inf) - begun for times in (painted.times, painted.whole))
            took.append((1000 * first, 1000 * whole))
            live(30.0, lambda: denoising.state == DONE)

        meter.start()
        for turn in range(CHANGES):
            change(values[turn % len(values)])
        gaps.append((f"{name}: one change after the other", meter.stop()))
        if len(values) == 2:  # two ways that differ in work: each has a line
            latencies += [(name, [value], took[n::2]) for n, value in enumerate(values)]
        else:
            latencies.append((name, list(values[:2]), took))

        turn = [0]

        def drag(field: str = field, values: tuple[object, ...] = values, turn: list[int] = turn) -> None:
            turn[0] += 1
            denoising.set_parameters(replace(denoising.parameters, **{field: values[turn[0] % len(values)]}))

        hand = QTimer()
        hand.setInterval(DRAG_EVERY_MS)
        hand.timeout.connect(drag)
        hand.start()
        gaps.append((f"{name}: dragged, a change every {DRAG_EVERY_MS} ms", phase(seconds)))
        hand.stop()
        walk = QTimer()
        walk.setInterval(WALK_EVERY_MS)
        walk.timeout.connect(lambda: window.session.browser.go_to((window.session.browser.index + 1) % FRAMES))
        walk.start()
        gaps.append((f"{name}: a frame every {WALK_EVERY_MS} ms", phase(seconds)))
        walk.stop()
        live(30.0, lambda: denoising.state == DONE)

    print(f"## The Denoise pane on {side}×{side} pixels\n")
    print("From a changed parameter to the new picture on screen, in ms:\n")
    print("| method | first picture: median | 95 % | largest | the result: median | changes "
          "| the method alone (floor) | limit |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    for name, values, took in latencies:
        # Last of all: it loads libraries into this process, which the window never does.
        alone = method_alone(run, name, values)
        field = PARAMETERS[name][0]
        said = f"{name}, {field} {values[0]}" if len(values) == 1 else f"{name}, {field}"
        median, most, largest = np.percentile([first for first, _ in took], [50, 95, 100])
        result = np.median([whole for _, whole in took])
        limit = "≤ 100" if name == "network" else ""
        found = f"{median:.0f} | {most:.0f} | {largest:.0f} | {result:.0f}"
        print(f"| {said} | {found} | {len(took)} | {alone:.0f} | {limit} |")
    print("\nGaps of the event loop (a 1 ms timer), in ms:\n")
    print(HEADER)
    print(row("nothing going on (floor)", idle))
    p50, p99, worst = np.percentile(floor, [50, 99, 100])
    told = "no window: a bare loop, 3 ms of work a turn, beside a busy process (floor)"
    print(f"| {told} | {p50:.1f} | {p99:.1f} | {worst:.1f} | 3.0 | 3.0 | {len(floor)} |  |")
    print(row("the pane and its process start, libraries are loaded", starting, LIMIT))
    for what, found in gaps:
        print(row(what, found, LIMIT))
    print(f"\nThe host gave {steal:.1f} % of the processor to other guests while the bare loop ran.")
    window.close()
    QApplication.processEvents()


if __name__ == "__main__":
    main()
