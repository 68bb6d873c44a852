"""Where jobs run: they take jobs and a callable, and know nothing of models or tasks."""
