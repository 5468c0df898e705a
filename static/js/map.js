/* The thematic map: villages by class or criterion, slum areas on top, one year or two side by side.

   Words, table and legend come from the page; this file draws, and asks the server for the table when the choice changes.
   Names of places are put in as text, never as markup. */
import { borders, thin } from "./map_shapes.js";

const L = globalThis.L;
const figure = document.getElementById("map-figure");
const form = document.getElementById("map-form");
const words = figure.dataset;
const twoDigits = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const AREA_SEEN_FROM = 18; // pixels: a slum area that is smaller on the screen is a point
const PADDING = [22, 10]; // room for the labels of villages at the edge
const OF = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

let data, shapes;
const sides = [...document.querySelectorAll(".map")].map((element) => ({ element, key: element.dataset.side }));

try {
  [data, shapes] = await Promise.all([words.data, words.boundaries].map(load));
  begin();
} catch (error) {
  document.getElementById("maps").replaceChildren(paragraph(words.failed, "empty"));
  throw error;
}

async function load(url) {
  const answer = await fetch(url, { headers: { accept: "application/json" } });
  if (!answer.ok) throw new Error(`${answer.status} ${url}`);
  return answer.json();
}

function begin() {
  addSlider();
  build(sides[0]);
  show();
  zoomTo(location.hash.slice(1));
  form.addEventListener("change", () => {
    show();
    renew();
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("click", onPage);
  for (const type of ["pointerover", "focusin"]) document.getElementById("map-table").addEventListener(type, point);
  addEventListener("beforeprint", () => fitPaper(true));
  addEventListener("afterprint", () => fitPaper(false));
}

/** The map measures itself in pixels of the screen: before printing it takes the width of the paper. */
function fitPaper(isPrinting) {
  const views = sides.filter(({ map }) => map).map(({ map }) => [map, map.getBounds()]);
  document.documentElement.classList.toggle("printing", isPrinting);
  for (const [map, bounds] of views) map.invalidateSize({ animate: false }).fitBounds(bounds, { animate: false });
}

// --- what is chosen ------------------------------------------------------------------------------------------
function chosen() {
  const values = new FormData(form);
  return { theme: values.get("show"), year: values.get("year"), compare: values.get("compare") || "" };
}

/** What the map shows of a place in a year: its bin of the legend, and in words. */
function shown(place, year, theme) {
  const values = place.years[year];
  if (!values) return { bin: "no_data" };
  if (theme === "class") return { bin: values.class, words: binWords("class", values.class), values };
  const at = data.criteria.indexOf(theme);
  const points = values.points?.[at];
  if (points === undefined || points === -1) return { bin: "no_data", values };
  if (points === null) return { bin: "not_assessed", words: binWords("percent", "not_assessed"), values };
  return { bin: `points${points}`, points, words: `${twoDigits.format(values.percent[at])} %`, values };
}

function entry(kind, bin) {
  return figure.querySelector(`[data-legend="${kind}"] [data-bin="${bin}"]`);
}

function binWords(kind, bin) {
  return entry(kind, bin).querySelector("[data-words]").textContent;
}

function fill(kind, bin) {
  return `url(#fill-${entry(kind, bin).dataset.fill})`;
}

// --- drawing -------------------------------------------------------------------------------------------------
function build(side) {
  const map = (side.map = L.map(side.element, {
    attributionControl: false,
    scrollWheelZoom: false,
    zoomControl: false,
    zoomSnap: 0.25,
    minZoom: 7,
    maxZoom: 18,
    renderer: L.svg({ padding: 0.4 }),
  }));
  // The wheel scrolls the page until the map is worked with.
  map.on("focus", () => map.scrollWheelZoom.enable()).on("blur", () => map.scrollWheelZoom.disable());
  L.control.zoom({ zoomInTitle: words.zoomIn, zoomOutTitle: words.zoomOut }).addTo(map);
  addWhole(side);
  L.control.scale({ imperial: false, maxWidth: 140 }).addTo(map);
  addNorth(map);
  if (words.tiles) {
    L.tileLayer(words.tiles, { attribution: words.credit }).addTo(map);
    side.element.classList.add("with-tiles");
  }
  side.villages = L.geoJSON(features(shapes.villages), {
    style: { className: "village", weight: 1 },
    onEachFeature: (feature, layer) => layer.on("click", () => open(side, "village", feature.id, layer)),
  });
  side.whole = side.villages.getBounds();
  // Before anything is added: a path needs to know the view.
  if (side.whole.isValid()) map.fitBounds(side.whole, { padding: PADDING });
  else map.setView([-1.9, 105.5], 9);
  side.villages.addTo(map);
  L.polyline(borders(shapes.villages, (code) => data.villages[code].district), {
    className: "district-border",
    interactive: false,
  }).addTo(map);
  side.areas = L.layerGroup().addTo(map);
  side.labels = L.layerGroup().addTo(map);
  side.villages.eachLayer((layer) => reachable(side, layer));
  map.on("zoomend resize", () => arrange(side));
}

function features(geometries) {
  return Object.entries(geometries).map(([id, geometry]) => ({ type: "Feature", id, properties: {}, geometry }));
}

/** A button back to the whole regency, below those of the zoom. */
function addWhole(side) {
  const button = L.DomUtil.create("a", "", side.element.querySelector(".leaflet-control-zoom"));
  Object.assign(button, { href: "#", role: "button", title: words.whole, textContent: "⌂" });
  button.setAttribute("aria-label", words.whole);
  L.DomEvent.disableClickPropagation(button);
  L.DomEvent.on(button, "click", (event) => {
    L.DomEvent.stop(event);
    side.map.fitBounds(side.whole, { padding: PADDING });
  });
}

function addNorth(map) {
  const control = L.control({ position: "topright" });
  control.onAdd = () => {
    const box = L.DomUtil.create("div", "north");
    const arrow = L.SVG.create("svg");
    for (const [name, value] of Object.entries({ width: 18, height: 24, viewBox: "0 0 18 24", "aria-hidden": "true" })) arrow.setAttribute(name, value);
    const path = L.SVG.create("path");
    path.setAttribute("d", "M9 0l8 23-8-5-8 5Z");
    arrow.append(path);
    box.append(arrow, words.north);
    return box;
  };
  control.addTo(map);
}

function show() {
  const { theme, year, compare } = chosen();
  const isClass = theme === "class";
  for (const legend of figure.querySelectorAll("[data-legend]")) legend.hidden = (legend.dataset.legend === "class") !== isClass;
  const option = form.elements.show.selectedOptions[0];
  for (const name of figure.querySelectorAll("[data-theme-name]")) name.textContent = option.textContent;
  const second = sides[1].element.parentElement;
  const wasHidden = second.hidden;
  second.hidden = !compare || compare === year;
  if (!second.hidden && !sides[1].map) {
    build(sides[1]);
    for (const [one, other] of [sides, [...sides].reverse()]) follow(one, other);
  }
  second.classList.toggle("earlier", compare < year);
  for (const side of sides) {
    side.year = side.key === "year" ? year : compare;
    side.theme = theme;
    side.element.previousElementSibling.textContent = side.year?.slice(0, 4) ?? "";
    if (wasHidden !== second.hidden) side.map?.invalidateSize({ animate: false });
    if (side.key === "year" || !second.hidden) paint(side);
  }
  if (wasHidden !== second.hidden) {
    for (const side of second.hidden ? sides.slice(0, 1) : sides) side.map.fitBounds(side.whole, { padding: PADDING, animate: false });
  }
  count(isClass ? "class" : "percent", year, theme);
}

function paint(side) {
  const kind = side.theme === "class" ? "class" : "percent";
  side.map.closePopup();
  side.labels.clearLayers();
  side.areas.clearLayers();
  side.villages.eachLayer((layer) => {
    const place = data.villages[layer.feature.id];
    const found = shown(place, side.year, side.theme);
    layer.setStyle({ fillColor: fill(kind, found.bin), fillOpacity: 1 });
    layer.getElement()?.setAttribute("aria-label", `${place.name}: ${found.words ?? binWords(kind, found.bin)}`);
    const box = layer.getBounds();
    // Above a village that has a value, so that its fill is seen; within the others.
    const where = found.words ? [box.getNorth(), box.getCenter().lng] : box.getCenter();
    addLabel(side, where, place.name, found.words, found.words ? 2 : 0, found.words ? "valued" : "");
  });
  for (const [slug, outlines] of Object.entries(shapes.areas)) paintArea(side, slug, outlines);
  for (const [name, centre] of districts(side)) addLabel(side, centre, name, null, 1, "district");
  arrange(side);
}

/** An area has the outline of the year that is shown: the latest that is not younger, else the oldest. */
function paintArea(side, slug, outlines) {
  const place = data.areas[slug];
  if (!place) return;
  const year = Number(side.year.slice(0, 4));
  const [, geometry] = outlines.filter(([from]) => from <= year).at(-1) ?? outlines[0];
  const found = shown(place, side.year, "class");
  const style = { fillColor: fill("class", found.bin), fillOpacity: side.theme === "class" ? 1 : 0.25 };
  const outline = L.geoJSON(geometry, { style: { ...style, className: "area-outline" } });
  const spot = L.circleMarker(outline.getBounds().getCenter(), { ...style, className: "area-point", radius: 4 });
  for (const layer of [outline, spot]) layer.on("click", () => open(side, "area", slug, layer));
  side.areas.addLayer(L.layerGroup([outline, spot]));
  spot.outline = outline;
  spot.place = place;
}

function districts(side) {
  const found = new Map();
  side.villages.eachLayer((layer) => {
    const { district } = data.villages[layer.feature.id];
    found.set(district, (found.get(district) ?? L.latLngBounds([])).extend(layer.getBounds().getCenter()));
  });
  return [...found].map(([name, bounds]) => [name, bounds.getCenter()]);
}

function addLabel(side, where, name, more, rank, kind = "") {
  const text = document.createElement("div");
  text.append(name);
  if (more) text.append(Object.assign(document.createElement("span"), { textContent: more }));
  const label = L.tooltip({ permanent: true, direction: kind === "valued" ? "top" : "center", className: `map-label ${kind}`, interactive: false });
  label.setLatLng(where).setContent(text);
  label.rank = rank;
  side.labels.addLayer(label);
}

/** Small areas as points; labels without overlap, those that say most first. */
function arrange(side) {
  const { map } = side;
  side.areas.eachLayer((group) => {
    const [outline, spot] = group.getLayers();
    const box = outline.getBounds();
    const size = map.latLngToContainerPoint(box.getSouthEast()).distanceTo(map.latLngToContainerPoint(box.getNorthWest()));
    spot.setStyle({ opacity: size < AREA_SEEN_FROM ? 1 : 0, stroke: size < AREA_SEEN_FROM, fill: size < AREA_SEEN_FROM });
    spot.getElement()?.setAttribute("pointer-events", size < AREA_SEEN_FROM ? "auto" : "none");
  });
  const labels = side.labels.getLayers().filter((label) => label.getElement());
  const quiet = map.getZoom() < 10.5; // names of villages without data only when there is room
  const boxes = thin(
    labels.map((label) => ({ label, rank: label.rank || (quiet ? -1 : 0), box: label.getElement().getBoundingClientRect() })),
  );
  for (const label of labels) label.getElement().classList.toggle("crowded", !boxes.has(label));
}

// --- opening a place, with the mouse or the keyboard -----------------------------------------------------------
function open(side, kind, key, layer) {
  const place = (kind === "village" ? data.villages : data.areas)[key];
  const found = shown(place, side.year, side.theme);
  const values = place.years[side.year];
  const content = document.getElementById("map-popup").content.cloneNode(true).firstElementChild;
  const put = (name, text) => (content.querySelector(`[data-${name}]`).textContent = text);
  put("name", place.name);
  put("place", [place.district, side.year.slice(0, 4)].filter(Boolean).join(" · "));
  if (values) {
    const pill = Object.assign(document.createElement("span"), { className: `pill class-${values.class}` });
    pill.textContent = binWords("class", values.class);
    content.querySelector("[data-class]").append(pill);
    put("total", values.total === null ? "–" : fitted(words.score, { total: values.total, max: values.max }));
    if (values.slum) values.slum.forEach((hectares, at) => put(`slum-${"ab"[at]}`, twoDigits.format(hectares)));
    if (values.hectares !== undefined) put("hectares", values.hectares === null ? "–" : twoDigits.format(values.hectares));
  }
  const hasCriterion = kind === "village" && side.theme !== "class" && found.words;
  if (hasCriterion) {
    put("criterion", form.elements.show.selectedOptions[0].textContent);
    const points = found.points === undefined ? "" : ` · ${fitted(words.points, { points: found.points })}`;
    put("value", found.words + points);
  }
  const holds = {
    criterion: hasCriterion,
    total: values,
    slum: values?.slum,
    hectares: values && kind === "area",
    none: !values,
    survey: values?.survey,
    made_up: values?.made_up,
    village: kind === "village",
    area: kind === "area",
  };
  for (const part of content.querySelectorAll("[data-if]")) if (!holds[part.dataset.if]) part.remove();
  content.querySelector("[data-link]").href = place.url;
  const popup = L.popup({ maxWidth: 280, minWidth: 200, autoPanPadding: [12, 12] });
  content.addEventListener("keydown", (event) => event.key === "Escape" && side.map.closePopup());
  popup.setLatLng(layer.getBounds?.().getCenter() ?? layer.getLatLng()).setContent(content).openOn(side.map);
  return popup;
}

function fitted(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (_all, name) => values[name]);
}

/** One stop of the Tab key for all villages; the arrows go to the next one in that direction. */
function reachable(side, layer) {
  const element = layer.getElement();
  element.setAttribute("role", "button");
  element.setAttribute("tabindex", side.stop ? -1 : 0);
  side.stop ??= layer;
  L.DomEvent.on(element, "keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      const popup = open(side, "village", layer.feature.id, layer);
      const link = popup.getElement().querySelector("[data-link]");
      link.focus();
      side.map.once("popupclose", () => element.focus());
      return;
    }
    if (!OF[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    const next = nearest(side, layer, OF[event.key]);
    if (next) moveTo(side, next);
  });
}

function moveTo(side, layer) {
  side.stop.getElement().setAttribute("tabindex", -1);
  side.stop = layer;
  layer.bringToFront();
  layer.getElement().setAttribute("tabindex", 0);
  layer.getElement().focus();
  side.map.panInside(layer.getBounds().getCenter(), { padding: [30, 30] });
}

function nearest(side, from, [right, down]) {
  const here = side.map.latLngToContainerPoint(from.getBounds().getCenter());
  let best = null;
  let least = Infinity;
  side.villages.eachLayer((layer) => {
    const there = side.map.latLngToContainerPoint(layer.getBounds().getCenter()).subtract(here);
    const ahead = there.x * right + there.y * down;
    const aside = Math.abs(there.x * down) + Math.abs(there.y * right);
    if (layer !== from && ahead > 2 && ahead + 2 * aside < least) {
      least = ahead + 2 * aside;
      best = layer;
    }
  });
  return best;
}

// --- beside the map --------------------------------------------------------------------------------------------
/** The table, and what else depends on the choice, as the server writes it for this address. */
let asked = 0;
async function renew() {
  const address = new URL(location.href);
  address.search = new URLSearchParams([...new FormData(form)].filter(([, value]) => value)).toString();
  address.hash = "";
  history.replaceState(null, "", address);
  const turn = ++asked;
  const answer = await fetch(address);
  if (!answer.ok || turn !== asked) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-swap]")) {
    const fresh = page.getElementById(part.id);
    if (fresh) part.replaceChildren(...fresh.childNodes);
  }
  offerZoom();
}

