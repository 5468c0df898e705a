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
