# Everything a fresh machine needs: `make demo` runs the main job, `make test` the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo check quick test lint types docs bench release clean

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)
	@echo 'Installing every extra into $(VENV), some 2.5 GB: it takes minutes, and says nothing until it is done.'
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[all]'
	touch $@

demo: $(VENV)/.installed
	$(BIN)/dynamicrag ask --policy balanced --baseline always-large \
		--corpus examples/corpus --questions examples/questions.jsonl --limit 6

# before a commit: minutes, not the whole of the tests; mypy needs one core, and many tests wait
check: $(VENV)/.installed
	$(MAKE) --jobs lint types quick

quick: $(VENV)/.installed
	$(BIN)/pytest -n auto --dist worksteal -m "not slow and not models and not service"

# by file, for the tests of one may share a server; in their order, for the longest files have the fewest tests
test: $(VENV)/.installed
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed
	$(BIN)/mypy

docs: $(VENV)/.installed
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

bench: $(VENV)/.installed
	$(BIN)/python -m tests.bench

release: $(VENV)/.installed
	PYTHON=$(BIN)/python .ci/release

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build dist site
