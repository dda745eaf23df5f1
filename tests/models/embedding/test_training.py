"""Training: reproducible, resumable, honest data; losses that are what they say."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from models.embedding import weights
from models.embedding.training.augmentation import Conditions, expose, random_masks
from models.embedding.training.batches import draw_roots, layout
from models.embedding.training.evaluation import FewShotSet, few_shot_score, few_shot_set, nearest_prototype
from models.embedding.training.losses import contrastive_loss, prototype_loss, triplet_loss
from models.embedding.training.pool import POOL_SIDE_PX, empty_pool
from models.embedding.training.projection import info_nce
from models.embedding.training.settings import TrainingSettings, checked
from models.embedding.training.train import learning_rate, species_in_slot, train
from models.errors import BadParameter, BadWeights
from models.progress import drain
from models.simulation.generate import Kind
from models.simulation.particles import VALIDATION_IDS
from models.simulation.settings import SimulationSettings

TINY = TrainingSettings(
    epochs=2,
    steps_per_epoch=2,
    species=3,
    frames_per_class=2,
    refreshed_species=1,
    droplets=3,
    validation_species=2,
    validation_frames=6,
    test_species=2,
    species_per_batch=2,
    frames_per_group=2,
    blanks_per_batch=2,
    contaminants_per_batch=2,
    warmup_steps=1,
)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    records = []
    return drain(train(TINY, folder), records.append), records


def test_training_writes_weights_that_load_and_say_where_they_come_from(trained):
    path, records = trained
    _, info = weights.load(path)
    assert info.provenance["settings"]["epochs"] == 2
    assert len(info.provenance["history"]) == 2
    assert info.provenance["metrics"]["test"]["worst_species"] >= 2_000_000
    assert records[-1].fraction == 1.0
    assert np.isfinite(records[-1].loss)
    assert [p.name for p in sorted(path.parent.iterdir())] == ["speckle.json", "speckle.safetensors"]


def test_an_interrupted_training_ends_with_the_same_weights(trained, tmp_path):
    work = train(TINY, tmp_path)
    for record in work:
        if record.epoch == 1 and np.isfinite(record.validation):
            break
    work.close()
    assert not (tmp_path / "speckle.safetensors").exists()
    with pytest.raises(BadParameter, match="other settings"):
        drain(train(replace(TINY, seed=1), tmp_path))
    again = drain(train(TINY, tmp_path))
    assert weights.digest(again) == weights.digest(trained[0])


def test_a_damaged_checkpoint_is_named(tmp_path):
    (tmp_path / "speckle.checkpoint.safetensors").write_bytes(b"torn")
    with pytest.raises(BadWeights, match=r"speckle\.checkpoint"):
        drain(train(TINY, tmp_path))


def test_settings_that_describe_no_training_are_refused():
    for changes in ({"photons_low": 100.0, "photons_high": 60.0}, {"species": 2}, {"objective": "magic"}):
        with pytest.raises(BadParameter):
            checked(replace(TrainingSettings(), **changes))


def test_pool_slots_are_renewed_in_turn_and_never_with_species_kept_for_testing():
    settings = replace(TrainingSettings(), species=5, refreshed_species=2, epochs=1)
    seen = [[species_in_slot(slot, epoch, settings) for slot in range(5)] for epoch in range(6)]
    for before, after in itertools.pairwise(seen):
        assert sum(a != b for a, b in zip(before, after, strict=True)) == 2
    assert len({number for epoch in seen for number in epoch}) == 5 + 2 * 5
    assert max(max(epoch) for epoch in seen) < VALIDATION_IDS.start


def test_learning_rate_rises_and_falls_to_nothing():
    settings = TrainingSettings()
    last = settings.epochs * settings.steps_per_epoch - 1
    rates = [learning_rate(step, settings) for step in (0, settings.warmup_steps, last // 2, last)]
    assert rates[0] < rates[2] < rates[1] <= settings.learning_rate
    assert rates[3] < 1e-3 * settings.learning_rate


def test_learning_rate_starts_once_more_where_asked_for():
    settings = replace(TrainingSettings(), epochs=10, steps_per_epoch=100, restart_epoch=4, warmup_steps=10)
    before = replace(settings, epochs=4, restart_epoch=0)
    assert [learning_rate(s, settings) for s in range(400)] == [learning_rate(s, before) for s in range(400)]
    assert learning_rate(399, settings) < 1e-3 * settings.learning_rate
    again = [learning_rate(s, settings) for s in range(400, 1000)]
    assert max(again) == pytest.approx(settings.learning_rate / 2, rel=1e-2)
    assert again[-1] < 1e-3 * settings.learning_rate


def roots(n=6):
    axis = torch.arange(POOL_SIDE_PX) - (POOL_SIDE_PX - 1) / 2
    r = torch.hypot(axis[:, None], axis[None, :])
    return torch.exp(-r / 12)[None].expand(n, -1, -1).half().clone()


def test_exposures_differ_every_time_and_repeat_with_the_seed():
    first, second = (expose(roots(), Conditions(), rng(seed)) for seed in (1, 1))
    assert torch.equal(first, second)
    other = expose(roots(), Conditions(), rng(2))
    assert other.shape != first.shape or not torch.equal(other, first)
    assert torch.isfinite(first).all()
    assert len({float(x[0].sum()) for x in first}) == len(first)


def test_blanks_and_samples_have_the_same_brightness():
    one_dose = Conditions(photons=(3000.0, 3000.0))
    both = torch.cat([roots(40), torch.zeros_like(roots(40))])
    lit = (expose(both, one_dose, rng(5))[:, 0] > 0).flatten(1).sum(1).float()
    assert lit[:40].min() > 100
    assert lit[40:].min() > 100


def test_masks_are_shares_and_leave_something_to_see():
    share = random_masks(300, (64, 64), 0.3, rng())
    assert ((share == 0) | ((share >= 0.25) & (share <= 1))).all()
    assert (share.mean((1, 2)) > 0.1).all()
    assert (share.mean((1, 2)) < 0.75).any()


def test_lost_modules_are_quarters_of_the_detector():
    whole = random_masks(400, (64, 64), 0.0, rng()).mean((1, 2))
    lost = random_masks(400, (64, 64), 1.0, rng())
    assert (lost.mean((1, 2)) < 0.8).all()
    assert (lost.mean((1, 2)) > 0.1).all()
    assert whole.median() > 0.9
    # Half of the frames lack a half, and no corner is spared or favoured.
    assert 0.3 < (lost.mean((1, 2)) - 0.45).abs().lt(0.12).float().mean() < 0.7
    corners = [(lost[:, y, x] == 0).float().mean() for y in (16, 48) for x in (16, 48)]
    assert 0.4 < min(corners) <= max(corners) < 0.6


def test_masks_that_are_given_are_used_and_cut_to_the_frame():
    mask = torch.ones(1, 64, 64)
    mask[:, :, 32:] = 0
    x = expose(roots(), Conditions(masks=mask, any_shape=False), rng())
    assert x.shape[2:] == (64, 64)
    assert (x[:, 1, :, :32] == 1).all()
    assert not x[:, :, :, 32:].any()
    shapes = {tuple(expose(roots(2), Conditions(masks=mask), rng(i)).shape[2:]) for i in range(12)}
    assert len(shapes) > 2


def test_streaks_add_light_beside_the_sample():
    dose, n = (500.0, 500.0), 60
    whole = torch.ones(1, 64, 64)
    plain, streaked = (
        expose(roots(n), Conditions(photons=dose, masks=whole, any_shape=False, streaks=chance), rng(3))[:, 0]
        for chance in (0.0, 1.0)
    )

    def narrowness(root):
        """Share of a frame's counts in its brightest line through the middle third, over rows and columns."""
        light = root.square()
        return torch.maximum(light.sum(1).amax(1), light.sum(2).amax(1)) / light.sum((1, 2))

    assert narrowness(streaked).std() > narrowness(plain).std()
    assert narrowness(streaked).max() > narrowness(plain).max()


