#!/bin/sh
# Collect every sentence a person reads and merge it into the Kazakh, Russian and English catalogues.
set -eu
bin=${VENV:-.venv}/bin
$bin/pybabel --quiet extract -F web/babel.cfg --no-location --sort-output --project lab-controller -o web/locales/messages.pot .
for language in kk ru en; do
  $bin/pybabel --quiet update --no-fuzzy-matching --ignore-obsolete -i web/locales/messages.pot -d web/locales -l "$language"
done
