PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
PARTS  := $(VENV)/.parts

.PHONY: setup run test check bench screenshots clean lock messages

setup: $(READY)

$(READY): requirements/dev.txt pyproject.toml build_assets.py package.json package-lock.json $(wildcard web/assets/*.js web/assets/*.css)
	@PYTHON=$(PYTHON) VENV=$(VENV) sh scripts/setup.sh
	@touch $@

$(PARTS): scripts/parts.sh
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
	@$(BIN)/python -m pytest -q -n 2 -m "not peer and not slow"

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
