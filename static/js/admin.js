// What the packaged pages of the admin leave out for screen readers and the keyboard.

function labelRows(root) {
  for (const table of root.querySelectorAll(".tabular table")) {
    const heads = [...table.tHead.rows[0].cells];
    const empty = heads.find((head) => head.classList.contains("original"));
    empty?.setAttribute("role", "cell"); // it heads no values
    for (const row of table.tBodies[0].rows) {
      [...row.cells].forEach((cell, place) => {
        const words = heads[place]?.textContent.trim();
        for (const field of cell.querySelectorAll("input:not([type=hidden]), select, textarea")) {
          if (words && !field.labels?.length) field.setAttribute("aria-label", words);
        }
      });
    }
  }
}

// The search field that stands in for a select carries that select's label.
function labelChoices(root) {
  for (const choice of root.querySelectorAll(".select2-selection")) {
    const select = choice.closest(".select2").previousElementSibling;
    const words = select?.labels?.[0]?.textContent.trim().replace(/:$/, "") ?? select?.getAttribute("aria-label");
    if (!words) continue;
    choice.setAttribute("aria-label", words);
    choice.querySelector(".select2-selection__rendered")?.setAttribute("aria-label", words);
  }
}

// The page of the export names its handler in an attribute, which the security policy does not run.
function selectAllColumns() {
  const toggle = document.querySelector("input.select-toggle");
  if (!toggle) return;
  toggle.setAttribute("aria-label", toggle.closest("p, div, li, td")?.textContent.trim() || toggle.name);
  toggle.addEventListener("change", () => {
    for (const box of document.querySelectorAll('.selectable-field-export-row input[type="checkbox"]')) box.checked = toggle.checked;
  });
}

function complete() {
  labelRows(document);
  labelChoices(document);
}
selectAllColumns();
// After the packages' own scripts, which start in this way where they start at all.
(window.django?.jQuery ?? ((run) => run()))(complete);
document.addEventListener("formset:added", complete);
