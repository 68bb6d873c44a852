"""What each recipe must get right of its dataset: which point, which box, which side."""

from __future__ import annotations

import gzip
import io
import json
from itertools import count
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from tests.unit.tasks.prepare import dataset_trees as trees

from spillover.core.errors import TaskError
from spillover.core.keys import seeded_generator
from spillover.tasks.prepare import (
    co3d,
    coco,
    correspondence,
    diw,
    funkpoint,
    genimage,
    hpatches,
    iiw,
    nights,
    photos,
    spair,
    tallyqa,
    vsr,
    wikiart,
)
from spillover.tasks.prepare.drawing import Box, Point, mark_boxes, mark_points, overlap, ring_radius
from spillover.tasks.prepare.make import prepare_examples
from spillover.tasks.prepare.reading import locate, read_json
from spillover.tasks.prepare.recipe import Recipe, SkippedError, Tally
from spillover.tasks.prepare.vsr import question_from_caption


def questions(recipe: Recipe, folder: Path, wanted: int):
    """Pose questions until there are so many."""
    material = recipe.open(folder, Tally())
    found = []
    draws = count()
    while len(found) < wanted:
        draw = next(draws)
        try:
            found.append(material.pose(draw % len(material.origins), seeded_generator("unit", draw)))
        except (SkippedError, TaskError):
            continue
    return found


@pytest.fixture
def marked(monkeypatch):
    """What was marked, by image: the image before, points and labels."""
    seen = []

    def record(image, points, labels):
        seen.append((image.copy(), list(points), "".join(labels) if len(labels) > 1 else labels[0]))
        return mark_points(image, points, labels)

    for module in (diw, iiw, correspondence):
        monkeypatch.setattr(module, "mark_points", record)
    return seen


def colour_at(image, point):
    return image.getpixel((round(point.x), round(point.y)))


def near(colour, other):
    return max(abs(one - two) for one, two in zip(colour, other, strict=True)) < 30


def test_depths_point_is_read_with_y_first_and_from_one(tmp_path, marked):
    posed = questions(diw.RECIPE, trees.write_diw(tmp_path), 8)
    for question, (image, points, _) in zip(posed, marked, strict=True):
        assert set(points) == {Point(30, 100), Point(270, 10)}
        assert near(colour_at(image, points[question.correct]), trees.NEAR)
        assert near(colour_at(image, points[1 - question.correct]), trees.FAR)


def test_a_list_with_an_odd_number_of_lines_is_half_a_download(tmp_path):
    file = trees.write_diw(tmp_path) / "DIW_Annotations" / "DIW_train.csv"
    file.write_text(file.read_text() + "./DIW_train_val/x.thumb\n")
    with pytest.raises(TaskError, match="odd number"):
        diw.RECIPE.open(tmp_path, Tally())


def test_reflectance_asks_for_the_darker_surface_or_neither(tmp_path, marked):
    for question, (image, points, _) in zip(questions(iiw.RECIPE, trees.write_iiw(tmp_path), 12), marked, strict=True):
        greys = [colour_at(image, point)[0] for point in points]
        if question.correct == 2:
            assert greys[0] == greys[1]
        else:
            assert greys[question.correct] < greys[1 - question.correct]
        assert all(point.y < 260 for point in points)  # the point that is not opaque lies below


def test_every_fifth_image_without_a_split_is_held_out(tmp_path):
    origins = iiw.RECIPE.open(trees.write_iiw(tmp_path), Tally()).origins
    assert len(origins) == 12
    assert not {"100.json", "105.json", "110.json"} & set(origins)


def test_the_same_point_of_a_scene_is_right(tmp_path, marked):
    folder = trees.write_hpatches(tmp_path)
    posed = questions(hpatches.RECIPE, folder, 4)
    for number, question in enumerate(posed):
        (one, [reference], label), (two, points, labels) = marked[2 * number : 2 * number + 2]
        assert (label, labels) == ("REF", "ABCD")
        truth = points[question.correct]
        x, y = round(reference.x), round(reference.y)
        around = np.asarray(one)[y - 6 : y + 7, x - 6 : x + 7].astype(int)
        differences = []
        for point in points:
            u, v = round(point.x), round(point.y)
            differences.append(np.abs(np.asarray(two)[v - 6 : v + 7, u - 6 : u + 7].astype(int) - around).mean())
        assert differences.index(min(differences)) == question.correct
        others = [point for point in points if point is not truth]
        assert all(60 <= np.hypot(point.x - truth.x, point.y - truth.y) <= 250 for point in others)
        assert hpatches.HELD_OUT == 5


