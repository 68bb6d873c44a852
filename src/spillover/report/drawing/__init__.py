"""The figures drawn for papers and notebooks, with matplotlib, which is imported here alone."""
