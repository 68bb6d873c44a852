"""From findings to a training mixture."""
