/* Hands a prepared text to the phone's own "share" sheet. Where there is none, the text can be copied beside it. */
for (const button of document.querySelectorAll("button[data-share]")) {
  if (!navigator.share) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.share({ text: document.getElementById(button.dataset.share).value });
    } catch (refusal) {
      if (refusal.name !== "AbortError") throw refusal; // the person closed the sheet
    }
  });
}
