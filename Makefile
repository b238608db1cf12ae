# Everything happens in .venv; a second call does only what has changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt
FILES := pyproject.toml constraints.txt
TESTS ?= tests
# Kept for the next update: ocr, postgresql, model, embeddings.
EXTRAS ?= $(or $(shell cat $(VENV)/.extras 2>/dev/null),ocr)

.PHONY: install run test check bench clean

install: $(VENV)/.installed

run: install
	@$(BIN)/yaodian serve --demo

test: $(VENV)/.tested
	@$(BIN)/python -m pytest -q $(TESTS)

check: $(VENV)/.tested
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/.tested
	@$(BIN)/python -m bench

clean:
	rm -rf $(VENV) build *.egg-info

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "要点需要 Python 3.11 或更新的版本；可以这样指定：make run PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "建不了虚拟环境；Debian、Ubuntu 上请先安装：apt install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.installed: $(VENV)/.python $(FILES)
	@echo "正在安装，第一次要几分钟……"
	@$(PIP) -e '.[$(EXTRAS)]'
	@echo '$(EXTRAS)' > $(VENV)/.extras
	@touch $@

$(VENV)/.tested: $(VENV)/.installed $(FILES)
	@echo "正在安装测试用的程序包……"
	@$(PIP) -e '.[test,check]'
	@touch $@
