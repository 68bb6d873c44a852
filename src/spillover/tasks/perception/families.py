"""The families of the suite, in the catalogue's order."""

from __future__ import annotations

from spillover.tasks.perception.family import Family

FAMILIES: tuple[Family, ...] = ()
