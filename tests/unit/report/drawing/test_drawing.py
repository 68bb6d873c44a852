import csv
import sys
from dataclasses import replace
from itertools import combinations, pairwise

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

import spillover
from spillover.analysis import analyze
from spillover.analysis.differences import differences_of
from spillover.analysis.warned import Warned
from spillover.analysis.weights import WeightCorrelation
from spillover.core.errors import AnalysisError
from spillover.core.numbers import brief
from spillover.core.published import PGFRow, PGFTable
from spillover.report.drawing import files
from spillover.report.drawing.canvas import new_figure, paper_style
from spillover.report.drawing.captions import heatmap_caption
from spillover.report.drawing.charts import draw_profiles, draw_weights
from spillover.report.drawing.files import write_figures
from spillover.report.drawing.graph import draw_graph
from spillover.report.drawing.heatmap import draw_heatmap, harmed_cells
from spillover.report.drawing.labels import name_points
from spillover.report.figures.graph import graph_of
from spillover.report.figures.matrix import Layer, layers_of
from spillover.report.figures.profiles import profiles_of
from spillover.report.figures.weights import WeightPair, WeightPairs

NAMES = ["Jigsaw", "Counting", "a $b$ <c>"]


def made(model="7B", seeds=(0, 1)):
    rng = np.random.default_rng(0)
    rows = tuple(
        PGFRow(seed=seed, source=source, target=target, pgf=round(float(rng.normal(0, 0.1)), 3))
        for seed in seeds
        for source in NAMES
        for target in NAMES
    )
    return PGFTable(model=model, rows=rows, examples={}, origin="made up")


@pytest.fixture(scope="module")
def findings():
    return analyze(made())


@pytest.fixture(scope="module")
def folder(findings, tmp_path_factory):
    room = tmp_path_factory.mktemp("figures")
    write_figures(findings, room)
    return room


@pytest.mark.parametrize("plot", ["plot_heatmap", "plot_graph", "plot_profiles", "plot_variance"])
def test_figures_of_one_model(findings, plot):
    before = dict(mpl.rcParams)
    figure = getattr(spillover, plot)(findings)
    assert isinstance(figure, Figure)
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert dict(mpl.rcParams) == before, "the user's own settings stay"


def test_no_figure_is_kept_open(findings):
    spillover.plot_graph(findings)
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


def test_the_heatmap_shows_the_matrix(findings):
    axes = spillover.plot_heatmap(findings, order="by name").axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        *("a $b$ <c> (ABC)", "Counting (CN)", "Jigsaw (JG)"),
    ]
    drawn = axes.collections[0].get_array()
    matrix = findings.models[0].matrix
    assert drawn[1, 2] == matrix.value("Counting", "Jigsaw")


def test_unknown_layers_and_orders_are_named(findings):
    with pytest.raises(AnalysisError, match="no layer 'rae'"):
        spillover.plot_heatmap(findings, layer="rae")
    with pytest.raises(AnalysisError, match="no order 'size'"):
        spillover.plot_heatmap(findings, order="size")


def test_what_was_not_measured_is_said(findings):
    for plot in (spillover.plot_scale, spillover.plot_progress, spillover.plot_training, spillover.plot_weights):
        with pytest.raises(AnalysisError):
            plot(findings)


def test_several_models_need_a_choice():
    several = analyze([made("3B"), made("7B")])
    with pytest.raises(AnalysisError, match="several models: 3B, 7B"):
        spillover.plot_heatmap(several)
    assert isinstance(spillover.plot_heatmap(several.models[1]), Figure)
    assert len(spillover.plot_scale(several).axes[0].lines) == 6  # five averages, and the line at 0


