// Filters the sample completions that are in the page, and keeps the theme. Without it the page reads all the same.
"use strict";
(() => {
  // Theme: the reader's choice, the same on every page, else the system's.
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const showTheme = () => button.setAttribute("aria-pressed", isDark());
  try {
    const chosen = localStorage.getItem(root.dataset.themeKey);
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch { /* storage is closed to this page */ }
  function switchTheme() {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem(root.dataset.themeKey, root.dataset.theme); } catch { /* nothing is remembered here */ }
    showTheme();
  }
  button.disabled = false;
  button.addEventListener("click", switchTheme);
  showTheme();

  const form = document.querySelector("form.filters");
  if (form) {
    const samples = [...document.querySelectorAll(".samples > li")].map((element) => ({
      element, step: element.dataset.step,
      text: [...element.querySelectorAll(".facts, .completion")].map((part) => part.textContent).join("\n").toLowerCase(),
    }));
    const status = form.querySelector("[role=status]");
    const nothing = document.querySelector(".nothing-found");
    const show = () => {
      const step = form.elements.step.value;
      const said = form.elements.q.value.trim().toLowerCase();
      let found = 0;
      for (const sample of samples) {
        const fits = (!step || sample.step === step) && sample.text.includes(said);
        sample.element.hidden = !fits;
        found += fits;
      }
      status.textContent = `${found} of ${samples.length} shown`;
      nothing.hidden = found > 0;
    };
    form.hidden = false;
    form.addEventListener("input", show);
    form.addEventListener("reset", () => setTimeout(show));
    form.addEventListener("submit", (event) => event.preventDefault());
    show();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "Escape" && typing && form) {
      form.reset();
      typing.blur();
    } else if (!typing && event.key === "t") {
      switchTheme();
    } else if (!typing && event.key === "/" && form) {
      event.preventDefault();
      form.elements.q.focus();
    }
  });
})();
