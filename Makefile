# make alone prints what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
INSTALLED := $(VENV)/.installed
DEVELOPED := $(VENV)/.developed
SOURCES := pyproject.toml setup.py models/emoji_scenes/pyproject.toml
JOBS ?= 2

help:
	@echo "make day      run day 133 and build the blog"
	@echo "make test     run every test"
	@echo "make check    format, lint and types"
	@echo "make light    the tests that need no PyTorch, on PYTHON=python3.12 in an environment of their own"
	@echo "make pythons  the same on every other Python that this machine has"
	@echo "make lowest   the same on the lowest versions that pyproject.toml allows"
	@echo "make bench    measure against other tools"
	@echo "make clean    remove what was built; results in .journal stay"

$(INSTALLED): $(SOURCES)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) torch==2.13.0 --editable models/emoji_scenes --editable '.[all]'
	touch $@

$(DEVELOPED): $(INSTALLED)
	$(PIP) --editable models/emoji_scenes --editable '.[all,dev]'
	touch $@

day: $(INSTALLED)
	$(BIN)/journal day 133
	$(BIN)/journal build

test: $(DEVELOPED)
	$(BIN)/python -m pytest --numprocesses $(JOBS)

check: $(DEVELOPED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

light:
	.ci/light $(PYTHON)

pythons:
	.ci/pythons

lowest:
	.ci/light $(PYTHON) --lowest

bench: $(DEVELOPED)
	for script in bench/*.py; do $(BIN)/python $$script; done

clean:
	rm -rf build dist *.egg-info

.PHONY: help day test check light pythons lowest bench clean
