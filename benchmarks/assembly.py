"""Putting frames together by a geometry: `python -m benchmarks.assembly [FOLDER_OF_GEOM_FILES]`.

Beside a detector of the size and layout of an ePix10k2M made in code (64 panels in a slab of 5632×384, each turned by
a quarter and a little), every `.geom` file of the folder is measured. The floors are copying the frame as stored, and
one `numpy.take` of the same index map into memory that is there already. Times are the processor's, of a whole frame:
its values and its flags.
"""

from __future__ import annotations

import math
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from models.geometry.assembly import Assembly, index_map
from models.geometry.crystfel import parse_geom, read_geom
from models.geometry.detector import DetectorGeometry
from models.geometry.positions import bad_flags, positions_of

TURNS = 40
_FEW, _MANY = 0.001, 0.4


def made_detector() -> DetectorGeometry:
    """64 panels of 176×192 in four quadrants, turned by quarters and by a few milliradians, 8 to 12 pixels apart."""
    rng = np.random.default_rng(3)
    lines = ["res = 10000", "clen = 0.1", "dim0 = %", "dim1 = ss", "dim2 = fs"]
    for panel in range(64):
        quadrant, place = divmod(panel, 16)
        turn = math.pi / 2 * quadrant + rng.normal(0, 0.002)
        across, down = place % 4, place // 4
        x, y = 14 + across * 204, 14 + down * 186
        middle = np.array([[0, -1], [1, 0]])
        corner = np.linalg.matrix_power(middle, quadrant) @ np.array([x, y]) + rng.normal(0, 0.5, 2)
        fs = (math.cos(turn), math.sin(turn))
        ss = (-math.sin(turn), math.cos(turn))
        row, column = divmod(panel, 2)
        lines += [
            f"p{panel}/min_ss = {row * 176}",
            f"p{panel}/max_ss = {row * 176 + 175}",
            f"p{panel}/min_fs = {column * 192}",
            f"p{panel}/max_fs = {column * 192 + 191}",
            f"p{panel}/fs = {fs[0]:+.6f}x {fs[1]:+.6f}y",
            f"p{panel}/ss = {ss[0]:+.6f}x {ss[1]:+.6f}y",
            f"p{panel}/corner_x = {corner[0]:.3f}",
            f"p{panel}/corner_y = {corner[1]:.3f}",
        ]
    return parse_geom("\n".join(lines), Path("made ePix10k2M"))


def measure(name: str, detector: DetectorGeometry) -> None:
    slab = detector.slab_shape
    shape = (math.prod(slab[:-1]), slab[-1])
    began = time.thread_time()
    positions = positions_of(detector, slab)
    found = index_map(positions)
    assembly = Assembly(found, shape, bad=bad_flags(detector, positions))
    set_up = 1e3 * (time.thread_time() - began)
    rng = np.random.default_rng(0)
    frame = rng.poisson(0.1, shape).astype(np.float32)
    still = np.zeros(shape, np.uint8)
    still.setflags(write=False)
    few, many = ((rng.random(shape) < share).astype(np.uint8) for share in (_FEW, _MANY))
    index = np.maximum(found.index, 0).astype(np.intp).ravel()
    flat, out = frame.ravel(), np.empty(index.size, np.float32)
    there = np.empty_like(frame)
    times = [
        median_ms(lambda: np.copyto(there, frame)),
        median_ms(lambda: np.take(flat, index, out=out, mode="clip")),
        *(median_ms(lambda flags=flags: assembly.apply(frame, flags)) for flags in (still, few, many)),
    ]
    kept: list[object] = []
    times.append(median_ms(lambda: kept.append(assembly.apply(frame, still))))
    stored, made = ("×".join(map(str, size)) for size in (slab, assembly.shape))
    lost = f"{found.collisions} of {math.prod(slab)}"
    cells = " | ".join(f"{ms:.1f}" for ms in times)
    print(f"| {name}: {stored} → {made} | {math.prod(slab) / 1e6:.1f} | {lost} | {cells} | {set_up:.0f} |")


def median_ms(work: Callable[[], object]) -> float:
    """Median of the processor's time, which other programs on the machine do not lengthen much."""
    work()
    times = []
    for _ in range(TURNS):
        began = time.thread_time()
        work()
        times.append(time.thread_time() - began)
    return 1e3 * statistics.median(times)


def main() -> None:
    print("### Putting frames together by a geometry\n")
    print(
        "Milliseconds of processor time for a float32 frame: median of 40. Flags: of the run only; of the frame, on "
        "few pixels (0.1 %) and on many (40 %). Frames kept: no memory is used again, each frame's is fresh from the "
        "system.\n"
    )
    print(
        "| detector, stored → shown | Mpx | pixels not shown | copy as stored | `take`, memory there "
        "| assembled, flags of the run | few | many | frames kept | once at opening |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    measure("made ePix10k2M", made_detector())
    for folder in sys.argv[1:]:
        for path in sorted(Path(folder).glob("*.geom")):
            measure(path.stem, read_geom(path))


if __name__ == "__main__":
    main()
