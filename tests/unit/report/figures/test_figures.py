"""The numbers of the figures, against the findings that they are of."""

import json
from dataclasses import replace

import numpy as np
import pytest

from spillover.analysis import analyze
from spillover.analysis.cube import example_cube
from spillover.analysis.training import TrainingCurve, thin_curve
from spillover.core.published import PGFRow, PGFTable
from spillover.report.figures.data import page_data
from spillover.report.figures.graph import MOST_EDGES, graph_of
from spillover.report.figures.lines import progress_of, scale_of
from spillover.report.figures.matrix import cluster_tasks, layers_of, orders_of
from spillover.report.figures.profiles import profiles_of
from spillover.report.figures.tasks import LISTED, cards_of
from spillover.report.figures.training import MOST_LINES, training_of
from spillover.report.figures.variance import variance_of
from spillover.report.figures.weights import weights_of

NAMES = ["Jigsaw", "Counting", "Relative_Depth", "Art_Style", "Spatial_Relation"]


def made(names=NAMES, model="7B", scale=0.1):
    rng = np.random.default_rng(1)
    rows = tuple(
        PGFRow(seed=seed, source=source, target=target, pgf=round(float(rng.normal(0, scale)), 4))
        for seed in (0, 1, 2)
        for source in names
        for target in names
    )
    return PGFTable(model=model, rows=rows, examples={}, origin="made up")


@pytest.fixture(scope="module")
def findings():
    return analyze([made(), made(model="32B")])


@pytest.fixture(scope="module")
def model(findings):
    return findings.models[0]


def test_the_first_layer_is_the_matrix(model):
    first = layers_of(model)[0]
    assert first.name == "raw"
    assert np.array_equal(first.values, model.matrix.values, equal_nan=True)
    assert np.array_equal(first.low, model.cells.inference.low, equal_nan=True)


def test_examples_give_calibrated_layers_and_accuracy_points():
    layers = {layer.name: layer for layer in layers_of(analyze(example_cube()).models[0])}
    assert next(iter(layers)) == "raw"
    assert "specific" in layers
    points = layers["points"]
    assert (points.low <= points.values).all()
    assert (points.values <= points.high).all()
    assert (points.low < points.high).any()


def test_layers_of_pgf_share_one_scale(model):
    assert len({layer.limit for layer in layers_of(model) if layer.unit == "PGF"}) == 1


def test_every_order_holds_every_task_once(model):
    for order in orders_of(model).values():
        assert sorted(order) == sorted(NAMES)


def test_tasks_are_ordered_by_level_where_it_is_known(model):
    assert orders_of(model)["by level"][0] == "Relative_Depth"  # the only low-level one
    assert "by level" not in orders_of(analyze(made(["x", "y", "z"])).models[0])


def test_tasks_that_transfer_alike_stand_together():
    values = np.zeros((6, 6))
    values[:3, 3:] = 0.5
    values[3:, :3] = -0.5
    shuffled = [0, 3, 1, 4, 2, 5]
    names = [f"{'ab'[place >= 3]}{place}" for place in shuffled]
    matrix = analyze(made(names)).models[0].matrix
    order = cluster_tasks(replace(matrix, values=values[np.ix_(shuffled, shuffled)]))
    assert {name[0] for name in order[:3]} in ({"a"}, {"b"})


def test_the_graph_holds_every_transfer_between_different_tasks(model):
    graph = graph_of(model)
    assert len(graph.edges) == 20
    assert all(edge.pgf == model.matrix.value(edge.source, edge.target) for edge in graph.edges)
    sizes = [abs(edge.pgf) for edge in graph.edges]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(size >= graph.threshold for size in sizes) == 12  # 2.5 a task, rounded to the even


def test_the_layout_is_the_same_every_time(model):
    assert graph_of(model).nodes == graph_of(model).nodes


def test_a_large_graph_keeps_its_strongest_edges():
    model = analyze(made([f"t{place}" for place in range(45)])).models[0]
    graph = graph_of(model)
    assert len(graph.edges) == MOST_EDGES
    assert graph.left_out == model.summary.positive_cells + model.summary.negative_cells - MOST_EDGES


