"""What a judge's tablet shows, in the judge's language: the desk with its teams, and one run."""
