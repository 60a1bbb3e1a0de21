// Filters the sample completions that are in the page. Without it the page reads all the same.
"use strict";
(() => {
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
    } else if (!typing && event.key === "/" && form) {
      event.preventDefault();
      form.elements.q.focus();
    }
  });
})();
