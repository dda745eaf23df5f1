"""Write one frame of a run: as NPY (the file's own numbers) or as PNG (as the window would draw it).

In a PNG masked, missing, non-finite and saturated pixels have colours of their own, as in the window.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.console import report
from app.cli.flags import add_run
from app.cli.outputs import output_path
from app.cli.selection import one_frame
from app.cli.treatment import add_treatment
from models.display import COLOUR_MAPS, DisplaySettings, Levels, Scaling
from models.files.disk import replace_array, written_aside

if TYPE_CHECKING:
    from models.runs.types import Frame


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_run(parser)
    add_treatment(parser)
    parser.add_argument("frame", metavar="I", help="the frame's index (from 0), or its event identifier")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="F.npy or F.png")
    parser.add_argument("--json", action="store_true", help="report as one JSON object")
    npy = parser.add_argument_group("NPY")
    npy.add_argument("--nan", action="store_true", help="write float32 with NaN in every pixel that must not be used")
    png = parser.add_argument_group("PNG")
    png.add_argument(
        "--scaling",
        choices=[scaling.value for scaling in Scaling],
        default=Scaling.SQRT.value,
        help="how brightness follows the value (default %(default)s)",
    )
    png.add_argument(
        "--levels", nargs=2, type=float, metavar=("LOW", "HIGH"), help="default: percentiles of the frame"
    )
    png.add_argument("--colour-map", choices=COLOUR_MAPS, default="inferno", help="default %(default)s")


def run(args: argparse.Namespace) -> int:
    from app.cli.treatment import open_from

    path = output_path(args.output, (".npy", ".png"), [args.run])
    opened = open_from(args)
    try:
        index = one_frame(opened, args.frame)
        frame = opened.load(index)
        event = opened.events[index] if opened.events is not None else None
    finally:
        opened.close()
    if path.suffix.lower() == ".npy":
        _write_npy(path, frame, nan=args.nan)
    else:
        _write_png(path, frame, args)
    height, width = frame.raw.shape
    found = {"frame": index, "event": event, "height": height, "width": width}
    report({**found, "masked_pixels": int((frame.flags != 0).sum()), "file": str(path)}, args.json)
    return 0


def _write_npy(path: Path, frame: Frame, *, nan: bool) -> None:
    import numpy as np

    values = np.where(frame.valid, frame.data, np.float32("nan")) if nan else frame.raw
    replace_array(path, values, f"The frame was not saved to {path}")


def _write_png(path: Path, frame: Frame, args: argparse.Namespace) -> None:
    from PIL import Image

    from models.display import colour_table, prepare

    levels = Levels(*args.levels) if args.levels else None
    picture = prepare(frame, DisplaySettings(scaling=Scaling(args.scaling), levels=levels))
    image = Image.fromarray(picture.indices, mode="P")
    image.putpalette(colour_table(args.colour_map)[:, :3].tobytes())
    with written_aside(path, f"The frame was not saved to {path}") as aside:
        image.save(aside, format="PNG")
