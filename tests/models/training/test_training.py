"""What trainings share: the learning rate, running means, checkpoints."""

from dataclasses import dataclass

import pytest
import torch

from models.errors import BadParameter, BadWeights
from models.training import averaging, checkpoint
from models.training.schedule import warm_cosine


@dataclass(frozen=True)
class Settings:
    seed: int = 0


def some_network(seed: int = 0) -> torch.nn.Module:
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))


def stepped(network: torch.nn.Module) -> torch.optim.AdamW:
    optimiser = torch.optim.AdamW(network.parameters(), 0.1)
    network(torch.randn(4, 1, 8, 8)).square().sum().backward()
    optimiser.step()
    return optimiser


def test_the_rate_rises_then_follows_half_a_cosine():
    assert [warm_cosine(step, 10**9, 1.0, 4) for step in range(5)] == pytest.approx([0.25, 0.5, 0.75, 1, 1])
    assert warm_cosine(50, 100, 0.3, 10) == pytest.approx(0.15)
    assert warm_cosine(100, 100, 0.3, 0) == pytest.approx(0)


def test_means_go_part_of_the_way_and_take_over_counters():
    network = some_network()
    average = averaging.started(network)
    before = {name: value.clone() for name, value in average.items()}
    stepped(network)
    averaging.moved(average, network, 0.75)
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(average[name], 0.75 * before[name] + 0.25 * value)
    assert average["1.num_batches_tracked"] == 1


def test_a_training_is_taken_up_where_it_was_left(tmp_path):
    path, network = tmp_path / "x.checkpoint.safetensors", some_network()
    assert checkpoint.take_up(path, Settings(), network, {}, stepped(network)) == ([], 0.0)
    optimiser, average = stepped(network), averaging.started(network)
    checkpoint.write(path, Settings(), [{"loss": 2.0}], 7.0, network, average, optimiser)
    other = some_network(1)
    fresh, mean = torch.optim.AdamW(other.parameters(), 0.1), averaging.started(other)
    assert checkpoint.take_up(path, Settings(), other, mean, fresh) == ([{"loss": 2.0}], 7.0)
    for name, value in network.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], value)
        torch.testing.assert_close(mean[name], average[name])
    for one, two in zip(network.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(fresh.state[two]["exp_avg_sq"], optimiser.state[one]["exp_avg_sq"])


def test_another_training_is_not_taken_up(tmp_path):
    path, network = tmp_path / "x.checkpoint.safetensors", some_network()
    optimiser, average = stepped(network), averaging.started(network)
    checkpoint.write(path, Settings(), [], 0.0, network, average, optimiser)
    with pytest.raises(BadParameter, match="other settings") as refused:
        checkpoint.take_up(path, Settings(seed=1), network, average, optimiser)
    assert "x.checkpoint.safetensors" in str(refused.value.hint)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(BadWeights, match="cannot go on"):
        checkpoint.take_up(path, Settings(), network, average, optimiser)
