"""From a table of scores to findings: pure, seeded, free of torch and of files."""
