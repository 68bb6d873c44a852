"""The families of the suite, in the catalogue's order."""

from __future__ import annotations

from spillover.tasks.perception.counting import COUNTING
from spillover.tasks.perception.family import Family
from spillover.tasks.perception.relative_depth import RELATIVE_DEPTH
from spillover.tasks.perception.visual_similarity import VISUAL_SIMILARITY

FAMILIES: tuple[Family, ...] = (COUNTING, RELATIVE_DEPTH, VISUAL_SIMILARITY)
