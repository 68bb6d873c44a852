import subprocess
import sys

import pytest

import spillover

HEAVY = ("torch", "transformers", "peft", "ray", "pandas", "matplotlib")


@pytest.mark.parametrize("statement", ["import spillover", "import spillover.cli.main"])
def test_importing_loads_nothing_heavy(statement):
    code = f"{statement}; import sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_a_table_is_analysed_without_what_only_studies_need(tmp_path):
    table = tmp_path / "table.csv"
    rows = [f"{seed},{source},{target},0.25" for seed in (0, 1) for source in "ab" for target in "ab"]
    table.write_text("\n".join(["seed,ft_task,task,perfection_gap_factor", *rows]))
    absent = ("networkx", "jaxtyping", "jinja2", "scipy.stats", "spillover.study.plan", "spillover.tasks.perception")
    code = (
        f"from spillover.cli.main import run_command; import sys; assert run_command(['analyze', {str(table)!r}]) == 0;"
        f"print([name for name in {(*HEAVY, *absent)!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"


def test_every_public_name_is_where_it_is_said_to_be():
    for name in spillover.__all__:
        assert getattr(spillover, name).__name__ == name
    with pytest.raises(AttributeError, match="nothing_of_ours"):
        spillover.nothing_of_ours  # noqa: B018
