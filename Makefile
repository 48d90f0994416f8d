# Every target makes what it needs, in environments of its own below .venv and .venv-bench.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BENCH := .venv-bench


.PHONY: help demo test check bench evidence docs clean

help:
	@echo "make demo      simulate a small network, run everything on it, leave demo/runs/first/report.html"
	@echo "make test      all tests"
	@echo "make check     lint, types, import contracts"
	@echo "make evidence  recompute every figure the documentation claims (accuracy, fidelity, calibration)"
	@echo "make bench     speed and memory beside the peers, in an environment of its own"
	@echo "make docs      build the documentation into site/"

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "quakescribe needs Python 3.11 or newer; make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $(STAMP)

demo: $(STAMP)
	$(BIN)/quakescribe demo demo

test: $(STAMP)
	$(BIN)/python -m pytest -n auto --dist loadfile

check: $(STAMP)
	$(BIN)/ruff check src tests benchmarks evidence docs
	$(BIN)/mypy
	$(BIN)/lint-imports

evidence: $(STAMP)
	$(BIN)/python evidence/all.py
	$(BIN)/python evidence/page.py

$(BENCH)/.installed: pyproject.toml benchmarks/requirements.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check -e . -r benchmarks/requirements.txt
	@touch $@

bench: $(BENCH)/.installed
	$(BENCH)/bin/python benchmarks/all.py
	$(BENCH)/bin/python evidence/page.py

$(VENV)/.docs: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	@touch $@

docs: $(VENV)/.docs
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) $(BENCH) demo site .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
