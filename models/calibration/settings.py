"""How stored values become calibrated ones: which steps are done, and with what numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.parameters import parameter

OFF, ROW, COLUMN, ASIC, FRAME = "off", "row", "column", "asic", "frame"
COMMON_MODES = (OFF, ROW, COLUMN, ASIC, FRAME)
"""What shares one common mode: a row or column of an ASIC, a whole ASIC, the whole frame."""

RELATIVE, ABSOLUTE = "relative", "ADU per photon"
"""What the numbers of a gain map mean."""


@dataclass(frozen=True)
class CalibrationSettings:
    """The steps in their order; each has a switch of its own, so that switching it off keeps its numbers.

    A step with its switch on still does nothing without its number or file: the defaults change no value.
    """

    use_saturation: bool = parameter(True, "flag saturated pixels", title="Saturation")
    saturation_level: float | None = parameter(
        None,
        "stored values at and above it are saturated; empty: what the file says",
        unit="ADU",
        title="Saturated from",
    )
    use_dark: bool = parameter(True, "take the pedestal off", title="Pedestal")
    dark: str = parameter(
        "", "file with the pedestal of every pixel (NPY or HDF5), or a run taken in the dark, whose median is taken"
    )
    dark_dataset: str = parameter("", "path of the pedestal in its HDF5 file; empty to find it", title="HDF5 dataset")
    use_common_mode: bool = parameter(True, "take the common mode off", title="Common mode")
    common_mode: str = parameter(
        OFF, "pixels that share one offset in each frame", choices=COMMON_MODES, title="One offset for each"
    )
    asic_height_px: int | None = parameter(
        None, "rows of one ASIC; empty: the module, or the frame", unit="px", low=1, title="ASIC height"
    )
    asic_width_px: int | None = parameter(
        None, "columns of one ASIC; empty: the module, or the frame", unit="px", low=1, title="ASIC width"
    )
    common_mode_limit: float | None = parameter(
        None,
        "values above it, with the pedestal off, have no say in the offset; empty: three times the noise above zero",
        unit="ADU",
        title="Only values below",
    )
    common_mode_largest: float | None = parameter(
        None,
        "larger offsets are not believed, and not taken off; empty: any",
        unit="ADU",
        low=0.0,
        title="Largest offset",
    )
    use_gain_map: bool = parameter(True, "divide by the gain of each pixel", title="Gain map")
    gain_map: str = parameter("", "file with the gain of every pixel (NPY or HDF5)")
    gain_map_dataset: str = parameter("", "path of the gain in its HDF5 file; empty to find it", title="HDF5 dataset")
    gain_map_unit: str = parameter(
        RELATIVE, "what the map's numbers are", choices=(RELATIVE, ABSOLUTE), title="The map is"
    )
    use_gain: bool = parameter(True, "divide by the value of one photon", title="Photons")
    adu_per_photon: float | None = parameter(
        None, "value of one photon; empty: values stay in ADU", unit="ADU", low=1e-6, title="ADU per photon"
    )
    use_rounding: bool = parameter(True, "round to whole photons", title="Whole photons")
    round_from: float | None = parameter(
        None,
        "the part of a photon from which a pixel counts one more; empty: values stay fractional",
        unit="photon",
        low=0.5,
        high=0.95,
        title="Counts from",
    )

    @property
    def in_effect(self) -> CalibrationSettings:
        """The same without the numbers of what is switched off or has no file: equal where the same is done."""
        fresh = CalibrationSettings()
        kept = self
        if not (self.use_saturation and self.saturation_level is not None):
            kept = _but(kept, fresh, ("use_saturation", "saturation_level"))
        if not (self.use_dark and self.dark):
            kept = _but(kept, fresh, ("use_dark", "dark", "dark_dataset"))
        if not self.use_common_mode or self.common_mode == OFF:
            kept = _but(
                kept,
                fresh,
                (
                    "use_common_mode",
                    "common_mode",
                    "asic_height_px",
                    "asic_width_px",
                    "common_mode_limit",
                    "common_mode_largest",
                ),
            )
        if not (self.use_gain_map and self.gain_map):
            kept = _but(kept, fresh, ("use_gain_map", "gain_map", "gain_map_dataset", "gain_map_unit"))
        if not (self.use_gain and self.adu_per_photon is not None):
            kept = _but(kept, fresh, ("use_gain", "adu_per_photon"))
        if not (self.use_rounding and self.round_from is not None):
            kept = _but(kept, fresh, ("use_rounding", "round_from"))
        return kept

    @property
    def is_nothing(self) -> bool:
        """Whether every value stays as it is stored."""
        return self.in_effect == CalibrationSettings()


def _but(settings: CalibrationSettings, fresh: CalibrationSettings, names: tuple[str, ...]) -> CalibrationSettings:
    return replace(settings, **{name: getattr(fresh, name) for name in names})
