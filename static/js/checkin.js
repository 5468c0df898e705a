/* Check-in. The desk narrows its list while one types; the poster counts by itself. Both work without this file. */

const search = document.querySelector("input[data-live]");
if (search) {
  const rows = [...(document.getElementById(search.dataset.live)?.children ?? [])];
  const name = document.querySelector("#walk-in input[name=name]");
  const narrow = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) row.hidden = !words.every((word) => row.dataset.words.includes(word));
    if (name) name.value = search.value;
  };
  search.addEventListener("input", narrow);
  // After a tap the same search comes back, and all other rows stay at hand.
  const kept = `desk-search:${location.pathname}`;
  document.addEventListener("submit", (event) => {
    if (event.target.closest("#desk")) sessionStorage.setItem(kept, search.value);
  });
  if (sessionStorage.getItem(kept)) {
    search.value = sessionStorage.getItem(kept);
    narrow();
  }
  sessionStorage.removeItem(kept);
}

// A tap loads the page anew. The row it was meant for stays under the finger, and the second half of a double tap,
// which would now meet another button or another person, does nothing.
const DOUBLE_TAP_MS = 700;
const tapKept = `desk-tap:${location.pathname}`;
const tap = JSON.parse(sessionStorage.getItem(tapKept) ?? "null");
sessionStorage.removeItem(tapKept);
const tappedRow = tap && document.getElementById(tap.row);
const shownAt = performance.now();
if (tap) {
  const settle = () => {
    const top = tappedRow ? scrollY + tappedRow.getBoundingClientRect().top - tap.top : tap.scroll;
    scrollTo({ top, behavior: "instant" });
  };
  settle();
  // The browser goes to the row of the address only when all is loaded.
  addEventListener("load", () => requestAnimationFrame(settle));
}
document.addEventListener(
  "submit",
  (event) => {
    const row = event.target.closest("#desk li");
    if (!row) return;
    const isSecondTap = tap && (!tappedRow || row === tappedRow) && performance.now() - shownAt < DOUBLE_TAP_MS;
    if (isSecondTap) event.preventDefault();
    else sessionStorage.setItem(tapKept, JSON.stringify({ row: row.id, top: row.getBoundingClientRect().top, scroll: scrollY }));
  },
  true,
);

// The next person's letters replace the last one's.
document.querySelector(".desk-search input[type=search]")?.addEventListener("focus", (event) => event.target.select());

const count = document.querySelector("[data-refresh]");
if (count) {
  setInterval(async () => {
    try {
      const answer = await fetch(location.href);
      if (!answer.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-refresh]");
      if (!fresh || page.querySelector(".poster-code").textContent !== document.querySelector(".poster-code").textContent) location.reload();
      else if (fresh.textContent !== count.textContent) count.replaceChildren(...fresh.childNodes);
    } catch {
      // No network for a moment: the next round asks again.
    }
  }, count.dataset.refresh * 1000);
}
