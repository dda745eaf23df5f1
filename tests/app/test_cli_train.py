"""`friedel train`: every network is trained with settings of its own."""

import argparse
from collections.abc import Generator

import pytest

from app.cli import verb_train


@pytest.mark.parametrize("network", verb_train.NETWORKS)
def test_flags_become_the_settings_of_that_training(network, tmp_path):
    parser = argparse.ArgumentParser()
    verb_train.add_arguments(parser)
    args = parser.parse_args([network, "-o", str(tmp_path), "--epochs", "3", "--seed", "5"])
    kind = verb_train._settings(args.network)
    settings = verb_train.from_flags(args, kind)
    assert (settings.epochs, settings.seed) == (3, 5)
    training = verb_train._training(network, settings, tmp_path)
    assert isinstance(training, Generator)
    training.close()
    assert not list(tmp_path.iterdir())


def test_no_two_networks_share_their_settings():
    kinds = [verb_train._settings(network) for network in verb_train.NETWORKS]
    assert len(set(kinds)) == len(kinds)
