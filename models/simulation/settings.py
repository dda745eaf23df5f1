"""What a simulated run is made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from models.errors import BadParameter
from models.parameters import parameter, validate
from models.runs.types import PLANCK_TIMES_LIGHT_EV_M, Geometry
from models.simulation.beam import PHYSICAL, BeamSettings
from models.simulation.multislice import BORN, MSFT, SPLIT_STEP
from models.simulation.panels import DetectorSettings, beam_stop, check_detector, missing
from models.simulation.particles import NAMED_FAMILIES, PROTEIN_FAMILIES

MIXED = "mixed"
PROTEINS = "proteins"


@dataclass(frozen=True)
class SimulationSettings:
    """Beamline, sample and statistics of a simulated run.

    The defaults are a soft X-ray station: 1.66 keV, half a metre, a pnCCD binned to 0.3 mm pixels. A pixel is then
    Δq = 0.005 nm⁻¹, so a particle of diameter D has speckles of 2π/(D Δq) = 1245 nm/D pixels.

    Attributes:
        beam: pulse, focus, polarisation and parasitic scattering.
        detector: panels, bad pixels and electronics.
        species_weights: relative share of each species among the hits, in the order of their numbers (of the files);
            empty for equal.
        particle_files: coordinates and density maps that are the sample, in place of `species` of a family.
    """

    frames: int = parameter(1000, "frames in the run", low=1, high=10_000_000)
    height: int = parameter(128, "detector rows", unit="px", low=16, high=4096)
    width: int = parameter(128, "detector columns", unit="px", low=16, high=4096)
    pixel_size_m: float = parameter(0.3e-3, "pixel pitch", unit="m", low=1e-6, high=0.1)
    distance_m: float = parameter(0.5, "sample to detector", unit="m", low=1e-3, high=100.0)
    photon_energy_eV: float = parameter(1660.0, "photon energy", unit="eV", low=10.0, high=100_000.0)
    surface: str = parameter(
        "paraxial",
        "where in q space the detector lies: ewald (exact), paraxial (Ewald curvature to second order in the "
        "scattering angle, fast), projected (flat: the small-angle approximation, exactly Friedel-symmetric)",
        choices=("paraxial", "ewald", "projected"),
    )
    propagator: str = parameter(
        BORN,
        "born (weak bodies, in closed form), msft (slices that attenuate the incident wave) or split-step (multiple "
        "forward scattering) for bodies that refract and absorb; the last two need the ewald surface",
        choices=(BORN, MSFT, SPLIT_STEP),
    )
    index_delta: float | None = parameter(
        None,
        "δ of the refractive index 1 − δ + iβ in a particle's densest part (msft, split-step); none takes "
        "r_e λ² ρ/2π from its electron density",
        low=-2.0,
        high=1.0,
    )
    index_beta: float = parameter(0.0, "β in a particle's densest part (msft, split-step)", low=0.0, high=5.0)
    voxel_nm: float | None = parameter(
        None, "voxels of msft and split-step; none chooses by particle and detector", unit="nm", low=1e-3, high=1e3
    )
    electrons_per_nm3: float = parameter(
        200.0,
        "electrons over the volume of the bounding sphere, for particles whose family has a form but no density: all "
        "but helium (physical fluence and slices)",
        unit="1/nm³",
        low=1e-6,
        high=1e5,
    )
    single: float = parameter(0.35, "relative share of frames with one particle", low=0.0)
    multi: float = parameter(0.20, "relative share of frames with an aggregate of particles", low=0.0)
    blank: float = parameter(0.30, "relative share of frames with background only", low=0.0)
    contaminant: float = parameter(0.15, "relative share of frames with a droplet (non-sample hit)", low=0.0)
    most_copies: int = parameter(
        4, "particles in the largest aggregate; 2 to this many are equally likely", low=2, high=16
    )
    photons_low: float = parameter(200.0, "fewest expected photons on the usable pixels of a frame", low=0.1)
    photons_high: float = parameter(
        20_000.0, "most expected photons; log-uniform between the two, for every class alike", low=0.1
    )
    background_low: float = parameter(0.02, "least share of a hit's photons that is background", low=1e-6, high=1.0)
    background_high: float = parameter(
        0.2, "largest share that is background; log-uniform between the two", low=1e-6, high=1.0
    )
    centre_jitter_px: float = parameter(
        1.0, "standard deviation of the beam's position on the detector, per axis", unit="px", low=0.0
    )
    gap_rows: int = parameter(4, "rows missing between the detector's halves", unit="px", low=0)
    beam_stop_px: float = parameter(4.0, "radius of the beam stop", unit="px", low=0.0)
    family: str = parameter(MIXED, "particle family of the sample", choices=(MIXED, PROTEINS, *NAMED_FAMILIES))
    species: int = parameter(4, "number of sample species", low=1)
    first_species: int = parameter(0, "number of the first species; the others follow", low=0)
    diameter_low_nm: float = parameter(80.0, "smallest sample diameter", unit="nm", low=0.1)
    diameter_high_nm: float = parameter(220.0, "largest sample diameter", unit="nm", low=0.1)
    size_spread: float = parameter(
        0.02, "relative standard deviation of the size within a species", low=0.0, high=0.3
    )
    droplet_low_nm: float = parameter(90.0, "smallest contaminant diameter", unit="nm", low=0.1)
    droplet_high_nm: float = parameter(280.0, "largest contaminant diameter", unit="nm", low=0.1)
    seed: int = parameter(0, "the run is a function of this number and the settings", low=0)
    beam: BeamSettings = field(default_factory=BeamSettings)
    detector: DetectorSettings = field(default_factory=DetectorSettings)
    species_weights: tuple[float, ...] = ()
    particle_files: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width

    @property
    def wavelength_nm(self) -> float:
        return PLANCK_TIMES_LIGHT_EV_M / self.photon_energy_eV * 1e9

    @property
    def centre_px(self) -> tuple[float, float]:
        """(y, x) of the undisturbed beam: the middle of the frame, pixel centres at whole numbers."""
        return (self.height - 1) / 2, (self.width - 1) / 2

    @property
    def diameters_nm(self) -> tuple[float, float]:
        return self.diameter_low_nm, self.diameter_high_nm

    @property
    def species_in_all(self) -> int:
        return len(self.particle_files) or self.species

    @property
    def weighs_solid_angle(self) -> bool:
        """Whether pixels count with their own solid angle."""
        return self.beam.solid_angle or self.beam.fluence == PHYSICAL

    @property
    def geometry(self) -> Geometry:
        return Geometry(
            distance_m=self.distance_m,
            pixel_size_m=(self.pixel_size_m, self.pixel_size_m),
            photon_energy_eV=self.photon_energy_eV,
            centre_px=self.centre_px,
        )


def checked(settings: SimulationSettings) -> SimulationSettings:
    """The same settings, if they describe a run that can be simulated.

    Raises:
        BadParameter: for a value out of range, an empty range, no class at all, or a mask that leaves no pixels.
    """
    validate(settings)
    validate(settings.beam)
    validate(settings.detector)
    for low, high in (
        ("photons_low", "photons_high"),
        ("background_low", "background_high"),
        ("diameter_low_nm", "diameter_high_nm"),
        ("droplet_low_nm", "droplet_high_nm"),
    ):
        if getattr(settings, low) > getattr(settings, high):
            raise BadParameter(f"{low} is {getattr(settings, low):g}", cause=f"it is larger than {high}")
    if settings.single + settings.multi + settings.blank + settings.contaminant <= 0:
        raise BadParameter("every class has share 0", hint="give single, multi, blank or contaminant a share")
    weights = settings.species_weights
    if weights and (len(weights) != settings.species_in_all or min(weights) < 0 or sum(weights) <= 0):
        raise BadParameter(
            f"species_weights has {len(weights)} values for {settings.species_in_all} species",
            hint="give one for each species, not negative and not all 0",
        )
    if settings.propagator != BORN and settings.surface != "ewald":
        raise BadParameter(
            f"propagator {settings.propagator} on the {settings.surface} surface",
            cause="slices have the exact phase of the Ewald sphere",
            hint="choose surface ewald",
        )
    check_detector(settings)
    if (missing(settings) | beam_stop(settings)).all():
        raise BadParameter("gaps and beam stop cover the whole detector", hint="make them smaller")
    return settings


def families(settings: SimulationSettings) -> tuple[str, ...] | None:
    """The families to draw species from; None lets every species' number decide."""
    if settings.family == MIXED:
        return None
    return PROTEIN_FAMILIES if settings.family == PROTEINS else (settings.family,)
