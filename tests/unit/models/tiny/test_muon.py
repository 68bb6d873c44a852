"""Muon in single precision does what torch's own does in bfloat16."""

from __future__ import annotations

import torch

from tiny_muon import Muon, orthogonalise


def test_singular_values_come_near_one() -> None:
    torch.manual_seed(0)
    for rows, columns in ((64, 24), (24, 64)):
        values = torch.linalg.svdvals(orthogonalise(torch.randn(3, rows, columns)))
        assert values.min() > 0.3
        assert values.max() < 1.3


def test_steps_follow_torchs_own() -> None:
    torch.manual_seed(0)
    start, gradients = torch.randn(48, 16), torch.randn(4, 48, 16)
    ours, theirs = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.clone())
    mine = Muon([ours], lr=0.02, weight_decay=0.1)
    stock = torch.optim.Muon([theirs], lr=0.02, weight_decay=0.1, adjust_lr_fn="match_rms_adamw")
    for gradient in gradients:
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        mine.step()
        stock.step()
    moved = (ours - start).flatten(), (theirs - start).flatten()
    assert torch.nn.functional.cosine_similarity(*moved, dim=0) > 0.999
    assert 0.97 < moved[0].norm() / moved[1].norm() < 1.03
