"""The tour: the real window is taken through a whole working day by key and mouse, and a picture kept of each step.

It needs no screen and touches nothing of the user's: settings, log and workspace are in a folder of its own, and the
run is a copy. What was seen is written down in `results.json` beside the pictures.
"""

from __future__ import annotations

import contextlib
import csv
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

from app.settings import CONFIG_VARIABLE
from models.progress import Progress

DATA_VARIABLE = "FRIEDEL_DATA"


def run_tour(
    out_dir: Path,
    run_path: Path | None = None,
    size: tuple[int, int] = (1280, 800),
    scheme: str = "light",
) -> Generator[Progress, None, dict[str, Any]]:
    """Take the window through opening, browsing, labelling, map, sorting, exporting and reconstructing.

    Args:
        out_dir: where screenshots `NN-step.png`, `results.json` and the exported files go; made if need be.
        run_path: the run; None for the demo run. A `<name>_truth.csv` beside it (index, class) plays the scientist's
            eye; without one, labels are given by turns.
        size: of the window, in pixels.
        scheme: "light" or "dark".

    Yields:
        Progress in steps.

    Returns:
        What was seen, as written to `results.json`.

    Raises:
        TourStuck: the window did not do what it should.
    """
    # File dialogs have a folder of their own, which a relative name typed into them would start from.
    out_dir = out_dir.absolute()
    out_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="friedel-tour-") as folder, _own_folders(Path(folder)):
        # Qt and the window are loaded here, so that naming the tour on the command line costs nothing.
        from app.start import demo_path
        from app.tour.walk import Tour

        source = run_path or demo_path()
        run = Path(folder) / source.name
        if source.is_dir():
            shutil.copytree(source, run)
        else:
            shutil.copyfile(source, run)
        tour = Tour(out_dir, run, _truth_of(source), size, scheme)
        try:
            yield from tour.walk()
        finally:
            tour.close()
        return tour.results


@contextlib.contextmanager
def _own_folders(folder: Path) -> Iterator[None]:
    """Settings and data of the tour stay in `folder`."""
    before = {name: os.environ.get(name) for name in (CONFIG_VARIABLE, DATA_VARIABLE)}
    os.environ[CONFIG_VARIABLE] = str(folder / "config")
    os.environ[DATA_VARIABLE] = str(folder / "data")
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _truth_of(run: Path) -> list[str]:
    """Class of every frame from the table beside the run; empty where there is none."""
    table = run.with_name(f"{run.stem}_truth.csv")
    if not table.exists():
        return []
    with table.open(newline="", encoding="utf-8") as file:
        return [row["class"] for row in csv.DictReader(file)]
