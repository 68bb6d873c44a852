// Transferability against malleability: one panel for help, one for harm; what noise alone would give is shaded.

function drawProfiles(root, model, following) {
  const panels = [
    ["positive", "help", "gives: transferability +", "takes: malleability +"],
    ["negative", "harm", "gives: transferability −", "takes: malleability −"],
  ].filter(([sign]) => model.profiles[sign].length);
  const box = root.append("div").attr("class", "panels");
  const draws = panels.map((panel) => makeProfile(box.append("figure"), model, following, panel));
  following.on("profiles", () => draws.forEach((draw) => draw()));
}

function makeProfile(figure, model, following, [sign, word, across, up]) {
  const points = model.profiles[sign];
  figure.append("figcaption").text(word);
  const svg = figure.append("svg").attr("role", "img").attr("aria-label", `${across}, against ${up}, of ${points.length} tasks; the figures stand on the tasks' cards`);
  let size = 0;

  function range(side) {
    const ends = points.flatMap((point) => ["value", "floor", "low", "high"].map((name) => point[side][name])).filter(isNumber);
    const far = sign === "positive" ? Math.max(0.01, ...ends) : Math.min(-0.01, ...ends);
    return far * 1.06;
  }

  function axis(parent, side, scale, room) {
    const group = parent.append("g").attr("class", "axis");
    for (const [tick, text] of ticksOf(...[0, range(side)].sort((a, b) => a - b), 4)) {
      const place = scale(tick);
      const line = side === "gives" ? { x1: place, x2: place, y1: room.top, y2: room.bottom } : { x1: room.left, x2: room.right, y1: place, y2: place };
      const mark = group.append("line");
      for (const [name, value] of Object.entries(line)) mark.attr(name, value);
      group.append("text").text(text).attr("dy", "0.35em")
        .attr("text-anchor", side === "gives" ? "middle" : "end")
        .attr("x", side === "gives" ? place : room.left - 6).attr("y", side === "gives" ? room.bottom + 12 : place);
    }
  }

  function draw() {
    if (!size) return;
    const height = Math.min(size, 380);
    setSize(svg, size, height).selectAll("*").remove();
    const room = { left: 62, right: size - 18, top: 8, bottom: height - 40 };
    const x = (value) => room.left + (1 - Math.abs(value - (sign === "positive" ? range("gives") : 0)) / Math.abs(range("gives"))) * (room.right - room.left);
    const y = (value) => room.top + (Math.abs(value - (sign === "positive" ? range("takes") : 0)) / Math.abs(range("takes"))) * (room.bottom - room.top);
    const floors = ["gives", "takes"].map((side) => d3.mean(points.map((point) => point[side].floor).filter(isNumber)));
    if (floors.every(isNumber)) {
      const [across0, up0] = [x(0), y(0)];
      const rect = (x1, y1, x2, y2) => svg.append("rect").attr("class", "noise").attr("x", Math.min(x1, x2)).attr("y", Math.min(y1, y2)).attr("width", Math.abs(x2 - x1)).attr("height", Math.abs(y2 - y1));
      rect(across0, up0, x(floors[0]), y(floors[1])).append("title").text("what noise alone would give, on average");
    }
    axis(svg, "gives", x, room);
    axis(svg, "takes", y, room);
    svg.append("text").attr("class", "axis-name").attr("x", (room.left + room.right) / 2).attr("y", height - 6).attr("text-anchor", "middle").text(across);
    svg.append("text").attr("class", "axis-name").attr("transform", `translate(11,${(room.top + room.bottom) / 2}) rotate(-90)`).attr("text-anchor", "middle").text(up);
    const group = svg.append("g").selectAll("g").data(points).join("g")
      .attr("class", `point ${sign === "positive" ? "gain" : "harm"}`)
      .classed("followed", ({ name }) => name === following.task)
      .classed("faded", ({ name }) => following.task !== null && name !== following.task);
    group.each(function ({ gives, takes }) {
      const parent = d3.select(this);
      if (isNumber(gives.low)) parent.append("line").attr("x1", x(gives.low)).attr("x2", x(gives.high)).attr("y1", y(takes.value)).attr("y2", y(takes.value));
      if (isNumber(takes.low)) parent.append("line").attr("x1", x(gives.value)).attr("x2", x(gives.value)).attr("y1", y(takes.low)).attr("y2", y(takes.high));
      parent.append("circle").attr("r", 4.5).attr("cx", x(gives.value)).attr("cy", y(takes.value));
    });
    if (points.length <= 60) spread(group, x, y, room);
    group.on("click", (_, { name }) => following.toggle(name))
      .on("pointerenter", (event, { name, gives, takes }) => showCard(event, [readable(name), `gives ${say(gives)}`, `takes ${say(takes)}`]))
      .on("pointerleave", hideCard);
  }

  // Names beside their points, on the left at the right edge, each moved down past the one above where they would overlap.
  function spread(group, x, y, room) {
    const taken = [];
    group.each(function ({ short, gives, takes }) {
      const named = cut(short, 9);
      const turned = x(gives.value) + 7 + named.length * 8 > room.right + 18;
      const label = { x: x(gives.value) + (turned ? -7 : 7), y: Math.max(y(takes.value) - 6, room.top + 6) };
      while (taken.some((other) => Math.abs(other.x - label.x) < 20 && Math.abs(other.y - label.y) < 10)) label.y += 10;
      taken.push(label);
      d3.select(this).append("text").attr("x", label.x).attr("y", label.y).attr("dy", "0.35em").attr("text-anchor", turned ? "end" : "start").text(named);
    });
  }

  const say = ({ value, low, high, floor }) => `${signed(value)}${isNumber(low) ? ` (${signed(low)} to ${signed(high)})` : ""}${isNumber(floor) ? `; noise alone ${signed(floor)}` : ""}`;
  drawToFit(figure.node(), (width) => { size = width; draw(); });
  return draw;
}
