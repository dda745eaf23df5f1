"""How well a few labels sort frames of particles nobody trained on: `python -m benchmarks.fewshot`.

Stages, each cached so that an interrupted run goes on where it was: `sets` (simulated test frames), `training`
(networks that are trained for the comparison), `features`,
`evaluate` (scores of a method on a set), `speed`, `report`.
"""
