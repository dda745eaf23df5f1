"""The window while eight starts run: gaps of the event loop, with the Phase pane open and in use.

`python -m benchmarks.phasing.gaps [side] [seconds] [--theme dark]`: opens a run of simulated patterns (256 × 256
pixels, 10⁶ photons, a stop of 3 pixels' radius) in the real window, presses Ctrl+R, and measures the gaps of the
event loop while the pattern is prepared and the workers start, while the support is searched for, while the starts
run and the pane is only watched, while it is used (another start watched, an area dragged, pages changed, the picture
zoomed, two starts compared), and while the result arrives and is painted. The floor of the gaps is the same
measurement in the same process with nothing going on, and a bare loop beside a busy process.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np

SIDE = 256
SECONDS = 20.0
PHOTONS = 1e6
STOP_PX = 3.0
ACT_EVERY_MS = 300
LIMIT = "99 % ≤ 16, largest ≤ 50"


def make_run(path: Path, side: int, frames: int = 4) -> Path:
    """Poisson patterns of smooth objects in a twentieth of the array, as NPY; where the stop is, nothing is known."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:side, :side] - side // 2
    found = []
    for _ in range(frames):
        angle = np.arctan2(y, x)
        edge = 0.125 * side * (1 + 0.25 * np.cos(2 * angle + rng.uniform(0, 6)) + 0.15 * np.cos(3 * angle))
        inside = np.hypot(y, x) < edge
        spectrum = np.fft.fft2(rng.normal(size=(side, side)))
        radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)[None])
        texture = np.real(np.fft.ifft2(spectrum * np.exp(-((radius * 12) ** 2))))
        texture /= texture.std()
        values = inside * (1 + 0.35 * texture) * np.exp(0.6j * np.roll(texture, 9, 0))
        intensity = np.abs(np.fft.fftshift(np.fft.fft2(np.fft.ifftshift(values)))) ** 2
        counts = rng.poisson(intensity * (PHOTONS / intensity.sum())).astype(np.float32)
        counts[np.hypot(y, x) < STOP_PX] = np.nan
        found.append(counts)
    np.save(path, np.array(found))
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("side", type=int, nargs="?", default=SIDE)
    parser.add_argument("seconds", type=float, nargs="?", default=SECONDS)
    parser.add_argument("--theme", choices=("light", "dark"), default="light")
    args = parser.parse_args()
    if not os.environ.get("DISPLAY"):
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as name:
        os.environ |= {"FRIEDEL_CONFIG": f"{name}/config", "FRIEDEL_DATA": f"{name}/data"}
        measure(make_run(Path(name) / "patterns.npy", args.side), args.side, args.seconds, args.theme)


