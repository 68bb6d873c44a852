# Two commands do everything: `make demo` and `make test`. Both, and `make docs`, set up what they need.

PYTHON ?= python3.11
VENV ?= .venv
# Where torch comes from. https://download.pytorch.org/whl/cpu has small wheels for machines without a GPU.
TORCH_INDEX ?=
BIN := $(VENV)/bin
TORCH := $(shell grep '^torch==' constraints.txt)

.PHONY: help install demo test lowest check docs clean

help:  ## what there is
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*##/\t/'

install: $(VENV)/installed  ## make .venv with spillover in it

$(VENV)/installed: pyproject.toml constraints.txt
	@echo "Installing into $(VENV): 0.5 GB to download and 2.3 GB on disk, two minutes, with torch's CPU build;"
	@echo "with its CUDA build 4 GB and 8 GB. For the CPU build: make install TORCH_INDEX=https://download.pytorch.org/whl/cpu"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) $(TORCH)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: install  ## a whole study on the embedded model, three minutes
	$(BIN)/spillover demo --out demo

test: install  ## the tests
	$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

lowest: build/lowest/installed  ## the tests with the lowest versions of everything that pyproject.toml allows
	OMP_NUM_THREADS=1 build/lowest/bin/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder tests/unit tests/contracts tests/golden

build/lowest/installed: pyproject.toml
	$(PYTHON) -m venv build/lowest
	$(PYTHON) scripts/lowest_versions.py > build/lowest/versions.txt
	build/lowest/bin/pip install --quiet $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) $$(grep '^torch==' build/lowest/versions.txt)
	build/lowest/bin/pip install --quiet --constraint build/lowest/versions.txt \
		--editable '.[hub,quantised,ray,tensorboard,video]' beartype hypothesis pandas pytest pytest-xdist
	@touch $@

check: install  ## style, floors, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/pyright

docs: $(VENV)/docs-installed  ## the documentation as a site, build/site/index.html; nothing in it needs a network
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

$(VENV)/docs-installed: $(VENV)/installed
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[docs]'
	@touch $@

clean:  ## remove what the commands above made
	rm -rf $(VENV) demo build
