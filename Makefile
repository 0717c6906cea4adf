# Everything below needs python3 (3.10 or later), its venv module and make; nothing needs root.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PEERS  := build/peers
PIP     = $(BIN)/python -m pip install --quiet --disable-pip-version-check

# `go` on PATH, 1.20 or later: otherwise the toolchain comes from the extra covlint[go].
HAVE_GO := $(shell go version 2>/dev/null | awk '{ sub(/^go/, "", $$3); split($$3, v, "."); if (v[1] > 1 || v[2] >= 20) print "yes" }')
EXTRAS  := $(if $(HAVE_GO),,go)

.DEFAULT_GOAL := help
.PHONY: help demo test test-engines lint format docs lock site dist audit bench breakit faults fixes fuzz differential clean

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/installed ## Show the whole story on a bundled broken service
	@$(BIN)/covlint demo

test: $(VENV)/developing lint ## Check style and types, then run every test
	$(BIN)/python -m pytest

# podman or docker and kind come from PATH. COVLINT_KIND_NODE_IMAGE names the node image, which
# must be there already; without it kind takes its own.
test-engines: $(VENV)/developing ## Run the tests on containers and on a Kind cluster
	$(BIN)/python -m pytest -m engines tests

lint: $(VENV)/developing ## Check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/developing ## Rewrite the Python files in the project's format
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: $(VENV)/developing ## Bring up to date what docs/ and README have from the code
	@$(BIN)/covlint lab --docs
	@$(BIN)/python docs/tools/configuration.py > docs/configuration.md
	@$(BIN)/python docs/tools/commands.py > docs/commands.md
	@$(BIN)/python docs/tools/terminal.py
	@PYTHONPATH=tests $(BIN)/python -m accepted.table
	@PYTHONPATH=tests:docs $(BIN)/python -m fuzz.counts
	@$(BIN)/python docs/tools/reliability.py

site: $(VENV)/developing ## Build the site of docs/ into build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# REPOSITORIES="folder folder" are checked as a whole; RECORD=1 writes docs/benchmarks.md.
bench: $(VENV)/developing $(PEERS)/installed ## Measure covlint beside other programs, as ratios
	$(BIN)/python -m benchmarks --peers $(PEERS) $(if $(RECORD),--record) $(REPOSITORIES)

# In an environment of their own: what they need must not meet what covlint needs. Without a
# network they stay away, and are asked for again the next time.
$(PEERS)/installed: benchmarks/peers.txt
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --retries 1 -r $< \
	  && touch $@ || echo 'make: the other programs of the benchmark could not be installed' >&2

breakit: $(VENV)/developing ## Break a healthy project in many ways, and print how much is found
	@PYTHONPATH=tests $(BIN)/python -m breakit

lock: $(VENV)/developing ## Choose new versions for requirements-dev.txt
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.10 --generate-hashes \
	  --no-header --extra dev --output-file requirements-dev.txt pyproject.toml

dist: $(VENV)/developing ## Build the wheel and the source archive, twice, and compare them
	rm -rf dist build/again
	$(BIN)/python -m hatchling build --directory dist
	$(BIN)/python -m hatchling build --directory build/again
	diff -r dist build/again

# --strict: what cannot be looked up is a failure, and not a package without a fault.
audit: $(VENV)/developing ## Ask for known vulnerabilities of what is locked
	$(BIN)/uv tool run --quiet pip-audit@2.10.1 --strict --require-hashes --disable-pip -r requirements-dev.txt

faults: $(VENV)/developing ## Kill, starve and disturb --fix, and meet a hostile repository
	PYTHONPATH=tests:docs $(BIN)/python -m faults
	PYTHONPATH=tests:docs $(BIN)/python -m hostile
	COVLINT_KILLS=200 COVLINT_FAULTS=all $(BIN)/python -m pytest -s tests/test_writer_faults.py tests/hostile

# REPOSITORIES=folder tries the checkouts in it, too; RECORD=1 keeps the figures for the docs.
fixes: $(VENV)/developing ## Try every fix in many notations, and on 10,000 generated projects
	@PYTHONPATH=tests $(BIN)/python -m fixes $(REPOSITORIES) $(if $(RECORD),--record)

# 43 seconds for each of fourteen readers; `PYTHONPATH=tests:docs python -m fuzz --help` says what else it takes.
fuzz: $(VENV)/developing ## Fuzz readers, check and fix for ten minutes, and count
	$(PIP) -e '.[fuzz]'
	PYTHONPATH=tests:docs $(BIN)/python -m fuzz

# REPOSITORIES=folder compares the Dockerfiles in it, too. bash, dash and npm come from PATH.
differential: $(VENV)/developing ## Read files as BuildKit, shells, make and the YAML test suite do, and compare
	@PYTHONPATH=tests $(BIN)/python -m differential $(REPOSITORIES)

clean: ## Remove the environment and the caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(BIN)/python
	@echo "covlint: installing into $(VENV)$(if $(EXTRAS), with a Go toolchain,)"
	@$(PIP) -e '.$(if $(EXTRAS),[$(EXTRAS)],)'
	@touch $@

# Versions and hashes are those of the lock file: nothing else is installed.
$(VENV)/developing: pyproject.toml requirements-dev.txt | $(BIN)/python
	$(PIP) --require-hashes -r requirements-dev.txt
	$(PIP) --no-build-isolation --no-deps -e .
	$(if $(EXTRAS),$(PIP) -e '.[$(EXTRAS)]')
	@touch $@
