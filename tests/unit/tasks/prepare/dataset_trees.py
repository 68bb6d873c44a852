"""Writes each public dataset in miniature, in its true form on disk, oddities and faults included.

Every tree has records enough for some questions, and one image that is broken.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

NEAR, FAR = (200, 40, 160), (30, 160, 60)


def write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def save(path: Path, image: Image.Image, kind: str = "JPEG") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, format=kind)


def photo(number: int, width: int = 480, height: int = 360) -> Image.Image:
    """A picture with structure everywhere, another one for each number."""
    rng = np.random.default_rng(number)
    coarse = rng.integers(0, 255, (height // 24, width // 24, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def break_image(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])


def halves(width: int = 300, height: int = 120) -> Image.Image:
    image = Image.new("RGB", (width, height), FAR)
    image.paste(NEAR, (0, 0, width // 2, height))
    return image


def write_diw(folder: Path) -> Path:
    """Left is near: y stands before x, counting begins at 1, images end in .thumb, paths begin with a dot."""
    lines: list[str] = []
    for number in range(12):
        name = f"{number:08x}.thumb"
        save(folder / "DIW_train_val" / name, halves())
        left_first = number % 2 == 0
        first, second = ((31, 101), (271, 11)) if left_first else ((271, 11), (31, 101))
        relation = "<" if left_first else ">"
        lines += [
            f"./DIW_train_val/{name}",
            f"{first[1]},{first[0]},{second[1]},{second[0]},{relation},300,120",
        ]
    lines += ["./DIW_train_val/gone.thumb", "1,1,20,20,<,300,120", "./DIW_train_val/00000000.thumb", "oops"]
    break_image(folder / "DIW_train_val" / "00000003.thumb")
    annotations = folder / "DIW_Annotations"
    annotations.mkdir()
    (annotations / "DIW_train.csv").write_text("\n".join(lines) + "\n")
    return folder


def write_iiw(folder: Path) -> Path:
    """Left is dark: a non-opaque point, a judgement without a score, and the same colour on one side."""
    for number in range(15):
        image = Image.new("RGB", (400, 300), (220, 220, 220))
        image.paste((30, 30, 30), (0, 0, 200, 300))
        save(folder / "data" / f"{100 + number}.png", image, "PNG")
        places = {1: (0.1, 0.2), 2: (0.9, 0.3), 3: (0.2, 0.8), 4: (0.5, 0.9)}
        points = [
            {"id": key, "x": x, "y": y, "opaque": key != 4, "sRGB": "ffffff", "min_separation": 0.07}
            for key, (x, y) in places.items()
        ]
        judged = [(1, 2, "1", 0.9), (2, 3, "2", 0.8), (1, 3, "E", 0.7), (1, 4, "1", 0.9), (2, 1, "1", None)]
        judged.append((2, 1, "1", -0.5))
        comparisons = [
            {"id": place, "point1": one, "point2": two, "darker": darker, "darker_score": score}
            for place, (one, two, darker, score) in enumerate(judged)
        ]
        write_json(
            folder / "data" / f"{100 + number}.json", {"intrinsic_points": points, "intrinsic_comparisons": comparisons}
        )
    break_image(folder / "data" / "101.png")
    return folder


def write_hpatches(folder: Path) -> Path:
    """Each image is the first one moved: three numbers a line, as text without an ending."""
    for place, name in enumerate(("i_ajuntament", "i_books", "v_abstract", "v_adam", "v_apprentices", "v_artisans")):
        scene = photo(place, 480, 384)
        for number in range(1, 7):
            across, down = 12 * (number - 1), 7 * (number - 1)
            image = Image.new("RGB", scene.size)
            image.paste(scene, (across, down))
            save(folder / name / f"{number}.ppm", image, "PPM")
            if number > 1:
                (folder / name / f"H_1_{number}").write_text(f"1.0 0.0 {across}\n0.0 1.0 {down}\n0.0 0.0 1.0")
    break_image(folder / "i_books" / "2.ppm")
    (folder / "v_adam" / "H_1_3").unlink()
    (folder / "README.txt").write_text("HPatches")
    return folder


def write_spair(folder: Path) -> Path:
    """A colon in the pairs' names; one pair has too few keypoints."""
    for number in range(10):
        save(folder / "JPEGImages" / "aeroplane" / f"2008_{number:06d}.jpg", photo(number, 500, 375))
    for number in range(10):
        one, two = f"2008_{number:06d}", f"2008_{(number + 1) % 10:06d}"
        keypoints = [[50 + 60 * point, 40 + 45 * point] for point in range(3 if number == 0 else 6)]
        described = {
            "filename": f"{number:06d}-{one}-{two}:aeroplane",
            "src_imname": f"{one}.jpg",
            "trg_imname": f"{two}.jpg",
            "src_imsize": [500, 375, 3],
            "trg_imsize": [500, 375, 3],
            "src_kps": keypoints,
            "trg_kps": [[x + 10, y + 5] for x, y in keypoints],
            "category": "aeroplane",
        }
        write_json(folder / "PairAnnotation" / "trn" / f"{number:06d}-{one}-{two}:aeroplane.json", described)
    break_image(folder / "JPEGImages" / "aeroplane" / "2008_000007.jpg")
    return folder


