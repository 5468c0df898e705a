// Writing agreements while others speak: Ctrl+Enter stores one without loading the page anew, and what is typed stays in
// this browser until the server has it. Without this script the form is a plain form.

const form = document.querySelector("[data-add-agreement]");
const text = form.elements.text;
const state = form.querySelector("[data-add-state]");
const list = document.querySelector("[data-agreements]");
const key = `kotaku:agreement:${form.dataset.draft}`;
let isSending = false;

function keep() {
  const draft = JSON.stringify({ uid: form.elements.uid.value, text: text.value });
  if (text.value.trim()) localStorage.setItem(key, draft);
  else localStorage.removeItem(key);
}

function restore() {
  try {
    const draft = JSON.parse(localStorage.getItem(key));
    if (draft?.text && !text.value) {
      text.value = draft.text;
      form.elements.uid.value = draft.uid; // sent but unanswered: the same sentence, not another
    }
  } catch {
    localStorage.removeItem(key);
  }
}

async function send() {
  if (isSending || !text.value.trim()) return;
  isSending = true;
  const body = new FormData(form);
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
    const said = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : {};
    if (!answer.ok) {
      state.textContent = said.detail ?? "";
      state.dataset.state = "refused";
      if (!said.detail) form.submit(); // logged out, or a page too old: let the server say so on a page
      return;
    }
    list.innerHTML = said.html;
    state.textContent = "";
    delete state.dataset.state;
    if (text.value === body.get("text")) text.value = "";
    form.elements.uid.value = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    keep();
    text.focus();
    list.querySelector("li:last-child")?.scrollIntoView({ block: "nearest" });
  } catch {
    form.submit();
  } finally {
    isSending = false;
  }
}

restore();
text.addEventListener("input", keep);
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    send();
  }
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
