// Theme: the reader's choice, the same on every page, else the system's. A page that shows its button includes this
// file before its own script; the button has the id "theme", and the key t does the same outside fields.
"use strict";
(() => {
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const isDark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const show = () => button.setAttribute("aria-pressed", isDark());
  try {
    const chosen = localStorage.getItem(root.dataset.themeKey);
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch { /* storage is closed to this page */ }
  function switchTheme() {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem(root.dataset.themeKey, root.dataset.theme); } catch { /* nothing is remembered here */ }
    show();
  }
  button.disabled = false;
  button.addEventListener("click", switchTheme);
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), select, textarea");
    if (event.key === "t" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) switchTheme();
  });
  show();
})();
