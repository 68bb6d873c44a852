import subprocess
import sys

import pytest

HEAVY = ("torch", "transformers", "peft", "ray", "pandas", "matplotlib")


@pytest.mark.parametrize("statement", ["import spillover", "import spillover.cli.main"])
def test_importing_loads_nothing_heavy(statement):
    code = f"{statement}; import sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
