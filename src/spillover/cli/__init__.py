"""The command line: commands of a few lines over the Python API."""
