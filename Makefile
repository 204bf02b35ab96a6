# Everything happens in .venv, which each target brings up to date first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: demo test lint docs bench fuzz clean

demo: $(VENV)/installed
	$(BIN)/python examples/demo.py

test: $(VENV)/installed
	$(BIN)/python -m pytest -n auto

lint: $(VENV)/installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest fastopt._core
	$(BIN)/cython-lint src
	$(BIN)/clang-format --dry-run --Werror $$(git ls-files '*.c' '*.h')
	$(BIN)/codespell
	CMAKE_ARGS=-DFASTOPT_WERROR=ON $(BIN)/pip wheel -q --no-deps -Cbuild-dir=build/strict -w build/strict .

docs: $(VENV)/installed
	$(BIN)/sphinx-build -W --keep-going -q docs docs/_build

bench: $(VENV)/installed
	$(BIN)/pip install -q -e '.[bench]'
	$(BIN)/python -m bench

# The parser of text under the sanitizers, for so many seconds; it needs clang. What it finds is
# written to build/fuzz, and belongs into the corpus, which the tests run too.
SECONDS ?= 300
fuzz:
	mkdir -p build/fuzz/found
	clang -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all -Icsrc \
		-o build/fuzz/svmlight tests/fuzz/fuzz_svmlight.c csrc/parse/*.c
	build/fuzz/svmlight -max_total_time=$(SECONDS) -max_len=1024 -artifact_prefix=build/fuzz/ \
		build/fuzz/found tests/data/svmlight_corpus

# The extension is built where the sources are newer than the last installation.
sources := pyproject.toml CMakeLists.txt $(shell find csrc src -name '*.[ch]' -o -name '*.def' -o -name '*.pyx')

$(VENV)/installed: $(sources)
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("fastopt needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --upgrade pip
	$(BIN)/pip install -q -e '.[demo,test,lint,docs]'
	touch $@

clean:
	rm -rf $(VENV) build dist docs/_build docs/gallery demo.png bench.json .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -r {} +
