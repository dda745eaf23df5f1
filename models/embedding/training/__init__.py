"""Training SpeckleNet from simulated particles; everything follows from `TrainingSettings` and its seed."""
