# Everything a developer or CI does. `make help` lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ELASTICMQ := tests/emulators/elasticmq
export PYTHONPATH := src
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help demo up test check bench lock web system emulators format

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/ready web ## Set everything up, then plan and apply a real stack; ends by itself
	$(BIN)/python -m stackyard demo

up: $(VENV)/ready web ## The same platform, staying up until Ctrl-C
	$(BIN)/python -m stackyard up

test: system $(VENV)/ready web emulators ## Everything CI runs
	$(MAKE) check
	$(BIN)/pytest tests --ignore=tests/unit --ignore=tests/architecture

check: $(VENV)/ready web ## Format, lint, types, import contracts, unit tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd web && npm run --silent check && npm test --silent
	$(BIN)/pytest -q tests/unit tests/architecture

format: $(VENV)/ready ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: system $(VENV)/ready web ## Measure; writes bench/results/*.json
	for one in bench/*_bench.py; do $(BIN)/python -m bench.$$(basename $$one .py); done

lock: ## Renew the locked dependencies
	uv pip compile -q pyproject.toml --extra embedded --extra dev --generate-hashes \
		--no-header --no-annotate --python-version 3.11 -o requirements/dev.lock

web: web/dist/index.html ## Build the browser application

system: ## Install Debian packages that tests need and this machine lacks
	scripts/system-packages

emulators: $(ELASTICMQ)/lib/.ready ## Fetch the stand-in for SQS that tests talk to

$(ELASTICMQ)/lib/.ready: $(ELASTICMQ)/pom.xml $(ELASTICMQ)/SHA256SUMS | system
	mvn -q -B -f $(ELASTICMQ)/pom.xml dependency:copy-dependencies -DoutputDirectory=lib
	cd $(ELASTICMQ)/lib && sha256sum --quiet -c ../SHA256SUMS
	touch $@

$(VENV)/ready: requirements/dev.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	touch $@

web/node_modules/.package-lock.json: web/package.json web/package-lock.json
	cd web && npm ci --no-fund --no-audit --loglevel=error
	touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(shell find web/src web/public web/index.html web/*.ts src/stackyard/graphql -name '*.*' 2>/dev/null)
	cd web && npm run --silent build
