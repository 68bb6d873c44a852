// How numbers are written: the rule of spillover/core/numbers.py, for what is computed or chosen on the page.

const isNumber = (value) => typeof value === "number" && isFinite(value);

function signed(value, digits = 3) {
  if (value === "inf") return "+∞";
  if (value === "-inf") return "−∞";
  if (!isNumber(value)) return "–";
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? text : (value < 0 ? "−" : "+") + text;
}

function brief(value) {
  if (!isNumber(value)) return signed(value);
  const size = Math.abs(value);
  return size < 0.995 ? signed(value, 2).replace("0.", ".") : signed(value, size < 9.95 ? 1 : 0);
}

function percent(share) {
  if (!isNumber(share)) return "–";
  return share > 0 && share < 0.005 ? "<1%" : `${signed(share * 100, 0).replace("+", "")}%`;
}

function probability(value, name) {
  if (!isNumber(value)) return "";
  return value < 0.001 ? `${name} < 0.001` : `${name} = ${value.toFixed(3)}`;
}

// A value of a matrix, in a cell and in full.
const inCell = (value, unit) => (unit === "accuracy" ? signed(isNumber(value) ? value * 100 : value, Math.abs(value) < 0.0995 ? 1 : 0) : brief(value));
const inFull = (value, unit) => (unit === "accuracy" ? `${signed(isNumber(value) ? value * 100 : value, 1)} points` : signed(value));
