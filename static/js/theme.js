/* Light or dark as chosen (cookie, set by the server) or as the device prefers; before the first paint. */
{
  const root = document.documentElement;
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const chosen = root.dataset.theme;
    root.dataset.bsTheme = chosen === "auto" ? (prefersDark.matches ? "dark" : "light") : chosen;
  };
  apply();
  prefersDark.addEventListener("change", apply);
  // Paper is white.
  addEventListener("beforeprint", () => {
    root.dataset.bsTheme = "light";
  });
  addEventListener("afterprint", apply);
  root.classList.add("js");
}
