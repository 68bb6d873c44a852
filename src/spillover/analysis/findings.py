"""Everything that an analysis found, in one frozen object, and its JSON form."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from spillover.analysis.matrix import TransferMatrix
from spillover.analysis.pgf import TransferArray
from spillover.analysis.summary import Summary

FINDINGS_SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRecord:
    """How the base does on one target before any finetuning."""

    accuracy: float | None
    """None where only PGFs are known and counts could not be recovered."""
    calibrated: float | None
    """After letter-prior calibration; None where log-probabilities are not known."""
    examples: int | None
    chance: float | None
    unparsed: float | None
    """Share of replies from which no answer could be read."""
    letters: dict[str, float]
    """How often each option was answered, as shares."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Something that a careful reviewer would raise."""

    kind: str
    tasks: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibratedFindings:
    """The same figures once the answer prior is taken out."""

    matrix: TransferMatrix
    summary: Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlFindings:
    """What the source's perception adds to its format: source minus control, on the seeds and targets of both."""

    kind: str
    sources: tuple[str, ...]
    control: TransferMatrix
    """PGF of the control itself."""
    contrast: TransferMatrix
    """PGF(source) − PGF(control), on the common denominator."""
    contrast_points: TransferMatrix
    """Accuracy of the source's model minus that of the control's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFindings:
    """All findings of one model under one protocol."""

    transfers: TransferArray
    matrix: TransferMatrix
    """Mean PGF over seeds."""
    points: TransferMatrix
    """Mean difference of accuracy."""
    specific: TransferMatrix
    """What is left once generic effects of source and target are taken out."""
    summary: Summary
    base: dict[str, BaseRecord]
    calibrated: CalibratedFindings | None
    controls: tuple[ControlFindings, ...]
    warnings: tuple[Warned, ...]

    @property
    def model(self) -> str:
        """The model's name in the study."""
        return self.transfers.model

    @property
    def protocol(self) -> str:
        """How it was asked: `letters`, `generate`, or `published` for a table."""
        return self.transfers.protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The result of `analyze`: one entry for each model and protocol, and what it means in words."""

    models: tuple[ModelFindings, ...]
    sentences: tuple[str, ...]
    """Plain words, each backed by a figure in here."""
    provenance: dict[str, Any] = field(default_factory=dict[str, Any])

    def to_json(self) -> dict[str, Any]:
        """Convert to the JSON form, plain dicts and lists, None where a figure is undefined.

        The names are those of the project's method (§10); a schema version stands first.
        """
        from spillover.analysis.findings_json import describe_findings  # noqa: PLC0415 (it reads these classes)

        return describe_findings(self)

    def dump(self) -> str:
        """Write the JSON form as text.

        Complexity: O(cells).
        """
        return json.dumps(self.to_json(), indent=1, allow_nan=False, ensure_ascii=False)
