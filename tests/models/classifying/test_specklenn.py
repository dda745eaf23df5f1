"""SpeckleNN as published: layers, triplets, training on any stream, both scorers, weights."""

import numpy as np
import pytest
import torch

from models.classifying.features import extractor
from models.classifying.registry import make
from models.classifying.specklenn import score, weights
from models.classifying.specklenn.augmentation import expose
from models.classifying.specklenn.network import SpeckleNN, parameters_in, standardise, to_side
from models.classifying.specklenn.settings import SpeckleNNSettings
from models.classifying.specklenn.stream import FluenceLaw, LabelledFrames, simulated_stream
from models.classifying.specklenn.train import train, triplet_loss, triplets
from models.errors import BadParameter, BadWeights
from models.progress import drain
from models.simulation.settings import SimulationSettings
from tests.models.classifying.scenes import expected

SMALL = SpeckleNNSettings(side_px=24, frames=10_000, patches=2)
VALID = np.ones((32, 32), bool)


def scene_stream(batches, photons=2000.0, seed=0, candidates=6):
    """One ball or two, of three sizes that stand for species."""
    rng = np.random.default_rng(seed)
    for _ in range(batches):
        frames, species, kinds = [], [], []
        for number, diameter in enumerate((5.0, 6.0, 7.0)):
            for kind in (0, 1):
                for _ in range(candidates):
                    picture = expected(kind + 1, rng.uniform(0, np.pi), 32, diameter)
                    frames.append(photons * picture / picture.sum())
                    species.append(number)
                    kinds.append(kind)
        yield LabelledFrames(np.array(frames, np.float32), np.array(species), np.array(kinds), VALID)


@pytest.mark.parametrize(("side", "millions"), [(48, 2.77), (65, 5.66), (96, 14.57)])
def test_the_network_has_the_published_numbers_of_parameters(side, millions):
    network = SpeckleNN(side)
    assert parameters_in(network) / 1e6 == pytest.approx(millions, abs=0.006)
    with torch.inference_mode():
        out = network.eval()(torch.randn(2, 1, side, side))
    np.testing.assert_allclose(out.norm(dim=1).numpy(), 1.0, atol=1e-5)


@pytest.mark.parametrize(("old", "new"), [((96, 96), 48), ((390, 390), 65), ((50, 70), 48), ((30, 30), 48)])
def test_resizing_keeps_the_photons_of_the_middle_square(old, new):
    frames = torch.rand(2, *old)
    square = min(old)
    top, left = (old[0] - square) // 2, (old[1] - square) // 2
    found = to_side(frames, new)
    assert found.shape == (2, new, new)
    kept = frames[:, top : top + square, left : left + square].sum((1, 2))
    np.testing.assert_allclose(found.sum((1, 2)), kept, rtol=1e-4)


def test_block_means_are_the_published_binning():
    frames = torch.rand(1, 390, 390)
    blocks = frames.reshape(1, 65, 6, 65, 6).sum((2, 4))
    np.testing.assert_allclose(to_side(frames, 65), blocks, rtol=1e-4)
    out = standardise(blocks)
    assert float(out.mean()) == pytest.approx(0.0, abs=1e-5)
    assert float(out.std(unbiased=False)) == pytest.approx(1.0, abs=1e-4)


def test_triplets_are_of_one_group_against_another_kind_and_semi_hard_where_they_can_be():
    class Fixed(torch.nn.Module):
        def forward(self, x):
            return x[:, 0, 0, :2]

    # Group 0 at 0 and 0.1; of the other kind one is just farther (semi-hard), the rest are far or nearer.
    place = torch.tensor([[0.0, 0], [0.1, 0], [0.12, 0.0], [0.0, 3.0], [0.0, 2.0], [0.02, 0]])
    x = torch.zeros(6, 1, 2, 2)
    x[:, 0, 0, :] = place
    groups, kinds = torch.tensor([0, 0, 1, 1, 2, 3]), torch.tensor([0, 0, 1, 1, 1, 1])
    a, p, n, _ = triplets(Fixed(), x, groups, kinds, 0.02, torch.Generator().manual_seed(0))
    assert len(a) == 2  # groups with two frames
    assert {int(a[0]), int(p[0])} == {0, 1}
    if int(a[0]) == 0:
        assert int(n[0]) == 2
    assert kinds[a].tolist() == kinds[p].tolist()
    assert (kinds[a] != kinds[n]).all()


def test_the_loss_is_the_hinge_on_squared_distances():
    vectors = torch.tensor([[0.0, 0.0], [0.1, 0.0], [0.3, 0.0]])
    assert float(triplet_loss(vectors, 0.02)) == 0.0
    assert float(triplet_loss(vectors, 0.2)) == pytest.approx(0.01 - 0.09 + 0.2)


def test_training_separates_kinds_and_scores_in_evaluation_mode_do_not_depend_on_the_batch():
    settings = SpeckleNNSettings(
        side_px=24, frames=36 * 25, patches=0, read_noise=0.0, zoom=0.0, shift=0.0, margin=0.2
    )
    records = []
    network = drain(train(scene_stream(1000), settings), records.append)
    assert records[-1].done == settings.frames
    assert records[-1].step == 25
    assert not network.training
    batch = next(scene_stream(1, seed=9))
    counts = np.random.default_rng(0).poisson(batch.frames).astype(np.float32)
    vectors = score.embed(network, counts, VALID)
    np.testing.assert_allclose(score.embed(network, counts[3:4], VALID), vectors[3:4], atol=1e-5)
    own = batch.species == 1
    given = np.flatnonzero(own)[[0, 1, 2, 6, 7, 8]]
    rest = np.setdiff1d(np.flatnonzero(own), given)
    told = score.distances(vectors[rest], vectors[given], batch.kind[given]).argmin(1)
    assert np.mean(told == batch.kind[rest]) > 0.8
    fitted = make("specklenn").fit(vectors[given], batch.kind[given])
    np.testing.assert_array_equal(fitted.predict(vectors[rest]), told)


