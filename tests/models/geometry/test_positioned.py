"""A run and its geometry together: whose number counts, what the files say, what is refused."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

from models.detector.geometry import q_at, q_map
from models.errors import BadGeometry, BadParameter
from models.geometry import make_geometry
from models.geometry.positioned import Sources, lay_out
from models.geometry.settings import AS_STORED, FROM_FILE, GeometrySettings
from models.runs import open_run
from models.runs.types import PLANCK_TIMES_LIGHT_EV_M, PixelFlag
from models.treatment.treated import treat
from models.treatment.types import Treatment
from tests.models.geometry.files import TWO_PANELS, modules_geom, slab_run, write_geom, write_run


def with_geom(run, path, **numbers):
    placed = make_geometry(GeometrySettings(positions=str(path), **numbers), run)
    assert placed is not None
    return placed


def test_nothing_asked_is_nothing_done(tmp_path):
    assert make_geometry(GeometrySettings(), slab_run(tmp_path)) is None


def test_the_geometry_file_says_everything(tmp_path):
    placed = with_geom(slab_run(tmp_path), write_geom(tmp_path))
    assert placed.assembly is not None
    assert placed.geometry.distance_m == 0.5
    assert placed.geometry.photon_energy_eV == 8000
    assert placed.geometry.pixel_size_m == (1e-4, 1e-4)
    assert placed.geometry.centre_px == placed.assembly.found.origin_px
    assert placed.sources == Sources("two.geom", "two.geom", "two.geom", "two.geom")
    assert placed.panels == 2


def test_the_users_numbers_come_first(tmp_path):
    run, geom = slab_run(tmp_path), write_geom(tmp_path)
    placed = with_geom(run, geom, distance_m=0.25, centre_px=(3.5, 4.5))
    assert placed.geometry.distance_m == 0.25
    assert placed.geometry.centre_px == (3.5, 4.5)
    assert placed.geometry.photon_energy_eV == 8000
    assert placed.sources == Sources("yours", "two.geom", "two.geom", "yours")


def test_numbers_alone_leave_the_frames_as_they_are(tmp_path):
    run = slab_run(tmp_path, entry_1__instrument_1__detector_1__distance=0.3)
    placed = make_geometry(GeometrySettings(photon_energy_eV=1200.0, pixel_size_m=5e-5), run)
    assert placed is not None
    assert placed.assembly is None
    assert (placed.geometry.distance_m, placed.geometry.photon_energy_eV) == (0.3, 1200)
    assert placed.geometry.pixel_size_m == (5e-5, 5e-5)
    assert placed.sources == Sources("the file", "yours", "yours", "")


def test_numbers_out_of_range_are_refused(tmp_path):
    with pytest.raises(BadParameter):
        make_geometry(GeometrySettings(distance_m=-1.0), slab_run(tmp_path))


@pytest.mark.parametrize(
    ("line", "stored", "unit", "metres"),
    [
        ("/lab/z", 250.0, None, 0.25),  # millimetres where nothing else is said
        ("/lab/z m", 0.25, None, 0.25),
        ("/lab/z", 25.0, "cm", 0.25),
        ("/lab/z mm", np.full(2, -450.0), None, None),
        ("0.25 m", 0.0, None, 0.25),
        ("250 mm", 0.0, None, 0.25),
        ("/lab/nothing", 0.0, None, None),
    ],
)
def test_clen_has_its_units(tmp_path, line, stored, unit, metres):
    path = tmp_path / "run.cxi"
    run = slab_run(tmp_path)
    run.close()
    with h5py.File(path, "a") as file:
        file["lab/z"] = stored
        if unit:
            file["lab/z"].attrs["units"] = unit
    placed = with_geom(open_run(path), write_geom(tmp_path, TWO_PANELS.replace("clen = 0.5", f"clen = {line}")))
    assert placed.geometry.distance_m == pytest.approx(metres)
    assert metres is not None or any("distance" in note for note in placed.notes)


def test_an_encoder_at_zero_with_its_offset_is_a_distance(tmp_path):
    text = TWO_PANELS.replace("clen = 0.5", "clen = /lab/encoder\ncoffset = 0.573")
    placed = with_geom(slab_run(tmp_path, lab__encoder=0.0), write_geom(tmp_path, text))
    assert placed.geometry.distance_m == pytest.approx(0.573)


def test_numbers_are_looked_for_where_they_may_be(tmp_path):
    """Links out of the run's folder, datasets that draw from themselves and endless zeros give no distance."""
    home, outside = tmp_path / "home", tmp_path / "outside"
    home.mkdir()
    outside.mkdir()
    with h5py.File(outside / "other.h5", "w") as file:
        file["z"] = 100.0
    path = home / "run.cxi"
    slab_run(home).close()
    with h5py.File(path, "a", libver="latest") as file:
        file["lab/linked"] = h5py.ExternalLink(str(outside / "other.h5"), "/z")
        file["lab/group"] = h5py.ExternalLink(str(outside / "other.h5"), "/")
        file["lab/soft"] = h5py.SoftLink("/lab/linked")
        file.create_dataset("lab/zeros", (10**13,), np.float64, chunks=(10**6,))
        loop = h5py.VirtualLayout((4,), np.float64)
        loop[:] = h5py.VirtualSource(".", "/lab/loop", (4,))
        file.create_virtual_dataset("lab/loop", loop)
        file["lab/text"] = "two metres"
        file["lab/deep"] = 250.0
    run = open_run(path)
    for place in ("linked", "group/z", "soft", "loop", "text", "zeros", "deep/er", "%/z", "", "../lab/deep"):
        text = TWO_PANELS.replace("clen = 0.5", f"clen = /lab/{place}")
        placed = with_geom(run, write_geom(home, text))
        assert placed.geometry.distance_m is None, place
        assert any("distance is not known" in note for note in placed.notes)
        masked = with_geom(run, write_geom(home, f"mask = /lab/{place}\nmask_bad = 1\n" + TWO_PANELS))
        assert any("not used" in note for note in masked.notes), place


