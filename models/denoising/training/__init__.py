"""Training of DenoiseNet: `friedel train denoise`."""
