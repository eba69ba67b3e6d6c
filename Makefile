PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
ASSETS := $(VENV)/.assets
PARTS  := $(VENV)/.parts
PAGES  := $(shell find web/assets web/locales -path web/assets/dist -prune -o -name '*.js' -print -o -name '*.css' -print -o -name '*.svg' -print -o -name '*.po' -print)

.PHONY: setup run test check bench screenshots clean lock messages

setup: $(READY) $(ASSETS)

$(READY): requirements/dev.txt pyproject.toml scripts/setup.sh
	@PYTHON=$(PYTHON) VENV=$(VENV) sh scripts/setup.sh
	@touch $@

$(ASSETS): $(READY) build_assets.py package.json package-lock.json $(PAGES)
	@$(BIN)/python build_assets.py
	@touch $@

$(PARTS): scripts/parts.sh scripts/peers.sh
	@sh scripts/parts.sh
	@mkdir -p $(VENV) && touch $@

run: setup
	@$(BIN)/lab demo

test: $(PARTS) setup
	@$(BIN)/python -m pytest

check: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q -n auto --maxprocesses 4 -m "not peer and not slow and not hypothesis"

bench: $(PARTS) setup
	@$(BIN)/python -m tests.bench

screenshots: $(PARTS) setup
	@$(BIN)/python -m tests.browser.screenshots

lock:
	@sh scripts/lock.sh

messages: setup
	@sh scripts/messages.sh

clean:
	@rm -rf $(VENV) build dist web/assets/dist node_modules .pytest_cache .mypy_cache .ruff_cache .hypothesis
