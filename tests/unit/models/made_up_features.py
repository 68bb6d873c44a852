"""Features that no model computed, and a process that keeps them; it imports little, as each process does so anew."""

import torch

from spillover.models.features import FeatureCache, FeatureDisk, Features

ROOM = 1 << 30


def some_features(seed=0, tokens=(4, 9), layers=2, dtype=torch.float32):
    rng = torch.Generator().manual_seed(seed)

    def draw(length):
        return torch.randn(length, 16, generator=rng).to(dtype)

    return [
        Features(embeddings=draw(length), deepstack=tuple(draw(length) for _ in range(layers))) for length in tokens
    ]


def write_many(folder, start, both_ready):
    both_ready.wait(timeout=300)
    cache = FeatureCache(FeatureDisk(folder=folder, limit_bytes=ROOM), "tower")
    for number in range(start, start + 8):
        cache.keep(f"{number % 10:02d}", some_features(number % 10))
