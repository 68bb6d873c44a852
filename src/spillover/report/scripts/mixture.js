// Mixtures by hand: the shares are the reader's or Python's, the effects are added up from Python's replicates.

const UNKNOWN_STEP = -32768;

function decodeSteps(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Int16Array.from({ length: bytes.length / 2 }, (_, place) => view.getInt16(2 * place, true));
}

// The percentile of sorted values, by linear interpolation, as numpy's.
function percentile(sorted, percent) {
  const place = (percent / 100) * (sorted.length - 1);
  const [below, above] = [Math.floor(place), Math.ceil(place)];
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

function makePrediction(panel) {
  const [sources, targets] = [panel.sources.length, panel.targets.length];
  const [mean, replicates] = [decodeSteps(panel.mean), decodeSteps(panel.replicates)];
  const count = replicates.length / (sources * targets);
  const add = (steps, start, target, taken) => {
    let sum = 0;
    for (const [source, share] of taken) {
      const step = steps[start + source * targets + target];
      if (step === UNKNOWN_STEP) return NaN;
      sum += share * step * panel.step;
    }
    return sum;
  };
  const tail = 50 * (1 - panel.confidence);
  return (shares) => {
    const taken = shares.map((share, source) => [source, share]).filter(([, share]) => share > 0);
    return panel.targets.map((task, target) => {
      const outcomes = new Float64Array(count);
      let finite = 0;
      for (let replicate = 0; replicate < count; replicate += 1) {
        const sum = add(replicates, replicate * sources * targets, target, taken);
        if (!isNaN(sum)) { outcomes[finite] = sum; finite += 1; }
      }
      const sorted = outcomes.subarray(0, finite).sort();
      return { task, pgf: add(mean, 0, target, taken), low: finite ? percentile(sorted, tail) : NaN, high: finite ? percentile(sorted, 100 - tail) : NaN };
    });
  };
}

function drawMixture(root, panel) {
  const predict = makePrediction(panel);
  const even = panel.sources.map(() => 1 / panel.sources.length);
  const view = { target: panel.targets[0], shares: even, recommended: false };
  const controls = root.append("div").attr("class", "controls");
  const chosen = addChoice(controls, "to become better at", panel.targets.map((task) => [task, readable(task)]), view.target, (task) => { view.target = task; recommend(); });
  const button = (text, act) => controls.append("button").attr("type", "button").text(text).on("click", act);
  if (Object.keys(panel.recommended).length) button("the recommendation", recommend);
  button("equal shares", () => take(even));
  const own = button("its own data alone", () => take(panel.sources.map((source) => Number(source === view.target))));
  const said = root.append("div").attr("class", "note recommended").attr("aria-live", "polite");
  const room = root.append("div").attr("class", "mixing");
  const sliders = room.append("div").attr("class", "sliders");
  const effects = room.append("table").attr("class", "effects");
  effects.append("caption").text(`Predicted PGF on every task, with its ${percent(panel.confidence)} interval`);
  effects.append("thead").append("tr").selectAll("th").data(["task", "effect", "PGF", "interval"]).join("th").attr("scope", "col").text((text) => text);
  const body = effects.append("tbody");

  const rows = sliders.selectAll("label").data(panel.sources).join((enter) => {
    const row = enter.append("label");
    row.append("span").text(readable);
    row.append("input").attr("type", "range").attr("min", 0).attr("max", 1).attr("step", 0.01);
    row.append("output");
    return row;
  });
  rows.select("input").on("input", function () { move(rows.select("input").nodes().indexOf(this), Number(this.value)); });

  // One share is set, the others keep their proportions; where they have none, they share evenly.
  function move(place, share) {
    const rest = view.shares.reduce((sum, each, other) => sum + (other === place ? 0 : each), 0);
    const others = view.shares.length - 1;
    take(view.shares.map((each, other) => {
      if (other === place) return others ? share : 1;
      return rest > 1e-9 ? (each / rest) * (1 - share) : (1 - share) / others;
    }));
  }

  function recommend() {
    const found = panel.recommended[view.target];
    if (found?.shares) take(panel.sources.map((source) => found.shares[source] ?? 0), true);
    else take(even);
  }

  function take(shares, recommended = false) {
    view.shares = shares;
    view.recommended = recommended;
    render();
  }

  function say() {
    const found = panel.recommended[view.target];
    const lines = [];
    if (!found) lines.push("For a recommendation: spillover mix --target.");
    else if (found.reason) lines.push(`No recommendation: ${found.reason}`);
    else {
      const parts = Object.entries(found.shares).map(([source, share]) => `${readable(source)} ${percent(share)}`);
      lines.push(`Recommended without its own data: ${parts.join(", ")}. Predicted ${signed(found.predicted[view.target])}.`, ...found.notes.map((note) => `${note[0].toUpperCase()}${note.slice(1)}.`));
    }
    said.selectAll("p").data(lines).join("p").text((line) => line);
  }

  function render() {
    chosen.property("value", view.target);
    own.property("disabled", !panel.sources.includes(view.target));
    rows.classed("none", (_, place) => view.shares[place] < 0.005);
    rows.select("input").property("value", (_, place) => view.shares[place]);
    rows.select("output").text((_, place) => percent(view.shares[place]));
    say();
    const found = predict(view.shares);
    const honest = view.recommended ? panel.recommended[view.target].predicted : {};
    const far = Math.min(1, Math.max(0.05, ...found.flatMap(({ pgf, low, high }) => [pgf, low, high]).filter(isNumber).map(Math.abs)));
    const x = (value) => `${50 + 50 * Math.max(-1, Math.min(1, value / far))}%`;
    const width = (from, to) => `calc(${x(to)} - ${x(from)})`;
    const line = body.selectAll("tr").data(found, ({ task }) => task).join((enter) => {
      const row = enter.append("tr");
      row.append("th").attr("scope", "row").text(({ task }) => readable(task));
      const bar = row.append("td").append("div").attr("class", "effect").attr("aria-hidden", "true");
      for (const part of ["zero", "interval", "dot", "honest"]) bar.append("i").attr("class", part);
      row.append("td").attr("class", "pgf");
      row.append("td").attr("class", "ends");
      return row;
    });
    line.classed("wanted", ({ task }) => task === view.target);
    line.each(function ({ task, pgf, low, high }) {
      const row = d3.select(this);
      const known = isNumber(pgf);
      row.select(".effect").attr("class", `effect ${pgf > 0 ? "gain" : "harm"}`);
      row.select(".interval").style("display", known && isNumber(low) ? null : "none").style("left", x(low)).style("width", width(low, high));
      row.select(".dot").style("display", known ? null : "none").style("left", x(pgf));
      row.select(".honest").style("display", isNumber(honest[task]) ? null : "none").style("left", x(honest[task]));
      row.select(".pgf").text(signed(pgf)).attr("data-value", pgf);
      row.select(".ends").text(known ? `${signed(low)} to ${signed(high)}` : "not defined").attr("data-low", low).attr("data-high", high);
    });
  }

  recommend();
}
