import ast
import inspect
import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import spillover
import spillover.analysis
from lowest_versions import lowest_versions

PACKAGES = (spillover, spillover.analysis)
LIGHT = [name for home, names in spillover._HOMES.items() if "drawing" not in home for name in names.split()]
HEAVY = ("torch", "transformers", "peft", "ray", "pandas", "matplotlib")


@pytest.mark.parametrize(
    "statement",
    [
        f"import spillover; [getattr(spillover, name) for name in {LIGHT!r}]",
        "import spillover.cli.main",
    ],
)
def test_importing_loads_nothing_heavy(statement):
    code = f"{statement}; import sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_what_is_imported_is_declared():
    """Not left to what other packages happen to bring; pandas may be absent, and pydantic-core is half of pydantic."""
    files = Path(spillover.__file__).parent.rglob("*.py")
    nodes = [node for file in files for node in ast.walk(ast.parse(file.read_text()))]
    imported = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    modules = {name.partition(".")[0] for name in imported} - {"spillover"} - sys.stdlib_module_names
    homes = packages_distributions()
    packages = {_canonical(package) for module in modules for package in homes[module]}
    declared = {_canonical(line.partition("==")[0]) for line in lowest_versions()}
    assert packages - declared == {"pandas", "pydantic-core"}
    assert declared - packages == {"bitsandbytes"}  # transformers imports it


def _canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there(package):
    assert set(package.__all__) <= set(dir(package))
    named = {name: getattr(package, name) for name in package.__all__}
    assert {getattr(value, "__name__", name) for name, value in named.items()} == set(named)  # a union has no name
    with pytest.raises(AttributeError, match="no attribute 'analyse'"):
        _ = package.analyse


@pytest.mark.parametrize("package", PACKAGES)
def test_checkers_of_types_are_told_of_the_same_names_in_the_same_modules(package):
    nodes = ast.walk(ast.parse(Path(package.__file__).read_text()))
    checked = next(node for node in nodes if isinstance(node, ast.If) and isinstance(node.test, ast.Name))
    assert ast.unparse(checked.test) == "TYPE_CHECKING"
    told = {
        (each.module.removeprefix(f"{package.__name__}."), alias.name) for each in checked.body for alias in each.names
    }
    loaded = {(home, name) for home, names in package._HOMES.items() for name in names.split()}
    assert told == loaded
    assert sorted(name for _, name in loaded) == package.__all__


def test_every_path_may_be_written_as_text():
    paths = {
        f"{name}({parameter.name}: {parameter.annotation})"
        for name in spillover.__all__
        if inspect.isfunction(function := getattr(spillover, name))
        for parameter in inspect.signature(function).parameters.values()
        if "Path" in str(parameter.annotation)
    }
    assert len(paths) > 5
    assert [each for each in paths if "str" not in each.partition("(")[2]] == []


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_ctrl_c_while_loading_is_one_line(tmp_path):
    """A module that is loaded early says that loading has begun; the signal comes while the rest is loaded."""
    code = (
        "import os, signal, sys, runpy\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'spillover.cli':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "sys.argv = ['spillover', 'init']\n"
        "runpy.run_module('spillover', run_name='__main__')\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "interrupted\n")


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
@pytest.mark.parametrize("moment", ["spillover.cli.main", "spillover.cli.analyze"])
def test_a_second_sigterm_while_python_takes_itself_down_leaves_the_code_as_it_is(tmp_path, moment):
    """Launchers forward what schedulers send, so that it comes twice."""
    code = (
        "import os, signal, sys, runpy\n"
        "class Terminate:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {moment!r}:\n"
        "            os.kill(os.getpid(), signal.SIGTERM)\n"
        "    def __del__(self, kill=os.kill, process=os.getpid()):\n"
        "        kill(process, 15)\n"
        "last = Terminate()\n"
        "sys.meta_path.insert(0, last)\n"
        "sys.argv = ['spillover', 'analyze', 'nothing']\n"
        "runpy.run_module('spillover', run_name='__main__')\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (ended.returncode, "Traceback" in ended.stderr) == (75, False), ended.stderr


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