def test_training_is_a_function_of_its_seed_and_stops_at_its_limits():
    def trained(**changes):
        settings = SpeckleNNSettings(**{"side_px": 24, "frames": 72, "patches": 1, **changes})
        return [r.loss for r in train(scene_stream(5), settings)]

    assert trained() == trained()
    assert trained() != trained(seed=1)
    assert len(trained()) == 2
    assert len(trained(frames=10**6, seconds=1e-6)) == 1
    assert len(trained(frames=10**6)) == 5  # the stream's end
    with pytest.raises(BadParameter, match="not trained"):
        drain(train(iter(()), SMALL))
    with pytest.raises(BadParameter, match="device is"):
        drain(train(scene_stream(1), SpeckleNNSettings(device="abacus")))


def test_the_least_validation_loss_is_kept():
    settings = SpeckleNNSettings(side_px=24, frames=36 * 4, patches=0, learning_rate=0.5)
    kept = drain(train(scene_stream(9), settings, validation=list(scene_stream(1, seed=3)), validate_every=1))
    last = drain(train(scene_stream(9), settings))
    weights_of = [dict(net.named_parameters())["head.1.weight"] for net in (kept, last)]
    assert not torch.equal(*weights_of)


def test_exposures_hide_masked_pixels_and_have_fresh_noise():
    frames = torch.from_numpy(next(scene_stream(1)).frames)
    valid = torch.ones(32, 32, dtype=torch.bool)
    valid[:, :16] = False
    settings = SpeckleNNSettings(side_px=32, patches=0, turned=False, zoom=0.0, shift=0.0, read_noise=0.0)
    x = expose(frames, valid, settings, torch.Generator().manual_seed(0))
    hidden = x[:, 0, :, :16]
    assert torch.equal(hidden, hidden[:, :1, :1].expand_as(hidden))
    again = expose(frames, valid, settings, torch.Generator().manual_seed(1))
    assert not torch.equal(x, again)
    changed = frames.clone()
    changed[:, :, :16] = 1e6
    torch.testing.assert_close(expose(changed, valid, settings, torch.Generator().manual_seed(0)), x)


def test_the_published_scorer_depends_on_the_other_queries_and_leaves_the_network_alone():
    torch.manual_seed(0)
    network = SpeckleNN(24).eval()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    batch = next(scene_stream(1))
    examples, classes = batch.frames[::6], batch.kind[::6].astype(np.int64)
    alone = score.batch_statistics_distances(network, examples, classes, batch.frames[:8], VALID)
    beside = score.batch_statistics_distances(network, examples, classes, batch.frames, VALID)[:8]
    assert alone.shape == (8, 2)
    assert not np.allclose(alone, beside)
    assert not network.training
    assert all(torch.equal(before[k], v) for k, v in network.state_dict().items())


def test_distances_are_means_over_each_class():
    rng = np.random.default_rng(0)
    x, e, classes = rng.standard_normal((4, 3)), rng.standard_normal((5, 3)), np.array([0, 1, 0, 1, 1])
    direct = [[((a - e[classes == k]) ** 2).sum(1).mean() for k in (0, 1)] for a in x]
    np.testing.assert_allclose(score.distances(x, e, classes), direct)


def test_weights_come_back_as_they_were(tmp_path):
    network = SpeckleNN(24).eval()
    path = weights.save(network, tmp_path / "w.safetensors", {"frames": 5})
    chosen = extractor("specklenn", path)
    frames = np.random.default_rng(0).poisson(2.0, (3, 40, 40)).astype(np.float32)
    valid = np.ones((3, 40, 40), bool)
    valid[2] = False
    found = chosen.extract(frames, valid)
    np.testing.assert_allclose(found[:2], score.embed(network, frames[:2], valid[:2]), atol=1e-6)
    assert np.isnan(found[2]).all()
    assert len(chosen.digest) == 16
    with pytest.raises(BadWeights, match="no weights"):
        extractor("specklenn")
    (tmp_path / "bad.safetensors").write_bytes(b"nothing")
    with pytest.raises(BadWeights):
        extractor("specklenn", tmp_path / "bad.safetensors")


def test_the_stream_follows_its_law_of_fluence():
    station = SimulationSettings(height=32, width=32, centre_jitter_px=0.5, gap_rows=2, beam_stop_px=1)
    shape = {"ids": range(3), "samples": 4, "candidates": 3, "kept": 3}
    law = FluenceLaw(photons_per_particle=500.0)
    batch = next(simulated_stream(law, station, **shape))
    assert batch.frames.shape == (12, 32, 32)
    photons = (batch.frames * batch.valid).sum((1, 2))
    copies = photons / 500.0
    np.testing.assert_allclose(copies, np.rint(copies), atol=1e-2)
    assert (np.rint(copies[batch.kind == 0]) == 1).all()
    assert (np.rint(copies[batch.kind == 1]) >= 2).all()
    again = next(simulated_stream(law, station, **shape))
    np.testing.assert_array_equal(again.frames, batch.frames)
    free = FluenceLaw("independent", photons_low=100.0, photons_high=200.0)
    photons = next(simulated_stream(free, station, **shape)).frames
    seen = (photons * batch.valid).sum((1, 2))
    assert ((seen > 99) & (seen < 201)).all()
