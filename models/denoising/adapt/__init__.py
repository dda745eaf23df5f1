"""Adaptation of the denoising network to one run, by splitting its photons: no truth is needed."""
