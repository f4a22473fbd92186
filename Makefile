# make handout  the affine handout, output/affine-2x2x3.pdf, from nothing but Python
# make test     the tests, but for those that look again at what another has looked at
# make check    everything that decides whether a change lands: all tests, format, types, imports
# make nightly  the long searches: 20 000 random expressions against PyTorch
# Each makes its own virtual environment in .venv.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin

.PHONY: handout test thorough check nightly formulas check-page format messages benchmarks clean

handout: $(VENV)/pdf.stamp
	@$(BIN)/derive affine --n 2 --d 2 --m 3 --pdf

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n auto -m "not thorough"

thorough: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n auto -m thorough

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(MAKE) test
	$(MAKE) thorough

nightly: $(VENV)/dev.stamp
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[torch]'
	$(BIN)/python -m tests.corpus.random_check 20000

formulas: $(VENV)/dev.stamp
	$(BIN)/python -m docs.formulas > docs/formulas.md

check-page: $(VENV)/dev.stamp
	$(BIN)/python -m docs.check > docs/check.md

format: $(VENV)/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

messages: $(VENV)/dev.stamp
	$(BIN)/pybabel -q extract --no-location --sort-output --omit-header -k N_ -o derive/locale/derive.pot derive

benchmarks: $(VENV)/dev.stamp
	$(BIN)/python -m pip install --quiet -r benchmarks/requirements.txt
	$(BIN)/python -m benchmarks

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/pdf.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[pdf]'
	@touch $@

$(VENV)/dev.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/pdf.stamp

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find output -mindepth 1 ! -name .gitkeep -delete
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
