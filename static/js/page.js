/* Small comforts of every page. Each works without this file too. */

// A menu closes when one clicks elsewhere or presses Escape.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// The second click on a button that is already sending does nothing. Coming back with the browser's
// "back" shows the page as it was, so the lock is lifted then.
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post" || event.defaultPrevented) return;
  if (event.target.dataset.sending) {
    event.preventDefault();
    return;
  }
  event.target.dataset.sending = "1";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sending]")) delete form.dataset.sending;
});

// On a narrow screen the tab of this page is brought into its row.
const tab = document.querySelector(".tabs [aria-current]");
if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - (tab.parentElement.clientWidth - tab.offsetWidth) / 2;

// On a narrow screen long sections are folded under their headings. A link to one opens it, and paper shows all of them.
const folds = [...document.querySelectorAll("details.fold-card")];
if (matchMedia("(max-width: 40rem)").matches) for (const fold of folds) fold.open = false;
let folded = [];
addEventListener("beforeprint", () => {
  folded = folds.filter((fold) => !fold.open);
  for (const fold of folded) fold.open = true;
});
addEventListener("afterprint", () => {
  for (const fold of folded) fold.open = false;
});
function unfold() {
  const target = document.getElementById(location.hash.slice(1));
  const fold = target?.closest("details.fold-card");
  if (!fold || fold.open) return;
  fold.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", unfold);
document.addEventListener("click", (event) => {
  // A second click on the same link changes no address.
  if (event.target.closest("a[href^='#']")?.hash === location.hash) unfold();
});
unfold();

// Filters apply as soon as one is chosen; without this, the button does it.
for (const form of document.querySelectorAll("form[data-auto-submit]")) {
  form.addEventListener("change", () => form.requestSubmit());
}

// "/" goes to the search box of the head, or to that of the page where the head shows none; not while one is typing.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const search = [...document.querySelectorAll("input[type=search]")].find((box) => box.getClientRects().length);
  if (search) {
    event.preventDefault();
    search.focus();
    search.select();
  }
});

// Copy a text that stands in a field beside the button.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    button.querySelector("[data-copied]").hidden = false;
  });
}

// Print the page.
for (const button of document.querySelectorAll("button[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
