# `make` alone lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
INSTALLED := $(VENV)/.installed
DEVELOPED := $(VENV)/.developed
SOURCES := pyproject.toml setup.py models/emoji_scenes/pyproject.toml
JOBS ?= 2

help:
	@echo "make day      bring day 133 up to date, compare it with another run, and build the blog"
	@echo "make year     bring all sample days up to date, and build the blog"
	@echo "make docs     build the guide, a site of its own, in build/guide"
	@echo "make test     run all tests"
	@echo "make check    check formatting, lint and types"
	@echo "make light    run the tests that need no PyTorch in a separate environment (PYTHON=python3.12)"
	@echo "make pythons  run them on every other Python on this machine"
	@echo "make lowest   run them on the lowest versions that pyproject.toml allows"
	@echo "make bench    run the benchmarks against other tools"
	@echo "make clean    remove build outputs, but keep the results in .journal"

$(INSTALLED): $(SOURCES)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) torch==2.13.0 --editable models/emoji_scenes --editable '.[all]'
	touch $@

$(DEVELOPED): $(INSTALLED)
	$(PIP) --editable models/emoji_scenes --editable '.[all,dev]'
	touch $@

day: $(INSTALLED)
	$(BIN)/journal day 133
	$(BIN)/journal day 133 --replay
	$(BIN)/journal build

year: $(INSTALLED)
	$(BIN)/journal day 129..136
	$(BIN)/journal build

docs: $(INSTALLED)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --config-file guide/mkdocs.yml
	@echo "open file://$(CURDIR)/build/guide/index.html"

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

.PHONY: help day year docs test check light pythons lowest bench clean
