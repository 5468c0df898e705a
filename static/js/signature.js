/* Signing on a tablet: strokes on a canvas become a picture in the form. Without this file a scan or paper does it. */
const PEN = 3.2; // pixels of the picture at 1200 wide; thick enough for paper
const form = document.querySelector("form[data-signature]");
const pad = form?.querySelector("canvas.pad");

if (pad) {
  const picture = pad.getContext("2d");
  const kept = form.elements.drawing;
  const strokes = [];
  let stroke = null;

  showWays();
  choose("drawn");
  for (const way of form.elements.how) way.addEventListener("change", showWays);

  pad.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    pad.setPointerCapture(event.pointerId);
    stroke = [pointOf(event)];
    strokes.push(stroke);
    draw();
  });
  pad.addEventListener("pointermove", (event) => {
    if (!stroke) return;
    const between = event.getCoalescedEvents?.() ?? [];
    stroke.push(...(between.length ? between : [event]).map(pointOf));
    draw();
  });
  for (const ending of ["pointerup", "pointercancel"]) {
    pad.addEventListener(ending, () => {
      stroke = null;
      keep();
    });
  }
  form.querySelector("[data-clear]").addEventListener("click", () => redraw([]));
  form.querySelector("[data-undo]").addEventListener("click", () => redraw(strokes.slice(0, -1)));
  form.addEventListener("submit", keep);
  restore();

  function pointOf(event) {
    const box = pad.getBoundingClientRect();
    return [((event.clientX - box.left) * pad.width) / box.width, ((event.clientY - box.top) * pad.height) / box.height];
  }

  function redraw(wanted) {
    strokes.splice(0, strokes.length, ...wanted);
    draw();
    keep();
  }

  function draw() {
    picture.clearRect(0, 0, pad.width, pad.height);
    picture.fillStyle = "#fff";
    picture.fillRect(0, 0, pad.width, pad.height);
    picture.strokeStyle = picture.fillStyle = "#101c3a";
    picture.lineWidth = PEN;
    picture.lineCap = picture.lineJoin = "round";
    for (const points of strokes) trace(points);
  }

  /** A curve through the middles of the points, so that a quick hand leaves no corners. */
  function trace(points) {
    const [first] = points;
    picture.beginPath();
    if (points.length < 3) picture.arc(...first, PEN / 2, 0, 2 * Math.PI);
    if (points.length < 3) return picture.fill();
    picture.moveTo(...first);
    for (let at = 1; at < points.length - 1; at += 1) {
      const [x, y] = points[at];
      const [nextX, nextY] = points[at + 1];
      picture.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
    }
    return picture.stroke();
  }

  function keep() {
    kept.value = strokes.length && form.elements.how.value === "drawn" ? pad.toDataURL("image/png") : "";
    form.classList.toggle("is-drawn", strokes.length > 0);
  }

  /** After a refusal the drawing is still there. */
  function restore() {
    if (!kept.value.startsWith("data:image/png;base64,")) return draw();
    const before = new Image();
    before.addEventListener("load", () => picture.drawImage(before, 0, 0));
    before.src = kept.value;
  }
}

/** Drawing is what the tablet is for; a way that was chosen before stays. */
function choose(value) {
  const asked = form.querySelector("input[name=how]:checked");
  if (asked && asked.value !== "scan") return;
  if (form.querySelector("[role=alert]")) return;
  form.querySelector(`input[name=how][value=${value}]`).checked = true;
  showWays();
}

function showWays() {
  for (const part of form.querySelectorAll("[data-way]")) part.hidden = part.dataset.way !== form.elements.how.value;
}
