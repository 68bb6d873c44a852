import shutil
from itertools import chain
from pathlib import Path

import pytest
from tests.conftest import small_study
from tests.unit.study.made_up import outcome

from spillover.cli.main import run_command
from spillover.core.errors import SpilloverError, StoreError
from spillover.core.files import write_once
from spillover.study import store as store_module
from spillover.study.opening import open_study
from spillover.study.plan import Finetune, plan_study
from spillover.study.preparing import prepare
from spillover.study.resume import pending
from spillover.study.shard import Shard, read_shard
from spillover.study.store import Store


@pytest.fixture
def plan(tmp_path):
    study = small_study(tmp_path / "folder", seeds=[0, 1, 2], controls=["shuffled"])
    return plan_study(study, open_study(study))


@pytest.mark.parametrize("of", [1, 2, 5, 13, 40])
def test_the_shards_are_the_whole_and_nothing_twice(plan, of):
    shards = [Shard(number=number, of=of).part(plan) for number in range(1, of + 1)]
    jobs = list(chain.from_iterable(shard.jobs for shard in shards))
    assert sorted(job.key for job in jobs) == sorted(job.key for job in plan.jobs)
    for shard in shards:
        keys = {job.key for job in shard.jobs}
        assert all(keys.issuperset(job.needs) for job in shard.jobs), "an evaluation stands by its finetune"
    sizes = [sum(isinstance(job, Finetune) for job in shard.jobs) for shard in shards]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        *((text, "NUMBER/OF") for text in ("3", "3/16/2", "a/b", "-1/4", "3/")),
        *((text, "counted from 1") for text in ("0/16", "17/16", "1/0")),
    ],
)
def test_what_is_no_shard_is_said(text, advice):
    with pytest.raises(SpilloverError, match=advice):
        read_shard(text)


def test_folders_of_shards_are_merged_by_copying(tmp_path):
    stores = []
    for number in (1, 2):
        prepared = prepare(small_study(tmp_path / str(number)), shard=Shard(number=number, of=2))
        prepared.store.begin(prepared.plan)
        for job in prepared.jobs:
            prepared.store.record(outcome(job), {})
        stores.append(prepared.store)
    assert prepare(small_study(stores[0].folder)).jobs != []
    shutil.copytree(stores[1].folder, stores[0].folder, dirs_exist_ok=True)
    assert prepare(small_study(stores[0].folder)).jobs == []


def test_a_shard_says_what_its_folder_lacks_and_not_what_others_have_done(tmp_path, capsys):
    study = small_study(tmp_path / "folder")
    first, second = (prepare(study, shard=Shard(number=number, of=2)) for number in (1, 2))
    file = tmp_path / "study.yaml"
    file.write_text(study.model_dump_json(exclude={"provenance"}))
    command = ["run", str(file), "--shard", "1/2"]
    first.store.begin(first.plan)
    for prepared, said in (
        (first, f"{len(second.jobs)} of the study's 5 jobs are not in {study.output}: other shards may have done them"),
        (second, f"all of the study's 5 jobs are in {study.output}; spillover run without --shard analyses"),
    ):
        for job in prepared.jobs:
            prepared.store.record(outcome(job), {})
        assert run_command(command) == 0
        assert said in capsys.readouterr().err


def test_what_a_shard_has_done_is_not_done_again_by_another_division(tmp_path):
    study = small_study(tmp_path / "folder")
    first = prepare(study, shard=Shard(number=1, of=3))
    first.store.begin(first.plan)
    for job in first.jobs:
        first.store.record(outcome(job), {})
    done = {job.key for job in first.jobs}
    again = [job.key for number in (1, 2) for job in prepare(study, shard=Shard(number=number, of=2)).jobs]
    assert done.isdisjoint(again)
    assert done.union(again) == {job.key for job in first.plan.jobs}


def test_of_two_that_begin_a_study_at_once_the_first_settles_it(plan, monkeypatch):
    """The second has looked before the first wrote, and has resolved its models otherwise."""
    store = Store(Path(plan.study.output))

    def come_second(file, content):
        monkeypatch.undo()
        other = plan.study.models[0].model_copy(update={"precision": "bfloat16"})
        store.begin(plan_study(plan.study.model_copy(update={"models": (other,)}), open_study(plan.study)))
        return write_once(file, content)

    monkeypatch.setattr(store_module, "write_once", come_second)
    with pytest.raises(StoreError, match="same command again"):
        store.begin(plan)
    assert store.stored_plan().study.models[0].precision == "bfloat16"
    assert pending(store.stored_plan(), store)


def test_a_file_that_is_there_is_not_written_once_more(tmp_path):
    file = tmp_path / "a.txt"
    assert write_once(file, "one")
    assert not write_once(file, "two")
    assert file.read_text() == "one"
    assert list(tmp_path.iterdir()) == [file]
