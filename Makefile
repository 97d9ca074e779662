# Each target works alone on a fresh machine with Python 3.11 or newer, make and git.
# Another interpreter: make test PYTHON=python3.12 VENV=.venv312

PYTHON ?= python3
VENV ?= .venv
RUN = $(VENV)/bin/python -m
INSTALL = $(RUN) pip install --quiet --disable-pip-version-check
INPUTS = pyproject.toml constraints.txt
LONG = tests/laws tests/acceptance tests/crash \
  tests/delivery/test_simulation.py tests/engine/checks/test_soundness.py tests/intake/test_online_retail.py
NIGHTLY = tests/crash tests/delivery/test_simulation.py tests/acceptance/test_soak.py tests/acceptance/test_postgres.py \
  tests/acceptance/test_last_code.py tests/acceptance/test_last_unit.py tests/acceptance/test_retail_club.py \
  tests/clubs/test_earning.py tests/engine/test_codes_laws.py tests/engine/test_referring.py \
  tests/loyalty/test_laws.py tests/loyalty/test_metamorphic.py tests/loyalty/tiers/test_laws.py

.PHONY: demo test nightly lint types docs bench measure build clean
.NOTPARALLEL:
.DELETE_ON_ERROR:

demo: $(VENV)/.demo # replay real orders and show what the engine decides
	$(VENV)/bin/retention-engine demo

test: lint types docs # everything that must be green
	$(RUN) coverage erase
	$(RUN) coverage run -m pytest -n auto --dist worksteal $(LONG:%=--ignore %) $(ARGS)
	$(RUN) coverage combine --quiet
	$(RUN) coverage report
	$(RUN) pytest -n auto --dist worksteal --hypothesis-seed=2026 $(ARGS) $(LONG) # long searches, at full speed

nightly: $(VENV)/.dev # the same searches, as long as a night: hours
	RETENTION_NIGHTLY=1 $(RUN) pytest -n auto --dist worksteal --timeout 36000 -o faulthandler_timeout=0 -rP $(ARGS) $(NIGHTLY)

lint: $(VENV)/.dev # format and style
	$(RUN) ruff format --check .
	$(RUN) ruff check .

types: $(VENV)/.dev # mypy, strict
	$(RUN) mypy

docs: $(VENV)/.dev # build the site, strictly
	NO_MKDOCS_2_WARNING=1 $(RUN) mkdocs build --strict --quiet

bench: $(VENV)/.bench # speed and memory, printed as a table
	$(RUN) bench $(ARGS)

measure: $(VENV)/.dev # our own sizes, each beside its limit
	$(RUN) tests.house.measure

build: $(VENV)/.dev # wheel and source archive in dist/
	$(RUN) build

clean: # remove whatever these targets made
	rm -rf $(VENV) .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache dist site
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: installing again costs nothing until pyproject.toml or constraints.txt changes.

$(VENV)/.pip:
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) --upgrade "pip>=25.1"
	touch $@

$(VENV)/.demo: $(VENV)/.pip $(INPUTS)
	@echo "installing what the demo needs ..."
	$(INSTALL) -c constraints.txt -e ".[cli]"
	$(INSTALL) --no-deps --group demo
	touch $@

$(VENV)/.dev: $(VENV)/.demo
	@echo "installing what the tests need ..."
	$(INSTALL) -c constraints.txt -e ".[all]" --group dev
	touch $@

$(VENV)/.bench: $(VENV)/.dev
	@echo "installing what the benchmarks compare with ..."
	$(INSTALL) --no-warn-conflicts -c constraints.txt --group bench
	touch $@