def test_keypoints_correspond_by_their_place_in_the_list(tmp_path, marked):
    posed = questions(spair.RECIPE, trees.write_spair(tmp_path), 5)
    for number, question in enumerate(posed):
        (_, [reference], _), (_, points, _) = marked[2 * number : 2 * number + 2]
        assert points[question.correct] == Point(reference.x + 10, reference.y + 5)
        assert "aeroplane" in question.text


def test_functions_are_asked_across_kinds_of_object(tmp_path, marked):
    posed = questions(funkpoint.RECIPE, trees.write_funkpoint(tmp_path), 4)
    for number, question in enumerate(posed):
        (_, [reference], _), (_, points, _) = marked[2 * number : 2 * number + 2]
        assert points[question.correct] == pytest.approx(reference)  # the miniature labels every image alike
        assert "hit" in question.text


def test_rings_overlap_no_other_ring(tmp_path, marked):
    questions(spair.RECIPE, trees.write_spair(tmp_path), 4)
    for image, points, _ in marked:
        apart = [np.hypot(a.x - b.x, a.y - b.y) for i, a in enumerate(points) for b in points[:i]]
        assert all(distance >= 2 * ring_radius(image) for distance in apart)


def test_the_variation_that_people_chose_is_right(tmp_path):
    for question in questions(nights.RECIPE, trees.write_nights(tmp_path), 6):
        reference, *others = (image.getpixel((5, 5)) for image in question.images)
        assert others[question.correct] == reference


def test_the_same_style_is_right_and_never_the_same_work(tmp_path):
    for question in questions(wikiart.RECIPE, trees.write_wikiart(tmp_path), 6):
        first, *others = (image.getpixel((5, 5)) for image in question.images)
        assert near(others[question.correct], first)
        assert not near(others[1 - question.correct], first)


def test_styles_may_be_folders_without_lists(tmp_path):
    folder = trees.write_wikiart(tmp_path) / "wikiart"
    assert len(wikiart.RECIPE.open(folder, Tally()).origins) == 10


def test_the_count_may_have_any_rank_among_the_choices(tmp_path):
    ranks = set()
    for question in questions(tallyqa.RECIPE, trees.write_tallyqa(tmp_path), 60):
        numbers = sorted(int(choice) for choice in question.choices)
        assert numbers == list(range(numbers[0], numbers[0] + 4))
        assert numbers[0] >= 0
        ranks.add(numbers.index(int(question.choices[question.correct])))
    assert ranks == {0, 1, 2, 3}


@pytest.mark.parametrize("write", [trees.write_coco, trees.write_lvis])
def test_the_wrong_box_overlaps_the_true_one_by_a_fifth_to_a_half(tmp_path, monkeypatch, write):
    drawn = []
    monkeypatch.setattr(coco, "mark_boxes", lambda image, boxes: drawn.append(boxes) or mark_boxes(image, boxes))
    posed = questions(coco.RECIPE, write(tmp_path), 6)
    for question, boxes in zip(posed, drawn, strict=True):
        assert boxes[question.correct] == Box(60.5, 50, 280.5, 210)
        assert 0.2 <= overlap(*boxes) <= 0.5
        assert "wine glass" in question.text


