"""The kinds of things that the suite knows, each made of named parts.

Every family that speaks of objects speaks of these, so that knowing what a dog looks like helps to count, to locate and
to match. No kind is its own mirror image among its landmarks: a point on one has exactly one counterpart on another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["hold", "work", "join", "end"]
"""What a tool's part is for: to be held, to do the work, to join the two, or to end the tool opposite to the work."""

ROLES: tuple[Role, ...] = ("hold", "work", "join", "end")


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a kind, in a frame that spans −1 to 1 both ways, y downwards."""

    name: str
    place: tuple[float, float]
    """Its centre."""
    shape: tuple[float, float, float, float]
    """Half length, half width, rounding and taper, as in a blob."""
    angle: float = 0.0
    """Degrees, from x towards y."""
    tone: float = 0.0
    """How much lighter (up to 1) or darker (down to −1) than the thing's own colour."""
    landmark: bool = True
    """Whether its centre is a point that every thing of the kind has exactly once and shows."""
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of thing."""

    name: str
    parts: tuple[Part, ...]
    """From back to front."""
    action: str | None = None
    """What a tool is used for."""

    @property
    def landmarks(self) -> tuple[str, ...]:
        """The names of the parts that can be matched with those of another thing of the kind."""
        return tuple(part.name for part in self.parts if part.landmark)

    def index_of(self, part_name: str) -> int:
        """The place of a part among the parts."""
        return [part.name for part in self.parts].index(part_name)

    def index_of_role(self, role: Role) -> int:
        """The place of the part that has a role."""
        return [part.role for part in self.parts].index(role)


ANIMALS = (
    Kind(
        "dog",
        (
            Part("tail", (-0.80, -0.32), (0.26, 0.0, 0.08, 0.0), -55),
            Part("hind leg", (-0.48, 0.50), (0.32, 0.0, 0.11, 0.0), 90, -0.2),
            Part("front leg", (0.36, 0.50), (0.32, 0.0, 0.11, 0.0), 90, -0.2),
            Part("body", (-0.05, 0.05), (0.42, 0.0, 0.28, 0.0)),
            Part("head", (0.62, -0.34), (0.08, 0.0, 0.26, 0.0), 20, 0.15),
            Part("ear", (0.46, -0.50), (0.16, 0.0, 0.08, 0.0), 60, -0.5),
            Part("nose", (0.90, -0.24), (0.0, 0.0, 0.09, 0.0), 0, -0.8),
        ),
    ),
    Kind(
        "bird",
        (
            Part("tail", (-0.74, 0.14), (0.30, 0.15, 0.02, -0.6), -14, -0.3),
            Part("leg", (0.04, 0.66), (0.24, 0.0, 0.06, 0.0), 90, -0.5),
            Part("body", (-0.05, 0.10), (0.24, 0.0, 0.36, 0.0), -14),
            Part("wing", (-0.18, 0.04), (0.28, 0.13, 0.06, 0.6), -28, -0.45),
            Part("head", (0.46, -0.38), (0.0, 0.0, 0.26, 0.0), 0, 0.2),
            Part("beak", (0.82, -0.36), (0.17, 0.10, 0.01, -1.0), 8, 0.6),
        ),
    ),
    Kind(
        "fish",
        (
            Part("tail", (-0.76, 0.0), (0.22, 0.22, 0.02, -0.9), 0, -0.3),
            Part("top fin", (-0.08, -0.46), (0.24, 0.14, 0.02, -0.7), 20, -0.35),
            Part("belly fin", (0.16, 0.44), (0.16, 0.08, 0.02, -0.7), 125, -0.15),
            Part("body", (0.10, 0.0), (0.32, 0.10, 0.28, 0.2)),
            Part("stripe", (-0.10, 0.0), (0.26, 0.06, 0.01, 0.0), 90, 0.7),
            Part("eye", (0.56, -0.12), (0.0, 0.0, 0.10, 0.0), 0, -0.9),
        ),
    ),
)

OBJECTS = (
    Kind(
        "car",
        (
            Part("cabin", (-0.12, -0.28), (0.26, 0.42, 0.04, 0.3), 90, 0.1),
            Part("window", (0.02, -0.26), (0.18, 0.12, 0.02, 0.0), 0, 0.75),
            Part("body", (0.0, 0.14), (0.88, 0.20, 0.06, 0.0)),
            Part("front wheel", (0.54, 0.40), (0.0, 0.0, 0.24, 0.0), 0, -0.85),
            Part("hind wheel", (-0.54, 0.40), (0.0, 0.0, 0.24, 0.0), 0, -0.85),
            Part("lamp", (0.86, 0.06), (0.0, 0.0, 0.12, 0.0), 0, 0.85),
        ),
    ),
    Kind(
        "house",
        (
            Part("chimney", (0.42, -0.72), (0.20, 0.09, 0.0, 0.0), 90, -0.6),
            Part("wall", (0.0, 0.34), (0.62, 0.46, 0.0, 0.0)),
            Part("roof", (0.0, -0.40), (0.30, 0.44, 0.0, 0.95), 90, -0.45),
            Part("door", (-0.26, 0.52), (0.28, 0.15, 0.0, 0.0), 90, -0.7),
            Part("window", (0.30, 0.26), (0.16, 0.16, 0.0, 0.0), 0, 0.8),
        ),
    ),
    Kind(
        "chair",
        (
            Part("hind leg", (-0.40, 0.58), (0.36, 0.0, 0.08, 0.0), 90, -0.4),
            Part("front leg", (0.48, 0.58), (0.36, 0.0, 0.08, 0.0), 96, -0.4),
            Part("back", (-0.48, -0.42), (0.46, 0.07, 0.03, 0.0), 84, 0.1),
            Part("seat", (0.02, 0.16), (0.54, 0.08, 0.04, 0.0), 0, 0.45),
        ),
    ),
)

TOOLS = (
    Kind(
        "hammer",
        (
            Part("handle", (-0.36, 0.0), (0.46, 0.0, 0.11, 0.0), 0, -0.45, role="hold"),
            Part("neck", (0.30, 0.0), (0.24, 0.06, 0.0, 0.0), 0, -0.1, role="join"),
            Part("head", (0.64, 0.04), (0.44, 0.18, 0.02, 0.0), 90, 0.05, landmark=False),
            Part("claw", (0.60, -0.50), (0.18, 0.10, 0.0, -0.9), -100, 0.1, role="end"),
            Part("face", (0.64, 0.54), (0.12, 0.22, 0.02, 0.0), 90, 0.75, role="work"),
        ),
        action="strike",
    ),
    Kind(
        "knife",
        (
            Part("handle", (-0.54, 0.04), (0.28, 0.06, 0.06, 0.0), 0, -0.6, role="hold"),
            Part("end", (-0.92, 0.04), (0.0, 0.0, 0.14, 0.0), 0, 0.3, role="end"),
            Part("blade", (0.34, 0.0), (0.62, 0.13, 0.01, -0.6), 0, 0.5, landmark=False),
            Part("guard", (-0.18, 0.04), (0.22, 0.05, 0.02, 0.0), 90, -0.2, role="join"),
            Part("edge", (0.56, 0.08), (0.36, 0.05, 0.0, -0.7), 4, 0.95, role="work"),
        ),
        action="cut",
    ),
    Kind(
        "spoon",
        (
            Part("handle", (-0.44, 0.0), (0.40, 0.03, 0.04, -0.3), 0, -0.1, role="hold"),
            Part("end", (-0.90, 0.0), (0.0, 0.0, 0.13, 0.0), 0, -0.5, role="end"),
            Part("neck", (0.16, 0.0), (0.16, 0.07, 0.0, 0.7), 0, 0.2, role="join"),
            Part("rim", (0.62, 0.0), (0.08, 0.0, 0.32, 0.0), 0, 0.1, landmark=False),
            Part("bowl", (0.62, 0.0), (0.08, 0.0, 0.20, 0.0), 0, 0.75, role="work"),
        ),
        action="scoop",
    ),
    Kind(
        "brush",
        (
            Part("handle", (-0.34, 0.0), (0.44, 0.03, 0.06, 0.5), 0, 0.2, role="hold"),
            Part("end", (-0.88, 0.0), (0.0, 0.0, 0.11, 0.0), 0, -0.7, role="end"),
            Part("bristles", (0.76, 0.0), (0.22, 0.26, 0.0, 0.3), 0, -0.6, role="work"),
            Part("band", (0.36, 0.0), (0.18, 0.22, 0.0, 0.0), 0, 0.85, role="join"),
        ),
        action="sweep",
    ),
    Kind(
        "mug",
        (
            Part("handle", (-0.74, 0.06), (0.28, 0.0, 0.13, 0.0), 90, -0.25, role="hold"),
            Part("join", (-0.42, 0.06), (0.20, 0.08, 0.0, 0.0), 0, -0.6, role="join"),
            Part("body", (0.22, 0.10), (0.62, 0.48, 0.04, 0.0), 90, 0.1, landmark=False),
            Part("foot", (0.22, 0.72), (0.42, 0.10, 0.02, 0.0), 0, -0.5, role="end"),
            Part("mouth", (0.22, -0.56), (0.44, 0.08, 0.06, 0.0), 0, 0.8, role="work"),
        ),
        action="pour",
    ),
)

SHAPES = (
    Kind("ball", (Part("ball", (0.0, 0.0), (0.0, 0.0, 0.85, 0.0)),)),
    Kind("box", (Part("box", (0.0, 0.0), (0.74, 0.74, 0.02, 0.0)),)),
    Kind("cone", (Part("cone", (0.0, 0.0), (0.80, 0.42, 0.02, 0.95), 90),)),
    Kind("bar", (Part("bar", (0.0, 0.0), (0.90, 0.24, 0.02, 0.0)),)),
)

KINDS: dict[str, Kind] = {kind.name: kind for kind in (*ANIMALS, *OBJECTS, *TOOLS, *SHAPES)}
"""Every kind by its name."""

SHAPE_NAMES = tuple(kind.name for kind in SHAPES)
TOOL_NAMES = tuple(kind.name for kind in TOOLS)
CREATURE_NAMES = tuple(kind.name for kind in (*ANIMALS, *OBJECTS))
"""Kinds that stand upright and face one way."""
