/* Writing the minutes: saved as one types, kept in the browser until it is saved, never over somebody else's text.
   Without this file every entry is a plain form on a page of its own. */

const settings = JSON.parse(document.getElementById("minutes-settings")?.textContent ?? "{}");
const { urls = {}, texts = {}, kinds = {} } = settings;
const AFTER_A_PAUSE = 1000;
const AT_THE_LATEST = 4000;
const DRAFT_EVERY = 800;
const POLL_EVERY = 8000;
const WAIT_FOR_ANSWER = 15000;
const CARDS_AT_ONCE = 50;

const editors = new Set();
const root = document.querySelector("[data-minutes]");
const clock = document.querySelector("[data-clock]");

// --- the server ----------------------------------------------------------------------------------------

const cookie = (name) => document.cookie.match(new RegExp(`(?:^|; )${name}=([^;]*)`))?.[1] ?? "";
const urlOf = (name, uid) => urls[name].replace(settings.nobody, uid);

function ask(url, body) {
  return fetch(url, {
    method: body ? "POST" : "GET",
    body,
    // The cookie, not the page, knows the token after a new login in another window.
    headers: { Accept: "application/json", ...(body ? { "X-CSRFToken": cookie("csrftoken") } : {}) },
    redirect: "manual", // a redirect can only lead to the login page
    cache: "no-store",
    signal: AbortSignal.timeout(WAIT_FOR_ANSWER),
  });
}