def test_saturated_frames_are_cut_off_or_masked_at_their_brightest():
    whole = torch.ones(1, 64, 64)
    cut = expose(
        roots(60), Conditions(photons=(1e5, 1e5), masks=whole, any_shape=False, saturated=1.0, shift_px=0.0), rng(4)
    )
    masked = (cut[:, 1] == 0).any((1, 2))
    assert 10 < masked.sum() < 50
    assert (cut[masked][:, 1, 24:40, 24:40] == 0).any((1, 2)).all()
    flat = [x for x, m in zip(cut[:, 0], masked, strict=True) if not m and (x == x.max()).sum() > 5]
    assert flat


def test_a_batch_holds_what_its_layout_says():
    where = layout(TINY)
    pool = empty_pool(3, 2, 4)
    pool.frames[:, 0], pool.frames[:, 1], pool.droplets[:] = 1, 2, 3
    values = draw_roots(pool, TINY, np.random.default_rng(0)).float().mean((1, 2))
    expected = {Kind.SINGLE: 1.0, Kind.MULTI: 2.0, Kind.BLANK: 0.0, Kind.CONTAMINANT: 3.0}
    assert values.tolist() == [expected[Kind(int(c))] for c in where.classes]
    assert len(torch.unique(where.groups)) == 2 * TINY.species_per_batch + 2


