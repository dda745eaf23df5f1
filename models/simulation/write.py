"""Simulated runs on disk: a CXI 1.6 file for the frames, a CSV table for the truth.

The truth goes into the CXI file only where that is asked for, in a group of its own: whoever sorts the run should not
see the answer.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Generator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.files.disk import replace_text
from models.files.h5 import new_h5_checked
from models.parameters import to_dict
from models.progress import Progress
from models.simulation.backend import NUMPY
from models.simulation.beam import JOULE_PER_EV, PHYSICAL
from models.simulation.generate import KIND_NAMES, Truth, join, simulate
from models.simulation.panels import ADU, MOST_COUNTS, bad_pixels, beam_stop, missing
from models.simulation.settings import SimulationSettings, checked

CXI_INVALID = 0x1
CXI_HOT = 0x4
CXI_DEAD = 0x8
CXI_SHADOWED = 0x10
CXI_BAD = 0x80
CXI_MISSING = 0x200

TRUTH_GROUP = "truth"
_PULSES_PER_TRAIN = 20
_FIRST_TRAIN = 1_482_000_000
_STREAM_OF_PULSES = 7


def event_names(n: int) -> list[str]:
    """n event identifiers "train:pulse", as an X-ray laser with bursts of pulses numbers them."""
    return [f"{_FIRST_TRAIN + i // _PULSES_PER_TRAIN}:{4 * (i % _PULSES_PER_TRAIN)}" for i in range(n)]


def cxi_mask(settings: SimulationSettings) -> npt.NDArray[np.uint32]:
    """(H, W) uint32 of CXI mask bits, 0 = good: missing in the gaps, invalid and shadowed behind the beam stop; dead,
    hot and (noisy) bad pixels, unless the settings keep them from the mask."""
    mask = np.zeros(settings.shape, dtype=np.uint32)
    mask[beam_stop(settings)] |= CXI_SHADOWED | CXI_INVALID
    mask[missing(settings)] |= CXI_MISSING
    bad = bad_pixels(settings)
    if bad is not None and settings.detector.bad_pixels_in_mask:
        for pixels, bits in ((bad.dead, CXI_DEAD), (bad.hot, CXI_HOT), (bad.noisy, CXI_BAD)):
            mask[pixels] |= bits | CXI_INVALID
    return mask


def write_cxi(
    path: str | os.PathLike[str],
    settings: SimulationSettings,
    truth_path: str | os.PathLike[str] | None = None,
    compression: int = 4,
    truth_in_file: bool = False,
    device: str = NUMPY,
) -> Generator[Progress, None, Path]:
    """Simulate a run into a CXI 1.6 file (C. Maia, Nature Methods 9 (2012) 854), frame by frame.

    Written under a temporary name and renamed when whole; what is there is replaced only then, and a stopped or
    failed simulation leaves nothing behind.

    Args:
        path: the file to write.
        settings: the run.
        truth_path: where the truth goes as CSV (`write_truth`); None keeps it nowhere.
        compression: gzip level, 0 … 9.
        truth_in_file: whether the file also gets the group `truth`: every field of `Truth` with its unit, and the
            settings as JSON.
        device: what computes the amplitudes, see `backend.array_library`.

    Returns:
        The file's path.

    Raises:
        BadParameter: where the settings do not describe a run.
        NotSaved: where the file or the table cannot be written.
    """
    checked(settings)
    target = Path(path)
    parts: list[Truth] = []
    with new_h5_checked(target, f"The simulated run was not saved to {target}") as (file, check):
        frames = _lay_out(file, settings, compression)
        good = cxi_mask(settings) == 0
        statistics = file["entry_1/instrument_1/detector_1"]
        for block in simulate(settings, device=device):
            stop = block.start + len(block.counts)
            frames[block.start : stop] = block.counts
            photons = _photons(block.counts, good, settings)
            statistics["photon_counts"][block.start : stop] = photons.sum(axis=(1, 2), dtype=np.int64)
            statistics["lit_pixels"][block.start : stop] = np.count_nonzero(photons, axis=(1, 2))
            check()
            parts.append(block.truth)
            yield Progress(done=block.done, total=block.total, unit=block.unit, message=block.message)
        truth = join(parts)
        if settings.beam.fluence == PHYSICAL:
            # What a gas monitor before the optics would have said.
            file["entry_1/instrument_1/source_1/pulse_energy"][:] = truth.pulse_energy_J
        if truth_in_file:
            _add_truth(file, truth, settings)
            check()
        if truth_path is not None:
            write_truth(truth_path, truth)
    return target


def write_truth(path: str | os.PathLike[str], truth: Truth, events: Sequence[str] | None = None) -> Path:
    """Write `index,event,class,species,particles,photons` of every frame as CSV (UTF-8).

    `photons` are expected on the usable pixels, background included; `species` is −1 for blanks and contaminants.

    Raises:
        NotSaved: where the table cannot be written.
    """
    target = Path(path)
    names = event_names(len(truth)) if events is None else events
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["index", "event", "class", "species", "particles", "photons"])
    for i, name in enumerate(names):
        kind = KIND_NAMES[truth.kind[i]]
        table.writerow([i, name, kind, truth.species[i], truth.particles[i], f"{truth.photons[i]:.1f}"])
    replace_text(target, text.getvalue(), f"The truth of the simulated run was not saved to {target}")
    return target


def _photons(values: npt.NDArray[Any], good: npt.NDArray[np.bool_], settings: SimulationSettings) -> npt.NDArray[Any]:
    """Photons on the good pixels: counts as they are, of ADU the nearest number."""
    if settings.detector.readout != ADU:
        return values * good
    return np.rint(values * (good / settings.detector.adu_per_photon))


_UNITS = {
    "photons": "photons",
    "background": "photons",
    "positions_nm": "nm",
    "diameter_nm": "nm",
    "centre_px": "px",
    "photon_energy_eV": "eV",
    "pulse_energy_J": "J",
    "hit_position_um": "um",
    "fluence_per_nm2": "photons/nm^2",
}


def _add_truth(file: Any, truth: Truth, settings: SimulationSettings) -> None:
    import h5py

    group = file.create_group(TRUTH_GROUP)
    group.attrs["settings"] = json.dumps(to_dict(settings))
    names = np.array(KIND_NAMES, dtype=object)[truth.kind]
    group.create_dataset("class", data=names, dtype=h5py.string_dtype("utf-8"))
    for field in fields(Truth):
        data = group.create_dataset(field.name, data=getattr(truth, field.name))
        if field.name in _UNITS:
            data.attrs["units"] = _UNITS[field.name]
    for name in ("orientation", "orientations"):
        group[name].attrs["axes"] = "quaternion w, x, y, z"


def _lay_out(file: Any, settings: SimulationSettings, compression: int) -> Any:
    """Everything but the frames; returns their empty dataset."""
    import h5py

    text = h5py.string_dtype("utf-8")
    n = settings.frames
    file["cxi_version"] = 160
    file["number_of_entries"] = 1
    entry = file.create_group("entry_1")
    events = event_names(n)
    entry.create_dataset("experiment_identifier", data=events, dtype=text)
    entry.create_dataset("title", data="simulated diffraction of single particles", dtype=text)
    entry.create_group("sample_1").create_dataset("name", data="simulated", dtype=text)
    numbers = np.array([event.split(":") for event in events], dtype=np.int64)
    entry["trainId"], entry["pulseId"] = numbers[:, 0], numbers[:, 1]

    instrument = entry.create_group("instrument_1")
    source = instrument.create_group("source_1")
    source["energy"] = settings.photon_energy_eV * JOULE_PER_EV
    pulses = np.random.default_rng([settings.seed, 0, _STREAM_OF_PULSES])
    # A self-amplified pulse fluctuates like a gamma variable; where the particle sits in the focus decides far more
    # about a frame's brightness, so this says nothing about its class.
    source["pulse_energy"] = 2.0e-3 * pulses.gamma(30.0, 1 / 30.0, n)
    source["pulse_energy"].attrs["units"] = "J"

    part = instrument.create_group("detector_1")
    counting = settings.detector.readout != ADU
    what = "photon counts" if counting else "analogue-digital units"
    part.create_dataset("description", data=f"simulated pixel detector, {what}", dtype=text)
    frames = part.create_dataset(
        "data",
        (n, *settings.shape),
        np.uint16 if counting else np.float32,
        chunks=(1, *settings.shape),
        compression="gzip",
        compression_opts=compression,
        shuffle=True,
    )
    frames.attrs["axes"] = "experiment_identifier:y:x"
    frames.attrs["units"] = "photons" if counting else "ADU"
    gain = 1.0 if counting else settings.detector.adu_per_photon
    if settings.detector.full_well_photons < MOST_COUNTS:
        part["saturation_value"] = settings.detector.full_well_photons * gain
    part.create_dataset("mask", data=cxi_mask(settings), compression="gzip")
    part["mask"].attrs["axes"] = "y:x"
    part["distance"] = settings.distance_m
    part["x_pixel_size"] = part["y_pixel_size"] = settings.pixel_size_m
    part["counts_per_joule"] = gain / (settings.photon_energy_eV * JOULE_PER_EV)
    cy, cx = settings.centre_px
    # Lab frame: z along the beam, y up, x to the left seen downstream; the corner of pixel (0, 0), in metres.
    corner = np.array([(cx + 0.5) * settings.pixel_size_m, (cy + 0.5) * settings.pixel_size_m, settings.distance_m])
    part["corner_position"] = corner
    part["basis_vectors"] = np.array([[0.0, -settings.pixel_size_m, 0.0], [-settings.pixel_size_m, 0.0, 0.0]])
    part.create_dataset("photon_counts", (n,), np.int64)
    part.create_dataset("lit_pixels", (n,), np.int64)

    image = entry.create_group("image_1")
    image["image_center"] = np.array([cx, cy, 0.0])
    for name in ("data", "mask"):
        image[name] = h5py.SoftLink(f"/entry_1/instrument_1/detector_1/{name}")
    entry.create_group("data_1")["data"] = h5py.SoftLink("/entry_1/instrument_1/detector_1/data")
    return frames