function newUid() {
  if (crypto.randomUUID) return crypto.randomUUID(); // only there on https and localhost
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

// --- drafts in the browser -------------------------------------------------------------------------------

const drafts = {
  keep(uid, draft) {
    try {
      localStorage.setItem(settings.key + uid, JSON.stringify({ ...draft, at: Date.now() }));
    } catch {
      // Full or forbidden: the text still stands on the page, and leaving it warns.
    }
  },
  drop(uid) {
    localStorage.removeItem(settings.key + uid);
  },
  get(uid) {
    try {
      return JSON.parse(localStorage.getItem(settings.key + uid));
    } catch {
      return null;
    }
  },
  all() {
    return Object.keys(localStorage)
      .filter((key) => settings.key && key.startsWith(settings.key))
      .map((key) => [key.slice(settings.key.length), drafts.get(key.slice(settings.key.length))])
      .filter(([, draft]) => draft?.fields)
      .sort(([, one], [, other]) => one.at - other.at);
  },
};

// As the server stores it: whitespace at the ends and the kind of line break make no difference.
function comparable(name, value) {
  if (typeof value === "boolean") return value ? "1" : "";
  const text = String(value ?? "").replace(/\r\n/g, "\n").trim();
  return name === "amount" ? text.replace(/[.\s]|,00$/g, "") : text;
}
function saysTheSame(one, other) {
  return Object.keys(one).every((name) => name === "signature" || comparable(name, one[name]) === comparable(name, other[name]));
}

// --- one entry being written -----------------------------------------------------------------------------

class Editor {
  constructor(form, { uid, version = 0, li = null, onPage = false }) {
    Object.assign(this, { form, uid, version, li, onPage });
    this.isDirty = this.isSaving = this.isBlocked = this.isClosing = false;
    this.attempts = []; // sent, but never answered: these may be stored all the same
    this.failures = 0;
    this.savedAt = 0;
    this.html = null;
    editors.add(this);
    form.addEventListener("input", (event) => this.typed(event));
    form.addEventListener("change", (event) => this.chosen(event));
    form.addEventListener("keydown", (event) => this.key(event));
    form.addEventListener("submit", (event) => this.submitted(event));
    form.querySelector("[data-discard]")?.addEventListener("click", () => this.discard());
    this.showKind();
  }

  // --- fields

  get controls() {
    const hidden = ["csrfmiddlewaretoken", "based_on", "parent", "after", "seen"];
    return [...this.form.elements].filter((control) => control.name && control.type !== "submit" && !hidden.includes(control.name));
  }

  get fields() {
    return Object.fromEntries(this.controls.map((c) => [c.name, c.type === "checkbox" ? c.checked : c.value]));
  }

  set fields(values) {
    for (const control of this.controls) {
      if (!(control.name in values)) continue;
      if (control.type === "checkbox") control.checked = Boolean(values[control.name]);
      else control.value = values[control.name] ?? "";
    }
    this.showKind();
  }

  get kind() {
    return kinds[this.form.elements.kind.value] ?? kinds.note;
  }

  /** Show the fields of the kind, and any other that holds something: nothing written is ever hidden. */
  showKind() {
    for (const box of this.form.querySelectorAll("[data-field]")) {
      if (box.dataset.field === "agenda_item") continue;
      const control = this.form.elements[box.dataset.field];
      const holds = control.type === "checkbox" ? control.checked : control.value.trim() !== "";
      box.hidden = !this.kind.fields.includes(box.dataset.field) && !holds;
    }
    const fold = this.form.querySelector("[data-folded]");
    const inside = [...fold.querySelectorAll("[data-field]")];
    fold.hidden = inside.every((box) => box.hidden);
    if (inside.some((box) => this.form.elements[box.dataset.field].value.trim() !== "")) fold.open = true;
    this.form.querySelector("[data-kind-help]").textContent = this.kind.help;
  }

  isEmpty() {
    const { kind, agenda_item, ...content } = this.fields;
    return Object.values(content).every((value) => value === false || String(value).trim() === "");
  }

  lacks() {
    return !this.kind.required.some((name) => this.form.elements[name].value.trim() !== "");
  }

  // --- typing

  typed(event) {
    if (event.target.name === "speaker") suggestPeople(event, this.form);
    this.changed();
  }

  chosen(event) {
    if (event.target.name === "kind") this.showKind();
    if (event.target.name === "speaker") completePerson(this.form);
    this.changed();
  }

  changed() {
    if (this.isEmpty() && !this.version) return;
    this.isDirty = true;
    if (!this.isBlocked) this.say("unsaved", texts.unsaved);
    this.keepDraft();
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.save(), AFTER_A_PAUSE);
    this.latest ??= setTimeout(() => this.save(), AT_THE_LATEST);
  }

  keepDraft(now = false) {
    const wait = DRAFT_EVERY - (Date.now() - (this.keptAt ?? 0));
    if (wait > 0 && !now) {
      this.keeping ??= setTimeout(() => this.keepDraft(true), wait);
      return;
    }
    clearTimeout(this.keeping);
    this.keeping = undefined;
    if (!this.isDirty && !this.isSaving) return;
    this.keptAt = Date.now();
    const { parent, after } = this.form.elements;
    drafts.keep(this.uid, { version: this.version, fields: this.fields, parent: parent.value, after: after.value });
  }

  // --- saving

  async save() {
    clearTimeout(this.pause);
    clearTimeout(this.latest);
    clearTimeout(this.retry);
    this.latest = undefined;
    if (this.isSaving || this.isBlocked) return;
    if (!this.isDirty) {
      if (this.isClosing) this.close();
      return;
    }
    if (this.lacks()) {
      this.keepDraft(true);
      const label = this.form.querySelector(`[data-field="${this.kind.required[0]}"] label`).textContent.trim();
      this.say("incomplete", texts.incomplete.replace("%s", label));
      this.isClosing = false;
      return;
    }
    this.keepDraft(true);
    this.isDirty = false;
    this.isSaving = true;
    this.say("saving", texts.saving);
    const sent = this.fields;
    let answer, data;
    try {
      this.form.elements.based_on.value = this.version;
      answer = await ask(urlOf("entry", this.uid), new URLSearchParams(new FormData(this.form)));
      data = answer.headers.get("Content-Type")?.startsWith("application/json") ? await answer.json() : null;
    } catch {
      answer = null;
    }
    this.isSaving = false;
    if (answer?.ok && data) this.saved(data);
    else this.notSaved(answer, data, sent);
  }

  saved(data) {
    Object.assign(this, { version: data.version, html: data.html, attempts: [], failures: 0, savedAt: Date.now() });
    if (this.li) this.li.dataset.version = data.version;
    this.form.elements.based_on.value = data.version;
    this.showErrors({});
    if (this.isDirty) {
      this.keepDraft(true);
      this.changed();
      return;
    }
    clearTimeout(this.keeping);
    this.keeping = undefined;
    drafts.drop(this.uid);
    this.say("saved", texts.saved.replace("%s", data.at));
    if (data.version === 1) poll();
    if (this.isClosing) this.close();
  }

  notSaved(answer, data, sent) {
    this.isDirty = true;
    this.keepDraft(true);
    if (answer === null || answer.status >= 500) {
      this.attempts.push(sent);
      this.say("offline", answer === null ? texts.offline : texts.server);
      this.failures += 1;
      this.again(Math.min(1000 * 2 ** this.failures, 30000));
    } else if (answer.type === "opaqueredirect" || answer.status === 401) {
      this.say("login", texts.login, true);
      this.again(10000);
    } else if (answer.status === 403 && !data) {
      this.say("login", texts.token, true);
      this.again(10000);
    } else if (data?.conflict) {
      if (this.attempts.some((attempt) => saysTheSame(attempt, data.fields))) {
        this.attempts = []; // what is stored is our own, its answer was lost on the way
        this.version = data.version;
        this.save();
      } else this.showConflict(data);
    } else if (data?.deleted) {
      this.showGone(data.detail);
    } else if (data?.errors) {
      this.showErrors(data.errors);
      this.say("invalid", texts.invalid);
      this.isClosing = false;
    } else {
      this.say("refused", data?.detail ?? texts.server);
      this.isClosing = false;
    }
  }

  again(wait) {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.save(), wait);
  }

  // --- what the person sees

  say(state, sentence, withLogin = false) {
    this.state = state;
    this.sentence = sentence;
    const place = this.form.querySelector("[data-state]");
    place.dataset.state = state;
    if (place.textContent !== sentence) place.textContent = sentence;
    if (withLogin) {
      const link = document.createElement("a");
      link.href = urls.login;
      link.target = "_blank";
      link.textContent = " ↗";
      link.setAttribute("aria-label", urls.login);
      place.append(link);
    }
    sayInBar();
  }

  showErrors(errors) {
    for (const list of this.form.querySelectorAll(".errorlist")) list.remove();
    for (const control of this.controls) control.removeAttribute("aria-invalid");
    for (const [name, sentences] of Object.entries(errors)) {
      const control = this.form.elements[name === "__all__" ? this.kind.required[0] : name] ?? this.form.elements.kind;
      const list = document.createElement("ul");
      list.className = "errorlist";
      list.id = `${control.id}_error`;
      for (const sentence of sentences) {
        const item = document.createElement("li");
        item.textContent = sentence;
        list.append(item);
      }
      control.setAttribute("aria-invalid", "true");
      control.setAttribute("aria-describedby", list.id);
      control.closest(".field").append(list);
      const box = control.closest("[data-field]");
      if (box) box.hidden = false;
      const fold = control.closest("[data-folded]");
      if (fold) fold.hidden = !(fold.open = true);
    }
  }

  showConflict(data) {
    this.isBlocked = true;
    this.isClosing = false;
    this.say("conflict", texts.conflict);
    this.form.querySelector("[data-note]").textContent = "";
    const place = this.form.querySelector("[data-conflict]");
    const piece = document.createElement("template");
    piece.innerHTML = data.html;
    for (const form of piece.content.querySelectorAll("form")) form.replaceWith(form.querySelector("button"));
    place.replaceChildren(piece.content);
    place.addEventListener("click", (event) => {
      const choice = event.target.closest("[data-keep]")?.dataset.keep;
      if (!choice) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      place.replaceChildren();
      this.isBlocked = false;
      if (choice === "mine") this.version = data.version;
      if (choice === "both") this.becomeNew(this.uid);
      if (choice === "theirs") {
        this.isDirty = false;
        drafts.drop(this.uid);
        if (this.onPage) location.assign(`${urls.minutes}#entry-${this.uid}`);
        else this.leave();
        return;
      }
      this.save();
      focusIn(this.form);
    });
    place.querySelector("button").focus();
  }

  showGone(sentence) {
    if (this.isBlocked) return;
    this.isBlocked = true;
    this.isClosing = false;
    this.say("conflict", sentence);
    const notice = fromTemplate("conflict-lost");
    notice.querySelector("[data-sentence]").textContent = sentence;
    notice.querySelector("[data-as-new]").addEventListener("click", () => {
      this.form.querySelector("[data-conflict]").replaceChildren();
      this.isBlocked = false;
      this.becomeNew("");
      this.save();
      focusIn(this.form);
    });
    this.form.querySelector("[data-conflict]").replaceChildren(notice);
  }

  /** The text goes on as a new entry, behind `after`; the stored one shows itself again where it stood. */
  becomeNew(after) {
    const before = this.uid;
    this.uid = newUid();
    this.version = 0;
    this.isDirty = true;
    this.form.elements.after.value = after;
    this.keepDraft(true);
    drafts.drop(before);
    if (!this.li) return;
    const place = emptyPlace(this.uid);
    this.li.after(place);
    place.append(this.form);
    if (after) showAgain(this.li);
    else this.li.remove();
    this.li = place;
  }

  // --- leaving

  key(event) {
    const ctrl = event.ctrlKey || event.metaKey;
    if (event.key === "Enter" && ctrl) {
      event.preventDefault();
      this.next();
    } else if (event.key === "Enter" && event.target.matches("input:not([type=checkbox])")) {
      event.preventDefault(); // Enter in a line goes on to the next field; it does not send
      const visible = this.controls.filter((control) => control.offsetParent);
      visible[visible.indexOf(event.target) + 1]?.focus();
    } else if (event.key === "Escape" && !this.onPage) {
      event.stopPropagation();
      this.done();
    } else if (event.altKey && /^Digit[1-9]$/.test(event.code)) {
      event.preventDefault();
      const select = this.form.elements.kind;
      select.selectedIndex = Math.min(Number(event.code.at(-1)), select.options.length) - 1;
      select.dispatchEvent(new Event("change", { bubbles: true }));
    } else if (event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key) && this.version) {
      event.preventDefault();
      move(this.uid, event.key === "ArrowUp" ? "up" : "down");
    }
  }

  submitted(event) {
    event.preventDefault();
    if (event.submitter?.name === "next") this.next();
    else this.done();
  }

  done() {
    if (!this.version && this.isEmpty() && !this.onPage) {
      this.discard();
      return;
    }
    if (this.onPage && this.isEmpty()) {
      location.assign(urls.minutes);
      return;
    }
    this.isClosing = true;
    if (this.lacks()) {
      this.isDirty = true;
      this.form.elements[this.kind.required[0]].focus();
    }
    this.save();
  }

  next() {
    if (this.lacks()) {
      this.done();
      return;
    }
    const { kind, agenda_item, parent } = this.form.elements;
    if (this.onPage) {
      this.then = `${urls.new}?${new URLSearchParams({ kind: kind.value, item: agenda_item.value, parent: parent.value, after: this.uid })}`;
    } else {
      // The next form opens at once, even with no network: this one goes on saving by itself.
      openNew({ kind: kind.value, item: agenda_item.value, parent: parent.value || this.parent, after: this.uid, behind: this.li });
    }
    this.done();
  }

  discard() {
    clearTimeout(this.pause);
    clearTimeout(this.latest);
    clearTimeout(this.retry);
    clearTimeout(this.keeping);
    this.isDirty = false;
    drafts.drop(this.uid);
    this.leave();
  }

  close() {
    if (this.onPage) {
      editors.delete(this);
      location.assign(this.then ?? `${urls.minutes}#entry-${this.uid}`);
      return;
    }
    this.leave();
  }

  leave() {
    editors.delete(this);
    const hadFocus = this.form.contains(document.activeElement);
    const next = hadFocus ? null : document.activeElement?.closest("form.entry-edit");
    const top = next?.getBoundingClientRect().top;
    const { li } = this;
    this.form.remove();
    if (!this.version) li.remove();
    else showAgain(li, this.html);
    // What was long becomes short: the form that is written in stays where it is on the screen.
    if (next) scrollBy({ top: next.getBoundingClientRect().top - top, behavior: "instant" });
    if (hadFocus) li.querySelector("[data-edit]")?.focus();
    sayInBar();
    if (this.html) poll();
  }
}