def on_circle(*degrees):
    angle = torch.deg2rad(torch.tensor(degrees, dtype=torch.float32))
    return torch.stack([torch.cos(angle), torch.sin(angle)], 1)


def test_triplet_loss_is_the_published_formula():
    vectors = on_circle(0, 20, 25)
    groups, classes = torch.tensor([0, 0, 1]), torch.tensor([0, 0, 1])

    def d(a, b):
        return float((vectors[a] - vectors[b]).square().sum())

    # Pair (0, 1) with the only negative 2, and pair (1, 0) with it.
    expected = (max(0, d(0, 1) - d(0, 2) + 0.5) + max(0, d(1, 0) - d(1, 2) + 0.5)) / 2
    assert float(triplet_loss(vectors, groups, classes, 0.5, rng())) == pytest.approx(expected, rel=1e-5)


def test_triplet_loss_prefers_semi_hard_negatives_of_another_class():
    # Anchor 0°, positive 20°; negatives at 10° (nearer than the positive), 30° (semi-hard), 170° (easy).
    vectors = on_circle(0, 20, 10, 30, 170)
    groups, classes = torch.tensor([0, 0, 1, 2, 3]), torch.tensor([0, 0, 1, 1, 1])
    d = (2 - 2 * vectors @ vectors.T).tolist()
    margin = 0.3
    chosen = [d[0][1] - d[0][3] + margin, d[1][0] - d[1][4] + margin]
    # From 20°, 30° and 10° are nearer than the positive: the nearest beyond it is at 170°.
    expected = sum(max(0.0, value) for value in chosen) / 2
    assert float(triplet_loss(vectors, groups, classes, margin, rng())) == pytest.approx(expected, rel=1e-4)


def test_two_species_of_one_class_are_not_pushed_apart():
    vectors = on_circle(0, 0, 0, 0)
    groups, classes = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 0, 0, 0])
    assert not torch.isfinite(triplet_loss(vectors, groups, classes, 0.5, rng()))  # no triplet at all
    assert float(contrastive_loss(vectors, groups, classes, 0.1)) == 0.0


