// Puts every figure into its place: the matrix at once, the others when it stands there and can be used. Those of models
// that are not shown wait until they are.

function drawModel(section) {
  const place = Number(section.dataset.model);
  const model = DATA.models[place];
  const following = makeFollowing();
  const into = (name, draw) => { // a page may leave a figure out
    const root = section.querySelector(`[data-figure="${name}"]`);
    if (root) draw(d3.select(root));
  };
  into("heatmap", (root) => drawHeatmap(root, model, following));
  const others = [
    () => into("graph", (root) => drawGraph(root, model, following)),
    () => into("profiles", (root) => drawProfiles(root, model, following)),
    () => into("mixture", (root) => drawMixture(root, model.mixture)),
    () => into("progress", (root) => drawLines(root, model.progress)),
    () => into("weights", (root) => drawWeights(root, model.weights)),
  ];
  following.on("cards", (task) => {
    for (const card of section.querySelectorAll("[data-task]")) card.classList.toggle("followed", card.dataset.task === task);
  });
  findCards(section);
  for (const button of section.querySelectorAll("button[data-follow]")) {
    button.addEventListener("click", () => following.toggle(button.dataset.follow));
  }
  return others;
}

const waiting = [];

// One after the other, each in its own turn, so that a click or a key need not wait for all of them.
function inTurns() {
  setTimeout(() => {
    waiting.shift()?.();
    if (waiting.length) { inTurns(); return; }
    document.documentElement.dataset.ready = "yes";
    performance.mark("figures");
  });
}

const sections = [...document.querySelectorAll("section.model")];
const tabs = [...document.querySelectorAll("[role=tab]")];
const drawn = new Set();
let shown = 0;

function hideOthers() {
  sections.forEach((section, place) => { section.hidden = place !== shown; });
}

function show(place) {
  shown = place;
  hideOthers();
  tabs.forEach((tab, other) => {
    tab.setAttribute("aria-selected", String(other === place));
    tab.tabIndex = other === place ? 0 : -1;
  });
  if (drawn.has(place)) return;
  drawn.add(place);
  delete document.documentElement.dataset.ready;
  waiting.push(...drawModel(sections[place]));
  inTurns();
}

tabs.forEach((tab, place) => {
  tab.addEventListener("click", () => show(place));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = (place + step + tabs.length) % tabs.length;
    show(next);
    tabs[next].focus();
  });
});

const theme = document.getElementById("theme");
theme.hidden = false;
theme.addEventListener("change", () => {
  document.documentElement.dataset.theme = theme.querySelector("select").value;
  document.dispatchEvent(new Event("theme"));
});

// Paper shows every model, drawn before this returns.
addEventListener("beforeprint", () => {
  sections.forEach((section, place) => {
    section.hidden = false;
    if (drawn.has(place)) return;
    drawn.add(place);
    waiting.push(...drawModel(section));
  });
  while (waiting.length) waiting.shift()();
  fitAll();
});
addEventListener("afterprint", hideOthers);

document.documentElement.classList.add("scripted");
if (sections.length) show(0);
for (const lines of DATA.scale) drawLines(d3.select("#scale"), lines);