// --- the list ---------------------------------------------------------------------------------------------

const fromTemplate = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);
const placeOf = (uid) => root?.querySelector(`.entry[data-uid="${CSS.escape(uid)}"]`);
const editorOf = (uid) => [...editors].find((editor) => editor.uid === uid);

function emptyPlace(uid) {
  const li = document.createElement("li");
  li.className = "entry editing";
  li.id = `entry-${uid}`;
  li.dataset.uid = uid;
  li.dataset.version = 0;
  return li;
}

function showAgain(li, html = null) {
  li.classList.remove("editing");
  let card = li.querySelector(":scope > .entry-card");
  if (!card) {
    card = document.createElement("article");
    card.className = "entry-card";
    const answers = document.createElement("ol");
    answers.className = "answers";
    li.prepend(card, answers);
  }
  card.hidden = false;
  if (html) {
    const number = card.querySelector("[data-number]")?.textContent ?? "";
    card.innerHTML = html; // made by the server's template, which escapes what people wrote
    card.querySelector("[data-number]").textContent = number;
  } else {
    li.dataset.version = 0;
    poll();
  }
}

/** A copy of the form with names of its own for labels and descriptions. */
function freshForm(uid) {
  const form = fromTemplate("entry-form");
  for (const element of form.querySelectorAll("[id]")) element.id = `${element.id}_${uid}`;
  for (const name of ["for", "aria-describedby"]) {
    for (const element of form.querySelectorAll(`[${name}]`)) element.setAttribute(name, `${element.getAttribute(name)}_${uid}`);
  }
  return form;
}

