"""Programs for kits: a file, the job that puts it onto a kit, and everything that came of it."""
