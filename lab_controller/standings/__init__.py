"""A table from a discipline file and a file of results, with no database."""
