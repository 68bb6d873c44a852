"""What a task is, where its examples come from, and how an answer is scored. Knows nothing of models."""
