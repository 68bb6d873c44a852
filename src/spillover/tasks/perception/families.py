"""The families of the suite, in the catalogue's order."""

from __future__ import annotations

from spillover.tasks.perception.art_style import ART_STYLE
from spillover.tasks.perception.counting import COUNTING
from spillover.tasks.perception.family import Family
from spillover.tasks.perception.jigsaw import JIGSAW
from spillover.tasks.perception.object_localization import OBJECT_LOCALIZATION
from spillover.tasks.perception.relative_depth import RELATIVE_DEPTH
from spillover.tasks.perception.relative_reflectance import RELATIVE_REFLECTANCE
from spillover.tasks.perception.spatial_relation import SPATIAL_RELATION
from spillover.tasks.perception.visual_similarity import VISUAL_SIMILARITY

FAMILIES: tuple[Family, ...] = (
    ART_STYLE,
    COUNTING,
    JIGSAW,
    OBJECT_LOCALIZATION,
    RELATIVE_DEPTH,
    RELATIVE_REFLECTANCE,
    SPATIAL_RELATION,
    VISUAL_SIMILARITY,
)
