/* The keyboard through the queue of a sitting. Every step is a link or a button of the page as well. */
const form = document.querySelector("form[data-decide]");
const help = document.querySelector("dialog.keys");
const follow = (name) => document.querySelector(`[data-${name}]`)?.click();

const KEYS = {
  j: () => follow("next"),
  k: () => follow("previous"),
  n: () => form?.elements.note.focus(),
  a: () => document.querySelector(".judge-inline [name=accept]")?.click(),
  r: () => document.querySelector(".judge-inline [name=note]")?.focus(),
  "?": () => help.showModal(),
};

document.querySelector("[data-help]")?.addEventListener("click", () => help.showModal());

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && form) {
    event.preventDefault();
    form.requestSubmit();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || help.open || isTyping(event.target)) return;
  const decisions = form ? [...form.querySelectorAll("input[name=decision]")] : [];
  const chosen = decisions[Number(event.key) - 1];
  if (chosen) {
    chosen.checked = true;
    chosen.focus();
  } else if (KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

// Escape leaves a field, so that the keys work again.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && isTyping(event.target)) event.target.blur();
});

function isTyping(element) {
  return element.matches("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");
}
