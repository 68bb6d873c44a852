// The matrix: rows finetuned, columns evaluated. A table of shapes up to fifty tasks, a canvas beyond.

const LEAST_NUMBERED = 27; // pixels of a cell in which numbers can still be read
const SMALLEST = 9.5; // pixels of those numbers' type
const LETTER = 6.8; // pixels of a letter of a name, about
const CAPITAL = 8.4; // of one of a column's, which are bold

function drawHeatmap(root, model, following) {
  const view = { layer: model.layers[0], order: Object.keys(model.orders)[0], sure: false, at: null, width: 0 };
  const controls = root.append("div").attr("class", "controls");
  const note = root.append("p").attr("class", "note");
  const stage = root.append("div").attr("class", "stage").attr("tabindex", 0).attr("role", "application")
    .attr("aria-roledescription", "heatmap").attr("aria-label", "Heatmap. Arrow keys go from cell to cell, Enter follows the row’s task.");
  const legend = root.append("div").attr("class", "legend");
  const status = root.append("p").attr("class", "status").attr("aria-live", "polite");

  if (model.layers.length > 1) {
    const layers = model.layers.map((layer) => [layer.name, layer.title]);
    addChoice(controls, "show", layers, view.layer.name, (name) => {
      view.layer = model.layers.find((layer) => layer.name === name);
      render();
    });
  }
  addChoice(controls, "order", Object.keys(model.orders).map((name) => [name, name]), view.order, (name) => {
    view.order = name;
    render();
  });
  const check = addCheck(controls, "only those that stand a test", (checked) => { view.sure = checked; render(); });

  const grid = () => {
    const { layer } = view;
    const order = model.orders[view.order];
    const rows = order.filter((name) => layer.sources.includes(name));
    const columns = order.filter((name) => layer.targets.includes(name));
    const row = new Map(layer.sources.map((name, place) => [name, place]));
    const column = new Map(layer.targets.map((name, place) => [name, place]));
    return { layer, rows, columns, at: (table, source, target) => table?.[row.get(source)]?.[column.get(target)] ?? null };
  };

  function describe(source, target) {
    const { layer, at } = grid();
    const value = at(layer.values, source, target);
    const lines = [`${readable(source)} → ${readable(target)}`];
    const reason = model.undefined[`${source}→${target}`];
    if (value === null) return [...lines, reason ?? "not defined"];
    if (model.flags[target]) lines.push(`${readable(target)} is flagged: ${model.flags[target]}`);
    const [low, high] = [at(layer.low, source, target), at(layer.high, source, target)];
    const ends = low === null ? "" : ` (${percent(DATA.confidence)} interval ${inFull(low, layer.unit)} to ${inFull(high, layer.unit)})`;
    lines.push(`${layer.title}: ${inFull(value, layer.unit)}${ends}`);
    const q = at(layer.q, source, target);
    const tests = [probability(at(layer.p, source, target), "p"), probability(q, "q")].filter(Boolean);
    if (tests.length) lines.push(tests.join(", ") + (stands(grid(), source, target) ? ": stands a test" : ""));
    const after = model.accuracy[model.layers[0].sources.indexOf(source)]?.[model.layers[0].targets.indexOf(target)];
    if (["raw", "points"].includes(layer.name) && isNumber(after) && isNumber(model.base[target])) {
      lines.push(`right answers: ${percent(model.base[target])} → ${percent(after)}`);
    }
    return lines;
  }

  const stands = (map, source, target) => (map.at(map.layer.q, source, target) ?? 1) <= DATA.rate;

  // What was not tested, as the diagonal, has not failed a test.
  const unsure = (map, source, target) => view.sure && (map.at(map.layer.q, source, target) ?? 0) > DATA.rate;

  function tell(source, target) { status.text(describe(source, target).join(". ")); }

  const large = Object.keys(model.short).length > MOST_DRAWN;
  const { draw, mark } = large ? makeCanvas() : makeShapes();

  function render() {
    if (!view.width) return;
    const map = grid();
    const framed = map.layer.q && !large ? ` Framed: stands a test (q ≤ ${percent(DATA.rate)}).` : "";
    const flagged = map.columns.some((name) => model.flags[name]) ? " Marked with !: a flagged target, see what a reviewer would ask." : "";
    check.style("display", map.layer.q ? null : "none");
    const numbered = draw(map);
    const unnumbered = numbered || large ? "" : " Numbers: on each cell’s card, and in the table below.";
    note.text(`${map.layer.title}: ${map.layer.note}.${framed}${flagged}${unnumbered}`);
    drawLegend(map.layer);
    performance.mark("matrix");
  }

  function drawLegend(layer) {
    const steps = d3.range(-4, 5).map((step) => (step / 4) * layer.limit);
    const cells = legend.selectAll("span.swatch").data(steps).join("span");
    cells.each(function (value) {
      const { classes, share } = paint(value, layer.limit);
      d3.select(this).attr("class", `swatch ${classes}`).style("--s", share);
    });
    cells.text((value, place) => (place % 4 ? "" : (place === 0 ? "≤ " : place === 8 ? "≥ " : "") + (layer.unit === "accuracy" ? signed(value * 100, 0) : brief(value))));
  }

  // Shapes: every cell an element, so that reordering moves it.
  function makeShapes() {
    const svg = stage.append("svg").attr("aria-hidden", "true");
    const [cellsIn, rowsIn, columnsIn, baseIn] = ["cells", "rows", "columns", "base"].map((name) => svg.append("g").attr("class", name));
    const cursor = svg.append("rect").attr("class", "cursor").attr("rx", 2);
    const place = (x, y) => `translate(${x}px, ${y}px)`;

    const head = (name) => cut(model.short[name], 12) + (name in model.flags ? "!" : "");
    let mark = () => {};
    const draw = (map) => {
      const { layer, rows, columns } = map;
      const wide = view.width >= 560;
      const longest = (names, most) => Math.min(Math.max(...names.map((name) => name.length)), most);
      const shorts = columns.map(head);
      const left = wide ? Math.max(140, 12 + longest(rows.map(readable), 27) * LETTER) : Math.max(34, 10 + longest(rows.map((name) => model.short[name]), 8) * CAPITAL);
      const room = view.width - left - 2;
      const tilted = longest(shorts, 14) * CAPITAL > Math.min(54, room / columns.length) - 4;
      const [across, up] = tilted ? [0.5, 0.87].map((share) => share * (longest(shorts, 14) + 0.5) * CAPITAL) : [0, 0];
      const size = Math.max(16, Math.min(54, (room - across) / (columns.length - 0.5 * tilted)));
      const numbered = size >= LEAST_NUMBERED;
      const high = Math.min(size, 44);
      const top = (tilted ? up + 6 : 22) + 20;
      const [x, y] = [new Map(columns.map((name, i) => [name, left + i * size])), new Map(rows.map((name, i) => [name, top + i * high]))];
      const width = left + columns.length * size + 2 + Math.max(0, across - size / 2);
      setSize(svg, width, top + rows.length * high + 2).style("--text", `${Math.max(SMALLEST, Math.min(13, size * 0.34))}px`);

      const pairs = d3.cross(rows, columns);
      const cell = cellsIn.selectAll("g").data(pairs, ([source, target]) => `${source}→${target}`).join((enter) => {
        const group = enter.append("g");
        group.append("rect").attr("rx", 2);
        group.append("text").attr("dy", "0.35em");
        return group;
      });
      cell.each(function ([source, target]) {
        const value = map.at(layer.values, source, target);
        const { classes, share } = paint(value, layer.limit);
        d3.select(this).attr("class", classes).classed("own", source === target).classed("sure", stands(map, source, target)).classed("unsure", unsure(map, source, target)).style("--s", share);
        this.lastChild.textContent = numbered ? inCell(value, layer.unit) : "";
      }).style("transform", ([source, target]) => place(x.get(target), y.get(source)));
      cell.select("rect").attr("width", size - 1.5).attr("height", high - 1.5);
      cell.select("text").attr("x", (size - 1.5) / 2).attr("y", (high - 1.5) / 2);
      cell.on("pointerenter pointermove", (event, [source, target]) => { showCard(event, describe(source, target)); mark(source, target); })
        .on("pointerleave", () => { hideCard(); mark(); })
        .on("click", (_, [source, target]) => { tell(source, target); });

      label(rowsIn, rows, (name) => (wide ? cut(readable(name), 27) : cut(model.short[name], 8))).style("transform", (name) => place(left - 8, y.get(name) + high / 2));
      const heads = label(columnsIn, columns, head);
      heads.style("transform", (name) => `translate(${x.get(name) + size / 2}px, ${top - 24}px)${tilted ? " rotate(-60deg)" : ""}`);
      heads.classed("tilted", tilted).classed("flagged", (name) => name in model.flags);
      const base = layer.name === "calibrated" ? model.calibrated_base : model.base;
      baseIn.selectAll("text").data(columns, (name) => name).join("text").attr("dy", "0.35em")
        .text((name) => (isNumber(base[name]) && size >= 19 ? brief(base[name]).replace("+", "") : ""))
        .style("transform", (name) => place(x.get(name) + size / 2, top - 9));
      baseIn.selectAll("text.head").data([0]).join("text").attr("class", "head").attr("dy", "0.35em")
        .text(columns.some((name) => isNumber(base[name])) ? (wide ? "right before finetuning" : "base") : "").style("transform", place(left - 8, top - 9));
      cursor.attr("width", size + 1).attr("height", high + 1);
      mark = (source, target) => {
        const shown = source !== undefined ? [source, target] : view.at;
        rowsIn.selectAll("text").classed("marked", (name) => name === shown?.[0]);
        columnsIn.selectAll("text").classed("marked", (name) => name === shown?.[1]);
        const visible = view.at && x.has(view.at[1]) && y.has(view.at[0]);
        cursor.style("display", visible ? null : "none");
        if (visible) cursor.attr("x", x.get(view.at[1]) - 1.25).attr("y", y.get(view.at[0]) - 1.25);
      };
      mark();
      return numbered;
    };
    return { draw, mark: () => mark() };

    function label(parent, names, text) {
      return parent.selectAll("text").data(names, (name) => name).join("text").attr("dy", "0.35em").text(text)
        .classed("followed", (name) => name === following.task)
        .on("click", (_, name) => following.toggle(name))
        .on("pointerenter", (event, name) => showCard(event, [readable(name), "click to follow it"]))
        .on("pointerleave", hideCard);
    }
  }

  // A canvas: thousands of cells at once; the pointer's place tells which.
  function makeCanvas() {
    const canvas = stage.append("canvas").attr("aria-hidden", "true");
    let last = null;
    const locate = (event) => {
      if (!last) return null;
      const [px, py] = d3.pointer(event, canvas.node());
      const [i, j] = [Math.floor((py - last.top) / last.size), Math.floor((px - last.left) / last.size)];
      const [source, target] = [last.map.rows[i], last.map.columns[j]];
      return source && target ? [source, target] : null;
    };
    canvas.on("pointermove", (event) => {
      const found = locate(event);
      if (found) showCard(event, describe(...found));
      else hideCard();
    }).on("pointerleave", hideCard).on("click", (event) => {
      const found = locate(event);
      if (found) { view.at = found; tell(...found); following.toggle(found[0]); }
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => render());
    document.addEventListener("theme", () => render());

    const draw = (map) => {
      const { layer, rows, columns } = map;
      const [left, top] = [64, 64];
      const size = Math.max(4, Math.min(16, (view.width - left) / columns.length));
      const [width, height] = [left + size * columns.length, top + size * rows.length];
      const ratio = devicePixelRatio || 1;
      canvas.attr("width", width * ratio).attr("height", height * ratio).style("width", `${width}px`).style("height", `${height}px`);
      const pen = canvas.node().getContext("2d");
      const colours = canvasColours(stage.node());
      pen.scale(ratio, ratio);
      rows.forEach((source, i) => columns.forEach((target, j) => {
        const value = map.at(layer.values, source, target);
        if (value === null || unsure(map, source, target)) return;
        pen.fillStyle = colours.of(value, layer.limit);
        pen.fillRect(left + j * size, top + i * size, size > 6 ? size - 0.5 : size, size > 6 ? size - 0.5 : size);
      }));
      pen.fillStyle = colours.ink;
      const every = Math.ceil(9 / size);
      pen.font = `${Math.min(10, Math.max(8, size))}px system-ui, sans-serif`;
      pen.textBaseline = "middle";
      const fit = (name) => cut(model.short[name], 9);
      rows.forEach((name, i) => { if (i % every === 0) { pen.textAlign = "right"; pen.fillText(fit(name), left - 4, top + (i + 0.5) * size); } });
      columns.forEach((name, j) => {
        if (j % every) return;
        pen.save();
        pen.translate(left + (j + 0.5) * size, top - 4);
        pen.rotate(-Math.PI / 2);
        pen.textAlign = "left";
        pen.fillText(fit(name), 0, 0);
        pen.restore();
      });
      const outline = (i, j, w, h) => { pen.strokeStyle = colours.ink; pen.lineWidth = 1.5; pen.strokeRect(left + j * size - 1, top + i * size - 1, w * size + 2, h * size + 2); };
      if (rows.includes(following.task)) outline(rows.indexOf(following.task), 0, columns.length, 1);
      if (columns.includes(following.task)) outline(0, columns.indexOf(following.task), 1, rows.length);
      if (view.at) outline(rows.indexOf(view.at[0]), columns.indexOf(view.at[1]), 1, 1);
      last = { map, size, left, top };
    };
    return { draw, mark: () => draw(grid()) };
  }

  const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -1e9], End: [0, 1e9] };
  stage.on("keydown", (event) => {
    const { rows, columns } = grid();
    if (event.key === "Enter" && view.at) following.toggle(view.at[0]);
    if (event.key === "Escape") { view.at = null; status.text(""); mark(); }
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    const [i, j] = view.at ? [rows.indexOf(view.at[0]) + move[0], columns.indexOf(view.at[1]) + move[1]] : [0, 0];
    const within = (value, count) => Math.max(0, Math.min(count - 1, value));
    view.at = [rows[within(i, rows.length)], columns[within(j, columns.length)]];
    tell(...view.at);
    mark();
  });
  following.on("heatmap", () => render());
  drawToFit(stage.node(), (width) => { view.width = width; render(); });
}
