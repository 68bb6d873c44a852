"""BLINK-style training sets from public datasets, one file a dataset. Each reads the dataset as it lies on disk."""
