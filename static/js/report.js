/* Comforts of reporting: the photo is seen before it is sent, the camera is one tap away. Each form works without it. */

for (const field of document.querySelectorAll("[data-photo-field]")) {
  const input = field.querySelector("input[type=file]");
  const shown = field.querySelector("img");
  input.classList.add("visually-hidden");
  const camera = field.querySelector("[data-camera]");
  // Where there is no camera to hand, both buttons would open the same window.
  if (!matchMedia("(pointer: coarse)").matches) camera.remove();
  camera.addEventListener("click", () => {
    input.setAttribute("capture", "environment");
    input.click();
  });
  field.querySelector("[data-pick]").addEventListener("click", () => {
    input.removeAttribute("capture");
    input.click();
  });
  input.addEventListener("change", () => {
    if (shown.src) URL.revokeObjectURL(shown.src);
    const [file] = input.files;
    shown.hidden = !file;
    if (file) shown.src = URL.createObjectURL(file);
  });
}

for (const steps of document.querySelectorAll("[data-steps]")) {
  const input = document.getElementById(steps.dataset.steps);
  steps.addEventListener("click", (event) => {
    const { value } = event.target.closest("button")?.dataset ?? {};
    if (value === undefined) return;
    input.value = value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

// What is done is done whole.
const done = document.querySelector("input[name=is_done]");
const percent = document.querySelector("input[name=physical_percent]");
done?.addEventListener("change", () => {
  if (done.checked && percent) percent.value = "100";
});

// Of a photo, a document or a link only the fields that it needs.
for (const form of document.querySelectorAll("form[data-ways]")) {
  const show = () => {
    const way = form.querySelector("input[name=kind]:checked")?.value;
    for (const part of form.querySelectorAll("[data-way]")) part.hidden = !part.dataset.way.split(" ").includes(way);
  };
  form.addEventListener("change", show);
  show();
}