def test_every_figure_stands_in_four_forms(folder):
    names = {file.stem for file in folder.iterdir()}
    figures = {"heatmap", "heatmap_specific", "graph", "profiles", "variance"}
    assert names == {*figures, "captions", "cliques", "groups"}
    for name in figures:
        assert (folder / f"{name}.svg").read_text(encoding="utf-8").startswith("<?xml")
        assert (folder / f"{name}.pdf").read_bytes().startswith(b"%PDF")
        assert (folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_the_numbers_behind_a_figure_are_exact(folder, findings):
    with (folder / "heatmap.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    matrix = findings.models[0].matrix
    assert len(rows) == 9
    assert all(float(row["value"]) == matrix.value(row["source"], row["target"]) for row in rows)


def read_rows(file):
    with file.open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


def test_tables_are_csv(folder, findings, tmp_path, monkeypatch):
    model = findings.models[0]
    cliques = read_rows(folder / "cliques.csv")
    assert len(cliques) == len(model.positive_cliques.cliques) + len(model.negative_cliques.cliques)
    levels = next(each for each in model.groups if each.attribute == "level")
    first = next(row for row in read_rows(folder / "groups.csv") if row["attribute"] == "level")
    assert first["source_group"] == levels.groups[0]
    assert float(first["source_gives_positive"]) == levels.transferability[levels.groups[0]][0]
    several = analyze([made("3B"), made("7B")])
    monkeypatch.setattr(files, "drawings_of", lambda _: ())  # those of each model, which are in the folder
    write_figures(several, tmp_path)
    (difference,) = differences_of(several)
    changes = read_rows(tmp_path / "differences.csv")
    assert [float(row["change"]) for row in changes] == difference.matrix.values.flatten().tolist()


@pytest.fixture(scope="module")
def many():
    """Findings on so many tasks that arrows and names have little room."""
    rng = np.random.default_rng(1)
    names = [f"T{number:02}" for number in range(13)]
    rows = tuple(
        PGFRow(seed=seed, source=source, target=target, pgf=round(float(rng.normal(0, 0.1)), 3))
        for seed in (0, 1)
        for source in names
        for target in names
    )
    return analyze(PGFTable(model="m", rows=rows, examples=dict.fromkeys(names, 100), origin="made up"))


def test_no_arrow_passes_behind_a_task_that_is_none_of_its_ends(many):
    graph = graph_of(many.models[0])
    figure = draw_graph(graph, threshold=0)
    figure.draw_without_rendering()
    places = {node.name: np.array((node.x, node.y)) for node in graph.nodes}
    (axes,) = figure.axes
    scale = axes.transData.transform((1, 0))[0] - axes.transData.transform((0, 0))[0]
    radius = axes.lines[0].get_markersize() / 2 * figure.dpi / 72 / scale
    for edge, arrow in zip(reversed(graph.edges), axes.patches, strict=True):
        (curve, *_) = arrow.get_path().to_polygons(closed_only=False)
        others = [place for name, place in places.items() if name not in {edge.source, edge.target}]
        assert min(np.hypot(*(curve - other).T).min() for other in others) > radius, (edge.source, edge.target)


def test_whole_intervals_and_names_apart_from_each_other_stand_in_the_profiles(many):
    profiles = profiles_of(many.models[0])
    figure = draw_profiles(profiles, 0.95)
    figure.draw_without_rendering()
    for axes, points in zip(figure.axes, (profiles.positive, profiles.negative), strict=True):
        across, up = sorted(axes.get_xlim()), sorted(axes.get_ylim())
        for point in points:
            assert across[0] <= point.gives.low <= point.gives.high <= across[1]
            assert up[0] <= point.takes.low <= point.takes.high <= up[1]
        boxes = [Text.get_window_extent(text) for text in axes.texts]  # without lines to their points
        assert len(boxes) == len(points)
        assert not [pair for pair in combinations(boxes, 2) if pair[0].padded(-1).overlaps(pair[1].padded(-1))]
        ticks = [tick.get_window_extent() for tick in axes.get_xticklabels() if tick.get_text()]
        assert all(left.x1 < right.x0 for left, right in pairwise(sorted(ticks, key=lambda box: box.x0)))


def test_a_name_is_nearest_to_its_own_point_or_joined_to_it():
    """Three points so close that no room is left beside one of them, on the axis."""
    figure, (axes,) = new_figure(3.6, 3.4)
    places = [(0.0033, 0.0), (0.0038, 0.0013), (0.0043, 0.0023), (0.0057, 0.0), (0.0074, 0.0014), (0.0011, 0.0038)]
    axes.set_xlim(-0.001, 0.028)
    axes.set_ylim(-0.002, 0.044)
    name_points(figure, axes, ["JG", "AS", "CN", "VS", "RR", "FD"], places)
    figure.draw_without_rendering()
    points = axes.transData.transform(places)
    joined = []
    for place, text in enumerate(axes.texts):
        own = points[[tuple(point) for point in places].index(tuple(text.xy))]
        box = Text.get_window_extent(text)
        away = [np.hypot(*(np.clip(point, box.min, box.max) - point)) for point in (own, *points)]
        joined.append(text.arrow_patch is not None)
        assert joined[place] or away[0] <= min(away) + 1, text.get_text()
    assert 0 < sum(joined) < len(joined)


def test_what_marks_mean_stands_in_the_heatmap_with_the_base_and_the_cells_own_digits(many):
    model = many.models[0]
    (layer, *_) = layers_of(model)
    q = np.full(layer.values.shape, 1.0)
    q[0, 1] = 0.01
    layer = replace(layer, q=q, base=dict.fromkeys(layer.targets, 0.625))
    with paper_style():
        figure = draw_heatmap(layer, layer.targets, {}, 0.05)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        *("harm: below 0 once rounded", "stands a test (q ≤ 5%)"),
    ]
    axes, bar = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()][:2] == ["right before finetuning", "T00"]
    assert [text.get_text() for text in axes.texts if text.get_position()[1] == -0.5] == [".63"] * 13
    assert [label.get_text() for label in bar.get_yticklabels()] == [
        brief(end) for end in (-layer.limit, 0, layer.limit)
    ]
    assert figure.get_suptitle() == ""
    nowhere = draw_heatmap(replace(layer, q=np.full(layer.values.shape, 1.0)), layer.targets, {}, 0.05)
    assert [text.get_text() for text in nowhere.legends[0].get_texts()] == ["harm: below 0 once rounded"]


