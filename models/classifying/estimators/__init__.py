"""The estimators behind the classifiers; `models.classifying.registry` makes them."""