@pytest.mark.parametrize(
    ("line", "energy"),
    [
        ("photon_energy = /lab/e eV", 7000),
        ("photon_energy = /lab/k keV", 7000),
        ("photon_energy = 7 keV", 7000),
        ("photon_energy = 7000eV", 7000),
        ("wavelength = 1.5 A", PLANCK_TIMES_LIGHT_EV_M / 1.5e-10),
        ("wavelength = /lab/wavelength m", PLANCK_TIMES_LIGHT_EV_M / 2e-10),
        ("electron_voltage = 200 kV", None),
        ("photon_energy = 7 parsec", None),
        ("photon_energy = 0", None),
    ],
)
def test_photon_energies_in_every_form(tmp_path, line, energy):
    run = slab_run(tmp_path, lab__e=np.full(2, 7000.0), lab__k=7.0, lab__wavelength=2e-10)
    placed = with_geom(run, write_geom(tmp_path, TWO_PANELS.replace("photon_energy = 8000", line)))
    assert placed.geometry.photon_energy_eV == (None if energy is None else pytest.approx(energy))


def test_without_clen_the_files_distance_stays(tmp_path):
    run = slab_run(tmp_path, entry_1__instrument_1__detector_1__distance=0.31)
    placed = with_geom(run, write_geom(tmp_path, TWO_PANELS.replace("clen = 0.5", "coffset = 0.01")))
    assert placed.geometry.distance_m == 0.31
    assert placed.sources.distance == "the file"


def test_two_words_on_the_distance_are_both_told(tmp_path):
    run = slab_run(tmp_path, entry_1__instrument_1__detector_1__distance=0.31)
    placed = with_geom(run, write_geom(tmp_path))
    assert any("0.5 m" in note and "0.31 m" in note for note in placed.notes)


def test_a_shifted_detector_moves_the_beam_only(tmp_path):
    run = slab_run(tmp_path)
    plain = with_geom(run, write_geom(tmp_path))
    moved = with_geom(run, write_geom(tmp_path, "detector_shift_x = 0.3 mm\ndetector_shift_y = -2e-4\n" + TWO_PANELS))
    assert moved.assembly.shape == plain.assembly.shape
    (y, x), (plain_y, plain_x) = moved.geometry.centre_px, plain.geometry.centre_px
    assert (y - plain_y, x - plain_x) == pytest.approx((-2, -3))
    assert moved.assembly.found.outlines == pytest.approx(plain.assembly.found.outlines)


