// Who moves whom: tasks on a circle, arrows for transfers. Only a reader moves a task.

const LISTED_MOVES = 14;

function drawGraph(root, model, following) {
  const { nodes, edges, strongest } = model.graph;
  if (!edges.length) {
    root.append("p").attr("class", "note").text("No task moves another.");
    return;
  }
  const view = { threshold: Math.min(model.graph.threshold, strongest), sign: "all", sure: false };
  const places = nodes.map(({ x, y }) => ({ x, y }));
  const controls = root.append("div").attr("class", "controls");
  const slide = controls.append("label").attr("class", "choice wide");
  slide.append("span").text("PGF of at least");
  const slider = slide.append("input").attr("type", "range").attr("class", "threshold")
    .attr("min", 0).attr("max", strongest).attr("step", strongest / 200).property("value", view.threshold)
    .on("input", () => { view.threshold = Number(slider.property("value")); render(); });
  const shown = slide.append("output");
  addChoice(controls, "transfers", [["all", "that help and that harm"], ["gain", "that help"], ["harm", "that harm"]], "all", (sign) => { view.sign = sign; render(); });
  if (edges.some((edge) => isNumber(edge[3]))) addCheck(controls, "only those that stand a test", (checked) => { view.sure = checked; render(); });
  const room = root.append("div").attr("class", "graph-room");
  const svg = room.append("svg").attr("class", "graph").attr("role", "group").attr("aria-label", "Transfer graph: every task is a button; Enter follows it, arrow keys move it.");
  const moves = room.append("div").attr("class", "moves").attr("aria-live", "polite");
  const marker = svg.append("defs").selectAll("marker").data(["gain", "harm"]).join("marker")
    .attr("id", (sign) => `${root.attr("id")}-${sign}`).attr("viewBox", "0 0 8 8").attr("refX", 7).attr("refY", 4)
    .attr("markerWidth", 10).attr("markerHeight", 10).attr("markerUnits", "userSpaceOnUse").attr("orient", "auto");
  marker.append("path").attr("d", "M0,0.5L8,4L0,7.5Z").attr("class", (sign) => `tip ${sign}`);
  const [linesIn, nodesIn] = [svg.append("g"), svg.append("g")];
  let [width, height, radius, pad] = [0, 0, 16, 0];
  const at = (place) => [pad + places[place].x * (width - 2 * pad), pad + places[place].y * (height - 2 * pad)];

  const stands = ([, , , q]) => isNumber(q) && q <= DATA.rate;

  const flagOf = (place) => (model.flags[nodes[place].name] ? `flagged: ${model.flags[nodes[place].name]}` : "");

  const kept = () => edges.filter((edge) => Math.abs(edge[2]) >= view.threshold - 1e-9
    && (view.sign === "all" || (edge[2] > 0) === (view.sign === "gain"))
    && (!view.sure || stands(edge)));

  // A curve that bends towards the middle, so that there and back are two lines.
  function curve([source, target]) {
    const [[x1, y1], [x2, y2]] = [at(source), at(target)];
    const length = Math.hypot(x2 - x1, y2 - y1) || 1;
    const [bendX, bendY] = [(x1 + x2) / 2 - (y2 - y1) * 0.14, (y1 + y2) / 2 + (x2 - x1) * 0.14];
    const control = [bendX + (width / 2 - bendX) * 0.18, bendY + (height / 2 - bendY) * 0.18];
    const back = Math.hypot(x2 - control[0], y2 - control[1]) || 1;
    const end = [x2 - ((x2 - control[0]) / back) * (radius + 3), y2 - ((y2 - control[1]) / back) * (radius + 3)];
    return length < 1 ? "" : `M${x1},${y1}Q${control},${end}`;
  }

  const touches = ([source, target]) => !following.task || [nodes[source].name, nodes[target].name].includes(following.task);

  function render() {
    if (!width) return;
    const list = kept();
    shown.text(signed(view.threshold).replace("+", ""));
    linesIn.selectAll("path").data(list, ([source, target]) => `${source} ${target}`).join("path")
      .attr("class", (edge) => `edge ${edge[2] > 0 ? "gain" : "harm"}`)
      .classed("sure", stands)
      .classed("faded", (edge) => !touches(edge))
      .attr("marker-end", (edge) => `url(#${root.attr("id")}-${edge[2] > 0 ? "gain" : "harm"})`)
      .attr("stroke-width", (edge) => 0.8 + 4.2 * Math.min(Math.abs(edge[2]) / Math.min(strongest, 1), 1))
      .attr("d", curve)
      .on("pointerenter pointermove", (event, [source, target, pgf, q]) => showCard(event, [`${readable(nodes[source].name)} → ${readable(nodes[target].name)}`, `PGF ${signed(pgf)}`, probability(q, "q"), flagOf(target)].filter(Boolean)))
      .on("pointerleave", hideCard);
    const near = new Set(list.filter(touches).flatMap(([source, target]) => [source, target]));
    const node = nodesIn.selectAll("g").data(nodes).join((enter) => {
      const group = enter.append("g").attr("class", "node").attr("tabindex", 0).attr("role", "button").attr("aria-label", ({ name }) => readable(name));
      group.append("circle");
      group.append("text").attr("dy", "0.35em");
      return group;
    });
    node.attr("transform", (_, place) => `translate(${at(place)})`)
      .classed("faded", (_, place) => following.task !== null && !near.has(place) && nodes[place].name !== following.task)
      .classed("followed", ({ name }) => name === following.task)
      .attr("aria-pressed", ({ name }) => String(name === following.task));
    node.select("circle").attr("r", radius);
    node.select("text").text(({ short }) => (radius >= 12 ? short.slice(0, 4) : "")).style("font-size", `${radius * 0.72}px`);
    node.on("click", (event, { name }) => { if (!event.defaultPrevented) following.toggle(name); })
      .on("pointerenter", (event, { name, level }) => showCard(event, [readable(name), level ? `${level}-level` : ""].filter(Boolean)))
      .on("pointerleave", hideCard)
      .on("keydown", move);
    node.call(d3.drag().clickDistance(4).on("drag", (event, node) => shift(nodes.indexOf(node), event.dx, event.dy)));
    tell(list);
  }

  function shift(place, dx, dy) {
    const within = (value) => Math.max(0, Math.min(1, value));
    places[place].x = within(places[place].x + dx / (width - 2 * pad));
    places[place].y = within(places[place].y + dy / (height - 2 * pad));
    render();
  }

  function move(event, { name }) {
    const steps = { ArrowUp: [0, -8], ArrowDown: [0, 8], ArrowLeft: [-8, 0], ArrowRight: [8, 0] };
    if (event.key === "Enter" || event.key === " ") following.toggle(name);
    else if (steps[event.key]) shift(nodes.findIndex((node) => node.name === name), ...steps[event.key]);
    else return;
    event.preventDefault();
  }

  // Beside the graph in words: the strongest transfers, or all of the task that is followed.
  function tell(list) {
    const { task } = following;
    const of = (end) => list.filter((edge) => nodes[edge[end]].name === task).slice(0, LISTED_MOVES);
    const strongest = (sign) => list.filter(([, , pgf]) => Math.sign(pgf) === sign).slice(0, LISTED_MOVES / 2);
    const parts = task
      ? [[`${readable(task)} moves`, of(0), ([, target]) => [target]], ["is moved by", of(1), ([source]) => [source]]]
      : [["help most", strongest(1), (edge) => edge.slice(0, 2)], ["harm most", strongest(-1), (edge) => edge.slice(0, 2)]];
    const among = model.graph.left_out ? `; the weakest ${model.graph.left_out} are not held by this page` : "";
    const marked = list.some(stands) ? ` * and a darker arrow: stands a test at a false discovery rate of ${percent(DATA.rate)}.` : "";
    const flagged = list.some(([, target]) => flagOf(target)) ? " ! onto a flagged target: see what a reviewer would ask." : "";
    moves.selectAll("p").data([`${list.length} ${list.length === 1 ? "transfer" : "transfers"} shown${among}.${marked}${flagged} Choose a task to follow it.`]).join("p").attr("class", "note").text((text) => text);
    const part = moves.selectAll("section").data(parts).join((enter) => {
      const section = enter.append("section");
      section.append("h3");
      section.append("ul");
      return section;
    });
    part.select("h3").text(([title]) => title);
    part.select("ul").selectAll("li").data(([, edges, ends]) => (edges.length ? edges.map((edge) => [ends(edge).map((place) => (task ? readable(nodes[place].name) : nodes[place].short)).join(" → "), edge]) : [["nothing", null]])).join("li")
      .html("").each(function ([text, edge]) {
        d3.select(this).append("span").text(text);
        if (edge) d3.select(this).append("span").attr("class", edge[2] > 0 ? "gain-ink" : "harm-ink").text(signed(edge[2]) + (stands(edge) ? "*" : "") + (flagOf(edge[1]) ? "!" : ""));
      });
  }

  following.on("graph", render);
  drawToFit(room.node(), (space) => {
    width = space < 700 ? space : Math.min(space * 0.62, 640);
    height = Math.min(width, 620);
    radius = Math.max(4, Math.min(width < 480 ? 14 : 19, (Math.PI * height) / nodes.length / 2.6));
    pad = radius + 6;
    setSize(svg, width, height);
    render();
  });
}
