#!/bin/sh
# Pin what pyproject.toml asks for, with hashes and without addresses.
set -eu
pin() { uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links --quiet "$@"; }
pin --output-file requirements/run.txt
pin --extra dev --constraint requirements/run.txt --output-file requirements/dev.txt
