"""Weights: what is saved comes back, and everything else is refused in one clear sentence."""

import json

import pytest
import torch

from models.embedding import weights
from models.embedding.network import NetworkConfig, SpeckleNet
from models.errors import BadWeights

SMALL = NetworkConfig(radii=8, angles=8, polar_channels=(4, 8, 8), image_channels=(4, 8, 8), hidden=16)


@pytest.fixture
def saved(tmp_path):
    torch.manual_seed(1)
    network = SpeckleNet(SMALL).eval()
    info = weights.save(network, tmp_path / "mine.safetensors", {"settings": {"seed": 1}})
    return network, info


def test_a_saved_network_comes_back_with_its_sizes_and_provenance(saved):
    network, written = saved
    again, info = weights.load(written.path)
    x = torch.rand(2, 2, 40, 40)
    with torch.inference_mode():
        assert torch.equal(network(x), again(x))
    assert info == written
    assert info.digest == weights.digest(written.path)
    assert info.parameters == sum(p.numel() for p in network.parameters())
    assert info.provenance["settings"] == {"seed": 1}
    assert not again.training


def test_weights_work_without_their_description(saved):
    _, written = saved
    written.path.with_suffix(".json").unlink()
    _, info = weights.load(written.path)
    assert info.digest == written.digest
    assert info.provenance == {}


def test_another_networks_description_is_noticed(saved):
    _, written = saved
    path = written.path.with_suffix(".json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "digest": "0" * 16}))
    with pytest.raises(BadWeights, match="do not belong together"):
        weights.load(written.path)


def damage(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path):
    path.write_bytes(b"")


def pickle_inside(path):
    path.write_bytes(b"\x80\x04\x95not safetensors at all")


def foreign(path):
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(3)}, str(path), metadata={"format": "pt"})


def other_sizes(path):
    from safetensors.torch import save_file

    header = {"format": weights.FORMAT.format, "config": NetworkConfig().as_dict()}
    save_file({"a": torch.zeros(3)}, str(path), metadata={"friedel": json.dumps(header)})


def unknown_sizes(path):
    from safetensors.torch import save_file

    header = {"format": weights.FORMAT.format, "config": {"depth": 3}}
    save_file({"a": torch.zeros(3)}, str(path), metadata={"friedel": json.dumps(header)})


@pytest.mark.parametrize("spoil", [damage, empty, pickle_inside, foreign, other_sizes, unknown_sizes])
def test_files_that_are_not_its_weights_are_refused_by_name(saved, spoil):
    _, written = saved
    spoil(written.path)
    with pytest.raises(BadWeights, match=r"mine\.safetensors"):
        weights.load(written.path)


def test_other_kinds_of_file_and_missing_ones_are_refused(tmp_path):
    torch.save({"a": torch.zeros(1)}, tmp_path / "model.pt")
    with pytest.raises(BadWeights, match="no weight file"):
        weights.load(tmp_path / "model.pt")
    with pytest.raises(BadWeights, match="there is no weight file"):
        weights.load(tmp_path / "absent.safetensors")
    with pytest.raises(BadWeights, match="specle"):
        weights.load("specle")


def test_the_bundled_weights_say_how_well_they_do_and_where_they_fail():
    network, info = weights.load()
    assert info.name == "speckle"
    assert sum(p.numel() for p in network.parameters()) < 1_000_000
    test = info.provenance["metrics"]["test"]
    assert test["balanced_accuracy"] >= 0.85
    assert 0 < test["worst_balanced_accuracy"] <= test["balanced_accuracy"]
    first, last = info.provenance["data"]["training_species"]
    for unseen in ("validation_species", "test_species"):
        low, high = info.provenance["data"][unseen]
        assert high <= first or low >= last
    assert {"settings", "versions", "history"} <= set(info.provenance)
