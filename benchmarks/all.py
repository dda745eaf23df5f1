"""Run every benchmark and write one page: `python -m benchmarks.all docs/benchmarks.md`.

Each benchmark runs in a process of its own, so that one's imports and threads do not colour the next, and prints
markdown on stdout. A benchmark that fails is shown as failed; the page is still written and the exit status is 1.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

BENCHMARKS = (
    "startup",
    "frame_change",
    "scrubbing",
    "map_view",
    "responsiveness",
    "verdicts",
    "refresh",
    "queue",
    "reading",
    "run_scale",
    "live",
    "facility",
    "assembly",
    "calibration",
    "masks",
    "statistics",
    "formats",
    "labels",
    "simulation",
    "shapes",
    "propagators",
    "conditions",
    "adapt",
    "embedding",
    "phasing.cost",
    "phasing.gaps",
    "denoise_pane",
)
LIBRARIES = ("numpy", "h5py", "PyQt6", "pyqtgraph", "torch", "scikit-learn", "umap-learn")


def machine() -> str:
    """One line on what the numbers were measured with."""
    cpu = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES)
    return f"{os.cpu_count()} cores of {cpu}, {platform.system()}, Python {platform.python_version()}, {versions}."


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("page", type=Path, help="the markdown page to write")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=BENCHMARKS, help="run just these")
    args = parser.parse_args()
    parts = [
        "# Benchmarks",
        f"Measured {datetime.date.today().isoformat()} by `make bench` on {machine()} "
        "Times are CPU times unless a table says otherwise; ratios compare within one run.",
    ]
    # The screenless platform has a word to say about every window.
    environment = {**os.environ, "QT_LOGGING_RULES": "default.warning=false"}
    failed = []
    for name in args.only:
        began = time.monotonic()
        print(f"benchmarks.{name} …", file=sys.stderr, flush=True)
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}"],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            env=environment,
        )
        print(f"benchmarks.{name}: {time.monotonic() - began:.0f} s, exit {done.returncode}", file=sys.stderr)
        parts.append(done.stdout.strip())
        if done.returncode:
            failed.append(name)
            parts.append(f"**`benchmarks.{name}` failed with exit status {done.returncode}.**")
    args.page.write_text("\n\n".join(parts) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
