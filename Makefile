# Needs: Python 3.11 or newer, make, a package index. Everything is set up in .venv by itself.
# A Python of your choice: make setup PYTHON=/path/to/python

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
PYTHON ?=
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Candidates are run, not only looked up: some names exist and do not work.
CANDIDATES := $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python)
FIT := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))

.PHONY: help setup demo test lint format bench mutation soak coverage lock clean

help: ## list what can be made
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | \
		while IFS='|' read -r name text; do printf '%-16s%s\n' "$$name" "$$text"; done

setup: $(STAMP) ## set up .venv with locked versions (done by the others when needed)
	@:

$(STAMP): requirements.lock pyproject.toml
	@python=; for name in $(CANDIDATES); do \
		if "$$name" -c '$(FIT)' >/dev/null 2>&1; then python="$$name"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo 'No Python 3.11 or newer with venv was found (tried: $(CANDIDATES)).' >&2; \
		echo 'Install one (Debian, Ubuntu: apt install python3 python3-venv), or name one:' >&2; \
		echo '  make setup PYTHON=/path/to/python3.13' >&2; \
		exit 1; \
	fi; \
	[ -x $(BIN)/python ] && $(BIN)/python -c '$(FIT)' >/dev/null 2>&1 && \
		$(BIN)/python -m pip --version >/dev/null 2>&1 || "$$python" -m venv --clear $(VENV)
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## batch over the shipped examples, then a report; prints its path
	@rm -rf build/demo
	@mkdir -p build/demo
	@$(BIN)/simdiag batch examples/mixed-cases.yaml -o build/demo/results.jsonl
	@$(BIN)/simdiag report build/demo/results.jsonl --facts examples/mixed-cases.yaml \
		-o build/demo/report.html
	@echo build/demo/report.html

test: setup ## run all tests (some only: make test ARGS="-k house")
	@$(BIN)/python -m pytest -n auto -q $(ARGS)

lint: setup ## ruff, formatting, mypy, import floors
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@report=$$($(BIN)/lint-imports --no-logo) || { echo "$$report"; exit 1; }

format: setup ## format the code and repair what can be repaired
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

mutation: setup ## break the engines in small ways, and see that the tests notice
	@$(BIN)/python tests/mutation/run.py $(ARGS)

bench: setup ## measure speed, and how many questions a consultation takes
	@$(BIN)/python tests/bench/run.py $(ARGS)
	@$(BIN)/python tests/bench/consult.py

soak: setup ## all engines on a million random cases (less: make soak ARGS="--cases 20000")
	@$(BIN)/python tests/soak/run.py $(ARGS)

coverage: setup ## run all tests and list the lines that none reaches
	@$(BIN)/python -m pytest -n auto -q --cov --cov-report=term-missing $(ARGS)

lock: setup ## write requirements.lock anew from pyproject.toml
	@$(BIN)/python -m venv build/lock
	@build/lock/bin/python -m pip --disable-pip-version-check --quiet install uv
	@build/lock/bin/uv pip compile --quiet --upgrade --universal --generate-hashes \
		--python-version 3.11 --group dev --no-emit-index-url --no-emit-find-links \
		--custom-compile-command 'make lock' --output-file requirements.lock pyproject.toml

clean: ## remove everything that make has made, .venv too
	@rm -rf $(VENV) build dist .coverage .coverage.* .hypothesis .import_linter_cache \
		.mypy_cache .pytest_cache .ruff_cache
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
