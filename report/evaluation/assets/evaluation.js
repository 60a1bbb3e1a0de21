// Shortcuts of the page, and the browser of single clips: rows are made of the data when they are shown, and
// what is in a row when it is opened. Every text goes in as text.
"use strict";
(() => {
  const STEP = 100; // rows made at a time
  const MOST_VALUES = 40; // a column with more values is searched, not chosen from
  const MOST_COLUMNS = 6;
  const LONG = 400; // characters from which a text scrolls in a box of its own
  // Only what really scrolls is a stop for the Tab key.
  const boxes = [...document.querySelectorAll(".scroll")];
  function markScrolling() {
    for (const box of boxes) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  }
  markScrolling();
  window.addEventListener("resize", markScrolling);
  document.addEventListener("toggle", markScrolling, true);

  const field = (name) => form && form.elements[name];
  const form = document.querySelector("form.filters");
  const free = (event) => !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && !event.ctrlKey && !event.metaKey && !event.altKey;
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && form && free(event)) { event.preventDefault(); field("q").focus(); }
  });

  const holder = document.getElementById("clips-data");
  if (!holder || !form) return;
  const data = JSON.parse(holder.textContent);
  holder.remove();
  const list = document.querySelector("ol.rows");
  const more = document.querySelector("button.more");
  const nothing = document.querySelector(".nothing-found");
  const object = (value) => (value && typeof value === "object" && !Array.isArray(value) ? value : {});
  const array = (value) => (Array.isArray(value) ? value : []);
  const isNumber = (value) => typeof value === "number";

  // Elements.
  function make(tag, text, className) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined && text !== null) {
      element.textContent = text;
      if (/[\u3040-\u30ff]/.test(text)) element.lang = "ja";
      else if (/[\u4e00-\u9fff]/.test(text)) element.lang = "zh";
    }
    return element;
  }
  const put = (parent, ...children) => { parent.append(...children.filter(Boolean)); return parent; };

  // Values in words.
  const minus = (text) => text.replace("-", "−");
  function words(value) {
    if (value === null || value === undefined) return "–";
    if (value === true) return "yes";
    if (value === false) return "no";
    if (isNumber(value)) return minus(Number.isInteger(value) ? String(value) : Math.abs(value) < 0.0005 ? value.toExponential(1) : value.toFixed(3));
    if (Array.isArray(value)) return value.length ? value.map(words).join(", ") : "none";
    if (typeof value === "object") {
      const entries = Object.entries(value);
      if (entries.every(([, entry]) => isNumber(entry))) entries.sort((a, b) => b[1] - a[1]);
      return entries.map(([key, entry]) => `${key} ${isNumber(entry) ? minus(entry.toFixed(2)) : words(entry)}`).join(", ") || "none";
    }
    return String(value);
  }
  function strongest(distribution) {
    const entries = Object.entries(object(distribution)).filter(([, share]) => isNumber(share));
    return entries.length ? entries.reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0] : null;
  }
  function brief(said) {
    if (said.missing) return "no prediction";
    if (said.error) return `failed: ${said.error}`;
    if (said.abstained) return "abstained";
    if (array(said.labels).length) return words(said.labels);
    const named = said.emotion || strongest(said.distribution);
    if (named) return words(named);
    if (isNumber(said.valence)) return `valence ${words(said.valence)}`;
    if (array(said.action_units).length) return words(said.action_units);
    if (said.text) return String(said.text).slice(0, 160);
    return said.labels ? "no label" : "–";
  }
  const state = (said) => (said.missing ? "missing" : said.error ? "failed" : said.abstained ? "abstained" : "answered");

  // What is shown of each clip.
  const kinds = new Map(data.systems.map((system) => [system.name, system.kind]));
  const rows = data.clips.map((clip, place) => ({
    clip, place, id: String(clip.clip), columns: object(clip.columns), gold: object(clip.gold),
    predicted: object(clip.predicted), claims: object(clip.claims), suites: object(clip.of_suites), text: null,
  }));
  const names = [...new Set(rows.flatMap((row) => Object.keys(row.predicted)))];
  names.sort((a, b) => (kinds.get(a) === "control") - (kinds.get(b) === "control"));
  const system = () => (field("system") ? field("system").value : names[0]);
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

  function everyText(value, into) {
    if (typeof value === "string") into.push(value);
    else if (value && typeof value === "object") for (const entry of Object.values(value)) everyText(entry, into);
    return into;
  }
  function textOf(row) {
    row.text ??= everyText(row.clip, []).join("\n").toLowerCase();
    return row.text;
  }
  const scoreOf = (row, suite, key) => object(object(row.suites[suite])[system()])[key];

  // Filters, of what the data holds.
  function choice(name, label, options, first) {
    const select = document.createElement("select");
    select.name = name;
    for (const [value, text] of first ? [["", first], ...options] : options) select.append(new Option(text, value));
    form.insertBefore(put(make("label", `${label} `), select), form.querySelector("button[type=reset]"));
  }
  const scores = new Map(); // "suite/key" -> what kind of value
  const verdicts = new Set(), states = new Set(), columns = new Map();
  for (const row of rows) {
    for (const [suite, of] of Object.entries(row.suites))
      for (const found of Object.values(object(of)))
        for (const [key, value] of Object.entries(object(found))) {
          if (typeof value === "boolean") scores.set(JSON.stringify([suite, key]), "boolean");
          else if (isNumber(value)) scores.set(JSON.stringify([suite, key]), "number");
        }
    for (const claims of Object.values(row.claims)) for (const claim of array(claims)) verdicts.add(claim.verdict || "not judged");
    for (const said of Object.values(row.predicted)) states.add(state(object(said)));
    for (const [name, value] of Object.entries(row.columns)) {
      if (!columns.has(name)) columns.set(name, new Set());
      columns.get(name).add(String(value));
    }
  }
  const named = (key) => JSON.parse(key).join(" · ").replaceAll("_", " ");
  const filters = []; // [field name, row -> whether it fits the chosen value]
  if (names.length > 1) choice("system", "System", names.map((name) => [name, name]));
  const yesNo = [...scores].filter(([, kind]) => kind === "boolean").map(([key]) => key);
  if (yesNo.length) {
    choice("score", "Outcome", yesNo.flatMap((key) => [[`${key}+`, `${named(key)}: yes`], [`${key}-`, `${named(key)}: no`]]), "any");
    filters.push(["score", (row, chosen) => scoreOf(row, ...JSON.parse(chosen.slice(0, -1))) === chosen.endsWith("+")]);
  }
  if (states.size > 1) {
    choice("answer", "Answer", [...states].sort().map((name) => [name, name]), "any");
    filters.push(["answer", (row, chosen) => state(object(row.predicted[system()])) === chosen]);
  }
  if (verdicts.size) {
    choice("verdict", "A claim is", [...verdicts].sort().map((name) => [name, name]), "any");
    filters.push(["verdict", (row, chosen) => array(row.claims[system()]).some((claim) => (claim.verdict || "not judged") === chosen)]);
  }
  for (const [name, values] of [...columns].filter(([, found]) => found.size > 1 && found.size <= MOST_VALUES).slice(0, MOST_COLUMNS)) {
    choice(`column:${name}`, name, [...values].sort(collator.compare).map((value) => [value, value]), "any");
    filters.push([`column:${name}`, (row, chosen) => String(row.columns[name]) === chosen]);
  }
  const numbers = [...scores].filter(([, kind]) => kind === "number").map(([key]) => key);
  choice("sort", "Sort by", [["clip", "clip"], ["claims", "most claims first"], ...numbers.flatMap((key) => [[`${key}+`, `${named(key)}, lowest first`], [`${key}-`, `${named(key)}, highest first`]])], "the given order");

  // Rows.
  function pair(term, value) {
    const text = words(value);
    const said = document.createElement("dd");
    if (text.length > LONG) {
      const box = make("div", text, "long"); // scrolls, so it is a stop for the Tab key
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", term.replaceAll("_", " "));
      said.append(box);
    } else put(said, make("span", text));
    return put(document.createElement("div"), make("dt", term.replaceAll("_", " ")), said);
  }
  function pairs(entries) {
    return put(document.createElement("dl"), ...entries.map(([key, value]) => pair(key, value)));
  }
  function side(title, said) {
    const entries = Object.entries(said).filter(([key]) => key !== "missing");
    const box = put(document.createElement("div"), make("h3", title));
    if (said.missing) box.append(make("p", "There is no prediction for this clip; it counts as wrong.", "quiet"));
    else if (entries.length) box.append(pairs(entries));
    else box.append(make("p", "Nothing is known.", "quiet"));
    return box;
  }
  function claimList(claims) {
    return put(make("ul", undefined, "claims"), ...claims.map((claim) => {
      const verdict = claim.verdict || "not judged";
      const item = make("li", undefined, /^[a-z]+$/.test(verdict) ? `v-${verdict}` : "");
      put(item, make("span", verdict, "v"), " ", make("span", words(claim.sentence)));
      const cues = array(claim.cue_ids);
      if (cues.length) put(item, " ", make("code", cues.join(" ")));
      const why = [claim.miscited === true ? "cites what does not bear it out" : null, claim.why].filter(Boolean).join("; ");
      if (why) put(item, " ", make("small", why));
      return item;
    }));
  }
  function scoreSide(row) {
    const box = put(document.createElement("div"), make("h3", "Scores of this clip"));
    for (const [suite, of] of Object.entries(row.suites))
      for (const [name, found] of Object.entries(object(of)))
        put(box, make("h4", names.length > 1 ? `${suite} · ${name}` : suite), pairs(Object.entries(object(found))));
    return box;
  }
  function fill(row, details) {
    const sides = make("div", undefined, "sides");
    sides.append(side("Gold", row.gold));
    for (const name of names) {
      if (row.predicted[name]) sides.append(side(name, object(row.predicted[name])));
      const claims = array(row.claims[name]);
      if (claims.length) sides.append(put(document.createElement("div"), make("h3", names.length > 1 ? `Claims of ${name}` : "Claims"), claimList(claims)));
    }
    if (Object.keys(row.suites).length) sides.append(scoreSide(row));
    if (Object.keys(row.columns).length) put(sides.firstChild, make("h4", "Columns"), pairs(Object.entries(row.columns)));
    const link = make("a", "Address of this clip");
    link.href = `#${new URLSearchParams({ clip: row.id })}`;
    sides.firstChild.append(put(document.createElement("p"), link));
    details.append(sides);
  }
  function outcome(row, name) {
    const found = yesNo.map((key) => JSON.parse(key)).map(([suite, key]) => object(object(row.suites[suite])[name])[key]).find((value) => typeof value === "boolean");
    if (found === undefined) return null;
    const mark = make("span", found ? "✓ " : "✗ ", found ? "right" : "wrong");
    mark.title = named(yesNo[0]);
    return mark;
  }
  function element(row) {
    const summary = document.createElement("summary");
    const gold = put(make("span", undefined, "brief"), make("i", "gold "), make("span", brief(row.gold)));
    const answers = make("span", undefined, "answers");
    for (const name of names.filter((one) => row.predicted[one]).slice(0, 4))
      answers.append(put(make("span", undefined, "brief"), outcome(row, name), names.length > 1 ? make("i", `${name} `) : make("i", "said "), make("span", brief(object(row.predicted[name])))));
    put(summary, make("bdi", row.id, "name"), gold, answers);
    const details = put(document.createElement("details"), summary);
    details.addEventListener("toggle", () => { if (details.open && details.childElementCount === 1) fill(row, details); });
    return put(document.createElement("li"), details);
  }

  let shown = [], limit = STEP, only = null;
  function sorted(found) {
    const chosen = field("sort").value;
    if (!chosen) return found;
    if (chosen === "clip") return found.sort((a, b) => collator.compare(a.id, b.id));
    const key = chosen === "claims" ? null : JSON.parse(chosen.slice(0, -1));
    const value = (row) => (key ? scoreOf(row, ...key) : array(row.claims[system()]).length);
    const sign = chosen.endsWith("+") ? 1 : -1;
    return found.map((row) => [row, value(row)]).sort(([a, x], [b, y]) => {
      if (!isNumber(x) || !isNumber(y)) return isNumber(y) - isNumber(x) || a.place - b.place; // without a number: last
      return sign * (x - y) || a.place - b.place;
    }).map(([row]) => row);
  }
  function apply() {
    const said = field("q").value.trim().toLowerCase();
    const chosen = filters.map(([name, fits]) => [fits, field(name).value]).filter(([, value]) => value);
    shown = sorted(rows.filter((row) => (only === null || row.id === only) && chosen.every(([fits, value]) => fits(row, value)) && (!said || textOf(row).includes(said))));
    limit = STEP;
    list.replaceChildren(...shown.slice(0, limit).map(element));
    drawEnd();
    remember();
  }
  function drawEnd() {
    more.hidden = shown.length <= limit;
    more.textContent = `Show ${Math.min(STEP, shown.length - limit)} more of ${shown.length}`;
    nothing.hidden = shown.length > 0;
    form.querySelector(".shown").textContent = `${shown.length} of ${rows.length} shown`;
  }
  const fields = () => [...form.elements].filter((entry) => entry.name);
  function remember() {
    const chosen = new URLSearchParams();
    if (only !== null) chosen.set("clip", only);
    for (const entry of fields()) if (entry.value && !(entry.name === "system" && entry.value === names[0])) chosen.set(entry.name, entry.value);
    const hash = chosen.toString();
    if (hash === location.hash.slice(1) || (!hash && !location.hash.includes("="))) return;
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  }
  function recall() {
    if (location.hash && !location.hash.includes("=")) return; // a link to a section
    const chosen = new URLSearchParams(location.hash.slice(1));
    for (const entry of fields()) {
      entry.value = chosen.get(entry.name) || "";
      if (entry.selectedIndex === -1) entry.selectedIndex = 0; // an address of another report
    }
    const clip = chosen.get("clip");
    only = rows.some((row) => row.id === clip) ? clip : null;
    apply();
    if (only !== null && list.firstChild) {
      list.querySelector("details").open = true;
      document.getElementById("clips").scrollIntoView();
    }
  }
  function clear() {
    only = null;
    for (const entry of fields()) if (entry.type === "search") entry.value = ""; else entry.selectedIndex = 0;
    apply();
  }

  form.addEventListener("input", () => { only = null; apply(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => { event.preventDefault(); clear(); });
  nothing.querySelector("button").addEventListener("click", () => { clear(); field("q").focus(); });
  more.addEventListener("click", () => {
    const next = shown.slice(limit, limit + STEP).map(element);
    list.append(...next);
    limit += STEP;
    drawEnd();
    next[0].querySelector("summary").focus();
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || event.target.tagName !== "SUMMARY") return;
    const summaries = [...list.querySelectorAll("summary")];
    const next = summaries[summaries.indexOf(event.target) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  });
  field("q").addEventListener("keydown", (event) => { if (event.key === "Escape") { field("q").value = ""; apply(); } });
  window.addEventListener("hashchange", recall);
  form.hidden = false;
  if (location.hash.includes("=")) recall(); else apply();
})();
