# make run    set everything up and open the window on the demo run (without a screen: the same walk, headless)
# make test   lint, types, layers, tests
# make bench  every number we claim, measured, into docs/benchmarks.md
# make clean  remove the environment and everything built

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
QT     := $(VENV)/.qt-libraries

.DEFAULT_GOAL := help
.PHONY: help run test bench docs clean

help:
	@sed -n 's/^# //p' Makefile

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Friedel needs Python 3.11 or newer; name one with: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ $(PYTHON) -m pip install --user virtualenv && $(PYTHON) -m virtualenv $(VENV); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

$(QT): $(READY)
	@sh .ci/qt-libraries $(BIN)/python
	@touch $@

run: $(READY) $(QT)
	$(BIN)/friedel --demo --tour-without-display build/tour

test: $(READY) $(QT)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest $(PYTEST_FLAGS)

bench: $(READY) $(QT)
	$(BIN)/python -m benchmarks.all docs/benchmarks.md

docs: $(READY)
	$(BIN)/python -m app.commands > docs/keys.md

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
