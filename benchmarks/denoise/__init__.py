"""How well frames are denoised: `python -m benchmarks.denoise`."""