def measure(run: Path, side: int, seconds: float, theme: str) -> None:
    from dataclasses import replace

    from PyQt6.QtCore import QPoint, QPointF, Qt, QTimer
    from PyQt6.QtGui import QWheelEvent
    from PyQt6.QtWidgets import QApplication

    from app.tour.hands import press
    from benchmarks.event_loop import HEADER, GapMeter, live, open_window, row
    from benchmarks.responsiveness import machine_floor
    from widgets.phase.pane import AMPLITUDES, COMPARE, OBJECT

    floor, steal = machine_floor()
    window = open_window(run, theme)
    window.panes.show_phase()
    window.panes.docks["phase"].resize(1240, 760)
    live(2)
    session = window.session
    pane, phasing = window.panes.phase_presenter.pane, session.phasing
    # Long enough to be watched; what is run otherwise is the default recipe.
    phasing.set_settings(
        replace(phasing.settings, schedule="4000*(40 RAAR + SW) + 200 ER", starts=8, stop_hopeless=False)
    )
    phasing.settings_changed.emit()  # the fields show them, and give them back when one is changed
    meter = GapMeter()
    news: list[float] = []
    phasing.news.connect(lambda record: news.append(time.perf_counter()) if record.starts is not None else None)
    pictures: list[float] = []
    window.panes.phase_presenter.live.pictured.connect(lambda _seed, _picture: pictures.append(time.perf_counter()))

    def phase(length: float, until=lambda: False) -> np.ndarray:
        meter.start()
        live(length, until)
        return meter.stop()

    idle = phase(5.0)
    press(window, "Ctrl+R")
    starting = phase(180.0, lambda: len(pictures) > 3 or phasing.state == "failed")
    if phasing.state == "failed":
        raise SystemExit(phasing.words)
    searching = phase(600.0, lambda: phasing.latest is not None and not phasing.latest.stage)
    begun, records, painted = time.perf_counter(), len(news), len(pictures)
    watching = phase(seconds)
    took = time.perf_counter() - begun
    rates = ((len(news) - records) / took, (len(pictures) - painted) / took)

    turn = [0]

    def act() -> None:
        """What a user does while it runs, one thing after the other."""
        turn[0] += 1
        doing = turn[0] % 8
        if doing == 1:
            pane.starts.watch_wanted.emit(phasing.settings.seed + turn[0] // 8 % 8)
        elif doing == 2:
            pane.recipe.area_high.slider.setValue(500 + turn[0] % 300)
        elif doing == 3:
            pane.show_page(AMPLITUDES)
        elif doing == 4:
            pane.show_page(COMPARE)
            pane.starts.compared.emit((phasing.settings.seed, phasing.settings.seed + 1))
        elif doing == 5:
            pane.show_page(OBJECT)
            pane.object.set_mode(("modulus", "phase", "complex")[turn[0] // 8 % 3])
        else:
            middle = QPointF(pane.object.canvas.rect().center())
            notch = QPoint(0, 120 if doing == 6 else -120)
            none, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
            place = QPointF(pane.object.canvas.mapToGlobal(middle))
            wheel = QWheelEvent(
                middle, place, QPoint(), notch, none, keys, Qt.ScrollPhase.NoScrollPhase, False
            )  # fmt: skip
            QApplication.sendEvent(pane.object.canvas, wheel)

    hand = QTimer()
    hand.setInterval(ACT_EVERY_MS)
    hand.timeout.connect(act)
    hand.start()
    using = phase(seconds)
    hand.stop()
    pane.show_page(OBJECT)
    if not phasing.alive:
        raise SystemExit(f"the starts ended too early: {phasing.state} {phasing.words}")
    press(window, "Shift+F8")
    arrived: list[float] = []
    phasing.kept.shown.connect(lambda _shown: arrived.append(time.perf_counter()))
    ending = phase(120.0, lambda: bool(arrived) and time.perf_counter() - arrived[0] > 2)
    if not arrived:
        raise SystemExit(f"no result: {phasing.words}")

    print(f"## The window while 8 starts run on {side}×{side} pixels\n")
    print("Gaps of the event loop (a 1 ms timer), in ms:\n")
    print(HEADER)
    print(row("nothing going on (floor)", idle))
    p50, p99, worst = np.percentile(floor, [50, 99, 100])
    told = "no window: a bare loop, 3 ms of work a turn, beside a busy process (floor)"
    print(f"| {told} | {p50:.1f} | {p99:.1f} | {worst:.1f} | 3.0 | 3.0 | {len(floor)} |  |")
    print(row("preparing, workers starting", starting, LIMIT))
    print(row("searching for the support, pane watched", searching, LIMIT))
    print(row("starts running, pane watched", watching, LIMIT))
    print(row("starts running, pane used", using, LIMIT))
    print(row("stopped, result arriving", ending, LIMIT))
    print(f"\nRecords a second: {rates[0]:.1f}, pictures a second: {rates[1]:.1f}.")
    print(f"The host gave {steal:.1f} % of the processor to other guests while the bare loop ran.")
    window.close()
    QApplication.processEvents()


if __name__ == "__main__":
    main()
