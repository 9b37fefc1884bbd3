# Two commands on a fresh machine: `make run` and `make test`. They need make and Python 3.11 or
# newer; everything else is installed into .venv, once, from the locks.

PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python3.14 python; do \
  if command -v $$name >/dev/null 2>&1 && $$name -c \
  'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' >/dev/null 2>&1; \
  then echo $$name; break; fi; done)
BIN := .venv/bin
OWN := $(or $(BOURNE_HOME),.bourne)
LAKE := $(OWN)/lake
# Tests wait more than they compute, so that three keep two cores busy.
JOBS ?= 3
# Tests with so many processes that they run one after the other; to collect all would take longer.
ALONE = $(shell grep -rl --include='test_*.py' mark.alone bourne_assets_tests)
# `make lock UPGRADE=` keeps what is locked and adds or drops only what pyproject says.
UPGRADE ?= --upgrade

# Where containers set it, each of the hundreds of interpreters that tests start compiled everything.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run dev test test-all test-together test-alone lint bench lock catalogue screenshots lambda-zip clean clean-lake python runtime \
  development

help:
	@echo "make run    run everything once and print the six answers"
	@echo "make dev    open Dagster's UI on the same instance and lake"
	@echo "make test   run the tests that prove every kind of thing once"
	@echo "make test-all  run all tests; with COVERAGE=yes measure what they cover"
	@echo "make lint   check style, types and layers"
	@echo "make bench  measure, and print ratios (half an hour, 15 GB of disk)"
	@echo "make screenshots  take the README's pictures of the UI (needs Chromium)"
	@echo "make catalogue  bring the translations up to date with the sentences"
	@echo "make lock   renew the locks (needs uv)"
	@echo "make lambda-zip  build the function of AWS Lambda: build/bourne-lambda.zip"
	@echo "make clean  remove what was made here (.venv, builds, caches); .bourne, with the lake, stays"
	@echo "make clean-lake  tell what removing the embedded lake removes; with YES=1 remove it"

run: runtime
	@$(BIN)/bourne run

dev: runtime
	@$(BIN)/bourne dev

test: development
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not alone and not exhaustive" --durations=10
	@$(BIN)/python -m pytest $(ALONE) -m "alone and not exhaustive"

# The two halves side by side, as much of both is waiting. With COVERAGE=yes, as CI has it, one after
# the other and by branches: Python 3.11 takes twice as long while it is traced.
test-all: development
	@$(MAKE) --no-print-directory -j $(if $(COVERAGE),1,2) test-together test-alone
ifdef COVERAGE
	@$(BIN)/coverage combine --quiet .coverage-together .coverage-alone
	@$(BIN)/coverage report
endif

COVER = $(if $(COVERAGE),--cov --cov-fail-under=0 --cov-report=)

test-together:
	@COVERAGE_FILE=.coverage-together $(BIN)/python -m pytest -n $(JOBS) --dist worksteal -m "not alone" \
	  --durations=10 $(COVER)

test-alone:
	@COVERAGE_FILE=.coverage-alone $(BIN)/python -m pytest $(ALONE) -m alone --durations=10 $(COVER)

lint: development
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: runtime
	@$(BIN)/python -m bench.overhead
	@$(BIN)/python -m bench.extraction
	@$(BIN)/python -m bench.landing

screenshots: development
	@$(BIN)/python -m bourne_assets_tests.support.screenshots

catalogue: development
	@$(BIN)/python -m scripts.update_catalogue

# One lock for all: Python 3.11 to 3.14, Linux and macOS. The second adds what tests need, the third
# what several machines need; the last is what AWS Lambda needs of it.
lock:
	@command -v uv >/dev/null || { echo "make lock needs uv, which is not installed."; exit 1; }
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes $(UPGRADE) \
	  --no-strip-extras --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	  --extra build pyproject.toml --output-file requirements.lock
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes $(UPGRADE) \
	  --no-strip-extras --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	  --extra build --extra dev --constraint requirements.lock pyproject.toml \
	  --output-file requirements-dev.lock
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes $(UPGRADE) \
	  --no-strip-extras --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	  --extra build --extra deploy-celery --extra deploy-k8s --constraint requirements.lock \
	  pyproject.toml --output-file requirements-deploy.lock
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes $(UPGRADE) \
	  --no-strip-extras --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
	  --constraint requirements-deploy.lock deploy/lambda/requirements.in \
	  --output-file deploy/lambda/requirements.lock

lambda-zip: runtime
	@$(BIN)/python scripts/lambda_zip.py

clean:
	@rm -rf .venv build dist *.egg-info .coverage* .mypy_cache .ruff_cache .pytest_cache \
	  .import_linter_cache .hypothesis .tmp_dagster_home_* screenshots
	@find bourne_assets bourne_assets_tests bench scripts -name __pycache__ -prune -exec rm -rf {} + \
	  2>/dev/null || true

# A server that runs is stopped first; one that somebody uses keeps its lake.
clean-lake:
	@if [ ! -d "$(LAKE)/data" ]; then echo "There is no lake in $(LAKE)."; \
	elif [ "$(YES)" != 1 ]; then \
	  echo "This would remove $(LAKE), $$(du -sh "$(LAKE)" | cut -f1): every landed file, table and answer."; \
	  echo "Dagster's runs stay. To remove it: make clean-lake YES=1"; \
	else \
	  if [ -x $(BIN)/bourne ]; then case "$$(BOURNE_LANG=en $(BIN)/bourne lake stop)" in \
	    *"is stopped"*) ;; *) echo "$(LAKE) is in use: end what uses it first."; exit 1;; esac; fi; \
	  rm -rf "$(LAKE)" "$(OWN)/query" && echo "Removed $(LAKE)."; \
	fi

python:
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { echo "Python 3.11, 3.12, 3.13 or 3.14 is needed and was not found:" \
	  "install one, or name it: make run PYTHON=/path/to/python3."; exit 1; }

runtime: python
	@$(PYTHON) scripts/setup_environment.py requirements.lock

development: python
	@$(PYTHON) scripts/setup_environment.py requirements-dev.lock