function openNew({ uid = newUid(), kind, item = "", parent = "", after = "", behind = null, fields = null }) {
  const li = emptyPlace(uid);
  const parentPlace = parent ? placeOf(parent) : null;
  if (behind) behind.after(li);
  else if (parentPlace) parentPlace.querySelector(":scope > .answers").append(li);
  else (root.querySelector(`[data-section="${item}"]`) ?? root.querySelector('[data-section=""]')).querySelector("[data-entries]").append(li);
  const form = freshForm(uid);
  li.append(form);
  const editor = new Editor(form, { uid, li });
  editor.fields = { kind, agenda_item: item, ...fields };
  form.elements.parent.value = parent;
  form.elements.after.value = after;
  form.querySelector('[data-field="agenda_item"]').hidden = Boolean(parent);
  if (fields) editor.changed();
  focusIn(form);
  return editor;
}

async function openStored(li, draft = null) {
  const open = editorOf(li.dataset.uid);
  if (open) {
    focusIn(open.form);
    return;
  }
  const { uid } = li.dataset;
  li.classList.add("loading");
  let stored = null;
  try {
    const answer = await ask(urlOf("entry", uid));
    if (answer.ok) stored = await answer.json();
    else if (answer.type === "opaqueredirect") sayInBar(texts.login);
  } catch {
    sayInBar(texts.offline);
  }
  li.classList.remove("loading");
  if (!stored && !draft) return;
  const form = freshForm(uid);
  const card = li.querySelector(":scope > .entry-card");
  card.hidden = true;
  card.after(form);
  li.classList.add("editing");
  const editor = new Editor(form, { uid, li, version: draft ? draft.version : stored.version });
  editor.fields = draft ? draft.fields : stored.fields;
  form.elements.parent.value = stored?.parent ?? draft?.parent ?? "";
  form.querySelector('[data-field="agenda_item"]').hidden = Boolean(form.elements.parent.value);
  if (draft) editor.changed();
  focusIn(form);
}

