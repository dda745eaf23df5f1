"""What a pixel means: momentum transfer and resolution, radial averages, the beam's position."""
