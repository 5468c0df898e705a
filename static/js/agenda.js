/* Dragging agenda items to another place. The arrow buttons do the same without this file. */
const list = document.querySelector("[data-agenda]");

for (const item of list?.children ?? []) {
  const handle = document.createElement("button");
  handle.type = "button";
  handle.className = "btn btn-quiet btn-sm btn-icon agenda-handle";
  handle.tabIndex = -1; // the arrows beside it are for the keyboard
  handle.setAttribute("aria-hidden", "true");
  handle.textContent = "⠿";
  item.querySelector(":scope > .agenda-buttons").prepend(handle);

  handle.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    handle.setPointerCapture(event.pointerId);
    item.classList.add("dragging");
    const before = [...list.children].indexOf(item);

    const follow = (move) => {
      const over = document.elementFromPoint(move.clientX, move.clientY)?.closest(".agenda-item");
      if (!over || over === item || over.parentElement !== list) return;
      const box = over.getBoundingClientRect();
      over[move.clientY < box.top + box.height / 2 ? "before" : "after"](item);
    };
    const drop = () => {
      handle.removeEventListener("pointermove", follow);
      item.classList.remove("dragging");
      const place = [...list.children].indexOf(item);
      if (place !== before) send(item, place);
    };
    handle.addEventListener("pointermove", follow);
    handle.addEventListener("pointerup", drop, { once: true });
    handle.addEventListener("pointercancel", drop, { once: true });
  });
}

// The same form post as the arrows, so that the page that answers is the stored order.
function send(item, place) {
  const form = item.querySelector(":scope > .agenda-buttons form").cloneNode(true);
  for (const button of form.querySelectorAll("button")) button.remove();
  const to = document.createElement("input");
  to.type = "hidden";
  to.name = "to";
  to.value = place;
  form.append(to);
  form.hidden = true;
  document.body.append(form);
  form.submit();
}
