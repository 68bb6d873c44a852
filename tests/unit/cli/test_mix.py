"""The command that recommends a mixture: what it prints and refuses."""

import json

import pytest
from tests.unit.mixture.made_tables import HELPFUL, table

from spillover.cli.main import run_command
from spillover.core.numbers import signed


@pytest.fixture
def file(tmp_path):
    rows = [f"{row.seed},{row.source},{row.target},{row.pgf}" for row in table(HELPFUL, noise=0.02).rows]
    place = tmp_path / "pgf.csv"
    place.write_text("\n".join(["seed,ft_task,task,perfection_gap_factor", *rows]))
    return str(place)


@pytest.mark.parametrize("strategy", ["robust", "threshold", "proportional", "best-single"])
def test_what_is_protected_is_shown_with_its_prediction_whichever_the_strategy(strategy, file, capsys):
    asked = ["mix", file, "--target", "JG", "--protect", "AS", "--tolerance", "0.02", "--strategy", strategy]
    assert run_command(asked) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if " protected " in line)
    assert line.split()[0] == "Art_Style"
    assert run_command([*asked, "--json"]) == 0
    effects = {effect["task"]: effect for effect in json.loads(capsys.readouterr().out)["effects"]}
    assert effects["Art_Style"]["worst"] >= -0.025
    assert line.split()[2] == signed(effects["Art_Style"]["predicted"])
    assert effects["Art_Style"]["promised"] is None
    assert effects["Jigsaw"]["promised"] <= effects["Jigsaw"]["predicted"]


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        (["--max-share", "0.2"], "can hold 60% of the budget", "raise --max-share to 0.334"),
        (["--strategy", "best-single", "--max-share", "0.5"], "Jigsaw alone can hold 50%", "raise --max-share to 1"),
        (["--available", "JG=9", "--strategy", "direct"], "can give 9 examples", "lower --budget to 9"),
        (["--max-share", "1.5"], "--max-share", "less than or equal to 1"),
        (["--threshold", "0.1"], "--threshold", "only the strategy threshold has one"),
        (["--tolerance", "0.1"], "--tolerance", "nothing is protected"),
    ],
)
def test_a_limit_that_cannot_be_kept_is_named_with_what_can(options, message, hint, file, capsys):
    assert run_command(["mix", file, "--target", "JG", *options]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert message in said
    assert hint in said
