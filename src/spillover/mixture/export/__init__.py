"""A mixture as files that trainers take as they are."""