def write_funkpoint(folder: Path) -> Path:
    """Fractions; one row without its points, one action with a single kind of object."""
    columns = [f"p{number}_{axis}" for number in range(1, 6) for axis in "xy"]
    rows: list[list[Any]] = []
    for number in range(10):
        save(folder / "images" / f"{number}.jpg", photo(number, 480, 320))
        points = [value for point in range(5) for value in (0.1 + 0.18 * point, 0.15 + 0.15 * point)]
        action, category = ("hit", ("hammer", "bottle")[number % 2]) if number < 9 else ("pour_in", "kettle")
        rows.append([*points, f"images/{number}.jpg", action, category])
    rows.append([*[""] * 10, "images/0.jpg", "hit", "shoe"])
    with (folder / "labels.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*columns, "image_path", "action", "object_category"])
        writer.writerows(rows)
    break_image(folder / "images" / "3.jpg")
    return folder


def write_nights(folder: Path) -> Path:
    """The nearer variation has the reference's colour; votes below six and other splits are left out."""
    header = ["id", "left_vote", "right_vote", "votes", "ref_path", "left_path", "right_path", "prompt", "split"]
    rows: list[list[Any]] = []
    for number in range(12):
        left = number % 2
        for kind, near in (("ref", True), ("left", bool(left)), ("right", not left)):
            image = Image.new("RGB", (96, 96), NEAR if near else FAR)
            image.putpixel((90, 90), (10 * number, 0, 0))
            save(folder / kind / "000" / f"{number:03d}.png", image, "PNG")
        paths = [f"{kind}/000/{number:03d}.png" for kind in ("ref", "left", "right")]
        votes, split = (5 if number == 0 else 7), ("test" if number == 1 else "train")
        rows.append([number, left, 1 - left, votes, *paths, "a thing", split])
    with (folder / "data.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)
    break_image(folder / "ref" / "000" / "005.png")
    return folder


def write_wikiart(folder: Path) -> Path:
    """ArtGAN's lists, which have no header; the styles' folders in wikiart/; a name with an accent."""
    styles = {"0": "Abstract_Expressionism", "1": "Baroque", "2": "Ukiyo_e"}
    lines: list[str] = []
    for number, style in styles.items():
        for work in range(1 if style == "Ukiyo_e" else 5):
            name = f"{style}/françois_{work}.jpg"
            save(folder / "wikiart" / name, Image.new("RGB", (120, 90), NEAR if number == "0" else FAR))
            lines.append(f"{name},{number}")
    (folder / "style_train.csv").write_text("\n".join(lines), encoding="utf-8")
    (folder / "style_class.txt").write_text("\n".join(f"{number} {style}" for number, style in styles.items()))
    break_image(folder / "wikiart" / "Baroque" / "françois_2.jpg")
    return folder


def write_tallyqa(folder: Path) -> Path:
    """Images of two datasets, each in its own folder; answers from 0."""
    rows: list[dict[str, Any]] = []
    for number in range(12):
        name = f"VG_100K_2/{number}.jpg" if number % 2 else f"train2014/COCO_train2014_{number:012d}.jpg"
        save(folder / name, photo(number, 320, 240))
        rows.append(
            {
                "image": name,
                "answer": number % 6,
                "issimple": True,
                "question": "How many things are there?",
                "image_id": number,
                "question_id": number,
                "data_source": "imported_genome" if number % 2 else "imported_vqa",
            }
        )
    rows.append({**rows[0], "answer": "many"})
    break_image(folder / "VG_100K_2" / "3.jpg")
    write_json(folder / "train.json", rows)
    return folder


def _coco(*, lvis: bool) -> dict[str, Any]:
    images: list[dict[str, Any]] = []
    boxes: list[dict[str, Any]] = []
    for number in range(10):
        name = f"{number:012d}.jpg"
        held = {"coco_url": f"http://images.cocodataset.org/train2017/{name}"} if lvis else {"file_name": name}
        images.append({"id": number, "width": 400, "height": 300, **held})
        box = [60.5, 50.0, 220.0, 160.0] if number != 1 else [10, 10, 20, 20]
        boxes.append({"id": number, "image_id": number, "category_id": 7, "bbox": box, "iscrowd": int(number == 2)})
    boxes += [{**boxes[3], "id": 30}, {**boxes[4], "id": 31, "category_id": 8, "image_id": 99}]
    if lvis:
        boxes = [{key: value for key, value in each.items() if key != "iscrowd"} for each in boxes]
    categories = [{"id": 7, "name": "wine_glass" if lvis else "wine glass"}, {"id": 8, "name": "dog"}]
    return {"images": images, "annotations": boxes, "categories": categories}


def write_coco(folder: Path) -> Path:
    """A crowd, a small box, two of a kind, and an image that is not in the list."""
    for number in range(10):
        save(folder / "train2017" / f"{number:012d}.jpg", photo(number, 400, 300))
    break_image(folder / "train2017" / f"{5:012d}.jpg")
    write_json(folder / "annotations" / "instances_train2017.json", _coco(lvis=False))
    return folder


def write_lvis(folder: Path) -> Path:
    """The same images, known by `coco_url` alone."""
    write_coco(folder)
    (folder / "annotations" / "instances_train2017.json").unlink()
    write_json(folder / "lvis_v1_train.json", _coco(lvis=True))
    return folder


def write_photos(folder: Path) -> Path:
    """Photographs in folders; one is grey all over, one is a panorama."""
    for number in range(8):
        save(folder / ("a" if number % 2 else "b/c") / f"{number}.jpg", photo(number, 640, 480))
    save(folder / "flat.png", Image.new("RGB", (640, 480), "grey"), "PNG")
    save(folder / "panorama.jpg", photo(20, 960, 120))
    break_image(folder / "a" / "3.jpg")
    return folder


def write_vsr(folder: Path) -> Path:
    """JSON Lines in data/splits/random/, as in the authors' repository, and images in data/images/."""
    captions = [
        ("The cat is left of the dog.", "left of", 1),
        ("The bowl contains the fruit.", "contains", 0),
        ("The sheep are behind the fence.", "behind", 1),
    ]
    lines: list[str] = []
    for number in range(9):
        caption, relation, label = captions[number % 3]
        name = f"{number:012d}.jpg"
        save(folder / "data" / "images" / name, photo(number, 320, 240))
        row = {"image": name, "caption": caption, "label": label, "relation": relation, "image_link": "http://…"}
        lines.append(json.dumps(row))
    lines.append(json.dumps({"image": "x.jpg", "caption": "The cat is there.", "label": None, "relation": "there"}))
    lists = folder / "data" / "splits" / "random"
    lists.mkdir(parents=True)
    (lists / "train.jsonl").write_text("\n".join(lines))
    break_image(folder / "data" / "images" / f"{4:012d}.jpg")
    return folder


def camera(degrees: float) -> tuple[list[list[float]], list[float]]:
    """A camera that looks at the origin from a circle around it, in PyTorch3D's row-vector convention."""
    angle = np.radians(degrees)
    centre = 4.0 * np.array([np.sin(angle), 0.0, np.cos(angle)])
    forward = -centre / np.linalg.norm(centre)
    up = np.array([0.0, 1.0, 0.0])
    left = np.cross(up, forward)
    rotation = np.stack([left, up, forward], axis=1)
    return rotation.tolist(), (-centre @ rotation).tolist()


def write_co3d(folder: Path) -> Path:
    """Gzipped JSON; a frame without a camera, a frame of the test split, and a sequence of a standing camera."""
    frames: list[dict[str, Any]] = []
    for sequence, step in (("110_13051", 20.0), ("189_20393", 12.0), ("200_1", 0.0)):
        for number in range(8):
            path = f"apple/{sequence}/images/frame{number + 1:06d}.jpg"
            save(folder / path, photo(number, 320, 240))
            rotation, translation = camera(step * number)
            frames.append(
                {
                    "sequence_name": sequence,
                    "frame_number": number,
                    "image": {"path": path, "size": [240, 320]},
                    "viewpoint": {"R": rotation, "T": translation, "focal_length": [1, 1]},
                    "meta": {"frame_type": "test_unseen" if number == 7 else "train_known"},
                }
            )
    frames[1]["viewpoint"] = None
    break_image(folder / frames[2]["image"]["path"])
    (folder / "apple" / "frame_annotations.jgz").write_bytes(gzip.compress(json.dumps(frames).encode()))
    return folder


def write_real_and_fake(folder: Path) -> Path:
    """Real images are large JPEG, generated ones small PNG: neither may show in the question."""
    for number in range(8):
        (folder / "train" / "nature").mkdir(parents=True, exist_ok=True)
        photo(number, 400, 300).save(folder / "train" / "nature" / f"{number}.JPEG", comment="a camera's own")
        save(folder / "train" / "ai" / f"{number}.png", photo(100 + number, 216, 216), "PNG")
        save(folder / "val" / "ai" / f"{number}.png", photo(200 + number, 216, 216), "PNG")
    break_image(folder / "train" / "nature" / "2.JPEG")
    return folder


def write_defactify(folder: Path) -> Path:
    """Parquet with images inside."""
    rows: list[dict[str, Any]] = []
    for number in range(16):
        stream = io.BytesIO()
        photo(number, 240, 240).save(stream, format="JPEG")
        data = stream.getvalue()[:900] if number == 2 else stream.getvalue()
        rows.append({"Image": {"bytes": data, "path": None}, "Caption": "a thing", "Label_A": number % 2})
    folder.joinpath("data").mkdir()
    pq.write_table(pa.Table.from_pylist(rows), folder / "data" / "train-00000-of-00001.parquet", row_group_size=5)
    return folder


TREES: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "WikiArt": ("Art_Style", write_wikiart),
    "TallyQA": ("Counting", write_tallyqa),
    "GenImage": ("Forensic_Detection", write_real_and_fake),
    "Defactify": ("Forensic_Detection", write_defactify),
    "FunKPoint": ("Functional_Correspondence", write_funkpoint),
    "photos": ("Jigsaw", write_photos),
    "CO3Dv2": ("Multi-view_Reasoning", write_co3d),
    "COCO": ("Object_Localization", write_coco),
    "LVIS": ("Object_Localization", write_lvis),
    "DIW": ("Relative_Depth", write_diw),
    "IIW": ("Relative_Reflectance", write_iiw),
    "SPair": ("Semantic_Correspondence", write_spair),
    "VSR": ("Spatial_Relation", write_vsr),
    "HPatches": ("Visual_Correspondence", write_hpatches),
    "NIGHTS": ("Visual_Similarity", write_nights),
}
"""By dataset: the task that it makes, and what writes it."""
