// Sorts and filters the rows that are in the page; keeps what was chosen in the address, so that it can be passed on.
"use strict";
(() => {
  const STEP = 200; // rows shown at a time: laying out thousands at once would make every keystroke wait
  const table = document.getElementById("clips");
  const form = document.querySelector("form.filters");
  const more = document.querySelector("button.more");
  const nothing = document.querySelector(".nothing-found");
  const plane = document.querySelector("svg.plane");
  const body = table.tBodies[0];
  const field = (name) => form.elements[name];
  const groupButtons = [...document.querySelectorAll("button[data-group]")];
  const sortButtons = [...document.querySelectorAll("button[data-sort]")];

  // What a reader searches for: the clip as it was named, then every cell that holds words.
  const wordsOf = (element) => {
    const cells = [...element.querySelectorAll("td:not(.number)")].map((cell) => cell.textContent);
    return [pathOf(element), ...cells].join("\n").toLowerCase();
  };
  const pathOf = (element) => {
    const folder = element.querySelector(".folder");
    return (folder ? folder.textContent : "") + element.querySelector(".name").textContent;
  };
  const number = (text) => (text === "" ? null : Number(text));
  const rows = [...body.rows].map((element, place) => {
    const data = element.dataset;
    const gaps = data.gaps ? data.gaps.split(" ") : [];
    return {
      element, place, gapKeys: gaps, failed: data.group === "failed", group: data.group,
      text: wordsOf(element), clip: pathOf(element),
      confidence: number(data.confidence), valence: number(data.valence), arousal: number(data.arousal),
      length: number(data.length), claims: number(data.claims), gaps: data.group === "failed" ? null : gaps.length,
    };
  });
  const dots = plane ? [...plane.querySelectorAll(".dot")] : [];
  const words = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

  let groups = new Set(); // none chosen: all
  let shown = []; // rows that fit, in order
  let limit = STEP;

  function tests() {
    const said = field("q").value.trim().toLowerCase();
    const gap = field("gap").value;
    const least = Number(field("confidence").value) / 100;
    return (row) =>
      row.text.includes(said) &&
      (!gap || (gap === "none" ? row.gaps === 0 : row.gapKeys.includes(gap))) &&
      (!least || (row.confidence !== null && row.confidence >= least));
  }

  function sorted(found) {
    const chosen = field("sort").value;
    if (!chosen) return found;
    const key = chosen.replace("-", "");
    const sign = chosen.startsWith("-") ? -1 : 1;
    return found.sort((a, b) => {
      const x = a[key], y = b[key];
      if (a.failed !== b.failed) return a.failed - b.failed; // what has no value comes last, whatever the direction
      if (x === null || y === null) return (x === null) - (y === null) || a.place - b.place;
      return sign * (typeof x === "string" ? words.compare(x, y) : x - y) || a.place - b.place;
    });
  }

  function apply({ keepLimit = false } = {}) {
    const fits = tests();
    const counts = {};
    const found = rows.filter((row) => {
      if (!fits(row)) return false;
      counts[row.group] = (counts[row.group] || 0) + 1;
      return groups.size === 0 || groups.has(row.group);
    });
    shown = sorted(found);
    if (!keepLimit) limit = STEP;
    draw(counts);
    remember();
  }

  function draw(counts) {
    body.replaceChildren(...shown.slice(0, limit).map((row) => row.element));
    more.hidden = shown.length <= limit;
    more.textContent = `Show ${Math.min(STEP, shown.length - limit)} more of ${shown.length}`;
    nothing.hidden = shown.length > 0 || rows.length === 0;
    table.hidden = !nothing.hidden;
    form.querySelector(".shown").textContent = `${shown.length} of ${rows.length} shown`;
    field("least").value = `${field("confidence").value} %`;
    field("confidence").setAttribute("aria-valuetext", field("least").value);
    drawGroups(counts);
    drawSorting();
    drawDots();
  }

  function drawGroups(counts) {
    const most = Math.max(1, ...Object.values(counts));
    for (const button of groupButtons) {
      const count = counts[button.dataset.group] || 0;
      button.setAttribute("aria-pressed", groups.has(button.dataset.group));
      button.querySelector(".count").textContent = count;
      button.querySelector("rect").setAttribute("width", (100 * count) / most);
    }
  }

  function drawSorting() {
    const chosen = field("sort").value;
    for (const button of sortButtons) {
      const key = button.dataset.sort;
      const order = chosen === key ? "ascending" : chosen === `-${key}` ? "descending" : "none";
      button.closest("th").setAttribute("aria-sort", order);
    }
  }

  function drawDots() {
    const visible = new Set(shown.map((row) => row.place));
    for (const dot of dots) {
      dot.classList.toggle("away", !visible.has(Number(dot.dataset.row)));
      dot.tabIndex = -1;
    }
    const first = dots.find(here);
    if (first) first.tabIndex = 0; // one stop for the Tab key; arrows go from dot to dot
  }

  const here = (dot) => !dot.classList.contains("away") && dot.hasAttribute("href");

  function remember() {
    const chosen = new URLSearchParams();
    for (const name of ["q", "gap", "sort"]) if (field(name).value) chosen.set(name, field(name).value);
    if (Number(field("confidence").value)) chosen.set("confidence", field("confidence").value);
    if (groups.size) chosen.set("show", [...groups].join(","));
    const hash = chosen.toString();
    if (hash !== location.hash.slice(1)) history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  }

  function recall() {
    const chosen = new URLSearchParams(location.hash.slice(1));
    for (const name of ["q", "gap", "sort"]) {
      field(name).value = chosen.get(name) || "";
      if (field(name).selectedIndex === -1) field(name).value = ""; // an address of another report
    }
    field("confidence").value = Number(chosen.get("confidence")) || 0;
    const known = new Set(groupButtons.map((button) => button.dataset.group));
    groups = new Set((chosen.get("show") || "").split(",").filter((name) => known.has(name)));
    apply();
  }

  function clear() {
    for (const name of ["q", "gap", "sort"]) field(name).value = "";
    field("confidence").value = 0;
    groups.clear();
    apply();
  }

  function moveAmongDots(event) {
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    const from = event.target.closest(".dot");
    if (!way || !from) return;
    event.preventDefault();
    const at = (dot) => [dot.firstElementChild.cx.baseVal.value, dot.firstElementChild.cy.baseVal.value];
    const [x, y] = at(from);
    let best = null, least = Infinity;
    for (const dot of dots) {
      if (dot === from || !here(dot)) continue;
      const dx = at(dot)[0] - x, dy = at(dot)[1] - y;
      const along = dx * way[0] + dy * way[1];
      const aside = Math.abs(dx * way[1]) + Math.abs(dy * way[0]);
      if (along > 0 && along + 2 * aside < least) [best, least] = [dot, along + 2 * aside];
    }
    if (!best) return;
    from.tabIndex = -1;
    best.tabIndex = 0;
    best.focus();
  }

  function moveAmongRows(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !event.target.closest("tbody")) return;
    const links = [...body.querySelectorAll("a")];
    const next = links[links.indexOf(event.target) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  function shortcut(event) {
    const free = !/^(INPUT|SELECT)$/.test(event.target.tagName) && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "/" && free) {
      event.preventDefault();
      field("q").focus();
    } else if (event.key === "Escape" && event.target === field("q")) {
      field("q").value = "";
      apply();
    } else {
      moveAmongRows(event);
    }
  }

  for (const button of [...groupButtons, ...sortButtons]) button.disabled = false;
  for (const button of groupButtons)
    button.addEventListener("click", () => {
      const name = button.dataset.group;
      if (!groups.delete(name)) groups.add(name);
      apply();
    });
  for (const button of sortButtons)
    button.addEventListener("click", () => {
      const key = button.dataset.sort, chosen = field("sort").value;
      // Words start at A, numbers with the highest; again turns it round, a third time gives the order back.
      const first = key === "clip" || key === "group" ? key : `-${key}`;
      const second = first === key ? `-${key}` : key;
      field("sort").value = chosen === first ? second : chosen === second ? "" : first;
      apply();
    });
  form.addEventListener("input", () => apply());
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => { event.preventDefault(); clear(); });
  nothing.querySelector("button").addEventListener("click", () => { clear(); field("q").focus(); });
  more.addEventListener("click", () => {
    const next = shown[limit];
    limit += STEP;
    apply({ keepLimit: true });
    const link = next && next.element.querySelector("a");
    if (link) link.focus();
  });
  if (plane) plane.addEventListener("keydown", moveAmongDots);
  document.addEventListener("keydown", shortcut);
  window.addEventListener("hashchange", recall);
  form.hidden = false;
  recall();
})();