function focusIn(form) {
  const first = [...form.querySelectorAll(".entry-field:not([hidden]) :is(input, textarea)")].find((control) => control.type !== "hidden");
  (first ?? form.elements.kind).focus({ preventScroll: true });
  // A form longer than the screen begins below the bars; a short one is seen whole.
  const margins = getComputedStyle(form);
  const room = innerHeight - parseFloat(margins.scrollMarginTop) - parseFloat(margins.scrollMarginBottom);
  form.scrollIntoView({ block: form.offsetHeight > room ? "start" : "nearest" });
}

async function move(uid, direction) {
  try {
    const answer = await ask(urlOf("move", uid), new URLSearchParams({ [direction]: "1" }));
    if (answer.ok) apply(await answer.json(), Date.now(), placeOf(uid));
    else sayInBar(answer.type === "opaqueredirect" ? texts.login : ((await answer.json().catch(() => null))?.detail ?? texts.server));
  } catch {
    sayInBar(texts.offline);
  }
}

// --- what others write --------------------------------------------------------------------------------------

let polling = false;
let pollAgain = false;
async function poll() {
  if (!root || !urls.state) return;
  if (polling) {
    pollAgain = true;
    return;
  }
  polling = true;
  const asked = Date.now();
  try {
    const answer = await ask(urls.state);
    if (answer.ok) await apply(await answer.json(), asked);
  } catch {
    // The next time; who writes is told by the saving itself.
  }
  polling = false;
  if (pollAgain) {
    pollAgain = false;
    poll();
  }
}

