"""The four pictures of docs/fewshot.md."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from benchmarks.fewshot import scores
from benchmarks.fewshot.charts import Axis, Line, chart
from benchmarks.fewshot.methods import Method
from benchmarks.fewshot.plan import DOSE_EDGES, FULL, PHOTONS
from benchmarks.fewshot.results import Results

_COLOURS = {"ours": ("#0b5cad", "#5aa0e0", "#00324f"), "published": ("#d1490c", "#f0a03c", "#8a2f05")}
_OTHERS = (
    "#1b8a5a",
    "#7a5195",
    "#8c8c8c",
    "#b0607c",
    "#4d9078",
    "#a68a2d",
    "#5f6b9a",
    "#6f4e37",
    "#9bbf3b",
    "#000000",
)
_SHARES = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)


def draw(results: Results, methods: Mapping[str, Method], folder: Path) -> list[str]:
    """Write the pictures; gives their file names."""
    looks = _looks(methods)
    drawn = [
        _photons(results, methods, looks, folder / "fewshot-photons.png"),
        _precision(results, methods, looks, folder / "fewshot-precision.png"),
        _reliability(results, methods, looks, folder / "fewshot-calibration.png"),
        _particles(results, methods, looks, folder / "fewshot-particles.png"),
    ]
    return [path.name for path in drawn]


def _looks(methods: Mapping[str, Method]) -> dict[str, tuple[str, float, bool]]:
    """Colour, width and dashes of every method's curve."""
    looks, seen = {}, dict.fromkeys(("ours", "published", "classical"), 0)
    for name, method in methods.items():
        palette = _COLOURS.get(method.family, _OTHERS)
        place = seen[method.family]
        looks[name] = palette[place % len(palette)], 2.6 if method.family == "ours" and not place else 1.4, place > 2
        seen[method.family] += 1
    return looks


def _photons(results: Results, methods: Mapping[str, Method], looks: Mapping, folder: Path) -> Path:
    middle = np.sqrt(np.array(DOSE_EDGES[:-1]) * np.array(DOSE_EDGES[1:]))
    lines = []
    for name, method in methods.items():
        found = results.get(name, FULL, f"pair/{PHOTONS[0]:g}/5")
        if found:
            colour, width, dashed = looks[name]
            lines.append(Line(method.title, middle, found.per_dose, colour, width, dashed))
    x = Axis("expected photons in the frame", *PHOTONS, (50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000), True)
    y = Axis("balanced accuracy, single / multi", 0.45, 1.0, (0.5, 0.6, 0.7, 0.8, 0.9, 1.0))
    chart(folder, "Five labels per class, fluence independent of class", x, y, lines, [_level(0.5, PHOTONS)])
    return folder


def _precision(results: Results, methods: Mapping[str, Method], looks: Mapping, folder: Path) -> Path:
    lines = []
    for name, method in methods.items():
        found = results.get(name, FULL, "four/200/20")
        if found:
            colour, width, dashed = looks[name]
            lines.append(Line(method.title, scores.RECALLS, found.precision(), colour, width, dashed, dots=False))
    x = Axis("recall of single hits", 0.0, 1.0, (0, 0.2, 0.4, 0.6, 0.8, 1.0))
    y = Axis("precision of single hits", 0.0, 1.0, (0, 0.2, 0.4, 0.6, 0.8, 1.0))
    goal = Line("", np.array([0.8, 0.8, 1.0]), np.array([1.0, 0.8, 0.8]), "#999999", 1.0, True, False)
    chart(folder, "A run with 5 % single hits, 20 labels per class", x, y, lines, [goal])
    return folder


def _reliability(results: Results, methods: Mapping[str, Method], looks: Mapping, folder: Path) -> Path:
    lines = []
    for name, method in methods.items():
        found = results.get(name, FULL, "pair/200/5")
        if found:
            frames, confidence, right = found.calibration
            enough = frames >= 200
            with np.errstate(invalid="ignore"):
                x, y = (np.where(enough, part / frames, np.nan) for part in (confidence, right))
            colour, width, dashed = looks[name]
            lines.append(Line(f"{method.title}: {found.ece:.3f}", x, y, colour, width, dashed))
    x_axis = Axis("probability of the likeliest class", 0.5, 1.0, _SHARES)
    y_axis = Axis("share of frames where it is right", 0.4, 1.0, (0.4, *_SHARES))
    ideal = Line("", np.array([0.5, 1.0]), np.array([0.5, 1.0]), "#999999", 1.0, True, False)
    chart(
        folder,
        "Five labels per class; beside the names the expected calibration error",
        x_axis,
        y_axis,
        lines,
        [ideal],
    )
    return folder


def _particles(results: Results, methods: Mapping[str, Method], looks: Mapping, folder: Path) -> Path:
    lines, most = [], 1
    for name, method in methods.items():
        found = results.get(name, FULL, "pair/200/5")
        if found and np.isfinite(found.per_species).all():
            sorted_ = np.sort(found.per_species)
            most = max(most, len(sorted_))
            colour, width, dashed = looks[name]
            lines.append(
                Line(method.title, np.arange(1, len(sorted_) + 1), sorted_, colour, width, dashed, dots=False)
            )
    x = Axis("particle, worst first", 1, max(most, 2), tuple(range(10, most + 1, 10)) or (1, most))
    y = Axis("balanced accuracy, single / multi", 0.4, 1.0, (0.4, *_SHARES))
    chart(folder, "Every test particle: five labels per class, ≥ 200 photons", x, y, lines, [_level(0.5, (1, most))])
    return folder


def _level(value: float, span: tuple[float, float]) -> Line:
    return Line("", np.array(span, np.float64), np.full(2, value), "#999999", 1.0, True, False)
