// Quantities along an axis, by model or by training: a line each, named at its end, intervals as bars.

function drawLines(root, { title, axis, ticks, lines }) {
  const figure = root.append("figure").attr("class", "lines");
  const known = lines.some(({ low }) => low.some(isNumber));
  figure.append("figcaption").text(known ? `${title}; upright bars are ${percent(DATA.confidence)} intervals` : title);
  const svg = figure.append("svg").attr("role", "img").attr("aria-label", `${title}: ${lines.map(({ name, values }) => `${name} ${values.map((value) => signed(value)).join(", ")}`).join("; ")}`);
  drawToFit(figure.node(), (room) => {
    const [width, height] = [Math.min(room, 760), 320];
    const inner = { left: 52, right: width - (width < 520 ? 16 : 178), top: 12, bottom: height - 42 };
    setSize(svg, width, height).selectAll("*").remove();
    const ends = lines.flatMap(({ values, low, high }) => [...values, ...low, ...high]).filter(isNumber);
    const [least, most] = [Math.min(0, ...ends), Math.max(0, ...ends)];
    const x = (place) => inner.left + ((place + 0.5) / ticks.length) * (inner.right - inner.left);
    const y = (value) => inner.bottom - ((value - least) / (most - least || 1)) * (inner.bottom - inner.top);
    const marks = svg.append("g").attr("class", "axis");
    for (const [tick, text] of ticksOf(least, most, 5)) {
      marks.append("line").classed("zero", tick === 0).attr("x1", inner.left).attr("x2", inner.right).attr("y1", y(tick)).attr("y2", y(tick));
      marks.append("text").attr("x", inner.left - 6).attr("y", y(tick)).attr("dy", "0.35em").attr("text-anchor", "end").text(text);
    }
    ticks.forEach((tick, place) => marks.append("text").attr("x", x(place)).attr("y", inner.bottom + 16).attr("text-anchor", "middle").text(tick));
    svg.append("text").attr("class", "axis-name").attr("x", (inner.left + inner.right) / 2).attr("y", height - 6).attr("text-anchor", "middle").text(axis);
    const taken = [];
    lines.forEach(({ name, values, low, high }, line) => {
      const group = svg.append("g").attr("class", `line line-${line}`);
      const nudge = (line - (lines.length - 1) / 2) * 5;
      const known = values.map((value, place) => [x(place) + nudge, value, low[place], high[place]]).filter(([, value]) => isNumber(value));
      if (!known.length) return;
      group.append("path").attr("d", `M${known.map(([px, value]) => `${px},${y(value)}`).join("L")}`);
      for (const [px, value, from, to] of known) {
        if (isNumber(from) && isNumber(to)) group.append("line").attr("x1", px).attr("x2", px).attr("y1", y(from)).attr("y2", y(to));
        group.append("circle").attr("cx", px).attr("cy", y(value)).attr("r", 4)
          .on("pointerenter", (event) => showCard(event, [name, `${signed(value)}${isNumber(from) ? ` (${signed(from)} to ${signed(to)})` : ""}`]))
          .on("pointerleave", hideCard);
      }
      let place = y(known.at(-1)[1]);
      while (taken.some((other) => Math.abs(other - place) < 14)) place += 14;
      taken.push(place);
      if (width >= 520) group.append("text").attr("x", inner.right + 8).attr("y", place).attr("dy", "0.35em").text(name);
    });
    if (width < 520) {
      const keys = figure.selectAll("div.keys").data([0]).join("div").attr("class", "keys");
      keys.selectAll("span").data(lines).join("span").attr("class", (_, line) => `line-${line}`).text(({ name }) => name);
    }
  });
}

function drawWeights(root, { pairs, sources }) {
  const figure = root.append("figure").attr("class", "weights");
  figure.append("figcaption").text("a point for each ordered pair of tasks");
  const svg = figure.append("svg").attr("role", "img").attr("aria-label", `cosine of weight updates against PGF, ${pairs.length} pairs of ${sources.length} tasks`);
  drawToFit(figure.node(), (room) => {
    const [width, height] = [Math.min(room, 560), 320];
    const inner = { left: 52, right: width - 12, top: 10, bottom: height - 42 };
    setSize(svg, width, height).selectAll("*").remove();
    const [across, up] = [d3.extent(pairs, ({ cosine }) => cosine), d3.extent(pairs, ({ pgf }) => pgf)];
    const x = (value) => inner.left + 8 + ((value - across[0]) / (across[1] - across[0] || 1)) * (inner.right - inner.left - 16);
    const y = (value) => inner.bottom - 8 - ((value - up[0]) / (up[1] - up[0] || 1)) * (inner.bottom - inner.top - 16);
    const marks = svg.append("g").attr("class", "axis");
    for (const [tick, text] of ticksOf(...up, 5)) {
      marks.append("line").classed("zero", tick === 0).attr("x1", inner.left).attr("x2", inner.right).attr("y1", y(tick)).attr("y2", y(tick));
      marks.append("text").attr("x", inner.left - 6).attr("y", y(tick)).attr("dy", "0.35em").attr("text-anchor", "end").text(text);
    }
    for (const [tick, text] of ticksOf(...across, 5)) marks.append("text").attr("x", x(tick)).attr("y", inner.bottom + 16).attr("text-anchor", "middle").text(text);
    svg.append("text").attr("class", "axis-name").attr("x", (inner.left + inner.right) / 2).attr("y", height - 6).attr("text-anchor", "middle").text("cosine between the two weight updates");
    svg.append("text").attr("class", "axis-name").attr("transform", `translate(11,${(inner.top + inner.bottom) / 2}) rotate(-90)`).attr("text-anchor", "middle").text("PGF");
    svg.append("g").selectAll("circle").data(pairs).join("circle").attr("r", pairs.length > 1000 ? 2 : 4)
      .attr("class", ({ pgf }) => `pair ${pgf > 0 ? "gain" : "harm"}`).attr("cx", ({ cosine }) => x(cosine)).attr("cy", ({ pgf }) => y(pgf))
      .on("pointerenter", (event, { source, target, cosine, pgf }) => showCard(event, [`${readable(source)} → ${readable(target)}`, `cosine ${signed(cosine)}, PGF ${signed(pgf)}`]))
      .on("pointerleave", hideCard);
  });
}