def test_the_true_piece_completes_the_photograph(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    original = trees.photo(1, 400, 300)
    original.save(folder / "a.png")
    for question in questions(photos.RECIPE, folder, 4):
        whole, *pieces = question.images
        assert whole.size == (400, 300)
        assert whole.crop((200, 150, 400, 300)).getextrema() == ((0, 0), (0, 0), (0, 0))
        assert whole.crop((0, 0, 400, 150)).tobytes() == original.crop((0, 0, 400, 150)).tobytes()
        missing = original.crop((200, 150, 400, 300)).tobytes()
        assert [piece.tobytes() == missing for piece in pieces].index(True) == question.correct


@pytest.mark.parametrize(
    ("caption", "relation", "question"),
    [
        ("The cat is left of the dog.", "left of", "Is the cat left of the dog?"),
        ("The sheep are behind the fence.", "behind", "Are the sheep behind the fence?"),
        ("The bowl contains the fruit.", "contains", "Does the bowl contain the fruit?"),
        ("The pizza consists of the cake.", "consists of", "Does the pizza consist of the cake?"),
        ("The dog chases.", "chases", 'Is this true of the image: "The dog chases."?'),
    ],
)
def test_captions_become_questions(caption, relation, question):
    assert question_from_caption(caption, relation) == question


def test_yes_stands_first_and_the_label_decides(tmp_path):
    for question in questions(vsr.RECIPE, trees.write_vsr(tmp_path), 6):
        assert question.choices == ("yes", "no")
        assert question.correct == (1 if "bowl" in question.text else 0)


@pytest.mark.parametrize(("degrees", "side"), [(20.0, 1), (-20.0, 0)])
def test_the_side_to_which_a_camera_went_is_right(tmp_path, degrees, side):
    """The camera looks at the origin from +z with y up: its right is +x, towards larger angles."""
    frames = []
    for number, angle in enumerate((0.0, degrees)):
        path = f"apple/1/images/{number}.png"
        trees.save(tmp_path / path, Image.new("RGB", (64, 64), (number * 200, 0, 0)), "PNG")
        rotation, translation = trees.camera(angle)
        viewpoint = {"R": rotation, "T": translation}
        frames.append({"sequence_name": "1", "frame_number": number, "image": {"path": path}, "viewpoint": viewpoint})
    (tmp_path / "apple" / "frame_annotations.jgz").write_bytes(gzip.compress(json.dumps(frames).encode()))
    for question in questions(co3d.RECIPE, tmp_path, 4):
        went_forward = question.images[0].getpixel((0, 0)) == (0, 0, 0)
        assert question.correct == (side if went_forward else 1 - side)


def test_nothing_but_the_picture_tells_real_from_generated(tmp_path):
    for example in prepare_examples(genimage.RECIPE, trees.write_real_and_fake(tmp_path), 3).examples:
        opened = [Image.open(io.BytesIO(image.data)) for image in example.images]
        assert {image.size for image in opened} == {(216, 216)}
        assert len({repr((image.format, image.info, image.quantization)) for image in opened}) == 1


def test_validation_folders_and_labels_of_neither_kind_are_left_out(tmp_path):
    material = genimage.RECIPE.open(trees.write_real_and_fake(tmp_path), Tally())
    assert all(origin.startswith("train/nature/") for origin in material.origins)


def test_a_name_that_leads_out_of_the_folder_is_never_opened(tmp_path):
    (tmp_path / "secret.jpg").write_bytes(b"x")
    inside = tmp_path / "data"
    inside.mkdir()
    for name in ("../secret.jpg", "a/../../secret.jpg", ""):
        with pytest.raises(SkippedError, match="leads out"):
            locate(name, [inside])
    with pytest.raises(SkippedError, match="missing"):
        locate(str(tmp_path / "secret.jpg"), [inside], keep=2)


def test_half_a_compressed_list_and_a_damaged_one_are_said(tmp_path):
    file = trees.write_co3d(tmp_path) / "apple" / "frame_annotations.jgz"
    whole = file.read_bytes()
    for data in (whole[:-200], whole[:100] + b"\xff" * 100 + whole[200:]):
        file.write_bytes(data)
        with pytest.raises(TaskError, match="the file is broken"):
            read_json(file)


def test_the_broken_file_is_named_and_not_the_record_that_needed_it(tmp_path):
    folder = trees.write_spair(tmp_path)
    provenance = prepare_examples(spair.RECIPE, folder, 100).provenance
    [broken] = [entry for reason, entry in provenance["skipped"].items() if "broken" in reason]
    assert {name[:6] for name in broken["first"]} == {"000006", "000007"}
    assert broken["first_files"] == [str(folder / "JPEGImages" / "aeroplane" / "2008_000007.jpg")]
    assert (broken["count"], broken["files"]) == (2, 1)


@pytest.mark.parametrize("lists", ["data/splits/random", "splits/random", "."])
def test_captions_are_found_where_the_authors_keep_them_and_beside_their_images(tmp_path, lists):
    folder = trees.write_vsr(tmp_path / "vsr")
    (folder / lists).mkdir(parents=True, exist_ok=True)
    (folder / "data" / "splits" / "random" / "train.jsonl").rename(folder / lists / "train.jsonl")
    (folder / "data" / "images").rename(folder / "images")
    assert len(questions(vsr.RECIPE, folder, 4)) == 4


def test_a_list_that_lacks_a_whole_part_is_named_so(tmp_path):
    folder = trees.write_coco(tmp_path)
    file = folder / "annotations" / "instances_train2017.json"
    trees.write_json(file, {key: value for key, value in json.loads(file.read_text()).items() if key != "categories"})
    with pytest.raises(TaskError, match="not in the form of COCO or LVIS: it lacks 'categories'"):
        prepare_examples(coco.RECIPE, folder, 1)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("bbox", None, "it lacks 'bbox'"),
        ("category_id", 9, "its category is not in the list"),
        ("bbox", [60, 50, -220, -160], "its box does not lie in the image"),
        ("bbox", ["a", 50, 220, 160], "one of its fields holds something else than it should"),
    ],
)
def test_an_annotation_with_a_fault_is_skipped_for_it(tmp_path, field, value, reason):
    folder = trees.write_coco(tmp_path)
    file = folder / "annotations" / "instances_train2017.json"
    described = json.loads(file.read_text())
    described["annotations"][0][field] = value
    if value is None:
        del described["annotations"][0][field]
    trees.write_json(file, described)
    tally = Tally()
    assert len(coco.RECIPE.open(folder, tally).origins) == 6
    assert tally.reasons[reason].first == ["annotation 0"]


