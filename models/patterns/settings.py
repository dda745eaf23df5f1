"""How a frame becomes a pattern; form, flags and the steps shown to the user derive from it."""

from __future__ import annotations

from dataclasses import dataclass

from models.parameters import parameter

CENTRES = ("auto", "symmetry", "file", "middle")
BACKGROUNDS = ("none", "radial", "given")


@dataclass(frozen=True)
class PatternSettings:
    """Preparation of one frame for phasing and denoising."""

    centre: str = parameter(
        "auto",
        "where the beam is: by Friedel symmetry, as the file says, the frame's middle; auto takes the symmetry for a "
        "frame where it is clear, else the file's word, else the middle",
        choices=CENTRES,
        title="Beam found by",
    )
    centre_y_px: float | None = parameter(
        None, "row of the direct beam; given with the column it goes before all else", unit="px", title="Beam, row"
    )
    centre_x_px: float | None = parameter(None, "column of the direct beam", unit="px", title="Beam, column")
    search_px: float = parameter(
        20.0,
        "how far from the file's centre the symmetry is looked for",
        unit="px",
        low=0.5,
        high=4096.0,
        title="Searched within",
    )
    saturation_level: float | None = parameter(
        None, "values at and above it are not measured", title="Saturated from"
    )
    beam_stop_px: float = parameter(
        0.0,
        "pixels within this radius of the beam are not measured",
        unit="px",
        low=0.0,
        high=4096.0,
        title="Beam stop radius",
    )
    background_from: str = parameter(
        "none",
        "what is taken off before anything else: nothing, on each ring about the beam a percentile of the ring, or a "
        "given picture",
        choices=BACKGROUNDS,
        title="Background",
    )
    background_percentile: float = parameter(
        10.0,
        "that percentile; 0 is the minimum of the ring",
        unit="%",
        low=0.0,
        high=100.0,
        title="Ring percentile",
    )
    adu_per_photon: float | None = parameter(
        None, "stored value of one photon; none leaves the values as they are", low=1e-6, title="Value per photon"
    )
    find_photon: bool = parameter(
        False,
        "take the value of one photon from the single-photon peak of the histogram, where it is clear",
        title="Find that value",
    )
    crop_px: int | None = parameter(
        None,
        "side of the square about the beam, before binning; none takes the largest that fits on the frame",
        unit="px",
        low=1,
        high=16384,
        title="Crop to",
    )
    binning: int = parameter(1, "pixels along each side that are summed into one", unit="px", low=1, high=64)
