# Every target makes what it needs, in environments of its own below .venv and .peers.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PEERS := .peers


.PHONY: help demo test check bench month selftraining evidence docs clean

help:
	@echo "make demo      simulate a small network, run everything on it, train a picker on it, leave two reports"
	@echo "make test      all tests"
	@echo "make check     lint, types, import contracts"
	@echo "make evidence  recompute every figure the documentation claims (accuracy, fidelity, calibration)"
	@echo "make bench     speed and memory beside the peers, in an environment of its own"
	@echo "make month     simulate, run and score a month of 20 stations (twenty minutes, 12 GB)"
	@echo "make selftraining  train pickers on simulated regions and score them beside PAL and pretrained ones (hours)"
	@echo "make docs      build the documentation into site/"

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "quakescribe needs Python 3.11 or newer; make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev,ai]'
	@touch $(STAMP)

demo: $(STAMP)
	$(BIN)/quakescribe demo demo

test: $(STAMP)
	$(BIN)/python -m pytest -n auto --dist loadfile

check: $(STAMP)
	$(BIN)/ruff check src tests benchmarks evidence docs
	$(BIN)/mypy
	$(BIN)/lint-imports

evidence: $(STAMP) $(PEERS)/seisbench/.installed
	$(BIN)/python evidence/all.py
	$(BIN)/python evidence/page.py

# Peers, each in a place of its own: PyOcto needs NumPy 1 on Python 3.11; HYPOINVERSE 1.40 is built from the source
# that ships inside hypoinvpy, where there is a Fortran compiler; SeisBench, on PyTorch, where there are weights for it.
$(PEERS)/pyocto/.installed:
	$(PYTHON) -m venv $(PEERS)/pyocto
	$(PEERS)/pyocto/bin/python -m pip install --quiet --disable-pip-version-check pyocto==0.2.2
	@touch $@

$(PEERS)/hypoinverse/.built:
	@mkdir -p $(PEERS)/hypoinverse
	@if command -v gfortran >/dev/null; then \
	  $(PYTHON) -m pip download --quiet --disable-pip-version-check --no-deps \
	    -d $(PEERS)/hypoinverse hypoinvpy==0.7.0 && \
	  cd $(PEERS)/hypoinverse && tar xzf hypoinvpy-0.7.0.tar.gz && \
	  make -C hypoinvpy-0.7.0/hyp1.40/source FC="gfortran -std=legacy -O2 -w" >/dev/null; \
	else echo "no gfortran: HYPOINVERSE is left out of the benchmarks"; fi
	@touch $@

$(PEERS)/seisbench/.installed:
	@if [ -d "$${QUAKESCRIBE_DATA:-../shared/data}/weights" ]; then \
	  $(PYTHON) -m venv $(PEERS)/seisbench && \
	  $(PEERS)/seisbench/bin/python -m pip install --quiet --disable-pip-version-check torch==2.13.0 && \
	  $(PEERS)/seisbench/bin/python -m pip install --quiet --disable-pip-version-check seisbench==0.12.6 && \
	  touch $@; \
	else echo "no weights: PhaseNet is left out of the evidence"; fi

bench: $(STAMP) $(PEERS)/pyocto/.installed $(PEERS)/hypoinverse/.built
	HYPOINVERSE=$${HYPOINVERSE:-$$(find $(CURDIR)/$(PEERS)/hypoinverse -type f -name hyp1.40 | head -1)} \
	  $(BIN)/python benchmarks/all.py
	$(BIN)/python evidence/page.py

month: $(STAMP)
	$(BIN)/python benchmarks/month.py
	$(BIN)/python evidence/page.py

selftraining: $(STAMP)
	$(BIN)/python evidence/selftraining.py
	$(BIN)/python evidence/page.py

$(VENV)/.docs: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	@touch $@

docs: $(VENV)/.docs
	$(BIN)/mkdocs build --strict

clean:
	rm -rf $(VENV) $(PEERS) demo site .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis
