"""What `engine.py` compares: both sides, what they are given, how they are timed and shown."""
