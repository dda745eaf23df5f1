"""How a verb's frames are treated: from a file, and from flags over it; the same for every verb that reads frames."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.runs.types import Run
    from models.treatment import Treatment

_CALIBRATION = (
    "dark", "common_mode", "asic_height_px", "asic_width_px", "adu_per_photon", "gain_map", "saturation_level",
    "round_from",
)  # fmt: skip
_GEOMETRY = ("distance_m", "photon_energy_eV", "pixel_size_m")


def add_treatment(parser: argparse.ArgumentParser, leave_out: Collection[str] = ()) -> None:
    """Flags for calibration, geometry and mask of the frames.

    Args:
        leave_out: parameters whose names mean something else to this verb; they can be set by `--treatment`.
    """
    from app.cli.flags import add_flags
    from models.calibration.settings import CalibrationSettings
    from models.geometry.settings import GeometrySettings
    from models.parameters import describe

    group = parser.add_argument_group("treatment of the frames")
    group.add_argument(
        "--treatment",
        metavar="FILE",
        help="calibration, geometry and mask as saved in the window (Inspect, Save treatment…), JSON or TOML; "
        "the flags below go over it",
    )
    group.add_argument("--geometry", metavar="FILE.geom", help='CrystFEL geometry, or "file" for the run\'s own')
    group.add_argument("--add-mask", metavar="FILE", help="pixels not to use: NPY, TIFF, CXI …; see docs/masks.md")
    for kind, names in ((CalibrationSettings, _CALIBRATION), (GeometrySettings, _GEOMETRY)):
        kept = set(names) - set(leave_out)
        add_flags(parser, kind, [info.name for info in describe(kind) if info.name not in kept], only_given=True)
    parser.set_defaults(treatment_flags=frozenset({*_CALIBRATION, *_GEOMETRY}) - set(leave_out))


def treatment_from(args: argparse.Namespace) -> Treatment:
    """What file and flags say.

    Raises:
        CannotOpen: a file that cannot be read. BadParameter: a value out of range.
    """
    from models.parameters import validate
    from models.treatment import UNTREATED
    from models.treatment.files import read_treatment

    treatment = UNTREATED if args.treatment is None else read_treatment(Path(args.treatment))
    given = _given(args, _CALIBRATION)
    for name in ("dark", "gain_map"):
        if given.get(name):
            given[name] = _absolute(given[name])
    calibration = validate(replace(treatment.calibration, **given))
    given = _given(args, _GEOMETRY)
    if args.geometry is not None:
        given["positions"] = args.geometry if args.geometry == "file" else _absolute(args.geometry)
    geometry = validate(replace(treatment.geometry, **given))
    return treatment.but(calibration=calibration, geometry=geometry)


def open_from(args: argparse.Namespace) -> Run:
    """The run that the arguments name, its frames treated as they say. Raises as `models.treatment.open_treated`."""
    from models.treatment import open_treated

    treatment = treatment_from(args)
    run = open_treated(args.run, args.dataset, treatment)
    if args.add_mask is None:
        return run
    # What fits is known when the frames are: of a geometry's, not of the file's shape.
    try:
        masked = _with_mask(treatment, run, Path(args.add_mask))
    finally:
        run.close()
    return open_treated(args.run, args.dataset, masked)


def _with_mask(treatment: Treatment, run: Run, path: Path) -> Treatment:
    """The treatment with the pixels of a mask file masked out too; they are kept where the run's labels are.

    Raises:
        BadMask: it cannot be read, or is of another shape.
        NotSaved: its pixels cannot be kept.
    """
    from models.masking.files import read_mask_file
    from models.masking.pixels import keep_pixels
    from models.workspace.location import find_places

    mask = read_mask_file(path, run.shape)
    if mask.assumed:
        print(f"friedel: {mask.assumed}", file=sys.stderr)
    kept = keep_pixels(mask.covered(), find_places(run).folder, mask.name)
    masking = replace(treatment.masking, shapes=(*treatment.masking.shapes, kept), shape=run.shape)
    return treatment.but(masking=masking)


def _given(args: argparse.Namespace, names: Collection[str]) -> dict[str, Any]:
    """What was typed of these."""
    return {name: getattr(args, name) for name in names if name in args.treatment_flags and hasattr(args, name)}


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().absolute())
