"""Denoising of the frame on screen and of many frames, between the window and the models."""