async function apply(state, asked, own = null) {
  if (settings.may_write && !state.may_write) stopWriting();
  const stale = [];
  const wanted = new Map();
  for (const [uid, version, parent, item, number] of state.entries) {
    const editor = editorOf(uid);
    let li = placeOf(uid);
    if (!li) {
      li = emptyPlace(uid);
      li.classList.remove("editing");
      li.innerHTML = '<article class="entry-card"></article><ol class="answers"></ol>';
    }
    const home = (parent && (wanted.get(parent) ?? placeOf(parent))?.querySelector(":scope > .answers"))
      || (root.querySelector(`[data-section="${item ?? ""}"]`) ?? root.lastElementChild)?.querySelector("[data-entries]");
    if (!home) continue;
    wanted.set(uid, li);
    home.wanted ??= [];
    home.wanted.push(li);
    if (editor) {
      if (version > editor.version && editor.version && !editor.isSaving && editor.savedAt < asked) editor.form.querySelector("[data-note]").textContent = texts.changed;
    } else if (version > Number(li.dataset.version)) stale.push(uid);
    const place = li.querySelector(":scope > .entry-card [data-number]");
    if (place) place.textContent = number ?? "";
    li.number = number;
  }
  for (const home of root.querySelectorAll("[data-entries], .answers")) arrange(home, own);
  for (const li of root.querySelectorAll(".entry")) {
    if (wanted.has(li.dataset.uid)) continue;
    const editor = editorOf(li.dataset.uid);
    if (!editor) {
      if (!li.querySelector(".entry.editing")) li.remove();
    } else if (editor.version && !editor.isSaving && editor.savedAt < asked) editor.showGone(texts.gone);
  }
  for (let from = 0; from < stale.length; from += CARDS_AT_ONCE) await fetchCards(stale.slice(from, from + CARDS_AT_ONCE), state);
}

/** Bring the places of one list into order. What is being written stays where it is. */
function arrange(home, own) {
  const lis = home.wanted ?? [];
  delete home.wanted;
  let cursor = home.firstElementChild;
  const isUnsaved = (li) => li && editorOf(li.dataset.uid) && !lis.includes(li);
  for (const li of lis) {
    while (isUnsaved(cursor)) cursor = cursor.nextElementSibling;
    if (cursor === li) cursor = cursor.nextElementSibling;
    else if (li === own || !li.querySelector("form.entry-edit :focus")) put(home, li, cursor);
  }
}

/** Put a place before another without taking the keyboard away from who is in it. */
function put(home, li, cursor) {
  const focused = li.contains(document.activeElement) ? document.activeElement : null;
  const { selectionStart: from, selectionEnd: to } = focused ?? {};
  home.insertBefore(li, cursor);
  focused?.focus();
  if (Number.isInteger(from)) focused.setSelectionRange(from, to);
}

