"""Figures as numbers: what each one shows, computed and tested apart from any drawing of it."""