def test_a_line_that_is_cut_is_not_taken_for_another_split(tmp_path):
    folder = trees.write_nights(tmp_path)
    lines = (folder / "data.csv").read_text().splitlines()
    (folder / "data.csv").write_text("\n".join([*lines[:-1], lines[-1][:20]]))
    tally = Tally()
    nights.RECIPE.open(folder, tally)
    assert tally.reasons["its line has not as many values as the header"].first == [f"data.csv:{len(lines)}"]
    assert tally.reasons["it is not of the training split"].count == 1


def write_rows(folder: Path, rows: list[dict]) -> Path:
    pq.write_table(pa.Table.from_pylist(rows), folder / "train.parquet")
    return folder


def test_labels_may_be_fractional_numbers_and_whatever_else_is_skipped(tmp_path):
    jpeg = io.BytesIO()
    trees.photo(1, 200, 200).save(jpeg, format="JPEG")
    rows = [{"Image": jpeg.getvalue(), "Label_A": label} for label in (0.0, 1.0, 1.0, 1.0, None, 0.5)]
    tally = Tally()
    material = genimage.RECIPE.open(write_rows(tmp_path, rows), tally)
    assert len(material.origins) == 1
    assert tally.reasons["it is labelled neither real nor generated"].count == 2
    assert len(prepare_examples(genimage.RECIPE, tmp_path, 1).examples[0].images) == 4


@pytest.mark.parametrize("held", [{"path": "a.jpg"}, {"bytes": None}, 7, "text"])
def test_a_row_without_an_image_is_skipped(tmp_path, held):
    rows = [{"Image": held, "Label_A": int(number > 0)} for number in range(4)]
    with pytest.raises(TaskError, match="not one example"):
        prepare_examples(genimage.RECIPE, write_rows(tmp_path, rows), 1)


def test_parquet_files_that_hold_no_images_are_said_to(tmp_path):
    write_rows(tmp_path, [{"Label_A": 0}])
    with pytest.raises(TaskError, match="the file has no column 'Image'"):
        prepare_examples(genimage.RECIPE, tmp_path, 1)
    (tmp_path / "train.parquet").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(TaskError, match="a Git LFS pointer"):
        prepare_examples(genimage.RECIPE, tmp_path, 1)
