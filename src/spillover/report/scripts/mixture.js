// Mixtures by hand: Python's recommendation as it is, or the reader's shares, whose effects are added up from Python's
// replicates.

const UNKNOWN_STEP = 4095;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const MEASURES = { raw: "PGF", calibrated: "PGF, answer prior taken out" };

// Two digits of base 64 a number.
function decodeSteps(text) {
  const digits = new Map([...LETTERS].map((letter, digit) => [letter, digit]));
  return Uint16Array.from({ length: text.length / 2 }, (_, place) => digits.get(text[2 * place]) * 64 + digits.get(text[2 * place + 1]));
}

// The percentile of sorted values, by linear interpolation, as numpy's.
function percentile(sorted, percent) {
  const place = (percent / 100) * (sorted.length - 1);
  const [below, above] = [Math.floor(place), Math.ceil(place)];
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

function makePrediction(evidence) {
  const [sources, targets] = [evidence.sources.length, evidence.targets.length];
  const replicates = decodeSteps(evidence.replicates);
  const count = replicates.length / (sources * targets);
  const mean = (source, target) => evidence.mean[source * targets + target] ?? NaN;
  const drawn = (replicate) => (source, target) => {
    const cell = source * targets + target;
    const steps = replicates[replicate * sources * targets + cell];
    return steps === UNKNOWN_STEP ? NaN : evidence.least[cell] + steps * evidence.step[cell];
  };
  const add = (taken, pgf, target) => taken.reduce((sum, [source, share]) => sum + share * pgf(source, target), 0);
  const tail = 50 * (1 - evidence.confidence);
  return (shares) => {
    const taken = shares.map((share, source) => [source, share]).filter(([, share]) => share > 0);
    return evidence.targets.map((task, target) => {
      const outcomes = new Float64Array(count);
      let finite = 0;
      for (let replicate = 0; replicate < count; replicate += 1) {
        const sum = add(taken, drawn(replicate), target);
        if (!isNaN(sum)) { outcomes[finite] = sum; finite += 1; }
      }
      const sorted = outcomes.subarray(0, finite).sort();
      return { task, pgf: add(taken, mean, target), low: finite ? percentile(sorted, tail) : NaN, high: finite ? percentile(sorted, 100 - tail) : NaN };
    });
  };
}

const spansNothing = ({ low, high }) => isNumber(low) && isNumber(high) && low <= 0 && high >= 0;

function drawMixture(root, panel) {
  const measures = new Map(panel.map((evidence) => [evidence.measure, { evidence, predict: makePrediction(evidence) }]));
  const { sources, targets, confidence } = panel[0];
  const even = sources.map(() => 1 / sources.length);
  const view = { measure: panel[0].measure, target: targets[0], shares: even, recommended: false, moved: null };
  const recommendation = () => measures.get(view.measure).evidence.recommended[view.target];
  const controls = root.append("div").attr("class", "controls");
  const chosen = addChoice(controls, "to become better at", targets.map((task) => [task, readable(task)]), view.target, (task) => { view.target = task; recommend(); });
  if (panel.length > 1) addChoice(controls, "by", panel.map(({ measure }) => [measure, MEASURES[measure]]), view.measure, (measure) => { view.measure = measure; recommend(); });
  const button = (text, act) => controls.append("button").attr("type", "button").text(text).on("click", act);
  if (Object.keys(panel[0].recommended).length) button("the recommendation", recommend);
  button("equal shares", () => take(even));
  const own = button("its own data alone", () => take(sources.map((source) => Number(source === view.target))));
  const said = root.append("div").attr("class", "note recommended").attr("aria-live", "polite");
  const room = root.append("div").attr("class", "mixing");
  const sliders = room.append("div").attr("class", "sliders");
  const effects = room.append("table").attr("class", "effects");
  effects.append("caption").text(`Predicted PGF on every task, with its ${percent(confidence)} interval`);
  effects.append("thead").append("tr").selectAll("th").data(["task", "effect", "PGF", "interval"]).join("th").attr("scope", "col").text((text) => text);
  const body = effects.append("tbody");

  const rows = sliders.selectAll("div").data(sources).join((enter) => {
    const row = enter.append("div").attr("class", "part-of-mixture");
    const label = row.append("label");
    label.append("span").attr("title", readable).text(readable);
    label.append("input").attr("type", "range").attr("min", 0).attr("max", 1).attr("step", 0.01);
    label.append("output");
    row.append("p").attr("class", "small");
    return row;
  });
  rows.select("input").on("input", function () { move(rows.select("input").nodes().indexOf(this), Number(this.value)); });

  // One share is set. The others keep the proportions from before its slider was first touched, so that it can go to
  // 100% and back; where they have none, they share evenly.
  function move(place, share) {
    const moved = view.moved?.place === place ? view.moved : { place, before: view.shares };
    const rest = moved.before.reduce((sum, each, other) => sum + (other === place ? 0 : each), 0);
    const others = moved.before.length - 1;
    take(moved.before.map((each, other) => {
      if (other === place) return others ? share : 1;
      return rest > 1e-9 ? (each / rest) * (1 - share) : (1 - share) / others;
    }));
    view.moved = moved;
  }

  function recommend() {
    const found = recommendation();
    if (found?.sources) take(sources.map((source) => found.sources[source]?.share ?? 0), true);
    else take(even);
  }

  function take(shares, recommended = false) {
    view.shares = shares;
    view.recommended = recommended;
    view.moved = null;
    render();
  }

  function say() {
    const found = recommendation();
    const named = /^[\w.-]+$/.test(view.target) ? view.target : `'${view.target.replaceAll("'", "'\\''")}'`;
    const asked = `spillover mix … --target ${named} --exclude-target-data${view.measure === "raw" ? "" : ` --measure ${view.measure}`}`;
    if (!found) return [`For a recommendation: ${asked}`];
    if (!found.sources) return [`No recommendation: ${found.reason}`];
    const parts = Object.entries(found.sources).filter(([, { share }]) => share > 0).map(([source, { share }]) => `${readable(source)} ${percent(share)}`);
    const effect = found.effects[view.target];
    const promised = isNumber(effect.promised) ? `; ${signed(effect.promised)} once the luck of choosing is taken off` : "";
    const told = `Recommended without its own data: ${parts.join(", ")}. Predicted ${signed(effect.predicted)} (${signed(effect.low)} to ${signed(effect.high)})${promised}.`;
    const notes = found.notes.map((note) => `${note[0].toUpperCase()}${readable(note.slice(1))}.`);
    const helps = (effect.promised ?? effect.predicted) > 0; // else the first note advises against it
    return [...(helps ? [told] : [notes.shift(), told]), ...notes, `The same by: ${asked}`];
  }

  // What is known of a source, and, beside the recommendation, why it is in or out.
  function reason(source) {
    const known = recommendation()?.sources?.[source];
    if (!known) return source === view.target ? "its own data, left out of the recommendation" : "";
    const evidence = `${signed(known.pgf)} (${signed(known.low)} to ${signed(known.high)}${spansNothing(known) ? ", spans 0" : ""})`;
    return view.recommended ? `${evidence}: ${known.reason}` : evidence;
  }

  // The recommendation's effects are Python's own; those of other shares are added up here.
  function predict() {
    const { evidence, predict } = measures.get(view.measure);
    if (!view.recommended) return predict(view.shares);
    const told = recommendation().effects;
    return evidence.targets.map((task) => ({ task, pgf: told[task].predicted ?? NaN, low: told[task].low ?? NaN, high: told[task].high ?? NaN, promised: told[task].promised }));
  }

  function render() {
    chosen.property("value", view.target);
    own.property("disabled", !sources.includes(view.target));
    rows.classed("none", (_, place) => view.shares[place] < 0.005);
    rows.select("input").property("value", (_, place) => view.shares[place]);
    rows.select("output").text((_, place) => percent(view.shares[place]));
    rows.select("p").text(reason);
    said.selectAll("p").data(say()).join("p").text((line) => line);
    const found = predict();
    const far = Math.min(1, Math.max(0.05, ...found.flatMap(({ pgf, low, high }) => [pgf, low, high]).filter(isNumber).map(Math.abs)));
    const x = (value) => `${50 + 50 * Math.max(-1, Math.min(1, value / far))}%`;
    const width = (from, to) => `calc(${x(to)} - ${x(from)})`;
    const line = body.selectAll("tr").data(found, ({ task }) => task).join((enter) => {
      const row = enter.append("tr");
      row.append("th").attr("scope", "row").attr("title", ({ task }) => readable(task)).text(({ task }) => readable(task));
      const bar = row.append("td").append("div").attr("class", "effect").attr("aria-hidden", "true");
      for (const part of ["zero", "interval", "dot", "honest"]) bar.append("i").attr("class", part);
      row.append("td").attr("class", "pgf");
      row.append("td").attr("class", "ends");
      return row;
    });
    line.classed("wanted", ({ task }) => task === view.target);
    line.each(function ({ pgf, low, high, promised }) {
      const row = d3.select(this);
      const known = isNumber(pgf);
      row.select(".effect").attr("class", `effect ${spansNothing({ low, high }) ? "open" : pgf > 0 ? "gain" : "harm"}`);
      row.select(".interval").style("display", known && isNumber(low) ? null : "none").style("left", x(low)).style("width", width(low, high));
      row.select(".dot").style("display", known ? null : "none").style("left", x(pgf));
      row.select(".honest").style("display", isNumber(promised) ? null : "none").style("left", x(promised));
      row.select(".pgf").text(signed(pgf)).attr("data-value", pgf);
      row.select(".ends").text(known ? `${signed(low)} to ${signed(high)}` : "not defined").attr("data-low", low).attr("data-high", high);
    });
  }

  recommend();
}
