"""How long after the start of the process the window is visible, and what was imported before that.

`python -m benchmarks.startup`: starts Friedel without arguments several times on a display of its own (Xvfb) with
an empty user folder, and has it report its first paint. Beside it the floor: an empty QMainWindow with the same
interpreter.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 5
LIMIT_S = 1.0
HEAVY = (
    "torch",
    "sklearn",
    "scipy",
    "umap",
    "numba",
    "h5py",
    "hdf5plugin",
    "tifffile",
    "PIL",
    "pyqtgraph",
    "matplotlib",
)

FRIEDEL = f"""
import json, sys, time
sys.path.insert(0, {str(ROOT)!r})
sys.argv = ["friedel"]
from PyQt6.QtWidgets import QApplication
import app.main_window
def report(window):
    seen = {{"at": time.time(), "heavy": [n for n in {HEAVY!r} if n in sys.modules], "modules": len(sys.modules)}}
    print(json.dumps(seen), flush=True)
    window.ready.connect(lambda: (print(json.dumps({{"at": time.time()}}), flush=True), QApplication.quit()))
made = app.main_window.MainWindow.__init__
def init(self, *args):
    made(self, *args)
    self.painted.connect(lambda: report(self))
app.main_window.MainWindow.__init__ = init
import main
main.main([])
"""

FLOOR = """
import json, sys, time
from PyQt6.QtWidgets import QApplication, QMainWindow
from PyQt6.QtCore import QTimer
application = QApplication([])
class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        QTimer.singleShot(0, self.report)
    def report(self):
        print(json.dumps({"at": time.time()}), flush=True)
        application.quit()
window = Window()
window.resize(1280, 800)
window.show()
application.exec()
"""


def launch(code: str, environment: dict[str, str]) -> tuple[list[dict], float, float]:
    """Run a script; gives what it printed, its starting time, and the CPU seconds it took."""
    before = os.times()
    begun = time.time()
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=False,
    )
    after = os.times()
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise SystemExit(f"no first paint:\n{done.stdout}\n{done.stderr}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return lines, begun, cpu


def main() -> None:
    environment = dict(os.environ)
    server = None
    if not environment.get("DISPLAY"):
        if shutil.which("Xvfb") is None:
            environment["QT_QPA_PLATFORM"] = "offscreen"
        else:
            number = 90 + os.getpid() % 900
            server = subprocess.Popen(
                ["Xvfb", f":{number}", "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            environment["DISPLAY"] = f":{number}"
            environment.pop("QT_QPA_PLATFORM", None)
            time.sleep(1.0)
    try:
        with tempfile.TemporaryDirectory() as folder:
            environment |= {"FRIEDEL_CONFIG": f"{folder}/config", "FRIEDEL_DATA": f"{folder}/data"}
            measure(environment)
    finally:
        if server is not None:
            server.terminate()
            server.wait()


def measure(environment: dict[str, str]) -> None:
    visible, complete, floor, cpu = [], [], [], []
    first: dict = {}
    launch(FRIEDEL, environment)  # warm caches
    for _ in range(ROUNDS):
        lines, begun, used = launch(FRIEDEL, environment)
        first = lines[0]
        visible.append(first["at"] - begun)
        complete.append(lines[-1]["at"] - begun)
        cpu.append(used)
        empty, begun, _ = launch(FLOOR, environment)
        floor.append(empty[0]["at"] - begun)
    platform = environment.get("QT_QPA_PLATFORM") or "X11 (Xvfb)"
    print(f"## Start of the window ({platform}, warm caches, median of {ROUNDS})\n")
    print("| what | s | limit |")
    print("|---|---|---|")
    print(f"| process start to first paint | {statistics.median(visible):.2f} | {LIMIT_S:.1f} |")
    print(f"| slowest of the {ROUNDS} | {max(visible):.2f} | |")
    print(f"| all panes there | {statistics.median(complete):.2f} | |")
    print(f"| floor: an empty QMainWindow | {statistics.median(floor):.2f} | |")
    print(f"| CPU until all panes are there | {statistics.median(cpu):.2f} | |")
    heavy = ", ".join(first["heavy"]) or "none"
    print(f"\nHeavy libraries imported before the first paint: {heavy} ({first['modules']} modules in all).")


if __name__ == "__main__":
    main()
