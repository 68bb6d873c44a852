import json
from collections import Counter

import pytest

from spillover.core.errors import TaskError
from spillover.tasks.data import open_tasks
from spillover.tasks.mixed import open_mixture
from spillover.tasks.recipes import read_recipe
from spillover.tasks.settings import FileTask, MixtureSource, PerceptionTasks, Recipe

NAMES = ("Jigsaw", "Counting")


def mixed(parts=None, tasks=None, seed=0):
    recipe = Recipe(parts=parts or {"Jigsaw": 3, "Counting": 9}, seed=seed)
    return open_mixture(MixtureSource(name="mine", mixture=recipe), tasks or open_tasks([PerceptionTasks(names=NAMES)]))


def few(folder, name, count):
    rows = [{"question": f"{name} {index}?", "choices": ["x", "y"], "answer": "(A)"} for index in range(count)]
    (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return FileTask(name=name, train=str(folder / f"{name}.jsonl"))


def of_parts(examples):
    return Counter(example.id.split("/")[0] for example in examples)


@pytest.mark.parametrize(("count", "jigsaw", "counting"), [(None, 3, 9), (12, 3, 9), (8, 2, 6), (5, 1, 4), (1, 0, 1)])
def test_counts_are_exact_and_in_the_recipes_proportions(count, jigsaw, counting):
    expected = Counter(Jigsaw=jigsaw, Counting=counting)
    assert of_parts(mixed().read("train", count)) == +expected


def test_the_examples_are_the_first_of_each_parts_training_set():
    tasks = open_tasks([PerceptionTasks(names=NAMES)])
    drawn = {example.id: example.describe()[1:] for example in mixed(tasks=tasks).read("train", None)}
    own = {
        f"{data.task.name}/{example.id}": example.describe()[1:]
        for data, count in zip(tasks, (9, 3) if tasks[0].task.name == "Counting" else (3, 9), strict=True)
        for example in data.read("train", count)
    }
    assert drawn == own


def test_the_same_recipe_in_another_order_is_the_same_source():
    first, second = mixed({"Jigsaw": 3, "Counting": 9}), mixed({"CN": 9, "JG": 3})
    assert first.identity("train", 8) == second.identity("train", 8)
    assert [each.describe() for each in first.read("train", 8)] == [each.describe() for each in second.read("train", 8)]


@pytest.mark.parametrize("changed", [mixed({"Jigsaw": 4, "Counting": 8}), mixed(seed=1)])
def test_other_counts_or_another_order_are_another_source(changed):
    assert changed.identity("train", 12) != mixed().identity("train", 12)
    assert [each.id for each in changed.read("train", 12)] != [each.id for each in mixed().read("train", 12)]


def test_examples_of_a_part_that_changed_make_another_source(tmp_path):
    def identity(count):
        return mixed({"a": 1, "b": 1}, open_tasks([few(tmp_path, "a", count), few(tmp_path, "b", 1)])).identity(
            "train", 4
        )

    assert identity(1) != identity(2)


def test_a_part_that_has_too_few_repeats_them_and_says_so(tmp_path):
    task = mixed({"a": 6, "b": 2}, open_tasks([few(tmp_path, "a", 2), few(tmp_path, "b", 5)]))
    task.check("train", 8)
    ids = [example.id for example in task.read("train", 8)]
    assert Counter(name.split(" again")[0] for name in ids) == {"a/a_0": 3, "a/a_1": 3, "b/b_0": 1, "b/b_1": 1}
    assert len(set(ids)) == 8
    assert task.repeated(8) == {"a": 4}


def test_a_mixture_is_never_asked():
    assert not mixed().offers("validation")
    assert mixed().identity("validation", 5) is None
    with pytest.raises(TaskError, match="can only be a source"):
        mixed().read("validation", 5)


@pytest.mark.parametrize(
    ("parts", "name", "message"),
    [
        ({"Jigsw": 1}, "mine", "did you mean Jigsaw"),
        ({"Jigsaw": 1, "JG": 1}, "mine", r"stands twice in mine: as Jigsaw and JG\n  name it once"),
        ({"Jigsaw": 1}, "CN", "is a task's name"),
        ({"Asked": 1}, "mine", r"has no train data, .*\n  give the task train:"),
    ],
)
def test_what_cannot_be_mixed_is_refused(parts, name, message, tmp_path):
    asked = few(tmp_path, "Asked", 1)
    asked = asked.model_copy(update={"validation": asked.train, "train": None})
    tasks = open_tasks([PerceptionTasks(names=NAMES), asked])
    with pytest.raises(TaskError, match=message):
        open_mixture(MixtureSource(name=name, mixture=Recipe(parts=parts)), tasks)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no JSON"),
        ("[{}, {}]", "2 mixtures"),
        ("3", "no mixture"),
        ('{"schema": 2}', "no mixture"),
        ('{"schema": 1}', r"schema 1, .* reads 2\n  write it with: spillover mix"),
        ('{"schema": 9}', r"schema 9, .* reads 2\n  install"),
    ],
)
def test_a_file_that_is_no_mixture_is_refused_by_name(text, message, tmp_path):
    (tmp_path / "mix.json").write_text(text)
    with pytest.raises(TaskError, match=message) as caught:
        read_recipe(tmp_path / "mix.json")
    assert caught.value.where == str(tmp_path / "mix.json")
