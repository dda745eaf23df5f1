"""The parts of the frame view."""