function count(kind, year, theme) {
  const found = {};
  for (const place of Object.values(data.villages)) {
    const { bin } = shown(place, year, theme);
    found[bin] = (found[bin] ?? 0) + 1;
  }
  for (const item of figure.querySelectorAll(`[data-legend="${kind}"] [data-bin]`)) {
    item.querySelector("[data-count]").textContent = found[item.dataset.bin] ?? 0;
  }
  offerZoom();
}

function offerZoom() {
  for (const button of document.querySelectorAll("[data-zoom-to]")) button.hidden = !shapes.areas[button.dataset.zoomTo];
}

function onPage(event) {
  zoomTo(event.target.closest("[data-zoom-to]")?.dataset.zoomTo);
}

function zoomTo(slug) {
  if (!shapes.areas[slug] || !data.areas[slug]) return;
  const [side] = sides;
  const group = side.areas.getLayers().find((one) => one.getLayers()[1].place === data.areas[slug]);
  const [outline] = group.getLayers();
  side.map.fitBounds(outline.getBounds(), { maxZoom: 16, padding: [40, 40], animate: false });
  open(side, "area", slug, outline);
  figure.scrollIntoView({ block: "nearest" });
}

function point(event) {
  const code = event.target.closest("tr[data-village]")?.dataset.village;
  for (const side of sides.filter(({ map }) => map)) {
    side.villages.eachLayer((layer) => layer.getElement()?.classList.toggle("pointed", layer.feature.id === code));
  }
}

