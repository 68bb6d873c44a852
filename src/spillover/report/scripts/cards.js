// Finding tasks among many: a card is shown where every word typed stands somewhere on it.

function findCards(section) {
  const box = section.querySelector(".find");
  if (!box) return;
  const [input, told] = [box.querySelector("input"), box.querySelector(".note")];
  const cards = [...section.querySelectorAll("[data-words]")];
  box.hidden = false;
  input.addEventListener("input", () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const card of cards) card.hidden = !words.every((word) => card.dataset.words.includes(word));
    const shown = cards.filter((card) => !card.hidden).length;
    told.textContent = words.length ? `${shown} of ${cards.length} tasks` : "";
  });
}