async function fetchCards(uids, state) {
  const answer = await ask(`${urls.cards}?${new URLSearchParams(uids.map((uid) => ["uid", uid]))}`);
  if (!answer.ok) return;
  for (const [uid, html] of Object.entries(await answer.json())) {
    const li = placeOf(uid);
    if (!li || editorOf(uid)) continue;
    li.querySelector(":scope > .entry-card").innerHTML = html;
    li.querySelector(":scope > .entry-card [data-number]").textContent = li.number ?? "";
    li.dataset.version = state.entries.find((row) => row[0] === uid)[1];
    li.classList.add("fresh");
  }
}

function stopWriting() {
  settings.may_write = false;
  document.body.classList.add("no-writing");
  sayInBar(texts.final);
  for (const editor of editors) editor.say("refused", texts.final);
}

// --- people -------------------------------------------------------------------------------------------------

let asking;
function suggestPeople(event, form) {
  const letters = event.target.value.trim();
  if (event.inputType === "insertReplacementText" || event.inputType === undefined) completePerson(form);
  clearTimeout(asking);
  if (letters.length < 2) return;
  asking = setTimeout(async () => {
    try {
      const answer = await ask(`${urls.people}?${new URLSearchParams({ q: letters })}`);
      if (answer.ok) for (const person of (await answer.json()).people) offer(person);
    } catch {
      // The persons of this workshop are on the page already.
    }
  }, 250);
}

function offer([name, position, organization]) {
  const list = document.getElementById("speakers");
  const known = [...list.options].some((o) => o.value === name && o.dataset.position === position && o.dataset.organization === organization);
  if (known) return;
  const option = document.createElement("option");
  option.value = name;
  option.textContent = [position, organization].filter(Boolean).join(", ");
  Object.assign(option.dataset, { position, organization });
  list.append(option);
}

/** Position and organization of the person chosen, only where nothing is written yet. */
function completePerson(form) {
  const { speaker, speaker_position: position, speaker_organization: organization } = form.elements;
  const person = [...document.getElementById("speakers").options].find((option) => option.value === speaker.value);
  if (!person) return;
  if (!position.value && !organization.value) {
    position.value = person.dataset.position;
    organization.value = person.dataset.organization;
  }
}

// --- bar, help, keys ------------------------------------------------------------------------------------------

const WORST_FIRST = ["conflict", "login", "offline", "refused", "invalid", "incomplete", "unsaved", "saving", "saved"];
function sayInBar(sentence) {
  const place = document.querySelector("[data-save-state]");
  if (!place) return;
  const worst = [...editors].filter((editor) => editor.state).sort((a, b) => WORST_FIRST.indexOf(a.state) - WORST_FIRST.indexOf(b.state))[0];
  place.dataset.state = sentence ? "refused" : (worst?.state ?? "");
  const text = sentence ?? worst?.sentence ?? place.textContent;
  if (!sentence && !worst && ["offline", "unsaved", "saving"].includes(place.dataset.last)) place.textContent = "";
  else if (place.textContent !== text) place.textContent = text;
  place.dataset.last = place.dataset.state;
}

function showClock() {
  const format = new Intl.DateTimeFormat("id", { hour: "2-digit", minute: "2-digit", timeZone: clock.dataset.timeZone });
  const tick = () => (clock.textContent = format.format().replace(":", "."));
  tick();
  setInterval(tick, 1000);
}

let here = null;
function watchSections() {
  const sections = [...root.querySelectorAll("[data-section]")];
  const place = document.querySelector("[data-here]");
  const look = () => {
    const writing = document.activeElement?.closest("[data-section]");
    const line = innerHeight / 3;
    here = writing ?? sections.findLast((section) => section.getBoundingClientRect().top < line) ?? sections[0];
    if (here) place.textContent = here.dataset.title;
  };
  look();
  addEventListener("scroll", () => requestAnimationFrame(look), { passive: true });
  document.addEventListener("focusin", look);
}