@pytest.mark.parametrize("loss", ["triplet", "contrastive", "prototype"])
def test_every_objective_falls_when_classes_separate_and_its_gradient_is_finite(loss):
    groups = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2])
    classes = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2])
    species = torch.tensor([0, 0, 0, 0, 0, 0, -1, -1])

    def value(vectors):
        if loss == "triplet":
            return triplet_loss(vectors, groups, classes, 0.2, rng())
        if loss == "contrastive":
            return contrastive_loss(vectors, groups, classes, 0.1)
        return prototype_loss(vectors, groups, classes, species, 0.1)

    mixed = on_circle(0, 40, 80, 10, 50, 90, 20, 60).requires_grad_()
    apart = on_circle(0, 2, 4, 120, 122, 124, 240, 242)
    before = value(mixed)
    before.backward()
    assert torch.isfinite(mixed.grad).all()
    assert mixed.grad.abs().sum() > 0
    assert float(value(apart)) < 0.1 * float(before.detach())


def test_other_species_count_only_where_asked_for():
    vectors = on_circle(0, 2, 90, 92, 1, 3, 91, 93)
    groups = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
    classes = torch.tensor([0, 0, 1, 1, 0, 0, 1, 1])
    species = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])
    losses = [float(prototype_loss(vectors, groups, classes, species, 0.1, across)) for across in (0.0, 0.1, 1.0)]
    assert losses[0] < 0.01 < losses[1] < losses[2]


def test_the_projection_objective_falls_when_branches_agree_on_the_frame():
    a = torch.eye(6)
    assert float(info_nce(a, a, 0.1)) < 0.01
    assert float(info_nce(a, a.roll(1, 0), 0.1)) > 5
    # Scale is not direction, and either side may ask.
    assert float(info_nce(3 * a, a, 0.1)) == pytest.approx(float(info_nce(a, a, 0.1)), rel=1e-5)


def test_training_with_the_projection_objective_repeats_after_an_interruption(tmp_path):
    settings = replace(TINY, projection_weight=0.5, projection_frames=4)
    whole = drain(train(settings, tmp_path / "whole"))
    work = train(settings, tmp_path / "pieces")
    for record in work:
        if record.epoch == 1 and np.isfinite(record.validation):
            break
    work.close()
    assert weights.digest(drain(train(settings, tmp_path / "pieces"))) == weights.digest(whole)


def made_up(n_species=4, n=20):
    kind = np.tile(np.repeat([0, 1], n), n_species)
    species = np.repeat(np.arange(n_species), 2 * n)
    photons = 10 ** np.random.default_rng(0).uniform(2.4, 4.2, len(kind))
    empty = np.zeros((len(kind), 1, 1), np.uint16)
    return FewShotSet(empty, np.ones((1, 1), bool), species, kind, photons.astype(np.float32))


def test_scores_are_one_for_separated_classes_and_chance_for_noise():
    frames = made_up()
    noise = np.random.default_rng(1).normal(size=(len(frames.kind), 3)).astype(np.float32)
    clear = noise + 100 * frames.kind[:, None].astype(np.float32)
    assert few_shot_score(clear, frames, nearest_prototype).mean == 1.0
    score = few_shot_score(noise, frames, nearest_prototype, draws=20)
    assert abs(score.mean - 0.5) < 0.08
    assert score.worst <= score.mean
    assert score.per_dose.shape == (4,)


def test_one_bad_species_shows_as_the_worst():
    frames = made_up()
    vectors = frames.kind[:, None].astype(np.float32).repeat(2, 1)
    vectors[frames.species == 2] = np.random.default_rng(2).normal(size=(40, 2))
    score = few_shot_score(vectors, frames, nearest_prototype)
    assert score.species[score.per_species.argmin()] == 2
    assert score.worst < 0.8 < score.mean


def test_test_frames_have_the_same_brightness_whatever_the_class():
    frames = few_shot_set(range(3), 12, 0, SimulationSettings(height=48, width=48))
    assert frames.counts.shape == (72, 48, 48)
    total = frames.counts.sum((1, 2))
    np.testing.assert_allclose(total, frames.photons, atol=6 * np.sqrt(frames.photons.max()))
    assert 200 <= frames.photons.min() < 1000
    assert 4000 < frames.photons.max() <= 20_000
    assert not frames.counts[:, ~frames.valid].any()