@pytest.mark.parametrize("limit", [0.1, 0.5])
def test_harms_are_hatched_by_one_rule_whatever_the_colours(limit):
    values = np.array([[-0.014, -0.006, -0.004, 0.02, np.nan]])
    layer = Layer(name="raw", title="PGF", note="n", sources=("a",), targets=tuple("abcde"), values=values, limit=limit)
    assert harmed_cells(layer).tolist() == [[True, True, False, False, False]]
    assert harmed_cells(replace(layer, unit="accuracy", values=values / 10)).tolist() == [
        [True, True, False, False, False]
    ]


@pytest.mark.parametrize(("width", "rows", "written"), [(None, "T00 (X0)", 182), (9, "T00 (X0)", 182), (3.3, "X0", 0)])
def test_a_heatmap_is_as_wide_as_it_is_asked_to_be(many, width, rows, written):
    (layer, *_) = layers_of(many.models[0])
    layer = replace(layer, base=dict.fromkeys(layer.targets, 0.5))
    with paper_style():
        figure = draw_heatmap(layer, layer.targets, {name: f"X{name[2:]}" for name in layer.targets}, 0.05, width=width)
        figure.draw_without_rendering()
    axes = figure.axes[0]
    assert width in (None, figure.get_size_inches()[0])
    assert rows in [label.get_text() for label in axes.get_yticklabels()]
    assert len(axes.texts) == written
    assert axes.get_window_extent().width / figure.dpi > 0.1 * len(layer.targets)
    heads = [label.get_window_extent() for label in axes.get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in pairwise(heads))
    assert figure.legends[0].get_window_extent().x1 <= figure.bbox.x1


def test_a_title_may_be_left_out_and_a_width_must_be_one(findings):
    assert spillover.plot_heatmap(findings).get_suptitle() == "PGF · 7B, published, 2 seeds"
    assert spillover.plot_heatmap(findings, title="").get_suptitle() == ""
    assert spillover.plot_heatmap(findings, title="ours", width=4).get_suptitle() == "ours"
    with pytest.raises(AnalysisError, match="width is 0, which must be from 1 to 40 inches"):
        spillover.plot_heatmap(findings, width=0)


def test_every_drawn_figure_has_a_caption(folder, findings):
    text = (folder / "captions.md").read_text(encoding="utf-8")
    captions = dict(part.split("\n\n", 1) for part in text.split("## ")[1:])
    assert set(captions) == {file.stem for file in folder.glob("*.svg")}
    for caption in captions.values():
        assert "Model: 7B, from published PGFs; 2 seeds; 3 tasks finetuned on, 3 evaluated." in caption
    assert "Abbreviations: JG, Jigsaw; CN, Counting; ABC, a $b$ <c>." in captions["heatmap"]
    assert "Hatched: harm" in captions["heatmap"]
    assert "No cell was tested." in captions["heatmap"]
    assert "mean over 2 seeds" in captions["heatmap"]
    assert "95% intervals" in captions["profiles"]
    assert "Grey box: what noise alone gives" in captions["profiles"]
    threshold = graph_of(findings.models[0]).threshold
    assert f"at least {threshold:.2f} PGF" in captions["graph"]
    assert "dashed red harms" in captions["graph"]


def test_captions_tell_tested_flagged_and_the_number_of_examples(many):
    model = many.models[0]
    (layer, *_) = layers_of(model)
    q = np.full(layer.values.shape, 1.0)
    warned = Warned(kind="unread_replies", tasks=("T01",), text="")
    flagged = replace(model, warnings=(warned,))
    caption = heatmap_caption(replace(layer, q=q), model.matrix, flagged)
    assert "No cell stands a test at q ≤ 5%, the false discovery rate over 169 transfers" in caption
    assert "may be no transfer: T01 (many replies could not be read)." in caption
    assert "13 evaluated on 100 examples each" in caption
    q[0, 1] = 0.01
    assert "Framed: stands a test at q ≤ 5%" in heatmap_caption(replace(layer, q=q), model.matrix, model)


