// Takes decisions on the texts that are in the page, keeps them in the browser, and saves them as a file.
"use strict";
(() => {
  const root = document.documentElement;
  const stored = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
  const store = (key, value) => { try { localStorage.setItem(key, value); } catch { /* nothing is remembered here */ } };
  const form = document.querySelector("form.filters");
  const status = form.querySelector("[role=status]");
  const nothing = document.querySelector(".nothing-found");
  const items = [...document.querySelectorAll("#items > li")];
  const KEY = `emoreason-review-${root.dataset.sample}`;

  // Decisions: id -> {decision, comment}; what an earlier visit left is only taken over as far as it is understood.
  const decisions = new Map();
  try {
    for (const one of JSON.parse(stored(KEY) || "[]")) {
      const decision = one.decision === "accept" || one.decision === "reject" ? one.decision : "";
      decisions.set(String(one.id), { decision, comment: String(one.comment || "") });
    }
  } catch { /* not ours: begin anew */ }
  const of = (item) => decisions.get(item.dataset.id) || { decision: "", comment: "" };

  let shown = items;
  let current = null;

  function mark(item) {
    const { decision, comment } = of(item);
    for (const button of item.querySelectorAll("[data-decision]")) {
      button.setAttribute("aria-pressed", String(button.dataset.decision === decision));
    }
    const field = item.querySelector("[name=comment]");
    if (field !== document.activeElement) field.value = comment;
  }
  function count() {
    const done = items.filter((item) => of(item).decision).length;
    status.textContent = `${shown.length} shown, ${done} of ${items.length} judged`;
  }
  function fits(item) {
    const [what, value] = form.elements.kind.value.split(":");
    if (what === "kind" && item.dataset.kind !== value) return false;
    if (what === "reason" && !item.dataset.reasons.split(" ").includes(value)) return false;
    const emotion = form.elements.emotion ? form.elements.emotion.value : "";
    if (emotion && item.dataset.emotion !== emotion) return false;
    return !(form.elements.open.checked && of(item).decision);
  }
  function show() {
    shown = items.filter(fits);
    const there = new Set(shown);
    for (const item of items) item.hidden = !there.has(item);
    nothing.hidden = shown.length > 0;
    if (!there.has(current)) select(shown[0] || null, false);
    count();
  }
  function select(item, move = true) {
    if (current) { current.classList.remove("current"); current.removeAttribute("aria-current"); }
    current = item;
    if (!item) return;
    item.classList.add("current");
    item.setAttribute("aria-current", "true");
    if (!move) return;
    item.focus({ preventScroll: true });
    item.scrollIntoView({ block: "start" });
  }
  function step(by) {
    if (!shown.length) return;
    const place = shown.indexOf(current);
    select(shown[Math.min(shown.length - 1, Math.max(0, place + by))]);
  }
  function keep(item, change) {
    decisions.set(item.dataset.id, { ...of(item), ...change });
    store(KEY, JSON.stringify([...decisions].map(([id, one]) => ({ id, ...one }))));
    mark(item);
    count();
  }
  function decide(item, decision) {
    if (!item) return;
    const open = form.elements.open.checked;
    const next = shown[shown.indexOf(item) + 1] || shown[shown.indexOf(item) - 1] || item;
    keep(item, { decision });
    if (!decision) return;
    if (open) show();
    select(shown.includes(next) ? next : shown[0] || null);
  }
  function save() {
    const made = items
      .map((item) => ({ id: item.dataset.id, kind: item.dataset.kind, ...of(item) }))
      .filter((one) => one.decision || one.comment);
    const text = JSON.stringify({ format: "emoreason-review/1", sample: root.dataset.sample, decisions: made }, null, 1);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text + "\n"], { type: "application/json" }));
    link.download = "decisions.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }

  for (const item of items) {
    item.querySelector(".decide").hidden = false;
    mark(item);
    item.addEventListener("focusin", () => select(item, false));
    for (const button of item.querySelectorAll("[data-decision]")) {
      button.addEventListener("click", () => decide(item, button.getAttribute("aria-pressed") === "true" ? "" : button.dataset.decision));
    }
    item.querySelector("[name=comment]").addEventListener("input", (event) => keep(item, { comment: event.target.value }));
  }
  form.hidden = false;
  document.querySelector(".keys").hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.querySelector(".save").addEventListener("click", save);
  show();

  const KEYS = {
    a: () => decide(current, "accept"), r: () => decide(current, "reject"), u: () => decide(current, ""),
    j: () => step(1), k: () => step(-1), s: save,
    c: (event) => { event.preventDefault(); if (current) current.querySelector("[name=comment]").focus(); },
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("input[type=text], select, textarea");
    if (event.key === "Escape" && typing) {
      typing.blur();
      if (current) current.focus();
    } else if (!typing && Object.hasOwn(KEYS, event.key)) KEYS[event.key](event);
  });
})();
