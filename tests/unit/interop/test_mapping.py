"""What a run is: flags, YAML, pattern; what nobody said is refused."""

from __future__ import annotations

import pytest

from spillover.core.errors import ImportFileError
from spillover.interop.found import FoundRun, Metric, Place
from spillover.interop.mapping import map_runs
from spillover.interop.run_mapping import read_mapping

METRIC = Metric(name="accuracy", maximum=1.0, direction="higher", evidence="")


def runs(*names):
    return [
        FoundRun(name=name, format="blink", files=(), metric=METRIC, tasks=("Jigsaw", "Counting")) for name in names
    ]


def places(names, base=(), maps=(), pattern=None):
    mapped = map_runs(runs(*names), read_mapping(list(base), list(maps), pattern))
    return {each.run.name: (each.place.source, each.place.seed) for each in mapped}


def test_the_usual_pattern_and_a_run_called_base_need_no_word():
    assert places(["blink_jigsaw-seed3", "out/base"]) == {
        "out/base": ("base", None),
        "blink_jigsaw-seed3": ("Jigsaw", 3),
    }


def test_a_path_that_a_harness_wrote_with_underscores_is_read_from_its_end():
    names = ["__home__me__base", "base/__home__me__Jigsaw-seed0"]
    assert places(names) == {names[0]: ("base", None), names[1]: ("Jigsaw", 0)}


def test_a_pattern_may_hold_anything_around():
    found = places(["qwen", "qwen__ft_Counting_s2_lr1"], base=["qwen"], pattern="*ft_{source}_s{seed}_*")
    assert found["qwen__ft_Counting_s2_lr1"] == ("Counting", 2)


def test_a_map_wins_over_the_pattern_and_may_leave_a_run_out():
    found = places(["b", "Jigsaw-seed0", "x"], base=["b"], maps=["Jigsaw-seed0=CN:5", "x="])
    assert found == {"b": ("base", None), "Jigsaw-seed0": ("Counting", 5)}


def test_a_yaml_file_says_the_same(tmp_path):
    file = tmp_path / "map.yaml"
    file.write_text("base: {b0: 0, b1: 1}\nruns:\n  x: {source: Jigsaw, seed: 1}\n  y: Jigsaw:0\n  z: null\n")
    found = places(["b0", "b1", "x", "y", "z"], maps=[str(file)])
    assert found == {"b0": ("base", 0), "b1": ("base", 1), "y": ("Jigsaw", 0), "x": ("Jigsaw", 1)}


@pytest.mark.parametrize(
    ("names", "options", "words"),
    [
        (["b", "x", "y"], {"base": ["b"]}, r"(?s)what these runs are:\n  - x\n  - y.*--map"),
        (["b", "Jigsw-seed0"], {"base": ["b"]}, "unknown task 'Jigsw'; did you mean Jigsaw"),
        (["b", "Jigsaw-seed0"], {"base": ["bb"]}, "no run 'bb'; did you mean b"),
        (["x", "Jigsaw-seed0"], {"maps": ["x=Jigsaw:1"]}, "no run is the base"),
        (["b"], {"base": ["b"], "pattern": "{seed}"}, r"needs \{source\} once"),
    ],
)
def test_what_is_unclear_is_refused(names, options, words):
    with pytest.raises(ImportFileError, match=words):
        places(names, **options)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("bases: x", "unknown key 'bases'; did you mean base"),
        ("[1]", "a mapping file holds"),
        ("base: [1", "no valid YAML"),
        ("runs: {x: {source: a, lr: 1}}", "no source with a seed"),
        ("runs: {x: {source: a, seed: -1}}", "no source with a seed"),
        ("runs: 3", "one line a run"),
        ("pattern: 3", "should be a text"),
        ("base: [a]", "should be a run"),
        ("x: " + "[" * 5000, "no valid YAML"),
    ],
)
def test_a_broken_mapping_file_is_refused(tmp_path, text, words):
    (tmp_path / "map.yaml").write_text(text)
    with pytest.raises(ImportFileError, match=words):
        read_mapping([], [str(tmp_path / "map.yaml")], None)


def test_what_a_file_says_of_itself_is_taken():
    place = Place(source="Jigsaw", seed=4)
    found = [*runs("base"), FoundRun(name="t", format="accuracy-table", files=(), metric=METRIC, place=place)]
    assert map_runs(found, read_mapping([], [], None))[1].place == place