def test_panels_at_different_depths_have_their_own_q(tmp_path):
    """Panel b is twice as far away as panel a: its q is that of half the radius, in readout and map alike."""
    text = TWO_PANELS.replace("clen = 0.5", "clen = 0.1") + "b/coffset = 0.1\n"
    treated = treat(
        slab_run(tmp_path), Treatment(geometry=GeometrySettings(positions=str(write_geom(tmp_path, text))))
    )
    assert treated.geometry.distance_m == pytest.approx(0.15)
    rows, columns = np.nonzero(treated.mask)
    assert sorted(set(treated.depth_m[rows, columns].round(6).tolist())) == pytest.approx([-0.05, 0.05])
    q = q_map(treated.geometry, treated.shape, treated.depth_m)
    centre = treated.geometry.centre_px
    for (y, x), distance in (((0, 8), 0.1), ((10, 0), 0.2)):
        radius = np.hypot(y - centre[0], x - centre[1]) * 1e-4
        wanted = 4 * np.pi / (treated.geometry.wavelength_m * 1e9) * np.sin(np.arctan(radius / distance) / 2)
        assert q[y, x] == pytest.approx(wanted, rel=1e-5)
        assert q_at(treated.geometry, treated.shape, y, x, treated.depth_m) == pytest.approx(wanted, rel=1e-5)


def test_geometry_of_another_detector_is_refused(tmp_path):
    with pytest.raises(BadGeometry) as caught:
        with_geom(slab_run(tmp_path, (12, 5)), write_geom(tmp_path))
    assert "geometry expects 8×6, data is 12×5" in caught.value.sentence()


def test_modules_shown_on_a_grid_are_put_where_they_belong(tmp_path):
    frames = np.arange(2 * 4 * 6 * 5, dtype=np.int32).reshape(2, 4, 6, 5)
    home = "entry_1__instrument_1__detector_1__"
    numbers = {home + "distance": 0.3, home + "x_pixel_size": 1e-4, "entry_1__instrument_1__source_1__energy": 1e-15}
    run = write_run(tmp_path / "run.cxi", frames, **numbers)
    placed = with_geom(run, write_geom(tmp_path, modules_geom()))
    frame = run.load(1)
    raw, flags = placed.assembly.apply(frame.raw, frame.flags)
    for module in range(4):
        found = np.argwhere(raw == frames[1, module, 0, 0])
        assert found.tolist() == [[5, 10 * module]]  # ss goes up: the first row is the lowest
        assert np.array_equal(raw[::-1, 10 * module : 10 * module + 5], frames[1, module])
    assert np.count_nonzero(flags == PixelFlag.MISSING) == raw.size - 120

    treated = treat(run, Treatment(geometry=GeometrySettings(positions=str(tmp_path / "two.geom"))))
    settled = ("is not applied", "where the beam's centre is")
    assert all(any(words in warning for warning in run.warnings) for words in settled)
    assert not any(words in warning for warning in treated.warnings for words in settled)


def test_numbers_alone_settle_only_what_they_say(tmp_path):
    frames = np.zeros((2, 4, 6, 5), np.int32)
    run = write_run(tmp_path / "run.cxi", frames, entry_1__instrument_1__detector_1__distance=0.3)
    treated = treat(run, Treatment(geometry=GeometrySettings(centre_px=(3.0, 4.0))))
    assert any("is not applied" in warning for warning in treated.warnings)


def test_many_lost_pixels_are_a_warning(tmp_path):
    text = TWO_PANELS.replace("b/corner_x = -6", "b/corner_x = 2").replace("b/corner_y = -3", "b/corner_y = 5")
    placed = with_geom(slab_run(tmp_path), write_geom(tmp_path, text))
    assert any("of 48 pixels are not shown" in note for note in placed.notes)


def mask_geom(*lines: str) -> str:
    return "\n".join(lines) + TWO_PANELS


def test_masks_of_the_data_file_by_good_and_bad_bits(tmp_path):
    mask = np.zeros((8, 6), np.uint16)
    mask[0, 0], mask[1, 1], mask[2, 2] = 1, 4, 8
    run = slab_run(tmp_path, lab__bad=mask, lab__good=(mask == 0).astype(np.uint8))
    bits = with_geom(run, write_geom(tmp_path, mask_geom("mask = /lab/bad", "mask_bad = 0x5")))
    good = with_geom(run, write_geom(tmp_path, mask_geom("mask0_data = /lab/good", "mask0_goodbits = 1")))
    for placed, count in ((bits, 2), (good, 3)):
        _, flags = placed.assembly.apply(np.zeros((8, 6)), np.zeros((8, 6), np.uint8))
        assert np.count_nonzero(flags == PixelFlag.MASKED) == count
        assert flags[0, 8] == PixelFlag.MASKED


