# Zhiju: make run | make test | make setup. Needs Python ≥ 3.11, make and a package registry.
#   PYTHON=python3.12      which Python makes the environment
#   TORCH="torch==…"       what pip is asked for instead of the choice below
#   ARGS="--port 8000"     passed to app.py

SHELL := /bin/sh
VENV  := .venv
BIN   := $(VENV)/bin
PIP   := $(BIN)/python -m pip --disable-pip-version-check
# Two processes; byte code is kept, or each of the hundred programs that the tests start compiles the project anew.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
TORCH_VERSION   := 2.13.0
TORCH_CPU_INDEX := https://download.pytorch.org/whl/cpu
export GRADIO_ANALYTICS_ENABLED := False
export HF_HUB_OFFLINE           ?= 1

.PHONY: run setup test check lock clean help
.DELETE_ON_ERROR:

run: setup ## install what is missing, index seeds/, serve at http://127.0.0.1:7860
	@exec $(BIN)/python app.py $(ARGS)

setup: $(VENV)/.ready ## the install step alone

test: $(VENV)/.ready-test ## the whole suite: style, types, unit, real encoder, real browser
	@$(BIN)/ruff check . || $(call failed,ruff found faults,mend what it names above)
	@$(BIN)/mypy > $(VENV)/mypy.txt 2>&1 & types=$$!; \
	$(PYTEST) -m "not slow" $(ARGS); tests=$$?; \
	wait $$types; types=$$?; cat $(VENV)/mypy.txt; \
	[ $$types = 0 ] || $(call failed,mypy found faults,mend what it names above); \
	exit $$tests

check: $(VENV)/.ready-test ## style, types and unit tests only: no browser, no encoder, no other programs
	@$(BIN)/ruff check . && $(BIN)/mypy && $(PYTEST) -m "not slow and not browser and not encoder and not process" $(ARGS)

lock: | $(VENV)/bin/python ## write constraints.txt anew from the ranges in pyproject.toml
	@$(PIP) install --quiet uv && echo 'torch==$(TORCH_VERSION)' > $(VENV)/torch.txt && \
	$(BIN)/uv pip compile --quiet --no-header --no-annotate --universal --python-version 3.11 --all-extras \
	  --no-emit-package torch --constraint $(VENV)/torch.txt pyproject.toml \
	  | grep -vE '^(nvidia|cuda|triton)' > $(VENV)/constraints.txt && mv $(VENV)/constraints.txt constraints.txt

clean: ## remove the environment and everything that was built
	rm -rf $(VENV) var build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

help:
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

failed = { printf '\n%s: %s.\n  What to do: %s.\n' "make $@ stopped" "$(1)" "$(2)" >&2; exit 1; }

$(VENV)/bin/python:
	@python=$(PYTHON); \
	for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	  [ -n "$$python" ] && break; \
	  if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; fi; \
	done; \
	[ -n "$$python" ] || $(call failed,no Python 3.11 or newer was found,install one or run make PYTHON=/path/to/python3); \
	echo "Creating $(VENV) with $$($$python --version)"; \
	$$python -m venv $(VENV) || { rm -rf $(VENV); $(call failed,the environment could not be created,on Debian and Ubuntu: apt install python3-venv); }

$(VENV)/.ready: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing PyTorch (once)"
	@$(install_torch) || $(call failed,PyTorch could not be installed,read what pip says above; behind a mirror set PIP_INDEX_URL; or name a build: make setup TORCH=torch==2.13.0)
	@echo "Installing Zhiju's packages (once)"
	@$(PIP) install --quiet -c constraints.txt -e . \
	  || $(call failed,a package could not be installed,read what pip says above; behind a mirror set PIP_INDEX_URL)
	@touch $@

$(VENV)/.ready-test: $(VENV)/.ready
	@echo "Installing the test tools (once)"
	@$(PIP) install --quiet -c constraints.txt -e '.[test]' \
	  || $(call failed,a test tool could not be installed,read what pip says above)
	@$(BIN)/python tests/browser/install.py \
	  || $(call failed,no browser for the tests,install Chromium and set CHROMIUM=/path/to/chromium)
	@touch $@

# A machine with an NVIDIA GPU takes the registry's build. Others take the CPU build, which is a tenth of the
# size: where the registry carries it, else PyTorch's own index; macOS and Windows wheels are CPU builds anyway.
install_torch = \
	if $(BIN)/python -c 'import torch' 2>/dev/null; then exit 0; fi; \
	if [ -n "$(TORCH)" ]; then $(PIP) install --quiet $(TORCH); \
	elif nvidia-smi >/dev/null 2>&1 || [ "$$(uname -s)" != Linux ]; then $(PIP) install --quiet torch==$(TORCH_VERSION); \
	else $(PIP) install --quiet torch==$(TORCH_VERSION)+cpu 2>/dev/null \
	  || $(PIP) install --quiet torch==$(TORCH_VERSION) --index-url $(TORCH_CPU_INDEX) 2>/dev/null \
	  || $(PIP) install --quiet torch==$(TORCH_VERSION); fi
