"""From the command to the window: what is shown first, and what is not loaded before it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from app.jobs.manager import JobRecord
from app.side_presenter import progress_text
from models.progress import Progress

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ["torch", "sklearn", "scipy", "umap", "numba", "h5py", "hdf5plugin", "tifffile", "PIL", "pyqtgraph", "numpy"]

START = """
import json, sys
from PyQt6.QtWidgets import QApplication
import app.main_window
seen = {}
made = app.main_window.MainWindow.__init__
def init(self, *args):
    made(self, *args)
    self.painted.connect(lambda: seen.update(heavy=[n for n in json.loads(sys.argv[1]) if n in sys.modules]))
    self.run_opened.connect(lambda: (seen.update(title=self.windowTitle()), QApplication.quit()))
    self.opener.failed.connect(lambda path, error: (seen.update(said=error.sentence()), QApplication.quit()))
app.main_window.MainWindow.__init__ = init
import app.start
seen["status"] = app.start.run_window(**json.loads(sys.argv[2]))
print(json.dumps(seen))
"""


def start(**arguments: object) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", START, json.dumps(HEAVY), json.dumps(arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_the_demo_run_opens_and_nothing_heavy_was_loaded_before_the_first_paint() -> None:
    seen = start(demo=True)
    assert seen["status"] == 0
    assert seen["heavy"] == []
    assert seen["title"].replace("\u202f", " ") == "demo.cxi · 2 000 frames"
    assert (Path(os.environ["FRIEDEL_CONFIG"]) / "friedel.log").exists()


def test_a_run_that_is_not_there_is_said_in_the_window(tmp_path: Path) -> None:
    seen = start(path=str(tmp_path / "nothing.cxi"))
    assert seen["status"] == 0
    assert "nothing.cxi" in seen["said"]


def test_progress_in_words() -> None:
    record = JobRecord(1, "x", progress=Progress(done=640, total=2000, unit="frames"))
    assert progress_text(record).replace("\u202f", " ") == "640 of 2 000 frames"
    assert progress_text(JobRecord(1, "x")) == "starting"
