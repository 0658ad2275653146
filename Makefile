# Every recurring act is one word. `make demo` and `make test` set up what they need.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null)

.PHONY: help env demo test check lab bench bench-env bench-ingest bench-metrics bench-opening bench-commits torture lock clean

help: ## show these words
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' Makefile

env: .venv/.ready ## build .venv from the locked versions (uses uv where it is installed)

.venv/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v=sys.version_info[:2]; sys.exit(0 if (3,11)<=v<(3,13) else f"perfkit needs Python 3.11 or 3.12, {sys.executable} is %d.%d; say make PYTHON=python3.11" % v)'
	@echo "Building .venv (about half a minute with uv, three with pip) ..."
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
ifdef UV
	@$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python -c constraints.txt -e '.[all]' --group dev
else
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all]' --group dev
endif
	@touch $@

demo: env ## run the main job on real prices: fills to report
	@$(BIN)/perfkit demo

test: env ## run every test, notebooks too
	@$(BIN)/python -m pytest -q -n 2
	@$(BIN)/python -m pytest -q --nbval-lax notebooks/01_tour.ipynb notebooks/02_books.ipynb notebooks/03_recording.ipynb \
		notebooks/04_context_and_labels.ipynb notebooks/05_two_sharpes.ipynb

check: env ## style, types, floors
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

lab: env ## open JupyterLab on the tour
	@$(BIN)/jupyter lab notebooks/01_tour.ipynb

bench-env: env
ifdef UV
	@$(UV) pip install --quiet --python $(BIN)/python -c constraints.txt --group bench
else
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --group bench
endif

bench: bench-env ## speed beside a named peer, in one run
	@$(BIN)/python -m benchmarks
	@$(BIN)/python -m benchmarks.context

torture: env ## the long form of the fault tests: kill -9, failing disks, lost power (half an hour)
	@PERFKIT_TORTURE=1 $(BIN)/python -m pytest -q tests/torture

bench-ingest: env ## trades a second until they are durable, beside Delta and SQLite (minutes)
	@$(BIN)/python -m benchmarks.ingest

bench-metrics: bench-env ## stored days of 1, 10 and 50 million trades, coverage of intervals, the numbers of peers (long)
	@$(BIN)/python -m benchmarks.periods --trades 1000000 10000000 50000000
	@$(BIN)/python -m benchmarks.honesty
	@$(BIN)/python -m benchmarks.peers

bench-opening: env ## how long ten million trades take to open (minutes)
	@$(BIN)/python -m benchmarks.opening

bench-commits: env ## the cost of a commit as they pile up (minutes)
	@$(BIN)/python -m benchmarks.commits

lock: ## resolve pyproject.toml anew into constraints.txt (needs uv)
	@uv pip compile -q --universal --python-version 3.11 --no-emit-find-links --no-emit-index-url \
		--all-extras --group dev --group bench --no-annotate --no-header -o constraints.txt pyproject.toml

clean: ## remove what was built, not what was recorded in data/
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