def test_masks_in_a_file_beside_and_nowhere_else(tmp_path):
    home, outside = tmp_path / "home", tmp_path / "outside"
    home.mkdir()
    outside.mkdir()
    for folder in (home, outside):
        with h5py.File(folder / "bad.h5", "w") as file:
            file["m"] = np.ones((8, 6), np.uint8)
    run = slab_run(home)
    lines = ("mask = /m", "mask_bad = 1")
    beside = with_geom(run, write_geom(home, mask_geom(*lines, "mask_file = bad.h5")))
    _, flags = beside.assembly.apply(np.zeros((8, 6)), np.zeros((8, 6), np.uint8))
    assert np.count_nonzero(flags == PixelFlag.MASKED) == 48
    for name in ("../outside/bad.h5", str(outside / "bad.h5"), "missing.h5"):
        placed = with_geom(run, write_geom(home, mask_geom(*lines, f"mask_file = {name}")))
        _, flags = placed.assembly.apply(np.zeros((8, 6)), np.zeros((8, 6), np.uint8))
        assert not (flags == PixelFlag.MASKED).any()
        assert any("not used" in note for note in placed.notes)


@pytest.mark.parametrize(
    "value", [np.zeros((3, 3), np.uint8), np.zeros((8, 6), np.float32), np.zeros((2, 8, 6), np.uint8)]
)
def test_masks_that_do_not_fit_are_told(tmp_path, value):
    run = slab_run(tmp_path, lab__m=value)
    placed = with_geom(run, write_geom(tmp_path, mask_geom("mask = /lab/m", "mask_bad = 1")))
    assert any("/lab/m" in note and "not used" in note for note in placed.notes)


def test_values_are_flagged_as_stored_before_calibration(tmp_path):
    """Pixels of the run are 1 … 48; the limits are strict."""
    text = TWO_PANELS + "a/flag_lessthan = 3\na/flag_equal = 10\nb/flag_morethan = 46\nb/max_adu = 40\n"
    run = slab_run(tmp_path)
    geometry = GeometrySettings(positions=str(write_geom(tmp_path, text)))
    frame = treat(run, Treatment(geometry=geometry)).load(0)
    masked = frame.raw[frame.flags & PixelFlag.MASKED > 0]
    assert sorted(masked) == [1, 2, 10, 47, 48]
    assert sorted(frame.raw[frame.flags & PixelFlag.SATURATED > 0]) == list(range(41, 49))


def test_a_treated_run_is_assembled(tmp_path):
    run = slab_run(tmp_path)
    treated = treat(run, Treatment(geometry=GeometrySettings(positions=str(write_geom(tmp_path)))))
    frame = treated.load(0)
    assert treated.shape == frame.raw.shape == (11, 14)
    assert treated.geometry.distance_m == 0.5
    assert np.array_equal(treated.mask, frame.flags == 0)
    assert frame.raw[treated.mask].sum() == run.load(0).raw.sum()


def test_lay_out_names_what_there_is(tmp_path):
    run = slab_run(tmp_path, entry_1__instrument_1__detector_1__distance=0.31)
    stored = lay_out(AS_STORED, run)
    assert stored.assembly is None
    assert stored.geometry == run.geometry
    assert stored.sources.distance == "the file"
    with pytest.raises(BadGeometry, match="says nothing"):
        lay_out(FROM_FILE, run)


def test_a_run_that_is_no_hdf5_file_takes_a_geometry_file(tmp_path):
    path = tmp_path / "run.npy"
    np.save(path, np.ones((2, 8, 6), np.float32))
    run = open_run(path)
    text = TWO_PANELS.replace("clen = 0.5", "clen = /lab/z")
    placed = with_geom(run, write_geom(tmp_path, text))
    assert placed.assembly.shape == (11, 14)
    assert any("distance is not known" in note for note in placed.notes)
    with pytest.raises(BadGeometry, match="says nothing"):
        lay_out(FROM_FILE, run)
