import math

import numpy as np
import pytest

from spillover.tasks.perception.blobs import signed_distances
from spillover.tasks.perception.canvas import Canvas
from spillover.tasks.perception.ground import Pose
from spillover.tasks.perception.kinds import KINDS, ROLES, TOOLS
from spillover.tasks.perception.lighting import draw_light
from spillover.tasks.perception.marks import Mark, paint_marks
from spillover.tasks.perception.object_localization import overlap
from spillover.tasks.perception.scattering import scatter
from spillover.tasks.perception.textures import View, draw_texture
from spillover.tasks.perception.things import Thing, paint_thing


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def blob(length=0.0, width=0.0, rounding=0.0, taper=0.0, angle=0.0):
    return np.array([[0.0, 0.0, length, width, rounding, taper, math.cos(angle), math.sin(angle)]])


def distance(shape, x, y):
    return float(signed_distances(shape, np.array(x), np.array(y))[0])


def test_a_disc_is_a_blob_without_a_box():
    assert distance(blob(rounding=2.0), 3.0, 4.0) == pytest.approx(3.0)
    assert distance(blob(rounding=2.0), 0.0, 1.0) == pytest.approx(-1.0)


def test_a_turned_box_keeps_its_edges():
    upright = blob(length=2.0, width=1.0, angle=math.pi / 2)
    assert distance(upright, 0.0, 2.5) == pytest.approx(0.5)
    assert distance(upright, 1.25, 0.0) == pytest.approx(0.25)


def test_a_fully_tapered_box_is_a_triangle():
    triangle = blob(length=1.0, width=1.0, taper=1.0)
    assert distance(triangle, 0.9, 1.5) < 0
    assert distance(triangle, -0.9, 0.5) > 0


def test_extents_enclose_what_is_painted():
    for kind in KINDS:
        thing = Thing(kind=kind, x=0.5, y=0.5, size=0.3, colour=(1.0, 1.0, 1.0), angle=0.4, mirrored=True, stretch=1.2)
        canvas = Canvas(200, (0.0, 0.0, 0.0))
        paint_thing(canvas, thing)
        rows, columns = np.nonzero(canvas.pixels.max(axis=2) > 0.05)
        left, top, right, bottom = thing.bounds()
        seen = (columns.min() / 200, rows.min() / 200, (columns.max() + 1) / 200, (rows.max() + 1) / 200)
        assert seen == pytest.approx((left, top, right, bottom), abs=0.03), kind


def test_a_mirrored_thing_is_the_mirror_image():
    pictures = []
    for mirrored in (False, True):
        canvas = Canvas(64, (0.0, 0.0, 0.0))
        paint_thing(canvas, Thing(kind="dog", x=0.5, y=0.5, size=0.4, colour=(1.0, 0.5, 0.2), mirrored=mirrored))
        pictures.append(canvas.pixels)
    assert np.allclose(pictures[0], pictures[1][:, ::-1], atol=1e-4)


def test_every_tool_has_every_role_once():
    for kind in TOOLS:
        assert sorted(part.role for part in kind.parts if part.role) == sorted(ROLES)
        assert kind.action


def test_a_view_and_back_is_where_it_was():
    view = View(turn=0.7, zoom=1.3, shift_x=0.1, shift_y=-0.2)
    assert view.unproject(*view.project(0.2, 0.9)) == pytest.approx((0.2, 0.9))


def test_a_texture_moves_with_its_view(rng):
    texture, view = draw_texture(rng), View(turn=1.1, zoom=1.2, shift_x=0.05, shift_y=-0.1)
    field = texture.field(Canvas(40, (0.0, 0.0, 0.0)), view)
    x, y = view.unproject((10 + 0.5) / 40, (30 + 0.5) / 40)
    assert field[30, 10] == pytest.approx(float(texture.at(np.array(x), np.array(y))), abs=1e-3)


def test_a_window_of_the_plane_shows_the_same_texture(rng):
    texture = draw_texture(rng)
    whole = texture.field(Canvas(32, (0.0, 0.0, 0.0)))
    corner = texture.field(Canvas(16, (0.0, 0.0, 0.0), origin=(0.5, 0.5), extent=0.5))
    assert np.allclose(whole[16:, 16:], corner, atol=1e-4)


def test_light_is_never_dark(rng):
    for _ in range(50):
        field = draw_light(rng, 1.0).field(Canvas(16, (0.0, 0.0, 0.0)))
        assert field.min() >= 0.15


def test_a_pose_and_back_is_where_it_was():
    pose = Pose(across=0.4, ahead=0.1, turn=-0.2)
    across, depth = pose.from_world(0.3, 2.0)
    assert pose.to_world(np.array(across), np.array(depth)) == (pytest.approx(0.3), pytest.approx(2.0))


def test_scattered_discs_keep_off_one_another(rng):
    places = scatter(rng, [0.1] * 8, taken=[(0.5, 0.5, 0.1)])
    everything = [(0.5, 0.5), *places]
    gaps = [math.dist(a, b) for index, a in enumerate(everything) for b in everything[:index]]
    assert len(places) == 8
    assert min(gaps) > 0.15


@pytest.mark.parametrize("size", [32, 48, 448])
def test_a_mark_is_red_with_a_white_letter_on_black(size):
    canvas = Canvas(size, (0.5, 0.5, 0.5))
    paint_marks(canvas, [Mark(0.01, 0.01, "A"), Mark(0.99, 0.99, "B")])
    flat = canvas.pixels.reshape(-1, 3)
    assert (flat == 0.0).all(axis=1).any()
    assert (flat > 0.99).all(axis=1).any()
    assert ((flat[:, 0] > 0.8) & (flat[:, 1] < 0.3)).any()


def test_a_lone_reference_has_no_word_where_it_would_hide_the_picture():
    small, large = Canvas(32, (0.5, 0.5, 0.5)), Canvas(448, (0.5, 0.5, 0.5))
    for canvas in (small, large):
        paint_marks(canvas, [Mark(0.5, 0.5, "REF")])
    assert not (small.pixels == 1.0).all(axis=2).any()
    assert (large.pixels == 1.0).all(axis=2).any()


def test_overlap_is_intersection_over_union():
    assert overlap((0.0, 0.0, 2.0, 1.0), (1.0, 0.0, 3.0, 1.0)) == pytest.approx(1 / 3)
    assert overlap((0.0, 0.0, 1.0, 1.0), (2.0, 2.0, 3.0, 3.0)) == 0.0
