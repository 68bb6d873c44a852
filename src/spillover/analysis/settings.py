"""What a user may decide about an analysis; everything else follows from the data.

Free of torch and of files: `study` composes these settings into its YAML, and the command line fills them from options.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from spillover.core.errors import AnalysisError, nearest, shortened

Measure = Literal["raw", "calibrated"]
"""PGF as it is, or with the answer prior taken out."""
NamedCeiling = Literal["human", "specialist", "best"]
"""Human score, a specialist model's score (both from the task's facts), or the best score seen in the data."""


def _refuse_percent(value: object) -> object:
    """Refuse 95.3 where 0.953 is meant: asked, not guessed."""
    entries = value.values() if isinstance(value, dict) else [value]
    for entry in entries:
        if isinstance(entry, int | float) and not 0 < entry <= 1:
            hint = (
                f"{entry} looks like percent: write {entry / 100:g}" if 1 < entry <= 100 else "use a number in (0, 1]"
            )
            raise ValueError(f"a ceiling is a fraction, 0 < ceiling ≤ 1, not {entry}; {hint}")
    return value


FEWEST_REPLICATES = 200
"""With fewer the ends of a 95 % interval would rest on five replicates each."""

Fraction = Annotated[float, Field(gt=0, le=1)]
Ceiling = Annotated[
    NamedCeiling | Fraction | dict[str, NamedCeiling | Fraction],
    BeforeValidator(_refuse_percent),
]
"""The score U at which nothing is left to gain, for all targets or by target."""


def naming_nearest(cls: type[BaseModel], given: Any, handler: Callable[[Any], Any]) -> Any:
    """Validate, and say of a name that is unknown which one may be meant, as study files do."""
    try:
        return handler(given)
    except ValidationError as error:
        raise ValidationError.from_exception_data(
            error.title, [_naming(each, cls) for each in error.errors()]
        ) from None


def _naming(detail: ErrorDetails, form: type[BaseModel]) -> InitErrorDetails:
    kind, place = detail["type"], detail["loc"]
    if kind == "extra_forbidden" and len(place) == 1:
        told = nearest(str(place[0]), form.model_fields)
        unknown = PydanticCustomError(kind, "unknown: {nearest}", {"nearest": told})
        return {"type": unknown, "loc": place, "input": detail["input"]}
    return {"type": kind, "loc": place, "input": detail["input"], "ctx": detail.get("ctx", {})}


class AnalysisSettings(BaseModel):
    """How scores become findings.

    >>> AnalysisSettings().ceiling
    1.0
    >>> AnalysisSettings(ceiling={"Jigsaw": "human"}).ceiling
    {'Jigsaw': 'human'}
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
    _name_nearest = model_validator(mode="wrap")(naming_nearest)

    ceiling: Ceiling = 1.0
    """The score at which nothing is left to gain: the paper's is 1. A mapping gives it by target; those that it leaves
    out keep 1."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """Coverage of every interval."""
    false_discovery_rate: float = Field(default=0.05, gt=0, lt=0.5)
    """Level of Benjamini-Hochberg, for cells and for personas."""
    replicates: int = Field(default=2000, ge=0, le=1_000_000)
    """Bootstrap replicates behind the intervals of derived quantities; 0 leaves them out."""
    replicated_values: int = Field(default=150_000_000, ge=1)
    """PGFs of all replicates and seeds together at most: a matrix of very many cells gets fewer replicates, though not
    fewer than 200, and findings warn of it."""
    permutations: int = Field(default=1000, ge=0, le=1_000_000)
    """Permutations behind the test of the largest clique; 0 leaves it out."""
    seed: int = 0
    """Of the analysis' own randomness. The same data and seed give the same findings."""
    edge_threshold: float = Field(default=0.0, ge=0)
    """Smallest |PGF| of an edge of the transfer graph."""
    significant_edges: bool = False
    """Keep only edges whose cell is a discovery after Benjamini-Hochberg."""
    max_cliques: int = Field(default=1000, ge=1)
    """How many cliques are listed at most, a sign."""
    collapse_share: Fraction = 0.25
    """Flag a target where at least this share of its cells has one and the same number correct."""
    excluded_targets: tuple[str, ...] = ()
    """Left out of the second version of every summary, beside the targets that are flagged."""
    trusted_labels: tuple[str, ...] = ()
    """Targets whose label revision is known to be the corrected one (see BLINK's Relative_Reflectance)."""
    weight_similarity: bool = True
    """Compare the sources' LoRA updates, where a study's adapters are at hand: all of them are read."""
    attributes: dict[str, dict[str, str]] = {}
    """Attributes of the user's own to group by: attribute name → task → value."""

    def sized(self, values: int) -> AnalysisSettings:
        """Take as many replicates as a matrix allows.

        Args:
            values: seeds × sources × targets.

        >>> AnalysisSettings().sized(3 * 500 * 500).replicates, AnalysisSettings().sized(4 * 13 * 13).replicates
        (200, 2000)
        """
        most = max(self.replicated_values // max(values, 1), FEWEST_REPLICATES)
        return self.model_copy(update={"replicates": min(self.replicates, most)})

    def ceiling_of(self, target: str) -> NamedCeiling | float:
        """The ceiling as it was set for one target.

        >>> AnalysisSettings(ceiling={"Jigsaw": 0.9}).ceiling_of("Counting")
        1.0
        """
        if isinstance(self.ceiling, dict):
            return self.ceiling.get(target, 1.0)
        return self.ceiling


class VerificationSettings(BaseModel):
    """Which source is what, in a study of a mixture that was chosen: every name is one of the study's sources."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    targets: tuple[str, ...] = Field(min_length=1)
    """What the mixture was chosen for."""
    protected: tuple[str, ...] = ()
    """Targets of the study that the mixture must not harm."""
    tolerance: float = Field(default=0.0, ge=0)
    """Harm to a protected task that is accepted, PGF."""
    chosen: str
    """The mixture that was chosen."""
    random: tuple[str, ...] = ()
    """Mixtures drawn at random; at least two, if any."""
    best_single: str | None = None
    """The source with the largest PGF on the targets."""
    doses: tuple[str, ...] = ()
    """The best single source once more, on fewer examples: mixtures of it alone, with a `dose` below 1."""
    direct: str | None = None
    """The targets' own data."""
    measure: Measure = "raw"
    """What the mixture was chosen by, and is judged by."""
    fresh: bool = False
    """Whether the study asks other examples than those that the mixture was chosen by."""


def tell_differing(given: Sequence[AnalysisSettings]) -> str:
    """Say which settings are not the same in all; empty where all are.

    Complexity: O(settings).

    >>> tell_differing([AnalysisSettings(), AnalysisSettings(confidence=0.9), AnalysisSettings()])
    'confidence is 0.95 or 0.9'
    """
    values = {name: [getattr(settings, name) for settings in given] for name in AnalysisSettings.model_fields}
    differing = {name: listed for name, listed in values.items() if any(value != listed[0] for value in listed)}
    return "; ".join(
        f"{name} is {' or '.join(dict.fromkeys(shortened(value) for value in listed))}"
        for name, listed in differing.items()
    )


def require_known_targets(settings: AnalysisSettings, targets: tuple[str, ...]) -> None:
    """Refuse settings that speak of targets the data does not have.

    Raises:
        AnalysisError: a ceiling or an exclusion names no target.

    Complexity: O(targets).

    >>> require_known_targets(AnalysisSettings(), ("Jigsaw",))
    """
    named = set(settings.excluded_targets)
    if isinstance(settings.ceiling, dict):
        named |= settings.ceiling.keys()
    if unknown := sorted(named - set(targets)):
        raise AnalysisError(
            f"the settings speak of targets that are not in the data: {', '.join(unknown)}",
            where="analysis",
            hint=f"targets: {', '.join(targets)}",
        )