def test_a_card_leaves_out_who_helps_by_less_than_it_shows():
    effects = {"a": 0.1, "b": 0.004, "c": 0.006, "d": -0.004}
    rows = tuple(PGFRow(seed=0, source=source, target="a", pgf=pgf) for source, pgf in effects.items())
    (model,) = analyze(PGFTable(model="m", rows=rows, examples={}, origin="made up")).models
    card = next(card for card in cards_of(model) if card.name == "a")
    assert [other.name for other in card.donors] == ["c"]
    assert card.pirates == ()


def test_a_card_names_who_helps_and_who_harms(model):
    card = next(card for card in cards_of(model) if card.name == "Counting")
    column = {source: model.matrix.value(source, "Counting") for source in NAMES if source != "Counting"}
    helping = sorted((name for name in column if column[name] > 0), key=lambda name: -column[name])
    harming = sorted((name for name in column if column[name] < 0), key=lambda name: column[name])
    assert [other.name for other in card.donors] == helping[:LISTED]
    assert [other.name for other in card.pirates] == harming[:LISTED]
    assert card.gives[0].value == model.summary.transferability.positive["Counting"]
    assert card.takes[1].value == model.summary.malleability.negative["Counting"]


def test_profiles_are_the_cards_amounts(model):
    positive = {point.name: point for point in profiles_of(model).positive}
    assert all(positive[card.name].gives == card.gives[0] for card in cards_of(model))
    assert all(point.gives.value <= 0 for point in profiles_of(model).negative)


def test_variance_shares_add_up():
    table = made()
    rows = tuple(replace(row, pgf=row.pgf - 0.3 * NAMES.index(row.target)) for row in table.rows)
    bars = variance_of(analyze(replace(table, rows=rows)).models[0])
    assert [bar.title for bar in bars][:2] == ["PGF", "PGF, noise of seeds taken out"]
    for bar in bars:
        assert sum(share.share for share in bar.shares) == pytest.approx(1)


def test_one_seed_has_no_bar_without_its_noise():
    one = PGFTable(model="m", rows=tuple(row for row in made().rows if row.seed == 0), examples={}, origin="made up")
    assert [bar.title for bar in variance_of(analyze(one).models[0])] == ["PGF"]


def test_scale_follows_the_models_from_the_smallest(findings):
    (lines,) = scale_of(findings)
    assert lines.ticks == ("7B", "32B")
    assert lines.lines[0].values == tuple(model.summary.mean for model in findings.models)


def test_what_was_not_measured_has_no_figure(model):
    assert progress_of(model) is None
    assert weights_of(model) is None


def test_page_data_is_rounded_and_knows_no_nan(findings):
    data = page_data(findings)
    text = json.dumps(data, allow_nan=False)
    assert json.loads(text)["models"][0]["layers"][0]["values"][0][1] == pytest.approx(
        findings.models[0].matrix.values[0, 1], abs=5e-5
    )


def curve(source, seed, loss, control=None):
    steps = tuple(range(1, len(loss) + 1))
    return TrainingCurve(
        source=source, control=control, seed=seed, steps=steps, loss=loss, learning_rate=loss, gradient_norm=loss
    )


def test_training_is_a_line_a_source_and_its_controls_averaged_over_seeds(model):
    assert training_of(model) is None
    curves = (curve("Jigsaw", 0, (2.0, 1.0)), curve("Jigsaw", 1, (4.0, 2.0)), curve("Jigsaw", 0, (3.0, 3.0), "own"))
    training = training_of(replace(model, training=curves))
    assert [(line.name, line.loss) for line in training.lines] == [
        ("Jigsaw", (3.0, 1.5)),
        ("Jigsaw (own)", (3.0, 3.0)),
    ]
    assert "it ends between 1.50 and 3.00" in training.caption


def test_the_training_of_many_sources_is_a_band_and_its_ends(model):
    curves = tuple(curve(f"task {number:02}", 0, (9.0, float(number))) for number in range(MOST_LINES + 1))
    training = training_of(replace(model, training=curves))
    assert [line.name for line in training.lines] == ["median", "task 00", "task 20"]
    assert [line.loss for line in training.band] == [(9.0, 0.0), (9.0, 20.0)]
    assert training.lines[0].loss == (9.0, 10.0)


def test_a_long_curve_keeps_its_mean_in_few_points():
    values = np.random.default_rng(0).random(700)
    assert len(thin_curve(values)) == 100
    assert np.mean(thin_curve(values)) == pytest.approx(values.mean())
