"""How a study is written, planned, run and kept."""
