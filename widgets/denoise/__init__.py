"""Inspect → Denoise: the frame before and after, side by side or under one divider."""
