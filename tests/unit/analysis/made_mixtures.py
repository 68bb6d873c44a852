"""Scores of a made-up study of a mixture: the effect of each source is known."""

from dataclasses import replace

import numpy as np

from spillover.analysis.cube import ScoreCube, example_cube

TARGETS = ("Jigsaw", "Counting")


def mixture_cube(rng, effects, *, seeds=3, examples=400, base=0.5, seed_spread=0.0, **known):
    """Every finetuned model is right as often as the base, plus its source's effect, plus its own seed's.

    Args:
        rng: of the answers.
        effects: by source, accuracy points.
        seeds: training seeds.
        examples: of each target.
        base: the base's accuracy.
        seed_spread: standard deviation of a finetune's own effect, accuracy points.
        known: which sources are mixtures, and what they verify.
    """
    runs = [[effect + seed_spread * rng.standard_normal() for effect in effects.values()] for _ in range(seeds)]
    skill = np.clip(base + np.array(runs), 0, 1)
    blocks = []
    for target in TARGETS:
        luck = rng.random((1, 1, examples))  # hard examples are hard for all
        own = rng.random((seeds, len(effects), examples))
        scores = (np.where(own < 0.5, luck, rng.random(own.shape)) < skill[..., None]).astype(float)
        before = (luck[0] < base).astype(float)
        blocks.append(
            replace(
                example_cube().blocks[0],
                target=target,
                examples=tuple(map(str, range(examples))),
                answers=np.zeros(examples, dtype=int),
                option_counts=np.full(examples, 2),
                base=before,
                scores=scores,
                base_given=(1 - before).astype(int),
                given=(1 - scores).astype(int),
            )
        )
    return ScoreCube(
        model="m",
        protocol="letters",
        sources=tuple(effects),
        targets=TARGETS,
        seeds=tuple(range(seeds)),
        blocks=tuple(blocks),
        **known,
    )
