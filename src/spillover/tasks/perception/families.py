"""The families of the suite, in the catalogue's order."""

from __future__ import annotations

from spillover.tasks.perception.art_style import ART_STYLE
from spillover.tasks.perception.counting import COUNTING
from spillover.tasks.perception.family import Family
from spillover.tasks.perception.forensic_detection import FORENSIC_DETECTION
from spillover.tasks.perception.functional_correspondence import FUNCTIONAL_CORRESPONDENCE
from spillover.tasks.perception.jigsaw import JIGSAW
from spillover.tasks.perception.multi_view import MULTI_VIEW_REASONING
from spillover.tasks.perception.object_localization import OBJECT_LOCALIZATION
from spillover.tasks.perception.relative_depth import RELATIVE_DEPTH
from spillover.tasks.perception.relative_reflectance import RELATIVE_REFLECTANCE
from spillover.tasks.perception.semantic_correspondence import SEMANTIC_CORRESPONDENCE
from spillover.tasks.perception.spatial_relation import SPATIAL_RELATION
from spillover.tasks.perception.visual_correspondence import VISUAL_CORRESPONDENCE
from spillover.tasks.perception.visual_similarity import VISUAL_SIMILARITY

FAMILIES: tuple[Family, ...] = (
    ART_STYLE,
    COUNTING,
    FORENSIC_DETECTION,
    FUNCTIONAL_CORRESPONDENCE,
    JIGSAW,
    MULTI_VIEW_REASONING,
    OBJECT_LOCALIZATION,
    RELATIVE_DEPTH,
    RELATIVE_REFLECTANCE,
    SEMANTIC_CORRESPONDENCE,
    SPATIAL_RELATION,
    VISUAL_CORRESPONDENCE,
    VISUAL_SIMILARITY,
)
