"""The classical hit classifiers, re-implemented from their papers behind scikit-learn's fit/predict convention.

`registry.CLASSIFIERS` lists them, `judge` sorts a run with any of them.
"""
