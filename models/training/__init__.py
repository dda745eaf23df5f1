"""What every training of a network has in common: checkpoints, running means of weights, the learning rate."""
