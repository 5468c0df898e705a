/* Per cent, score, total and class beside the fields of a baseline, as one types; the server computes the same again.

   The table of criteria, the cuts and the bands come with the page (#scheme). All arithmetic is on whole numbers
   (BigInt), so a per cent just below a cut stays below it. */

/** A number as a person wrote it: {digits, places}, or null. The same rules as `typed_number` of the server. */
export function typedNumber(text, decimal) {
  text = text.trim();
  const match = /^([-−]?)([0-9][0-9.,]*|[.,][0-9]+)$/.exec(text);
  if (!match || text.length > 40) return null;
  const body = match[2];
  const marks = body.match(/[.,]/g) ?? [];
  let point = "";
  if (new Set(marks).size === 2) point = marks.at(-1);
  else if (marks.length === 1 && (marks[0] === decimal || !/^[1-9][0-9]{0,2}[.,][0-9]{3}$/.test(body))) point = marks[0];
  const at = point ? body.indexOf(point) : body.length;
  const whole = body.slice(0, at);
  const fraction = body.slice(at + 1);
  if (/[.,]/.test(fraction) || !/^([0-9]*|[0-9]{1,3}([.,][0-9]{3})+)$/.test(whole)) return null;
  const digits = BigInt(whole.replace(/[.,]/g, "") + fraction || "0");
  return { digits: match[1] ? -digits : digits, places: fraction.length };
}

const roundedHalfUp = (over, under) => {
  const sign = over < 0n ? -1n : 1n;
  return sign * ((2n * sign * over + under) / (2n * under));
};

/** The number as it would be stored: a whole number of the smallest unit kept; null where nothing would be. */
export function scaled(text, decimal, places) {
  const number = typedNumber(text, decimal);
  if (!number) return null;
  const over = number.digits * 10n ** BigInt(places);
  const under = 10n ** BigInt(number.places);
  return places === 0 && over % under !== 0n ? null : roundedHalfUp(over, under);
}

/** 5, 3, 1 or 0, or null where the two numbers give none. */
export function points(numerator, denominator, cuts) {
  if (numerator === null || denominator === null || denominator < 0n) return null;
  if (denominator === 0n) return numerator > 0n ? null : 0;
  for (const [least, reached] of cuts) {
    if (100n * numerator >= BigInt(least) * denominator) return reached;
  }
  return 0;
}

/** With two decimals, or as many more as it takes not to show a per cent that would score otherwise. */
export function shownPercent(numerator, denominator, scheme) {
  const score = points(numerator, denominator, scheme.cuts);
  if (score === null) return null;
  for (let places = 2; ; places += 1) {
    const scale = 10n ** BigInt(places);
    const percent = denominator ? roundedHalfUp(100n * numerator * scale, denominator) : 0n;
    if (places === 9 || points(percent, 100n * scale, scheme.cuts) === score) return written(percent, places, scheme);
  }
}

function written(number, places, scheme) {
  const digits = String(number < 0n ? -number : number).padStart(places + 1, "0");
  const whole = digits.slice(0, -places).replace(/\B(?=(\d{3})+$)/g, scheme.thousands);
  return (number < 0n ? "-" : "") + whole + scheme.decimal + digits.slice(-places);
}

/** {results: {key: {percent, score}}, assessed, total, slumClass}; total null while something is not assessed. */
export function compute(texts, scheme) {
  const value = (key) => scaled(texts[key] ?? "", scheme.decimal, scheme.places[key]);
  const results = {};
  for (const { key, whole } of scheme.criteria) {
    const numerator = value(key);
    const denominator = value(whole);
    const score = points(numerator, denominator, scheme.cuts);
    results[key] = { score, percent: score === null ? null : shownPercent(numerator, denominator, scheme) };
  }
  const scores = Object.values(results).map((one) => one.score);
  const known = scores.filter((score) => score !== null);
  const total = known.length === scores.length ? known.reduce((sum, score) => sum + score, 0) : null;
  const band = scheme.bands.find(([least]) => total !== null && total >= least);
  const slumClass = total === null ? "not_assessed" : band ? band[1] : scheme.lowest;
  return { results, total, slumClass, assessed: known.length };
}

function start(form, scheme) {
  const inputs = Object.keys(scheme.places).map((key) => form.elements[key]);
  let isChanged = false;

  const show = () => {
    const found = compute(Object.fromEntries(inputs.map((input) => [input.name, input.value])), scheme);
    for (const output of form.querySelectorAll("[data-result]")) {
      const { percent, score } = found.results[output.dataset.result];
      output.querySelector("[data-percent]").textContent = percent === null ? "–" : `${percent} %`;
      const badge = output.querySelector("[data-points]");
      badge.textContent = score ?? "–";
      badge.dataset.points = score ?? "";
    }
    form.querySelector("[data-total]").textContent = found.total ?? "–";
    form.querySelector("[data-assessed]").textContent = found.assessed;
    const pill = form.querySelector("[data-class] .pill");
    pill.className = `pill class-${found.slumClass}`;
    pill.textContent = scheme.classes[found.slumClass];
  };

  const fill = (input, value) => {
    input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };

  form.addEventListener("input", () => {
    isChanged = true;
    show();
  });
  for (const button of form.querySelectorAll("[data-take]")) {
    button.addEventListener("click", () => fill(document.getElementById(button.dataset.take), button.dataset.value));
  }
  // With a script, what is typed already stays.
  form.querySelector("[data-take-all]")?.addEventListener("click", (event) => {
    event.preventDefault();
    for (const button of form.querySelectorAll("[data-take]")) {
      const input = document.getElementById(button.dataset.take);
      if (!input.value.trim()) fill(input, button.dataset.value);
    }
  });
  // "Enter" goes to the next number, as on a sheet; the buttons save.
  form.addEventListener("keydown", (event) => {
    const place = inputs.indexOf(event.target);
    if (event.key !== "Enter" || place < 0) return;
    event.preventDefault();
    const ordered = [...form.querySelectorAll(".measure-input input")];
    const next = ordered[ordered.indexOf(event.target) + 1];
    next?.focus();
    next?.select();
  });
  form.addEventListener("submit", () => {
    isChanged = false;
  });
  addEventListener("beforeunload", (event) => {
    if (isChanged) event.preventDefault();
  });
  show();
}

const form = document.querySelector("form[data-baseline]");
if (form) start(form, JSON.parse(document.getElementById("scheme").textContent));
