/* Pictures of tables. Each is drawn from the table below it, so the two cannot differ; without this file the table is all.

   <figure data-chart-of="TABLE"> names its table. A row is a place on the axis (data-slot, data-label, data-sub), a cell
   with data-series and data-value a part of its bar; the legend gives the series from below to the top, last first. */
const { BarChart, Svg } = globalThis.Chartist;

// Chartist writes style attributes, which the content security policy forbids; through the DOM they are allowed.
const write = Svg.prototype.attr;
Svg.prototype.attr = function (attributes, ...rest) {
  if (!attributes?.style) return write.call(this, attributes, ...rest);
  const { style, ...others } = attributes;
  this._node.style.cssText = style;
  return write.call(this, others, ...rest);
};

const LINE = 15; // pixels between two lines of text
const format = new Intl.NumberFormat(document.documentElement.lang);
const MINUS = "−"; // as the tables write it
const rowsOf = (id) => [...document.querySelectorAll(`#${id} tbody tr[data-slot]`)];

for (const figure of document.querySelectorAll("figure[data-chart-of]")) draw(figure);

function draw(figure) {
  const rows = new Map(rowsOf(figure.dataset.chartOf).map((row) => [row.dataset.slot, row]));
  const slots = rowsOf(figure.dataset.slotsOf ?? figure.dataset.chartOf);
  const names = [...figure.querySelectorAll(".legend [data-series]")].map((item) => item.dataset.series).reverse();
  const cells = names.map((name) =>
    slots.map((slot) => rows.get(slot.dataset.slot)?.querySelector(`[data-series="${name}"]`)),
  );
  const reported = slots.map((slot) => number(slot.dataset.reported));
  const isChange = figure.dataset.kind === "change";
  figure.hidden = false;

  const values = slots.map((_slot, at) => cells.map((series) => number(series[at]?.dataset.value) ?? 0));
  const totals = values.map(sum);
  const [low, high] = isChange ? reach(values) : [0, Math.max(...totals, ...reported) * 1.05 || 1];
  const chart = new BarChart(
    figure.querySelector(".chart-area"),
    {
      labels: slots.map((slot) => slot.dataset.label),
      // Nothing measured is a hole in the data, not a zero.
      series: cells.map((series) => series.map((cell) => (cell ? Number(cell.dataset.value) : null))),
    },
    {
      stackBars: true,
      stackMode: "accumulate-relative",
      high,
      low,
      chartPadding: { top: 22, right: 16, bottom: 2, left: 2 },
      axisX: { showLabel: false, showGrid: false, offset: 2.6 * LINE },
      axisY: { showLabel: false, offset: 44, scaleMinSpace: 44 },
    },
  );
  chart.on("draw", (drawn) => drawn.type === "bar" && asRectangle(drawn, names, cells, slots));
  chart.on("created", ({ svg, chartRect, axisX, axisY }) => {
    const node = svg.getNode();
    node.setAttribute("viewBox", `0 0 ${node.clientWidth || chart.container.clientWidth} ${chart.container.clientHeight}`);
    node.setAttribute("role", "img");
    node.setAttribute("aria-label", figure.dataset.label);
    const plot = {
      svg,
      left: chartRect.x1,
      right: chartRect.x2,
      bottom: chartRect.y1,
      top: chartRect.y2,
      step: axisX.stepLength,
      x: (at) => chartRect.x1 + axisX.stepLength * (at + 0.5),
      y: (value) => chartRect.y1 - axisY.projectValue(value),
    };
    for (const tick of axisY.ticks) text(plot, plot.left - 8, plot.y(tick) + 4, format.format(tick).replace("-", MINUS), "tick end");
    plot.svg.elem("line", { x1: plot.left, x2: plot.right, y1: plot.y(0), y2: plot.y(0) }, "zero");
    labelSlots(plot, slots);
    if (isChange) labelChanges(plot, slots, rows, cells);
    else labelTotals(plot, slots, totals, reported);
  });
}

