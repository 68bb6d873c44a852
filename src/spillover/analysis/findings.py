"""Everything that an analysis found, in frozen objects."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from spillover.analysis.additivity import Additivity
from spillover.analysis.answers import TargetAnswers
from spillover.analysis.clique_size import LargestClique
from spillover.analysis.cliques import Clique, GraphName
from spillover.analysis.contrasts import ControlContrast, MatrixContrast
from spillover.analysis.discoveries import Discoveries, count_discoveries
from spillover.analysis.fieller import CellInference
from spillover.analysis.groups import Grouping
from spillover.analysis.leaders import Leader
from spillover.analysis.matrix import TransferMatrix
from spillover.analysis.mixtures import MixtureFindings
from spillover.analysis.personas import AllPersonas, Personas
from spillover.analysis.pgf import TransferArray
from spillover.analysis.records import BaseRecord
from spillover.analysis.settings import AnalysisSettings
from spillover.analysis.shapes import Cells, Transfers
from spillover.analysis.summary import Summary
from spillover.analysis.training import TrainingCurve
from spillover.analysis.verdict import Verdict
from spillover.analysis.warned import Warned
from spillover.analysis.weights import WeightCorrelation, WeightSimilarity

if TYPE_CHECKING:
    import pandas as pd

INDENTED_CELLS = 10_000
"""Cells of all models up to which findings are written over many lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CellFindings:
    """Every cell with its interval, its test and how it was answered; arrays of shape source × target."""

    inference: CellInference
    q: Transfers
    """p after Benjamini-Hochberg over all defined transfers to other tasks; NaN on the diagonal."""
    q_dependent: Transfers
    """The same after Benjamini-Yekutieli."""
    basis: tuple[str, ...]
    """By target: what its intervals rest on; where `inference.unseen` is true, on the rule of three as well."""
    accuracy: np.ndarray
    """Of the finetuned models, mean over seeds; NaN where not known."""
    mcnemar: tuple[np.ndarray | None, ...]
    """By target: exact p of every seed and source, descriptive; None where it cannot be had."""
    answers: tuple[TargetAnswers, ...]
    """By target; empty from a published table."""
    edges: Cells
    """Cells that are edges of the transfer graph."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CliqueFindings:
    """Cliques of one sign."""

    cliques: tuple[Clique, ...]
    largest: dict[GraphName, LargestClique]
    truncated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibratedFindings:
    """The same figures once the answer prior is taken out."""

    transfers: TransferArray
    matrix: TransferMatrix
    inference: CellInference
    """The crossed test of calibrated answers. That the prior is estimated from the same examples is not in it."""
    q: Transfers
    """p adjusted for all transfers to other tasks (Benjamini-Hochberg); NaN elsewhere."""
    summary: Summary
    prior_part: MatrixContrast | None
    """raw − calibrated PGF: the part owed to the answer prior."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolContrast:
    """PGF under this protocol minus PGF under another one: the part owed to format."""

    other: str
    difference: MatrixContrast


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFindings:
    """Whether sources with similar weight updates transfer alike."""

    similarity: WeightSimilarity
    correlation: WeightCorrelation
    """Of the similarity of two tasks with the PGF from one to the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The matrix when part of the training was done."""

    fraction: float
    matrix: TransferMatrix
    own_task: float
    """Mean PGF on the diagonal; NaN where there is none."""
    summary: Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFindings:
    """All findings of one model under one protocol."""

    settings: AnalysisSettings
    """What it was analysed with: fewer replicates than were asked for, where the matrix is too large for them."""
    transfers: TransferArray
    matrix: TransferMatrix
    """Mean PGF over seeds."""
    points: TransferMatrix
    """Mean difference of accuracy."""
    specific: TransferMatrix
    """What is left once generic effects of source and target are taken out."""
    summary: Summary
    without_flagged: Summary
    """The same without flagged and excluded targets (see `Summary.frame.excluded`)."""
    without_unknown_labels: Summary | None
    """The same without the tasks whose label revision is unknown, as source and as target; None where there is none."""
    cells: CellFindings
    positive_cliques: CliqueFindings
    negative_cliques: CliqueFindings
    personas: AllPersonas
    strongest_donor: Leader | None
    """None where no source gives anything."""
    most_harmed: Leader | None
    """None where no target is harmed."""
    groups: tuple[Grouping, ...]
    base: dict[str, BaseRecord]
    calibrated: CalibratedFindings | None
    controls: tuple[ControlContrast, ...]
    protocols: tuple[ProtocolContrast, ...]
    weights: WeightFindings | None
    """None where the adapters are not at hand."""
    progress: tuple[Checkpoint, ...]
    """Earlier checkpoints first, the end of training last; empty where only the end was scored."""
    warnings: tuple[Warned, ...]
    training: tuple[TrainingCurve, ...] = ()
    """One a finetune whose log is at hand; for figures, not in the JSON."""
    mixtures: MixtureFindings | None = None
    """What mixtures did; they take part in nothing else here but `verdicts`, `additivity` and the warnings."""
    verdicts: tuple[Verdict, ...] = ()
    """One for each mixture that the study verifies."""
    additivity: Additivity | None = None
    """None where no mixture was run of which something was predicted."""

    @property
    def model(self) -> str:
        """The model's name in the study."""
        return self.transfers.model

    @property
    def protocol(self) -> str:
        """How it was asked: `letters`, `generate`, or `published` for a table."""
        return self.transfers.protocol

    @property
    def title(self) -> str:
        """Model and, where it is not the usual one, protocol."""
        return f"{self.model} ({self.protocol})" if self.protocol == "generate" else self.model

    @property
    def shown_matrices(self) -> tuple[TransferMatrix, ...]:
        """The matrices of PGFs that are read side by side: raw, calibrated, of each control, of mixtures."""
        calibrated = () if self.calibrated is None else (self.calibrated.matrix,)
        mixtures = () if self.mixtures is None else (self.mixtures.matrix,)
        return (self.matrix, *calibrated, *(control.control for control in self.controls), *mixtures)

    @property
    def is_about_mixtures(self) -> bool:
        """Whether every source is a mixture, or what one is held against, so that nobody asks about the matrix."""
        rivals = {source for verdict in self.verdicts for arm in verdict.arms for source in arm.sources}
        return self.mixtures is not None and rivals.issuperset(self.transfers.sources)

    @property
    def discovered(self) -> Cells:
        """The transfers to other tasks that stand a test at the settings' false discovery rate."""
        q = np.nan_to_num(self.cells.q, nan=1.0)
        return self.summary.frame.transfer & (q <= self.settings.false_discovery_rate)

    @property
    def discoveries(self) -> Discoveries:
        """How many of the transfers that were tested stand the test at the settings' false discovery rate.

        Those of sources that are no targets, and the reverse, count as well, though averages leave them out.
        """
        rate = self.settings.false_discovery_rate
        return count_discoveries(self.cells.q, self.transfers.mean, self.summary.frame.transfer, rate)

    def to_frame(self) -> pd.DataFrame:
        """Convert every cell to a row of a pandas DataFrame: what `matrix.to_frame()` shows, with intervals and tests.

        Columns: `source`, `target`; `pgf`, mean over seeds, with `low` and `high`, its interval (infinite where it is
        unbounded); `p` of no change, and `q`, adjusted over all transfers to other tasks; `points`, mean difference of
        accuracy; `accuracy` of the finetuned models and of the `base`, 0–1. NaN where undefined or not known.

        Raises:
            AnalysisError: pandas is not installed.
        """
        from spillover.analysis.cells_frame import frame_cells  # noqa: PLC0415 (it reads these classes)

        return frame_cells(self)

    def __repr__(self) -> str:
        transfers = self.transfers
        about = f"{len(transfers.sources)} sources × {len(transfers.targets)} targets × {len(transfers.seeds)} seeds"
        mixtures = "" if self.mixtures is None else f"\n{self.mixtures.matrix!r}"
        return f"{self.title}: {about}, {len(self.warnings)} warnings\n{self.matrix!r}{mixtures}"

    def to_html(self) -> str:
        """Write the matrix, what mixtures did, and the warnings as a piece of HTML, as a notebook shows them."""
        warned = "".join(f"<li>{escape(warned.text)}</li>" for warned in self.warnings)
        mixtures = "" if self.mixtures is None else self.mixtures.matrix.to_html()
        return f"<h4>{escape(self.title)}</h4>{self.matrix.to_html()}{mixtures}<ul>{warned}</ul>"

    _repr_html_ = to_html


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Several models side by side, in order of size where their names tell it."""

    protocol: str
    models: tuple[str, ...]
    billions: tuple[float | None, ...]
    """Parameters, read from names such as "Qwen2.5-VL-7B"."""
    same_tasks: bool
    """Whether all have the same common tasks; else averages are not comparable as they stand."""
    consistent: dict[str, Personas]
    """`raw`, `calibrated` and `specific` personas that hold for every model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """The result of `analyze`: one entry for each model and protocol, and what it means in words."""

    models: tuple[ModelFindings, ...]
    comparisons: tuple[Comparison, ...]
    """One for each protocol that several models share."""
    sentences: tuple[str, ...]
    """Plain words, each backed by a figure in here."""
    settings: AnalysisSettings
    """As they were asked for, the same for every model."""
    provenance: dict[str, Any] = field(default_factory=dict[str, Any])

    def __repr__(self) -> str:
        return "\n\n".join([*(repr(model) for model in self.models), "\n".join(f"• {text}" for text in self.sentences)])

    def _repr_html_(self) -> str:
        said = "".join(f"<li>{escape(text)}</li>" for text in self.sentences)
        return "".join(model.to_html() for model in self.models) + f"<ul>{said}</ul>"

    def to_json(self) -> dict[str, Any]:
        """Convert to the JSON form: plain dicts and lists, None where a figure is undefined, a schema version first."""
        from spillover.analysis.findings_json import describe_findings  # noqa: PLC0415 (it reads these classes)

        return describe_findings(self)

    def dump(self) -> str:
        """Write the JSON form as text: for people up to `INDENTED_CELLS`, on one line beyond, which is much faster.

        Complexity: O(cells).
        """
        few = sum(model.transfers.pgf[0].size for model in self.models) <= INDENTED_CELLS
        return json.dumps(self.to_json(), indent=1 if few else None, allow_nan=False, ensure_ascii=False)
