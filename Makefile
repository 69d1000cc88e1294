# Everything here sets up what it needs: `make demo` and `make test` work on a fresh checkout with Python 3.11 and pip.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
# Four workers suit two cores, for many tests wait; PYTEST_WORKERS=0 runs the tests in one process.
PYTEST_WORKERS ?= 4
PYTEST_ARGS ?=
# The scenarios stand outside of the project, for they belong to those who rely on its contract.
BLACKBOX ?= ../shared/blackbox
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
export UV_PYTHON_DOWNLOADS := never
# Tests start hundreds of processes: what was compiled once is kept, whatever the shell says.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo test proof rest long drill production acceptance bench lint format audit lock reader clean

help:
	@echo "make demo [KEEP=1]  cancelamentos completos, de ponta a ponta (KEEP=1 deixa tudo no ar)"
	@echo "make test           the test suite"
	@echo "make proof          every cell of the outage matrix, every step of the walk, of which the tests take samples"
	@echo "make rest           the other examples of whatever else the tests take some of"
	@echo "make long           what is too long for the tests"
	@echo "make drill          whole sets of servers: deployed, upgraded, watched, killed, restored"
	@echo "make production [CASES=60]  the set of docker-compose.yml, every process for real, worked and killed; needs Go"
	@echo "make bench          what a case costs, beside a bare workflow; statements, memory, the reader's score"
	@echo "make acceptance     scenarios that know only the published contract, from the folder in BLACKBOX"
	@echo "make lint           formatting, lint, types, import contracts"
	@echo "make format         write the formatting"
	@echo "make audit          known vulnerabilities in the locks, where the advisories can be reached"
	@echo "make reader [ALSO=F]  learn the weights of the reader of e-mails anew, with a provider's own labels beside"
	@echo "make lock           compute the three requirements*.lock anew"

$(BIN)/python:
	$(PYTHON) -m venv .venv

# The stamps hold what was installed, so that nothing is installed twice and a changed lock is noticed.
.venv/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/.development: requirements-dev.lock .venv/.runtime
	$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

demo: .venv/.runtime
	KEEP=$(KEEP) $(BIN)/cancelamento demo

test: .venv/.development
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

# The walk and the outage matrix, whole and one by one, so that no worker is left with the long ones.
proof: .venv/.development
	CANCELAMENTO_PROOF=whole $(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

rest: .venv/.development
	CANCELAMENTO_PROOF=rest $(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

# What is too long for `make test`: much of it waits for real seconds, so it runs in one process.
long: .venv/.development
	CANCELAMENTO_PROOF=long $(BIN)/python -m pytest $(PYTEST_ARGS)

# What is deployed, watched, killed and restored waits for real seconds: in one process, so that nothing else is in its way.
drill: .venv/.development
	CANCELAMENTO_PROOF=drill $(BIN)/python -m pytest $(PYTEST_ARGS)

# The first time it builds the Temporal server, which takes minutes; it is kept in the user's cache.
production: .venv/.development
	$(BIN)/python -m tests.production --cases $(or $(CASES),60)

# Every module of benchmarks/; what they need stands in folders below.
bench: .venv/.development
	@for file in benchmarks/[a-z]*.py; do \
		$(BIN)/python -m "benchmarks.$$(basename "$$file" .py)" || exit 1; \
	done

# With requirements of its own: like any user, they share nothing with the product but its command.
acceptance: .venv/.acceptance
	cd $(BLACKBOX) && CANCELAMENTO_CMD=$(CURDIR)/$(BIN)/cancelamento PYTHONDONTWRITEBYTECODE=1 \
		$(CURDIR)/.venv/acceptance/bin/python -m pytest -q suite.py $(PYTEST_ARGS)

.venv/.acceptance: $(BLACKBOX)/requirements.txt .venv/.runtime
	$(PYTHON) -m venv .venv/acceptance
	.venv/acceptance/bin/python -m pip --disable-pip-version-check --quiet install -r $<
	@touch $@

lint: .venv/.development
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: .venv/.development
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

audit: .venv/.development
	$(BIN)/python .ci/audit

LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --no-emit-index-url --no-emit-find-links pyproject.toml

lock: .venv/.development
	$(LOCK) --group build --extra server -o requirements-server.lock
	$(LOCK) --group build --extra embedded -o requirements.lock
	$(LOCK) --group dev --extra embedded -o requirements-dev.lock

# One thread: the sums are small, and their order stays the same from run to run.
reader: .venv/.development
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m training.reader $(if $(ALSO),--also $(ALSO))

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist build
