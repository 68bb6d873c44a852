// What all figures share: the data, colours, the pointer's card, and which task is followed.

const DATA = JSON.parse(document.getElementById("data").textContent);
const MOST_DRAWN = 50; // tasks beyond which a heatmap is drawn on a canvas
const readable = (name) => name.replace(/_/g, " ");

const cut = (name, most) => (name.length > most ? `${name.slice(0, most - 1)}…` : name);

// Ticks of an axis, each with as many decimals as tell it from the next.
function ticksOf(from, to, count) {
  const places = d3.ticks(from, to, count);
  const step = places.length > 1 ? Math.abs(places[1] - places[0]) : Math.abs(to - from);
  const digits = Math.max(0, Math.ceil(-Math.log10(step || 1) - 1e-9));
  return places.map((place) => [place, signed(place, digits)]);
}

// The colour of a value: a class for its sign, and the share of the way to the full colour.
function strength(value, limit) {
  return isNumber(value) ? Math.min(Math.abs(value) / limit, 1) : 0;
}

function paint(value, limit) {
  const share = strength(value, limit);
  const sign = !isNumber(value) ? "none" : value > 0 ? "gain" : value < 0 ? "harm" : "";
  return { classes: `cell ${sign}${share > (value > 0 ? 0.86 : 0.72) ? " strong" : ""}`, share };
}

// Colours for a canvas, which knows no classes.
function canvasColours(element) {
  const style = getComputedStyle(element);
  const read = (name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    element.append(probe);
    const found = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
    probe.remove();
    return found;
  };
  const [gain, harm, neutral, paper] = ["--gain", "--harm", "--neutral", "--paper"].map(read);
  return {
    ink: style.color,
    paper: `rgb(${paper})`,
    of(value, limit) {
      const end = value > 0 ? gain : harm;
      const share = strength(value, limit);
      return `rgb(${neutral.map((from, place) => Math.round(from + (end[place] - from) * share))})`;
    },
  };
}

const card = d3.select("body").append("div").attr("class", "pointer-card").attr("aria-hidden", "true");

function showCard(event, lines) {
  card.selectAll("div").data(lines).join("div").text((line) => line);
  card.classed("shown", true);
  const box = card.node().getBoundingClientRect();
  const left = Math.min(event.clientX + 14, innerWidth - box.width - 8);
  const below = event.clientY + 16 + box.height < innerHeight;
  card.style("left", `${Math.max(left, 8)}px`);
  card.style("top", `${below ? event.clientY + 16 : event.clientY - box.height - 12}px`);
}

const hideCard = () => card.classed("shown", false);

// Figures of one model tell each other which task is followed; null for none.
function makeFollowing() {
  const calls = d3.dispatch("follow");
  let followed = null;
  return {
    get task() { return followed; },
    on: (name, call) => calls.on(`follow.${name}`, call),
    toggle(task) {
      followed = followed === task ? null : task;
      calls.call("follow", null, followed);
    },
  };
}

// A labelled choice among a few values.
function addChoice(parent, label, values, first, onChange) {
  const box = parent.append("label").attr("class", "choice");
  box.append("span").text(label);
  const select = box.append("select").on("change", () => onChange(select.property("value")));
  select.selectAll("option").data(values).join("option")
    .attr("value", ([value]) => value)
    .property("selected", ([value]) => value === first)
    .text(([, text]) => text);
  return select;
}

function addCheck(parent, label, onChange) {
  const box = parent.append("label").attr("class", "check");
  const input = box.append("input").attr("type", "checkbox").on("change", () => onChange(input.property("checked")));
  box.append("span").text(label);
  return box;
}

// Give a drawing its size; the view box lets paper shrink it.
const setSize = (svg, width, height) => svg.attr("width", width).attr("height", height).attr("viewBox", `0 0 ${width} ${height}`);

const fitted = [];

// Draw once there is room, and again when the room changes; `draw` is given the width.
function drawToFit(element, draw) {
  let width = 0;
  const fit = () => {
    const { paddingLeft, paddingRight } = getComputedStyle(element);
    const now = Math.floor(element.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight));
    if (now > 0 && now !== width) draw((width = now));
  };
  fitted.push(fit);
  new ResizeObserver(fit).observe(element);
}

// At once, for paper: between the announcement of a print and its layout no observer runs.
const fitAll = () => fitted.forEach((fit) => fit());