function number(written) {
  return written === undefined ? null : Number(written);
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

/** The lowest and the highest point of bars that grow in both directions, with room for a number below. */
function reach(values) {
  const lowest = Math.min(...values.map((parts) => sum(parts.filter((part) => part < 0))));
  const highest = Math.max(...values.map((parts) => sum(parts.filter((part) => part > 0))));
  const room = (highest - lowest || 1) * 0.2;
  return [lowest - room, highest && highest + room / 2];
}

/** Chartist draws a bar as a thick line; a rectangle can be filled with a pattern. */
function asRectangle({ element, group, x1, y1, y2, index, seriesIndex, axisX }, names, cells, slots) {
  const cell = cells[seriesIndex][index];
  element.remove();
  const height = Math.abs(y1 - y2);
  if (!cell || height < 0.2) return;
  const width = Math.min(84, axisX.stepLength * 0.56);
  const bar = group.elem(
    "rect",
    { x: x1 - width / 2, y: Math.min(y1, y2), width, height, fill: `url(#fill-${names[seriesIndex]})` },
    "edge",
  );
  bar.elem("title").text(`${slots[index].dataset.label} · ${cell.dataset.label}: ${cell.textContent.trim()}`);
  if (height > 18 && width > 38) {
    group.elem("text", { x: x1, y: (y1 + y2) / 2 + 4, "text-anchor": "middle" }, "in-bar").text(cell.textContent.trim());
  }
}

function text({ svg }, x, y, words, classes) {
  const anchor = classes.includes("end") ? "end" : classes.includes("start") ? "start" : "middle";
  return svg.elem("text", { x, y, "text-anchor": anchor }, classes).text(words);
}

function labelSlots(plot, slots) {
  const every = Math.ceil(46 / plot.step); // where years stand close, some go without their label
  slots.forEach((slot, at) => {
    const { label, sub, ruleChange } = slot.dataset;
    if (at % every === 0) labelSlot(plot, plot.x(at), label, Boolean(sub));
    if (sub && plot.step > 52) fitted(text(plot, plot.x(at), plot.bottom + 2 * LINE + 2, sub, "slot-sub"), plot.step);
    if (!ruleChange) return;
    const x = plot.x(at) - plot.step / 2;
    plot.svg.elem("line", { x1: x, x2: x, y1: plot.top - 8, y2: plot.bottom }, "rule-change");
    text(plot, x + 5, plot.top - 2, ruleChange, "rule-change-label start");
  });
}

/** A name that is wider than its bar goes on in a second line. */
function labelSlot(plot, x, label, isAlone) {
  const first = text(plot, x, plot.bottom + LINE + 3, label, "slot");
  const words = label.split(" ");
  if (isAlone || words.length < 2 || first.getNode().getComputedTextLength() < plot.step - 6) return;
  first.remove();
  const half = Math.ceil(words.length / 2);
  [words.slice(0, half), words.slice(half)].forEach((line, at) => {
    text(plot, x, plot.bottom + (at + 1) * LINE + 3, line.join(" "), "slot");
  });
}

function fitted(label, width) {
  if (label.getNode().getComputedTextLength() > width - 4) label.remove();
}

function labelTotals(plot, slots, totals, reported) {
  slots.forEach((slot, at) => {
    const { totalText } = slot.dataset;
    const short = plot.step < 90 ? (slot.querySelector('[data-series="slum"]')?.textContent ?? totalText) : totalText;
    if (totalText) text(plot, plot.x(at), plot.y(totals[at]) - 6, short, "total");
  });
  const told = slots.map((_slot, at) => at).filter((at) => reported[at] !== null);
  const path = told.map((at, step) => `${step ? "L" : "M"}${plot.x(at)} ${plot.y(reported[at])}`).join("");
  if (told.length > 1) plot.svg.elem("path", { d: path }, "line-reported");
  const last = told.at(-1);
  slots.forEach((slot, at) => {
    const aim = number(slot.dataset.target);
    if (aim === null) return;
    const [x, y] = [plot.x(at), plot.y(aim)];
    if (last < at) plot.svg.elem("path", { d: `M${plot.x(last)} ${plot.y(reported[last])}L${x} ${y}` }, "line-target");
    plot.svg.elem("line", { x1: x - plot.step * 0.28, x2: x + plot.step * 0.28, y1: y, y2: y }, "aim");
    text(plot, Math.min(x, plot.right - 44), y - 9, slot.dataset.targetText, "total");
  });
  for (const at of told) {
    const [x, y] = [plot.x(at), plot.y(reported[at])];
    plot.svg.elem("path", { d: `M${x} ${y - 7}l7 7-7 7-7-7Z` }, "mark-reported");
    text(plot, x, y - 12, slots[at].dataset.reportedText, "reported");
  }
}

function labelChanges(plot, slots, rows, cells) {
  slots.forEach((slot, at) => {
    const row = rows.get(slot.dataset.slot);
    if (!row) return;
    const lowest = sum(cells.map((series) => Math.min(0, number(series[at]?.dataset.value) ?? 0)));
    text(plot, plot.x(at), plot.y(lowest) + LINE, row.dataset.totalText, "total");
  });
}
