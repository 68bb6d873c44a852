"""What can be asked of a mixture."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from spillover.analysis.settings import Measure
from spillover.mixture.strategies import Strategy


class MixtureSettings(BaseModel):
    """Which tasks a mixture is for, and what limits it."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    targets: tuple[str, ...] = Field(min_length=1)
    """Tasks to become better at, by name or abbreviation; several count equally."""
    protected: tuple[str, ...] = ()
    """Tasks that must not become worse. The strategies random and direct look at no effect, and protect nothing."""
    budget: int = Field(default=1000, ge=1)
    """Training examples in all."""
    exclude_target_data: bool = False
    """Whether the targets' own training data is left out, as where it is scarce."""
    strategy: Strategy = "robust"
    """How shares are chosen: `robust` weighs gains against their noise; `threshold`, `proportional` and `best-single`
    go by the PGFs alone; `random` and `direct`, the targets' own data, look at no effect."""
    max_sources: int | None = Field(default=None, ge=1)
    """Sources at most; None sets no limit, and lets `random` draw three."""
    max_share: float = Field(default=1.0, gt=0, le=1)
    """Of one source, 0–1."""
    tolerance: float = Field(default=0.0, ge=0)
    """Harm to a protected task that is accepted, PGF, in the mean of the worst fifth of cases."""
    threshold: float = 0.0
    """Of the `threshold` strategy: sources with a larger PGF are taken."""
    available: dict[str, int] = Field(default_factory=dict)
    """Training examples that a source has; others are taken to have enough, and one with 0 is
    left out."""
    measure: Measure = "raw"
    """Raw PGF, or with the answer prior taken out."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """Of every interval, 0.5–1."""
    replicates: int = Field(default=1000, ge=100, le=20_000)
    """Joint bootstrap replicates."""
    splits: int = Field(default=20, ge=0, le=1000)
    """Times that the evidence is split in halves, to tell by how much choosing flatters; 0 promises nothing."""
    seed: int = Field(default=0, ge=0)
    """Of the halves, and of what `random` draws; replicates have the seed of the analysis."""

    @field_validator("tolerance", "threshold")
    @classmethod
    def _is_of_use(cls, value: float, info: ValidationInfo) -> float:
        """Refuse what would be ignored without a word."""
        if value and info.field_name == "tolerance" and not info.data.get("protected"):
            raise ValueError("nothing is protected that could be harmed so far")
        if value and info.field_name == "threshold" and info.data.get("strategy") != "threshold":
            raise ValueError("only the strategy threshold has one")
        return value
