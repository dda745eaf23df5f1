"""Settings to begin with, by what is being reconstructed."""

from __future__ import annotations

from dataclasses import dataclass

from models.errors import BadParameter
from models.phasing.settings import PhasingSettings


@dataclass(frozen=True, slots=True)
class Preset:
    """Settings with a name.

    Attributes:
        title: the name. when: one sentence on when to use it. settings: what it stands for.
    """

    title: str
    when: str
    settings: PhasingSettings


def _preset(title: str, when: str, **values: object) -> Preset:
    return Preset(title, when, PhasingSettings(preset=title, **values))  # type: ignore[arg-type]


SINGLE_PARTICLE = _preset(
    "Single particle with beam stop",
    "For one isolated particle of unknown size and shape whose pattern lacks its centre; begin with this one.",
    schedule="8*(20 RAAR(beta=0.95) + SW) + 8*(20 RAAR + SW(threshold=0.15, of=rms, blur=0.5)) + 120 ER",
    object="complex",
    beta=0.9,
    first_support="search",
    search_starts=20,
    search_rounds=1,
    threshold_of="area",
    blur_start_px=1.0,
    blur_end_px=0.5,
    starts=8,
)
STRONG_OBJECT = _preset(
    "Strong small object",
    "For a compact object that scatters strongly and has sharp edges, recorded with all or nearly all of its centre.",
    schedule="12*(50 HIO + SW) + 100 ER",
    object="complex",
    beta=0.9,
    first_support="autocorrelation",
    threshold_of="max",
    threshold=0.15,
    blur_start_px=3.0,
    blur_end_px=1.0,
    fill_holes=True,
    starts=8,
)
BRAGG_CRYSTAL = _preset(
    "Bragg crystal",
    "For a 2-D slice or a 3-D volume around one Bragg peak of a crystal; the phase is its displacement.",
    schedule="30 TWIN + 20*(20 HIO + SW) + 20*(5 ER + SW) + 100 ER",
    object="complex",
    phase_low_rad=None,
    phase_high_rad=None,
    beta=0.9,
    first_support="autocorrelation",
    threshold_of="max",
    threshold=0.12,
    blur_start_px=3.0,
    blur_end_px=1.0,
    starts=8,
)
QUICK_LOOK = _preset(
    "Quick look",
    "For a first impression within seconds: two short starts, whose result is no more than a preview.",
    schedule="8*(25 RAAR + SW) + 50 ER",
    object="complex",
    first_support="disc",
    threshold_of="area",
    blur_start_px=3.0,
    blur_end_px=1.0,
    starts=2,
)
PRESETS = (SINGLE_PARTICLE, STRONG_OBJECT, BRAGG_CRYSTAL, QUICK_LOOK)
DEFAULT = SINGLE_PARTICLE


def preset(title: str) -> Preset:
    """The preset of this title, upper and lower case alike.

    Raises:
        BadParameter: where there is none.
    """
    for candidate in PRESETS:
        if candidate.title.lower() == title.strip().lower():
            return candidate
    titles = ", ".join(f"“{candidate.title}”" for candidate in PRESETS)
    raise BadParameter(f"There is no preset “{title}”", cause=f"the presets are {titles}")
