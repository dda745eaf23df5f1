"""SpeckleNN as it was published (Wang et al., IUCrJ 10, 568, 2023): network, recipe and scorer, from the description.

It is here to be measured against: `benchmarks/fewshot` trains it on the same frames as Friedel's own network.

- `network.SpeckleNN`: two convolutions, two full layers, 128 numbers of unit length; one size of frame.
- `stream.simulated_stream`: noise-free frames of many particles with expected photons by a law of fluence.
- `train.train`: the published recipe on any stream of labelled frames, an iterator of progress.
- `score`: mean squared distance to each class's examples; in evaluation mode, or with the statistics of the batch as
  in the published scorer.
"""
