/* A page that waits for the background worker: shows how far it is, and comes anew once it has ended. */

const box = document.querySelector("[data-job]");
const bar = box.querySelector("progress");
const count = box.querySelector("[data-job-count]");
const numbers = new Intl.NumberFormat(document.documentElement.lang);
const PAUSE = 2000;

async function look() {
  try {
    const answer = await fetch(box.dataset.job, { headers: { Accept: "application/json" } });
    if (answer.redirected || answer.status === 403 || answer.status === 404) return location.reload();
    if (answer.ok) {
      const told = await answer.json();
      if (!told.is_open) return location.reload();
      box.querySelector("[data-job-step]").textContent = told.step.charAt(0).toUpperCase() + told.step.slice(1);
      box.querySelector("[data-job-lacks]").hidden = !told.lacks_worker;
      count.textContent = told.total ? `${numbers.format(told.done)} / ${numbers.format(told.total)}` : "";
      if (told.total) {
        bar.max = told.total;
        bar.value = told.done;
      } else bar.removeAttribute("value");
    }
  } catch {
    // The server may be starting again; the work does not depend on it.
  }
  setTimeout(look, PAUSE);
}
setTimeout(look, PAUSE);
