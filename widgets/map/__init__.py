"""The parts of the map: points painted into an image, regions drawn around them, legend and hover card."""
