import json
import shutil

import numpy as np
import pytest
from PIL import Image
from tests.unit.conftest import FRAMES

from spillover.core.errors import StudyError, TaskError
from spillover.core.scores import Score, table_from_scores
from spillover.study.preparing import prepare
from spillover.study.study import Study
from spillover.tasks.data import open_tasks
from spillover.tasks.settings import VSIBenchTasks
from spillover.tasks.video import VideoFrame, check_video, spaced_evenly
from spillover.tasks.vsibench import DIRECTIONS, KINDS, overall_score, overall_scores

pytest.importorskip("av")


def opened(vsibench, **changes):
    return open_tasks([VSIBenchTasks(path=str(vsibench), **changes)])


def test_ten_kinds_of_question_are_ten_targets(vsibench):
    tasks = [data.task for data in opened(vsibench)]
    assert [task.name for task in tasks] == list(KINDS)
    assert {task.metric for task in tasks} == {"accuracy", "mra"}
    assert all(not data.offers("train") for data in opened(vsibench))
    assert [task.chance for task in tasks if task.metric == "accuracy"] == [pytest.approx(1 / 3)] * 6


def test_a_choice_and_a_number_are_asked_for_in_their_own_way(vsibench):
    number, choice = opened(vsibench, names=("object_counting", "route_planning"))
    (asked, _) = number.read("validation", None)
    assert asked.prompt.startswith("These are frames of a video.\nHow many chairs")
    assert asked.prompt.endswith("\nAnswer with one number, without a unit.")
    assert asked.answer == "4"
    (asked, _) = choice.read("validation", None)
    assert "\n(A) left\n(B) right\n(C) back\n" in asked.prompt
    assert asked.answer == "(B)"


def test_thirty_two_frames_are_evenly_spaced_from_the_first_to_the_last(vsibench):
    (data,) = opened(vsibench, names=("object_counting",))
    images = [image.load() for image in data.read("validation", 1)[0].images]
    assert len(images) == 32
    greys = np.array([np.asarray(image).mean() for image in images])
    wanted = 20 + 3 * np.array(spaced_evenly(FRAMES, 32))
    assert np.abs(greys - wanted).max() < 2.5
    assert {image.size for image in images} == {(64, 48)}


@pytest.mark.parametrize(("total", "count"), [(1, 32), (5, 32), (32, 32), (33, 32), (1000, 32), (7, 1)])
def test_places_are_in_range_in_order_and_as_even_as_can_be(total, count):
    places = spaced_evenly(total, count)
    assert len(places) == count
    assert places == sorted(places)
    if count > 1:
        assert (places[0], places[-1]) == (0, total - 1)
        assert np.abs(np.array(places) - np.linspace(0, total - 1, count)).max() <= 0.5


def test_frames_are_known_by_their_video_and_place_and_can_be_smaller(vsibench, tmp_path):
    path = vsibench / "scannet" / "scene0001_00.mp4"
    one, other = VideoFrame(path, 0, 32), VideoFrame(path, 1, 32)
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(path.read_bytes())
    assert one.digest != other.digest
    assert VideoFrame(copy, 0, 32).digest == one.digest
    assert VideoFrame(path, 0, 32, longest_side=32).load().size == (32, 24)


def test_broken_and_missing_videos_are_said(vsibench, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes((vsibench / "scannet" / "scene0001_00.mp4").read_bytes()[:500])
    for path in (broken, tmp_path / "gone.mp4"):
        with pytest.raises(TaskError, match="cannot be read"):
            check_video(path)
    with pytest.raises(TaskError, match="there is no folder of videos"):
        open_tasks([VSIBenchTasks()])
    (tmp_path / "test.jsonl").write_text((vsibench / "test.jsonl").read_text())
    with pytest.raises(TaskError, match=r"there is no video scannet/scene0001_00\.mp4\n.*unpack scannet\.zip"):
        opened(tmp_path)
    with pytest.raises(TaskError, match="this is not VSI-Bench"):
        opened(vsibench / "scannet")
    with pytest.raises(TaskError, match="did you mean object_counting"):
        opened(vsibench, names=("object_count",))


@pytest.mark.parametrize("scene", ["../../secret", "/etc/passwd"])
def test_a_scene_is_never_a_path(vsibench, tmp_path, scene):
    row = json.loads((vsibench / "test.jsonl").read_text().splitlines()[0]) | {"scene_name": scene}
    (tmp_path / "test.jsonl").write_text(json.dumps(row))
    with pytest.raises(TaskError, match="there is no video"):
        opened(tmp_path, names=("object_counting",))


def test_the_overall_score_is_the_mean_of_eight():
    scores = dict.fromkeys(KINDS, 0.0) | {
        DIRECTIONS[0]: 0.9,
        DIRECTIONS[1]: 0.6,
        DIRECTIONS[2]: 0.3,
        "route_planning": 1.0,
    }
    assert overall_score(scores) == pytest.approx((0.6 + 1.0) / 8)
    assert overall_score({"route_planning": 1.0}) is None


def test_overall_scores_come_from_written_answers_and_count_what_was_not_read():
    def row(target, score, *, protocol="generate", parse="parsed"):
        shared = {
            "model": "m",
            "adapter_key": "k",
            "source": "base",
            "target_key": target,
            "answer": "4",
            "answer_given": "4",
        }
        return Score(
            **shared,
            target=target,
            example="x",
            score=score,
            protocol=protocol,
            parse=parse,
        )

    rows = [row(name, 0.5, parse="none" if name == "object_counting" else "parsed") for name in KINDS]
    rows += [row("route_planning", 1.0, protocol="letters"), row("Jigsaw", 1.0)]
    (found,) = overall_scores(table_from_scores(rows))
    assert found.overall == 0.5
    assert found.unread == pytest.approx(0.1)


def test_a_study_of_transfer_to_video_is_planned(vsibench, tmp_path):
    tasks = [{"kind": "perception", "names": ["Counting"]}, {"kind": "vsibench", "path": str(vsibench), "frames": 4}]
    settings = {"name": "video", "tasks": tasks, "output": str(tmp_path / "video"), "training": {"examples": 8}}
    with pytest.raises(StudyError, match=r"object_counting, object_abs_distance, .*add generate"):
        prepare(Study.model_validate(settings))
    plan = prepare(Study.model_validate(settings | {"evaluation": {"protocols": ["letters", "generate"]}})).plan
    asked = {(question.target, question.protocol) for job in plan.evaluations for question in job.questions}
    assert len([pair for pair in asked if pair[0] in KINDS]) == 10 + 6


def test_an_image_is_no_video(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "scene.png")
    with pytest.raises(TaskError, match="an image, not a video"):
        check_video(tmp_path / "scene.png")


def test_the_fault_of_a_video_is_told_at_the_entry_that_it_is_of(vsibench, tmp_path):
    shutil.copytree(vsibench, tmp_path / "vsi")
    (tmp_path / "vsi" / "scannet" / "scene0002_00.mp4").write_bytes(b"no video")
    tasks = [{"kind": "perception", "names": ["Counting"]}, {"kind": "vsibench", "path": str(tmp_path / "vsi")}]
    settings = {"name": "video", "tasks": tasks, "output": str(tmp_path / "out"), "training": {"examples": 8}}
    with pytest.raises(StudyError, match=r"tasks\[1\]: .*cannot be read"):
        prepare(Study.model_validate(settings | {"evaluation": {"protocols": ["generate"]}}))
