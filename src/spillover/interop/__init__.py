"""Readers of results that others wrote, one file a format."""
