"""European XFEL runs and folders of runs: `python -m benchmarks.facility`.

Opening is compared with EXtra-data on the same files, a frame with the bare h5py reads of its modules. Wall-clock
times; files are in the page cache. EXtra-data leaves a map of the files in the folder, which is taken
away before the next.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np

from benchmarks.event_loop import HEADER, GapMeter, live, open_window, row
from models.progress import drain
from models.runs.euxfel.run import open_euxfel_run
from models.runs.run_table_listing import list_runs
from tests.models.runs.euxfel.files import AGIPD, write_module
from tests.models.runs.files import write_cxi

TRAINS, PULSES = 8, 16
RUNS = 500


def wall_ms(work: Callable[[], object], times: int = 5) -> float:
    """Median of several, after one that is not counted."""
    work()
    found = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        found.append(1e3 * (time.perf_counter() - begin))
    return statistics.median(found)


def opening(folder: Path) -> None:
    import extra_data
    from extra_data.components import AGIPD1M
    from extra_data.tests import make_examples

    print("## European XFEL: opening 16 modules × 4096 frames\n")
    print("| | ms | files left in the folder |\n|---|---|---|")
    folder.mkdir()
    make_examples.make_spb_run(str(folder))
    before = set(folder.iterdir())

    def left() -> str:
        return ", ".join(path.name for path in set(folder.iterdir()) - before) or "none"

    def clean() -> None:
        for path in set(folder.iterdir()) - before:
            path.unlink()

    print(f"| Friedel | {wall_ms(lambda: open_euxfel_run(folder).close()):.0f} | {left()} |")

    def theirs() -> None:
        clean()
        AGIPD1M(extra_data.RunDirectory(folder), raw=True)

    found = wall_ms(theirs)
    print(f"| EXtra-data {extra_data.__version__}, `RunDirectory` | {found:.0f} | {left()} |")
    clean()
    files = sorted(folder.glob("*.h5"))
    found = wall_ms(lambda: AGIPD1M(extra_data.DataCollection.from_paths(files), raw=True))
    print(f"| EXtra-data, `from_paths` | {found:.0f} | {left()} |\n")


def frames(folder: Path) -> None:
    trains = [(1000 + train, range(PULSES)) for train in range(TRAINS)]
    kinds = {
        "raw, not compressed": {"kind": "RAW", "chunks": (1, 2, 512, 128)},
        "raw, chunks of 8 frames, bitshuffle": {"kind": "RAW", "chunks": (8, 2, 512, 128), **hdf5plugin.Bitshuffle()},
        "corrected with masks": {"kind": "CORR", "chunks": (1, 512, 128), "mask": 4},
    }
    print(f"## European XFEL: a frame of 16 modules, {TRAINS} trains of {PULSES} pulses\n")
    print("| | h5py alone, random, ms | `run.load`, random, ms | ratio | in order, ms |\n|---|---|---|---|---|")
    rng = np.random.default_rng(3)
    order = rng.permutation(TRAINS * PULSES)[:40].tolist()
    for name, how in kinds.items():
        here = folder / name.split(",")[-1].strip().replace(" ", "_")
        for module in range(16):
            write_module(here, module, trains, shape=(512, 128), **how)
        opened = [h5py.File(path, "r") for path in sorted(here.glob("*.h5"))]
        groups = [file[f"INSTRUMENT/{AGIPD}/DET/{module}CH0:xtdf/image"] for module, file in enumerate(opened)]
        keys = ("data", "mask") if "mask" in groups[0] else ("data",)

        def bare(groups: list[h5py.Group] = groups, keys: tuple[str, ...] = keys) -> None:
            for index in order:
                for group in groups:
                    for key in keys:
                        dataset = group[key]
                        _ = dataset[index, 0] if dataset.ndim == 4 else dataset[index]

        run = open_euxfel_run(here)
        floor = wall_ms(bare, 3) / len(order)
        ours = wall_ms(lambda run=run: [run.load(index) for index in order], 3) / len(order)
        scan = wall_ms(lambda run=run: [run.load(index) for index in range(40)], 3) / 40
        print(f"| {name} | {floor:.1f} | {ours:.1f} | {ours / floor:.2f} | {scan:.1f} |")
        run.close()
        for file in opened:
            file.close()
    print()


def table(folder: Path) -> None:
    folder.mkdir()
    for number in range(RUNS):
        write_cxi(folder / f"r{number:04d}.cxi")
    print(f"## A folder of {RUNS} runs\n")
    begin = time.perf_counter()
    found = drain(list_runs(folder))
    print(f"Listing by itself: {time.perf_counter() - begin:.1f} s for {len(found.rows)} runs.\n")
    window = open_window(folder / "r0000.cxi")
    live(2.0)
    meter = GapMeter()
    meter.start()
    window.run_table.list_folder(str(folder))
    begin = time.perf_counter()
    done = live(120.0, lambda: window.run_table.view.refresh_button.isEnabled())
    gaps = meter.stop()
    print(HEADER)
    print(row(f"event loop while {RUNS} runs are listed in the window, ms", gaps, "99 % ≤ 16, largest ≤ 50"))
    shown = len(window.run_table.view.model.rows)
    print(f"\n{shown} runs shown after {time.perf_counter() - begin:.1f} s{'' if done else ' (not finished)'}.")
    window.shut_down()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        opening(place / "r0238")
        frames(place / "frames")
        table(place / "many")


if __name__ == "__main__":
    main()