document.addEventListener("keydown", (event) => {
  if (!settings.may_write || !root || event.ctrlKey || event.metaKey) return;
  const entry = event.target.closest?.(".entry");
  if (event.altKey && entry && ["ArrowUp", "ArrowDown"].includes(event.key) && !event.target.closest("form.entry-edit")) {
    event.preventDefault();
    move(entry.dataset.uid, event.key === "ArrowUp" ? "up" : "down");
  }
  if (event.altKey || event.target.closest("input, textarea, select, dialog")) return;
  if (event.key === "?") document.getElementById("keys").showModal();
  if (event.key.toLowerCase() === "n" && here) {
    event.preventDefault();
    here.querySelector("[data-add]").click();
  }
});

// --- what was not saved the last time ---------------------------------------------------------------------------

async function offerDrafts() {
  for (const [uid, draft] of drafts.all()) {
    const li = placeOf(uid);
    if (li) {
      try {
        const answer = await ask(urlOf("entry", uid));
        if (answer.ok && saysTheSame(draft.fields, (await answer.json()).fields)) {
          drafts.drop(uid);
          continue;
        }
      } catch {
        // Offered all the same.
      }
    }
    const notice = fromTemplate("draft-notice");
    notice.querySelector("[data-title]").textContent = texts.draft;
    notice.querySelector("[data-kind]").textContent = kinds[draft.fields.kind]?.label ?? "";
    notice.querySelector("[data-when]").textContent = new Date(draft.at).toLocaleString("id", {
      day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: clock.dataset.timeZone,
    });
    const { kind, agenda_item, signature, has_slides, has_hardcopy, ...written } = draft.fields;
    notice.querySelector("[data-text]").textContent = Object.values(written).filter(Boolean).join("\n");
    notice.querySelector("[data-restore]").addEventListener("click", () => {
      notice.remove();
      if (placeOf(uid)) openStored(placeOf(uid), draft);
      else restoreAsNew(uid, draft);
    });
    notice.querySelector("[data-drop]").addEventListener("click", () => {
      notice.remove();
      drafts.drop(uid);
    });
    document.querySelector("[data-drafts]").append(notice);
  }
}

function restoreAsNew(uid, draft) {
  const fresh = draft.version ? newUid() : uid; // it was stored once and is gone: it comes back as a new entry
  const { kind, agenda_item: item } = draft.fields;
  openNew({ uid: fresh, kind, item, parent: draft.parent, after: draft.after, fields: draft.fields });
  if (fresh !== uid) drafts.drop(uid);
}

// --- beginning --------------------------------------------------------------------------------------------------

function beginWriting() {
  root.addEventListener("click", (event) => {
    if (!settings.may_write || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const link = event.target.closest("[data-add], [data-edit], [data-reply], [data-move]");
    if (!link) return;
    event.preventDefault();
    const li = link.closest(".entry");
    const item = link.closest("[data-section]").dataset.section;
    if ("add" in link.dataset) openNew({ kind: link.dataset.kind, item });
    else if ("edit" in link.dataset) openStored(li);
    else if ("reply" in link.dataset) openNew({ kind: link.dataset.reply, item, parent: li.dataset.uid });
    else move(li.dataset.uid, link.dataset.move);
  });
  document.querySelector("[data-help-button]").addEventListener("click", () => document.getElementById("keys").showModal());
  offerDrafts();
}

function beginOnPage(form) {
  const uid = form.dataset.entryPage;
  const editor = new Editor(form, { uid, version: Number(form.elements.based_on.value), onPage: true });
  const draft = drafts.get(uid);
  if (draft && !saysTheSame(draft.fields, editor.fields)) {
    editor.version = draft.version;
    editor.fields = draft.fields;
    editor.changed();
  }
}

addEventListener("online", () => {
  for (const editor of editors) if (editor.isDirty) editor.save();
  poll();
});
addEventListener("beforeunload", (event) => {
  for (const editor of editors) {
    if (!editor.isDirty && !editor.isSaving) continue;
    editor.keepDraft(true);
    event.preventDefault();
  }
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) {
    poll();
    return;
  }
  for (const editor of editors) {
    editor.keepDraft(true);
    editor.save();
  }
});

if (clock) showClock();
if (root) watchSections();
if (root && settings.may_write) beginWriting();
if (root && urls.state) setInterval(() => document.hidden || poll(), POLL_EVERY);
const page = document.querySelector("[data-entry-page]");
if (page) beginOnPage(page);
