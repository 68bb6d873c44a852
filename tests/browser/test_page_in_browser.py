"""The page as a reader meets it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spillover.analysis import AnalysisSettings, analyze
from spillover.analysis.sampling import sample_transfers
from spillover.analysis.warned import Warned
from spillover.core.numbers import signed
from spillover.core.published import PGFRow, PGFTable
from spillover.mixture.pose import Pose
from spillover.mixture.predict import Optimism, predict_effects
from spillover.mixture.settings import MixtureSettings
from spillover.report.figures.graph import graph_of
from spillover.report.figures.mixture import panel_of
from spillover.report.page import write_report

pytestmark = pytest.mark.browser

EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>"
NAMES = [
    *("Jigsaw", "Counting", "Relative_Depth", "Art_Style", "Spatial_Relation", "Visual_Similarity"),
    *("Relative_Reflectance", "Object_Localization", "Forensic_Detection", "Functional_Correspondence"),
    *("Semantic_Correspondence", "Visual_Correspondence", EVIL),
]


def table(names, model="7B", seeds=(0, 1)):
    """One source that helps all, one that harms all, and noise; 37 of a hundred answers are wrong before."""
    rng = np.random.default_rng(0)
    lean = {names[0]: 0.8, names[1]: -1.2}

    def gain(source):
        return round(37 * (lean.get(source, 0.0) + float(rng.normal(0, 0.05)))) / 37

    rows = tuple(
        PGFRow(seed=seed, source=source, target=target, pgf=gain(source))
        for seed in seeds
        for source in names
        for target in names
    )
    return PGFTable(model=model, rows=rows, examples=dict.fromkeys(names, 100), origin="made up")


@pytest.fixture(scope="module")
def findings():
    return analyze([table(NAMES), table(NAMES, "32B")])


@pytest.fixture(scope="module")
def samples():
    return [sample_transfers(table(NAMES), AnalysisSettings(seed=seed), replicates=200)[0] for seed in (0, 1)]


@pytest.fixture(scope="module")
def panel(samples):
    """The calibrated measure stands in by other draws: from a table there is none."""
    return panel_of({"raw": samples[0], "calibrated": replace(samples[1], mean=samples[1].mean / 2)}, splits=0)


@pytest.fixture(scope="module")
def evidence(panel):
    return panel.measures[0]


@pytest.fixture(scope="module")
def file(findings, panel, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_report(findings, path, mixtures=[panel])
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    path = tmp_path_factory.mktemp("large") / "report.html"
    names = [f"Task {number}" for number in range(200)]
    settings = AnalysisSettings(replicates=0, permutations=0)
    write_report(analyze(table(names, seeds=(0,)), settings), path)
    return path


@pytest.fixture
def opened(open_page, file):
    found = open_page(file)
    yield found
    assert found.faults == [], "nothing went wrong in the console"


def test_it_loads_without_errors_and_asks_for_nothing(opened):
    opened.page.mouse.wheel(0, 20_000)
    assert [url for url in opened.requests if not url.startswith("file:")] == []


def test_names_made_of_markup_stay_text(opened):
    assert opened.page.locator("img").count() == 0
    assert opened.page.locator("[data-model='0'] .rows text", has_text="onerror").count() == 1


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out_sideways(open_page, file, width):
    page = open_page(file, viewport={"width": width, "height": 844}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_captions_of_tables_wider_than_a_phone_are_read_without_scrolling(open_page, tmp_path):
    file = tmp_path / "report.html"
    write_report(analyze(table(NAMES)), file)
    page = open_page(file, viewport={"width": 390, "height": 844}).page
    ends = page.evaluate("[...document.querySelectorAll('caption')].map(each => each.getBoundingClientRect().right)")
    assert max(ends) <= 390


@pytest.mark.parametrize("width", [390, 1280])
def test_long_names_stay_within_the_window(open_page, tmp_path, width):
    names = ["x" * 200, "long_name_" * 20, *NAMES[:4]]
    sample = sample_transfers(table(names), AnalysisSettings(), replicates=100)[0]
    file = tmp_path / "report.html"
    write_report(analyze([table(names)]), file, mixtures=[panel_of({"raw": sample}, splits=0)])
    page = open_page(file, viewport={"width": width, "height": 844}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".cards").bounding_box()["height"] < 2400, "no column is squeezed to a letter"


def test_a_phone_has_links_to_the_parts_of_the_page(open_page, file):
    page = open_page(file, viewport={"width": 390, "height": 844}).page
    links = page.locator("[data-model='0'] .jumps a")
    targets = [link.get_attribute("href") for link in links.all()]
    assert len(targets) == 5
    assert all(page.locator(target).count() == 1 for target in targets)
    links.filter(has_text="which data").click()
    assert -844 < page.locator("#train-0 h2").bounding_box()["y"] < 844
    page.set_viewport_size({"width": 1280, "height": 900})
    assert not links.first.is_visible()


@pytest.mark.parametrize("width", [320, 360])
def test_words_of_a_fact_are_not_broken_on_a_narrow_phone(open_page, file, width):
    page = open_page(file, viewport={"width": width, "height": 700}).page
    page.evaluate("document.querySelector('.facts .figure').textContent = 'Semantic Correspondence'")
    figure = page.locator("[data-model='0'] .facts .figure").first
    line = figure.evaluate("figure => parseFloat(getComputedStyle(figure).lineHeight)")
    assert figure.bounding_box()["height"] < 2.5 * line, "a line a word"


def test_a_phone_s_first_screen_holds_the_answer_and_the_matrix(open_page, file):
    page = open_page(file, viewport={"width": 390, "height": 844}).page
    answer, matrix = (page.locator(f"[data-model='0'] {name}").bounding_box() for name in (".answer", ".cells"))
    assert answer["y"] + answer["height"] < matrix["y"]
    assert matrix["y"] + matrix["height"] < 1.2 * 844


READ_CELLS = """() => [...document.querySelectorAll("[data-model='0'] .cells text")].filter((text) => text.textContent)
    .map((text) => [parseFloat(getComputedStyle(text).fontSize), text.getBBox().width
        - text.parentNode.firstChild.getBBox().width])"""


@pytest.mark.parametrize(("width", "tasks"), [(1280, 30), (1280, 13), (390, 4), (390, 13), (390, 30)])
def test_numbers_stand_in_cells_where_they_can_be_read_and_no_column_s_name_is_cut(open_page, tmp_path, width, tasks):
    file = tmp_path / "report.html"
    names = [f"internal_vqa_dataset_{number:02}" for number in range(tasks)]
    settings = AnalysisSettings(replicates=0, permutations=0)
    write_report(analyze(table(names), settings), file)
    page = open_page(file, viewport={"width": width, "height": 900}).page
    read = page.evaluate(READ_CELLS)
    assert len(read) == (0 if width == 390 and tasks > 4 else tasks**2)
    assert all(size >= 9.5 and beyond <= 0 for size, beyond in read)
    note = page.locator("[data-model='0'] [data-figure=heatmap] p.note").first.inner_text()
    assert ("in the table below" in note) == (not read)
    heads = page.locator("[data-model='0'] .columns text")
    shown = [head.removesuffix("!") for head in heads.all_text_contents()]
    assert shown == [name.removeprefix("internal_vqa_dataset_") for name in names]
    drawing = "document.querySelector('.stage svg').getBoundingClientRect().right"
    last = heads.last.evaluate("head => head.getBoundingClientRect().right")
    assert last <= page.evaluate(drawing) + 1
    assert page.get_by_text("Short names: without internal_vqa_dataset_").count() == 1


def test_what_the_base_s_row_is_stays_whole_beside_short_names(open_page, tmp_path):
    file = tmp_path / "report.html"
    write_report(analyze(table(["a", "b", "cc"]), AnalysisSettings(replicates=0)), file)
    page = open_page(file).page
    page.evaluate("document.querySelector('.base .head').textContent = 'right before finetuning'")
    left = "document.querySelector('{}').getBoundingClientRect().left"
    assert page.evaluate(left.format(".base .head")) >= page.evaluate(left.format(".stage svg"))


def test_what_rests_on_a_flagged_target_is_marked(open_page, findings, tmp_path):
    (model, _) = findings.models
    harmed = model.most_harmed.task
    unread = Warned(kind="unread_replies", tasks=(harmed,), text=f"{harmed}: unread")
    other = Warned(kind="few_seeds", tasks=("Jigsaw",), text="few")
    file = tmp_path / "report.html"
    write_report(replace(findings, models=(replace(model, warnings=(unread, other)),), comparisons=()), file)
    page = open_page(file).page
    marked = [head for head in page.locator("[data-model='0'] .columns text").all_text_contents() if head.endswith("!")]
    assert marked == [model.matrix.abbreviations[harmed][:11] + "!"]
    box = page.locator(".facts div", has_text="is harmed most")
    assert box.inner_text().endswith("; flagged: many replies could not be read")
    place = model.matrix.targets.index(harmed)
    page.locator(".cells g").nth(place).hover()
    assert "is flagged: many replies could not be read" in page.locator(".pointer-card").inner_text()
    page.locator(".node").nth([node.name for node in graph_of(model).nodes].index(harmed)).click()
    into = page.locator(".moves section").nth(1).locator("li span:last-child").all_inner_texts()
    assert into
    assert all(text.endswith("!") for text in into)


def test_nothing_sticks_out_of_paper(open_page, file):
    page = open_page(file, viewport={"width": 720, "height": 1000}).page  # A4 less its margins
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#model-1").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 720


def test_hovering_a_cell_tells_value_interval_and_test(opened, findings):
    page = opened.page
    cell = page.locator("[data-model='0'] .cells g").nth(1)
    cell.hover()
    told = page.locator(".pointer-card").inner_text()
    inference = findings.models[0].cells.inference
    assert "Jigsaw → Counting" in told
    for value in (findings.models[0].matrix.values[0, 1], inference.low[0, 1], inference.high[0, 1]):
        assert f"{value:+.3f}".replace("-", "−") in told
    assert "stands a test" in told


def test_arrow_keys_go_from_cell_to_cell_and_are_read_out(opened):
    page = opened.page
    page.locator("[data-model='0'] .stage").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    status = page.locator("[data-model='0'] [data-figure=heatmap] .status")
    assert status.inner_text().startswith("Counting → Counting")
    assert status.get_attribute("aria-live") == "polite"


def test_the_heatmap_shows_other_matrices(opened, findings):
    page = opened.page
    page.locator("[data-model='0'] [data-figure=heatmap] select").first.select_option("specific")
    shown = page.locator("[data-model='0'] .cells g text").nth(1).text_content()
    assert float(shown.replace("−", "-")) == pytest.approx(findings.models[0].specific.values[0, 1], abs=0.0051)


def test_the_order_can_be_changed(opened):
    page = opened.page
    page.locator("[data-model='0'] [data-figure=heatmap] select").nth(1).select_option("by name")
    tops = page.evaluate(
        """() => [...document.querySelectorAll("[data-model='0'] .rows text")]
            .map((text) => [text.textContent, new DOMMatrix(text.style.transform).f])"""
    )
    names = [name for name, _ in sorted(tops, key=lambda pair: pair[1])]
    assert names == sorted(names, key=str.casefold)


def test_what_is_framed_stands_a_test_as_in_the_drawn_figure_and_is_said_to(opened, findings):
    page = opened.page
    sure = int((findings.models[0].cells.q <= 0.05).sum())
    framed = """() => [...document.querySelectorAll("[data-model='0'] .cells rect")]
        .filter((cell) => getComputedStyle(cell).stroke !== "none").length"""
    page.mouse.move(0, 0)
    assert page.evaluate(framed) == sure
    note = page.locator("[data-model='0'] [data-figure=heatmap] p.note").first
    assert "Framed: stands a test (q ≤ 5%)." in note.inner_text()


def test_what_stands_no_test_can_be_dimmed(opened, findings):
    page = opened.page
    page.locator("[data-model='0'] [data-figure=heatmap] input[type=checkbox]").check()
    sure = int((findings.models[0].cells.q <= 0.05).sum())
    assert 0 < sure < 156
    assert page.locator("[data-model='0'] .cells g:not(.own, .unsure)").count() == sure
    assert page.locator("[data-model='0'] .cells g.own.unsure").count() == 0, "what was not tested has not failed"


def test_the_slider_thins_out_the_graph(opened, findings):
    page = opened.page
    edges = page.locator("[data-model='0'] .edge")
    before = edges.count()
    slider = page.locator("[data-model='0'] input[type=range].threshold")
    slider.focus()
    slider.press("End")
    assert 1 <= edges.count() < before
    slider.press("Home")
    summary = findings.models[0].summary
    assert edges.count() == summary.positive_cells + summary.negative_cells


def test_the_graph_can_be_reduced_to_harm(opened):
    page = opened.page
    page.locator("[data-model='0'] [data-figure=graph] select").select_option("harm")
    assert page.locator("[data-model='0'] .edge.gain").count() == 0
    assert page.locator("[data-model='0'] .edge.harm").count() > 0


def test_the_graph_marks_what_stands_a_test(opened, findings):
    page, cells = opened.page, findings.models[0].cells
    page.locator("[data-model='0'] input[type=range].threshold").press("Home")
    sure = page.locator("[data-model='0'] .edge.sure")
    assert sure.count() == int((cells.q <= 0.05).sum())
    fainter = page.locator("[data-model='0'] .edge:not(.sure)").first
    opacity = "edge => Number(getComputedStyle(edge).opacity)"
    assert sure.first.evaluate(opacity) > 2 * fainter.evaluate(opacity)
    page.locator("[data-model='0'] .node", has_text="CN").click()
    moved = page.locator("[data-model='0'] .moves section").first.locator("li span:last-child").all_inner_texts()
    row = [
        (value, q) for value, q in zip(findings.models[0].matrix.values[1], cells.q[1], strict=True) if np.isfinite(q)
    ]
    strongest = sorted(row, key=lambda cell: -abs(cell[0]))
    told = [signed(value) + ("*" if q <= 0.05 else "") for value, q in strongest]
    assert [each.removesuffix("!") for each in moved] == told
    assert "*" in "".join(moved)


def test_a_task_is_followed_in_all_figures(opened):
    page = opened.page
    page.locator("[data-model='0'] .node", has_text="CN").click()
    assert page.locator("[data-model='0'] .card.followed h3").inner_text() == "Counting"
    assert page.locator("[data-model='0'] .moves h3").first.inner_text() == "Counting moves"
    assert page.locator("[data-model='0'] .rows text.followed").text_content() == "Counting"
    page.keyboard.press("Enter")  # the node is focused
    assert page.locator("[data-model='0'] .card.followed").count() == 0


def test_a_task_can_be_dragged_and_stays_where_it_was_put(opened):
    page = opened.page
    node = page.locator("[data-model='0'] .node").first
    node.scroll_into_view_if_needed()
    others = page.locator("[data-model='0'] .node").nth(3)
    before, still = node.bounding_box(), others.bounding_box()
    page.mouse.move(before["x"] + 10, before["y"] + 10)
    page.mouse.down()
    page.mouse.move(before["x"] + 60, before["y"] + 80, steps=4)
    page.mouse.up()
    after = node.bounding_box()
    assert (after["x"] - before["x"], after["y"] - before["y"]) == pytest.approx((50, 70), abs=3)
    assert others.bounding_box() == still
    assert page.locator("[data-model='0'] .card.followed").count() == 0, "a drag is no click"


def test_models_are_tabs(opened):
    page = opened.page
    assert not page.locator("#model-1").is_visible()
    page.get_by_role("tab", name="32B").click()
    assert page.locator("#model-1 .cells g").count() == 169
    assert not page.locator("#model-0").is_visible()


def test_scale_is_drawn_for_several_models(opened):
    assert opened.page.locator("#scale .line").count() == 5


def test_light_and_dark(open_page, file):
    page = open_page(file, color_scheme="dark").page
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 23, 27)"
    page.locator("#theme select").select_option("light")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(252, 251, 249)"


def test_every_control_has_a_name(opened):
    unnamed = opened.page.evaluate(
        """() => [...document.querySelectorAll("select, input, button, [role=button], [role=application]")]
            .filter((each) => !each.labels?.length && !each.getAttribute("aria-label") && !each.textContent.trim())
            .map((each) => each.outerHTML)"""
    )
    assert unnamed == []


FIGURES = ["heatmap", "graph", "profiles", "mixture"]


def test_paper_holds_every_model_and_the_screen_one_again(open_page, findings, panel, tmp_path):
    write_report(findings, tmp_path / "report.html", mixtures=[panel, replace(panel, model="32B")])
    page = open_page(tmp_path / "report.html").page
    page.evaluate(
        """names => addEventListener("beforeprint", () => {
            const second = document.querySelector("#model-1");
            const marks = { heatmap: ".cells g", graph: ".node", profiles: ".point", mixture: ".effects tbody tr" };
            document.body.dataset.printed = names.map((name) =>
                second.querySelectorAll(`[data-figure=${name}] ${marks[name]}`).length);
        })""",
        FIGURES,
    )
    page.pdf(path=tmp_path / "report.pdf")
    assert page.locator("body").get_attribute("data-printed") == "169,13,26,13", "drawn before paper is laid out"
    assert page.locator("#model-0").is_visible()
    assert not page.locator("#model-1").is_visible()
    page.get_by_role("tab", name="32B").click()
    assert page.locator("#model-1 .cells g").count() == 169


def test_without_scripts_the_matrix_is_a_table(browser, file):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.locator("#model-0 details td.cell").count() == 169
    context.close()


def test_two_hundred_tasks_are_drawn_and_answer_to_keys(open_page, large):
    page = open_page(large).page
    page.locator(".stage").press("ArrowRight")
    page.locator("[data-figure=heatmap] .status", has_text="Task 0 → Task 0").wait_for()
    marks = page.evaluate("performance.getEntriesByType('mark').map((mark) => mark.name)")
    assert {"matrix", "figures"} <= set(marks), "benchmarks/page.py reads these"


def test_tasks_are_found_by_words_on_their_cards(open_page, large):
    page = open_page(large).page
    page.get_by_label("find tasks").fill("task 19")
    assert page.locator(".card:visible").count() == 12
    assert page.locator(".find .note").inner_text() == "12 of 200 tasks"
    page.get_by_label("find tasks").fill("")
    assert page.locator(".card:visible").count() == 200


def test_the_canvas_tells_its_cells(open_page, large):
    page = open_page(large).page
    box = page.locator(".stage canvas").bounding_box()
    page.mouse.move(box["x"] + 66, box["y"] + 66)
    assert page.locator(".pointer-card div").first.inner_text() == "Task 0 → Task 0"


def test_advice_not_to_train_comes_first(open_page, findings, samples, tmp_path):
    panel = panel_of({"raw": replace(samples[0], mean=samples[0].mean - 1, replicates=samples[0].replicates - 1)}, 0)
    write_report(findings, tmp_path / "report.html", mixtures=[panel])
    said = open_page(tmp_path / "report.html").page.locator("[data-model='0'] .recommended p").all_inner_texts()
    assert said[0] == "It is not predicted to help: rather do not train for this."
    assert said[1].startswith("Recommended without its own data")
    assert said.count(said[0]) == 1


SHOWN = 5e-4
"""Half of the last digit of a PGF."""


def effects_in(page):
    rows = page.locator("[data-model='0'] .effects tbody tr")
    numbers = rows.evaluate_all(
        """rows => rows.map((row) => [row.querySelector(".pgf").dataset.value, row.querySelector(".ends").dataset.low,
            row.querySelector(".ends").dataset.high].map(Number))"""
    )
    return np.array(numbers)


def effects_of(sample, shares):
    """What `spillover mix` predicts of shares: PGF, low, high of every target."""
    settings = MixtureSettings(targets=(sample.targets[0],))
    pose = Pose.of(sample, settings)
    weights = np.array([shares.get(source, 0.0) for source in sample.sources])
    found = predict_effects(sample, pose, weights, weights, Optimism(by_target=None, splits=0, failed=0))
    effects = {effect.task: effect for effect in found}
    return np.array([(effects[task].predicted, effects[task].low, effects[task].high) for task in sample.targets])


def test_the_page_shows_python_s_recommendation_and_its_reasons(opened, evidence):
    page = opened.page
    for target in ("Counting", "Art_Style"):
        page.locator("[data-model='0'] [data-figure=mixture] select").first.select_option(target)
        mixture = evidence.recommended[target]
        effects = {effect.task: effect for effect in mixture.effects}
        expected = [(effects[task].predicted, effects[task].low, effects[task].high) for task in evidence.targets]
        assert np.allclose(effects_in(page), expected, atol=1e-12)
        said = page.locator("[data-model='0'] .recommended").inner_text()
        assert mixture.taken[0].source.replace("_", " ") in said
        assert f"Predicted {signed(effects[target].predicted)}" in said
        shown = page.locator("[data-model='0'] .part-of-mixture p").all_inner_texts()
        for each in mixture.sources:
            assert shown[evidence.sources.index(each.source)].endswith(each.reason)
            assert ("spans 0" in shown[evidence.sources.index(each.source)]) == (each.low <= 0 <= each.high)


def test_a_mixture_can_be_chosen_by_what_is_left_without_the_answer_prior(opened, panel):
    page = opened.page
    page.locator("[data-model='0'] [data-figure=mixture] select").nth(1).select_option("calibrated")
    effects = {effect.task: effect for effect in panel.measures[1].recommended["Jigsaw"].effects}
    assert effects_in(page)[0, 0] == pytest.approx(effects["Jigsaw"].predicted)
    assert "--measure calibrated" in page.locator("[data-model='0'] .recommended").inner_text()


def test_effects_follow_the_sliders_as_python_adds_them_up(opened, samples):
    page, sample = opened.page, samples[0]
    page.get_by_role("button", name="equal shares").first.click()
    even = dict.fromkeys(sample.sources, 1 / len(sample.sources))
    assert np.allclose(effects_in(page), effects_of(sample, even), atol=SHOWN)
    slider = page.locator("[data-model='0'] .sliders input").nth(2)
    slide(slider, 0.4)
    moved = {source: 0.4 if place == 2 else 0.6 / 12 for place, source in enumerate(sample.sources)}
    assert np.allclose(effects_in(page), effects_of(sample, moved), atol=SHOWN)
    slider.focus()
    slider.press("End")
    assert np.allclose(effects_in(page), effects_of(sample, {sample.sources[2]: 1.0}), atol=SHOWN)


@pytest.mark.parametrize("target", ["Jigsaw", "Counting"])
def test_recommended_shares_have_the_recommendation_s_intervals_when_set_by_hand(opened, panel, samples, target):
    page, sample = opened.page, samples[0]
    page.locator("[data-model='0'] [data-figure=mixture] select").first.select_option(target)
    largest, *others = panel.measures[0].recommended[target].taken
    share = round(largest.share, 2)  # all that a slider can set
    slide(page.locator("[data-model='0'] .sliders input").nth(sample.sources.index(largest.source)), share)
    rest = sum(other.share for other in others)
    shares = {other.source: (1 - share) * other.share / rest for other in others} | {largest.source: share}
    assert np.allclose(effects_in(page), effects_of(sample, shares), atol=SHOWN)


def test_a_share_can_go_to_all_and_back(opened):
    page = opened.page
    page.get_by_role("button", name="the recommendation").first.click()
    before = effects_in(page)
    for place, share in enumerate(shares_in(page)):
        slider = page.locator("[data-model='0'] .sliders input").nth(place)
        slider.press("End")
        assert shares_in(page)[place] == 1
        slide(slider, share)
        assert np.allclose(effects_in(page)[:, 0], before[:, 0], atol=0.01), "a slider knows a hundredth"


def shares_in(page):
    sliders = page.locator("[data-model='0'] .sliders input")
    return sliders.evaluate_all("sliders => sliders.map((slider) => Number(slider.value))")


def slide(slider, share):
    slider.evaluate("(slider, share) => { slider.value = share; slider.dispatchEvent(new Event('input')); }", share)
