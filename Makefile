# make alone prints what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

help:
	@echo "make day     run day 133 and build the blog"
	@echo "make test    run every test"
	@echo "make check   format, lint and types"
	@echo "make bench   measure against other tools"
	@echo "make clean   remove what was built; results in .journal stay"

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[all,dev]'
	touch $(STAMP)

day: $(STAMP)
	$(BIN)/journal day 133
	$(BIN)/journal build

test: $(STAMP)
	$(BIN)/python -m pytest

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(STAMP)
	for script in bench/*.py; do $(BIN)/python $$script; done

clean:
	rm -rf build dist *.egg-info

.PHONY: help day test check bench clean
