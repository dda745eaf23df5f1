"""The Detector pane: calibration, geometry, mask."""
