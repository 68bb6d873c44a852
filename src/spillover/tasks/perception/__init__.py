"""Procedural analogues of BLINK's 13 tasks: endless, exactly labelled, drawn at any size."""
