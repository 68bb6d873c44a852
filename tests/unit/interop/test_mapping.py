"""What a run is: flags, YAML, pattern; what nobody said is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from spillover.core.errors import ImportFileError
from spillover.interop.found import FoundRun, Metric, Place
from spillover.interop.mapping import map_runs
from spillover.interop.mapping_notes import mapping_notes
from spillover.interop.run_mapping import read_mapping

LAYERS = ", ".join(f"&a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12))
BOMB = f"runs:\n  x: [&a0 [x], {LAYERS}]\n"
"""Of 10^11 values, if anybody wrote them out."""
METRIC = Metric(name="accuracy", maximum=1.0, direction="higher", evidence="")


def runs(*names):
    return [
        FoundRun(name=name, format="blink", files=(), metric=METRIC, tasks=("Jigsaw", "Counting")) for name in names
    ]


LORA = [f"checkpoints__{name}-lora-s{seed}" for name in ("chartqa", "docvqa", "jigsaw") for seed in range(2)]


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


def test_of_several_readings_of_a_name_the_one_with_a_task_counts():
    names = ["qwen", "my_run_Counting-seed1", "my_run_Object_Localization-seed1"]
    found = places(names, base=["qwen"], pattern="*{source}-seed{seed}")
    assert [found[name] for name in names[1:]] == [("Counting", 1), ("Object_Localization", 1)]
    assert places(["b", "ft_own-seed0"], base=["b"], pattern="*{source}-seed{seed}")["ft_own-seed0"][0] == "ft_own"


def test_a_pattern_may_begin_within_a_path():
    found = places(["b", "__home__ckpt__Jigsaw-seed0"], base=["b"], pattern="ckpt__{source}-seed{seed}")
    assert found["__home__ckpt__Jigsaw-seed0"] == ("Jigsaw", 0)


def test_a_folder_called_base_names_the_base():
    assert places(["base/hf/local", "Jigsaw-seed0/hf/local"])["base/hf/local"] == ("base", None)
    assert places(["first/hf/local", "Jigsaw-seed0/hf/local"], base=["first"])["first/hf/local"] == ("base", None)


def test_an_abbreviation_is_told_and_can_be_refused(tmp_path):
    found = [*runs("base"), replace(runs("CN-seed0")[0], tasks=("CN", "Jigsaw"))]
    mapping = read_mapping([], [], None)
    taken = map_runs(found, mapping)
    assert taken[1].place.source == "Counting"
    assert taken[1].reason == "the pattern; CN is BLINK's"
    (note,) = mapping_notes(taken, mapping.tasks)
    assert note == "taken for BLINK's tasks by their names: CN is Counting; --rename CN=CN keeps a name"
    file = tmp_path / "map.yaml"
    file.write_text("tasks: {CN: CN}\n")
    for own in (read_mapping([], [], None, ["CN=CN"]), read_mapping([], [str(file)], None)):
        kept = map_runs(found, own)
        assert (kept[1].place.source, kept[1].reason) == ("CN", "the pattern")
        assert mapping_notes(kept, own.tasks) == []


def test_a_dataset_that_is_merely_called_as_a_task_of_blink_keeps_its_name():
    found = [replace(run, tasks=("blink_counting", "mmstar")) for run in runs("base", "counting-seed0", "JIGSAW-seed0")]
    mapping = read_mapping([], [], None)
    taken = map_runs(found, mapping)
    assert [each.place.source for each in taken] == ["base", "JIGSAW", "counting"]
    assert ["blink_counting is Counting" in note for note in mapping_notes(taken, mapping.tasks)] == [True]


def test_every_name_can_be_kept_as_it_is():
    found = [replace(run, tasks=("blink_counting", "Jigsaw")) for run in runs("base", "counting-seed0", "Jigsw-seed0")]
    with pytest.raises(ImportFileError, match=r"did you mean Jigsaw(?s:.*)--rename Jigsw=Jigsw keeps its name"):
        map_runs(found, read_mapping([], [], None))
    kept = read_mapping([], [], None, [f"{name}={name}" for name in ("counting", "blink_counting", "Jigsw")])
    taken = map_runs(found, kept)
    assert [each.place.source for each in taken] == ["base", "Jigsw", "counting"]
    assert kept.tasks.settle("blink_counting") == "blink_counting"
    assert mapping_notes(taken, kept.tasks) == []


@pytest.mark.parametrize(
    ("names", "options"),
    [
        (["base", "charts/Qwen__Qwen2.5", "receipts/Qwen__Qwen2.5"], "--pattern '{source}/*'"),
        (["base", "charts", "receipts"], "--pattern '{source}'"),
        (["Qwen", "Qwen_charts_0", "Qwen_charts_1", "Qwen_art_0"], "--base 'Qwen' --pattern 'Qwen_{source}_{seed}'"),
        (["base", "__ckpt__charts-s0", "__ckpt__art-s0"], "--pattern '{source}-s{seed}'"),
    ],
)
def test_a_pattern_that_fits_the_names_is_offered_and_reads_them(names, options):
    with pytest.raises(ImportFileError) as raised:
        places(names)
    offered = raised.value.hint.splitlines()[0].removeprefix("these names would be read by ")
    assert offered == options
    words = [word.strip("'") for word in offered.split()]
    base = [words[1]] if words[0] == "--base" else []
    assert len(set(places(names, base=base, pattern=words[-1]).values())) == len(names)


@pytest.mark.parametrize(
    ("names", "options"),
    [
        ([*LORA, "base"], "--pattern '{source}-lora-s{seed}'"),
        (
            [*LORA, "Qwen__Qwen2.5-VL-3B-Instruct"],
            "--base 'Qwen__Qwen2.5-VL-3B-Instruct' --pattern '{source}-lora-s{seed}'",
        ),
        (["base", "qwen-ft-jigsaw-s0"], "--pattern 'qwen-ft-{source}-s{seed}'"),
        (["base", "ft_jigsaw-r8/Qwen", "ft_mmstar-r8/Qwen"], "--pattern 'ft_{source}-r8/*'"),
        (["base", "charts-lora-s0", "art-lora-s0"], "--pattern '{source}-lora-s{seed}'"),
        (["art", "jigsaw", "Qwen"], "--base RUN --pattern '{source}'"),
    ],
)
def test_the_pattern_that_is_offered_reads_tasks(names, options):
    found = [replace(run, tasks=("blink_jigsaw", "chartqa", "art")) for run in runs(*names)]
    with pytest.raises(ImportFileError) as raised:
        map_runs(found, read_mapping([], [], None))
    assert raised.value.hint.splitlines()[0].removeprefix("these names would be read by ") == options


def test_sources_that_hold_a_task_are_told_first_and_can_be_kept():
    found = [replace(run, tasks=("blink_jigsaw", "chartqa")) for run in runs("base", *LORA)]
    mapping = read_mapping([], [], "{source}-s{seed}")
    note = mapping_notes(map_runs(found, mapping), mapping.tasks)[0]
    assert "chartqa-lora (chartqa), jigsaw-lora (Jigsaw);" in note
    assert "docvqa" not in note
    assert note.endswith("--pattern '{source}-lora-s{seed}'")
    kept = read_mapping([], [], "{source}-s{seed}", [f"{name}-lora={name}-lora" for name in ("chartqa", "jigsaw")])
    assert not any("hold the name" in each for each in mapping_notes(map_runs(found, kept), kept.tasks))
    own = [replace(run, tasks=("chartqa",)) for run in runs("base", "early-chartqa-seed0", "chartqa-blurred-seed0")]
    told = mapping_notes(map_runs(own, read_mapping([], [], None)), mapping.tasks)[0]
    assert told.endswith("--rename chartqa-blurred=chartqa --rename early-chartqa=chartqa")


def test_names_that_no_pattern_tells_apart_are_offered_none():
    with pytest.raises(ImportFileError) as raised:
        places(["base", "x/1/a", "x/1/b"], pattern="{source}-seed{seed}")
    assert "would be read by" in raised.value.hint  # as sources a and b
    with pytest.raises(ImportFileError) as raised:
        places(["base", "x/a", "y/a", "x/b"])
    assert "would be read by" not in raised.value.hint


def test_the_base_is_the_base_of_every_seed_where_a_pattern_without_seeds_reads_it():
    assert places(["base/Qwen", "charts/Qwen"], pattern="{source}/*") == {
        "base/Qwen": ("base", None),
        "charts/Qwen": ("charts", 0),
    }


def test_runs_of_one_place_that_hold_one_task_are_told():
    mapping = read_mapping(["b"], ["x=Jigsaw:0", "y=Jigsaw:0"], None)
    (note,) = mapping_notes(map_runs(runs("b", "x", "y"), mapping), mapping.tasks)
    assert "several runs are Jigsaw, seed 0 and hold Jigsaw, Counting: x, y" in note


@pytest.mark.parametrize("text", ["CN", "=CN", "CN=", f"CN={'x' * 201}"])
def test_a_renaming_that_names_nothing_is_refused(text):
    with pytest.raises(ImportFileError, match="--rename"):
        read_mapping([], [], None, [text])


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
        (BOMB, "more than 100,000 values"),
        ("pattern: 3", "should be a text"),
        ("base: [a]", "should be a run"),
        ("tasks: {NO: NO}", "need quotes"),
        ("tasks: [CN]", "one line a task"),
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