function follow(one, other) {
  let moving = false;
  one.map.on("move", () => {
    if (moving || other.element.parentElement.hidden || other.isFollowing) return;
    moving = one.isFollowing = true;
    other.map.setView(one.map.getCenter(), one.map.getZoom(), { animate: false });
    moving = one.isFollowing = false;
  });
}

function addSlider() {
  const field = form.querySelector("[data-year-field]");
  const select = field.querySelector("select");
  const options = [...select.options];
  if (options.length < 2) return;
  const box = Object.assign(document.createElement("div"), { className: "year-slider" });
  const slider = Object.assign(document.createElement("input"), { type: "range", id: "year-slider", min: 0, max: options.length - 1 });
  const marks = document.createElement("ol");
  marks.setAttribute("aria-hidden", "true");
  marks.append(...options.map((option) => Object.assign(document.createElement("li"), { textContent: option.value.slice(0, 4) })));
  const say = () => {
    slider.value = select.selectedIndex;
    slider.setAttribute("aria-valuetext", options[select.selectedIndex].textContent);
    [...marks.children].forEach((mark, at) => mark.toggleAttribute("aria-current", at === select.selectedIndex));
  };
  slider.addEventListener("input", () => {
    select.selectedIndex = Number(slider.value);
    say();
    select.dispatchEvent(new Event("change", { bubbles: true }));
  });
  // Its own "change" would draw everything a second time.
  slider.addEventListener("change", (event) => event.stopPropagation());
  select.addEventListener("change", say);
  field.querySelector("label").htmlFor = slider.id;
  select.hidden = true;
  box.append(slider, marks);
  field.append(box);
  say();
}

function paragraph(words, className) {
  return Object.assign(document.createElement("p"), { textContent: words, className });
}