def test_one_seed_is_no_mean():
    model = analyze(made(seeds=(0,))).models[0]
    assert layers_of(model)[0].note.endswith("; one seed")


def test_figures_say_what_their_marks_mean(many):
    keys = [text.get_text() for text in spillover.plot_profiles(many).legends[0].get_texts()]
    assert keys == ["95% interval", "what noise alone gives, on average"]
    arrows, *names = spillover.plot_graph(analyze(made())).legends
    assert [text.get_text() for text in arrows.get_texts()] == ["helps", "harms"]
    assert arrows.get_title().get_text().startswith("|PGF| of at least 0.")
    assert [text.get_text() for text in names[0].get_texts()] == ["ABC  a $b$ <c>", "CN  Counting", "JG  Jigsaw"]


def test_what_is_not_known_is_empty_in_a_table(folder):
    rows = read_rows(folder / "graph.csv")
    assert {row["q"] for row in rows} == {""}
    assert "nan" not in "".join(file.read_text(encoding="utf-8") for file in folder.glob("*.csv"))


def test_models_by_size_are_of_all_findings():
    several = analyze([made("3B"), made("7B")])
    with pytest.raises(AnalysisError, match="plot_scale takes findings of several models, and 3B is one of them"):
        spillover.plot_scale(several.models[0])


def test_a_heatmap_without_tests_or_harm_explains_no_marks():
    layer = Layer(
        name="raw", title="PGF", note="n", sources=("a",), targets=("b",), values=np.array([[0.1]]), limit=0.1
    )
    with paper_style():
        assert draw_heatmap(layer, ["a", "b"], {}, 0.05).legends == []


def test_the_title_of_the_weights_lies_in_the_figure():
    pairs = (WeightPair(source="a", target="b", cosine=0.1, pgf=0.1),)
    correlation = WeightCorrelation(rho=0.13, p=0.121, pairs=156)
    with paper_style():
        figure = draw_weights(WeightPairs(sources=("a", "b"), cosine=np.eye(2), pairs=pairs, correlation=correlation))
        figure.draw_without_rendering()
        title = figure.axes[0].get_title(loc="left")
        assert "p = 0.121 by permuting tasks" in title.splitlines()
        (drawn,) = [
            text for text in figure.axes[0].get_children() if isinstance(text, Text) and text.get_text() == title
        ]
        assert drawn.get_window_extent().x1 <= figure.bbox.x1


@pytest.mark.parametrize("targets", [NAMES[:1], NAMES])
def test_a_heatmap_of_few_targets_and_long_names_keeps_its_cells(targets):
    names = [*NAMES, "Functional_Correspondence_between_x"]
    rows = tuple(PGFRow(seed=0, source=source, target=target, pgf=0.1) for source in names for target in targets)
    findings = analyze(PGFTable(model="m", rows=rows, examples={}, origin="made up"))
    figure = spillover.plot_heatmap(findings)
    figure.draw_without_rendering()
    box = figure.axes[0].get_window_extent()
    assert box.width / figure.dpi / len(targets) > 0.3
    assert box.height / figure.dpi / len(names) > 0.15


def test_drawing_that_ends_half_way_leaves_the_figures_of_before(findings, tmp_path, monkeypatch):
    def stop():
        raise KeyboardInterrupt

    graph = next(each for each in files.drawings_of(findings.models[0]) if each.name == "graph")
    (tmp_path / "graph.csv").write_text("of before")
    monkeypatch.setattr(files, "drawings_of", lambda _: [graph, replace(graph, name="variance", draw=stop)])
    with pytest.raises(KeyboardInterrupt):
        write_figures(findings, tmp_path)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {"graph.csv": "of before"}


def test_the_same_findings_are_the_same_files(folder, findings, tmp_path, monkeypatch):
    graphs = [each for each in files.drawings_of(findings.models[0]) if each.name == "graph"]
    monkeypatch.setattr(files, "drawings_of", lambda _: graphs)
    again = write_figures(findings, tmp_path)
    assert [file.name for file in again] == ["graph.csv", "graph.svg", "graph.pdf", "graph.png", "captions.md"]
    assert all(file.read_bytes() == (folder / file.name).read_bytes() for file in again[:-1])
