// The page of one clip: plays moments, lights what belongs together, zooms the timeline. Everything it shows is in the
// HTML already; without it the page still reads, and its links lead from claims to cues and back.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const root = document.documentElement;
  const timeline = $("timeline");
  const length = timeline ? Number(timeline.dataset.length) : 0;
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  function clock(seconds) {
    const hundredths = Math.round(seconds * 100);
    const pad = (number) => String(number).padStart(2, "0");
    const [h, m, s] = [Math.floor(hundredths / 360000), Math.floor(hundredths / 6000) % 60, Math.floor(hundredths / 100) % 60];
    return `${h ? `${h}:${pad(m)}` : m}:${pad(s)}.${pad(hundredths % 100)}`;
  }

  // Theme: the reader's choice, else the system's.
  const themeKey = root.dataset.themeKey;
  const systemDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches);
  function showTheme() { $("theme").setAttribute("aria-pressed", isDark()); }
  function switchTheme() {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem(themeKey, root.dataset.theme); } catch { /* nothing is remembered here */ }
    showTheme();
  }
  try {
    const chosen = localStorage.getItem(themeKey);
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch { /* storage is closed to this page */ }

  // Media: base64 becomes a file in memory, because players can seek in files but not in long data URLs.
  function blobOf(base64, type) {
    const size = 4 << 18; // a multiple of 4: each part decodes on its own
    const parts = [];
    for (let first = 0; first < base64.length; first += size)
      parts.push(Uint8Array.from(atob(base64.slice(first, first + size)), (letter) => letter.charCodeAt(0)));
    return new Blob(parts, { type });
  }

  // A clip without media still has a time that runs.
  class SilentPlayer extends EventTarget {
    #time = 0; #since = null;
    playbackRate = 1;
    get paused() { return this.#since === null; }
    get currentTime() { return clamp(this.#time + (this.paused ? 0 : (performance.now() - this.#since) / 1000), 0, length); }
    set currentTime(time) { this.#time = time; if (!this.paused) this.#since = performance.now(); this.dispatchEvent(new Event("seeked")); }
    play() { if (this.currentTime >= length) this.#time = 0; this.#since = performance.now(); this.dispatchEvent(new Event("play")); }
    pause() { this.#time = this.currentTime; this.#since = null; this.dispatchEvent(new Event("pause")); }
  }
  const element = $("player");
  const player = element || (length ? new SilentPlayer() : null);
  if (element) {
    const data = $("media-data");
    element.hidden = false;
    element.addEventListener("error", () => { $("playing").textContent = "This browser cannot play the clip."; });
    element.src = URL.createObjectURL(blobOf(data.textContent.trim(), element.dataset.type));
    data.remove();
  }

  // Time: the playhead follows the player; a claim that plays ends where it ends.
  const stills = all(".keyframes figure img");
  let stopAt = null;
  let playing = null; // the claim or cue whose moment plays
  function showTime() {
    const time = player.currentTime;
    $("now").textContent = clock(time);
    const head = $("playhead");
    if (length) head.style.left = `calc(var(--label) + (100% - var(--label) - 0.75rem) * ${clamp(time / length, 0, 1)})`;
    if ($("bigwave")) $("screen").style.setProperty("--share", time / length);
    if ($("still")) showStill(time);
    if (!player.paused && zoom > 1) keepInView(head);
    showActive(time);
  }
  // What is there at this moment, without what is there nearly all the time.
  let active = "";
  function showActive(time) {
    const now = events.filter((event) => event.start <= time && time <= event.end && event.end - event.start < 0.8 * length);
    const text = [...new Set(now.map((event) => event.name))].join(" · ");
    if (text !== active) $("active").textContent = active = text;
  }
  function showStill(time) {
    const buttons = all(".thumb");
    const nearest = buttons.reduce((best, button) => Math.abs(button.dataset.at - time) < Math.abs(best.dataset.at - time) ? button : best, buttons[0]);
    const image = nearest && stills[nearest.dataset.keyframe];
    if (image && $("still").src !== image.src) { $("still").src = image.src; $("still").alt = image.alt; }
  }
  function tick() {
    const ended = stopAt !== null && player.currentTime >= stopAt;
    if (ended || player.currentTime >= length) {
      if (ended) { player.pause(); player.currentTime = stopAt; }
      else if (!element) player.pause();
      stopPlaying();
    }
    showTime();
    if (!player.paused) requestAnimationFrame(tick);
  }
  function stopPlaying() {
    stopAt = null;
    if (playing) playing.removeAttribute("aria-current");
    playing = null;
    if ($("playing")) $("playing").textContent = "";
  }
  function start() {
    const started = player.play();
    if (started) started.catch(stopPlaying);
  }
  function toggle() { if (player.paused) start(); else player.pause(); }
  function seek(time) {
    stopPlaying();
    player.currentTime = clamp(time, 0, length);
    showTime();
  }
  function playSpan(from, to, owner, words) {
    if (!player || !length) return;
    stopPlaying();
    player.currentTime = from;
    showTime();
    if (to <= from) { player.pause(); return; }
    stopAt = Math.min(to, length);
    playing = owner;
    owner.setAttribute("aria-current", "true");
    $("playing").textContent = words;
    start();
  }
  function step(seconds) { seek(player.currentTime + seconds); }

  // Choosing: one claim or one cue at a time; what belongs to it is lit everywhere.
  const claims = all(".claim");
  const cueRows = new Map(all("li.cue").map((row) => [row.dataset.n, row]));
  const byCue = new Map();
  for (const link of all("[data-cue]")) byCue.set(link.dataset.cue, [...(byCue.get(link.dataset.cue) || []), link]);
  // Summaries of the whole clip (the folded measures) say nothing about a moment.
  const ofMoments = (row) => (byCue.get(row.dataset.n) || []).some((link) => link.matches(".ev") && !link.closest(".more"));
  const events = all("li.cue[data-start]").filter(ofMoments).map((row) => ({ start: Number(row.dataset.start), end: Number(row.dataset.end), name: row.querySelector("b").textContent }));
  const cuesOf = (element) => (element.dataset.cues ? element.dataset.cues.split(" ") : []);
  const claimsOf = (number) => claims.filter((claim) => cuesOf(claim).includes(number));

  function light(numbers, lighted) {
    for (const lit of all(".lit")) lit.classList.remove("lit");
    for (const claim of lighted) claim.classList.add("lit");
    for (const number of numbers) {
      const row = cueRows.get(number);
      if (row) row.classList.add("lit");
      for (const link of byCue.get(number) || []) {
        link.classList.add("lit");
        const folded = link.closest("#timeline details:not([open])");
        if (folded) folded.open = true;
      }
    }
    reveal(numbers);
  }
  // The first lit event comes into view, in the timeline only: the text stays where the reader is.
  function reveal(numbers) {
    const event = numbers.map((number) => (byCue.get(number) || []).find((link) => timeline && timeline.contains(link))).find(Boolean);
    if (!event) return;
    const [box, frame] = [event.getBoundingClientRect(), timeline.getBoundingClientRect()];
    if (box.top < frame.top + 28 || box.bottom > frame.bottom) timeline.scrollTop += (box.top + box.bottom - frame.top - frame.bottom) / 2;
    if (zoom > 1) keepInView(event);
  }
  function remember(hash) {
    try { history.replaceState(null, "", hash); } catch { /* a sandboxed page has no address of its own */ }
  }
  function make(tag, text, attributes = {}) {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    return made;
  }
  function tell(...parts) {
    $("details-body").replaceChildren(...parts);
    $("details").classList.add("chosen");
    $("details").scrollTop = 0;
    $("close").hidden = false;
  }
  const sentence = (claim) => claim.querySelector(".said").textContent;

  function chooseClaim(claim, { play = true } = {}) {
    const numbers = cuesOf(claim);
    remember(`#claim=${claim.dataset.claim}`);
    light(numbers, [claim]);
    const list = make("ol");
    for (const number of numbers) list.append(linkToCue(number));
    const head = make("h2", `Claim ${claim.dataset.claim}`);
    tell(head, copyOf(claim.querySelector(".said")), make("p", numbers.length ? `Rests on ${numbers.length} ${numbers.length === 1 ? "cue" : "cues"}:` : "Names no cue.", { class: "quiet" }), list);
    if (claim.dataset.start === undefined) return;
    const [from, to] = [Number(claim.dataset.start), Number(claim.dataset.end)];
    if (play) playSpan(from, to, claim, `Claim ${claim.dataset.claim}: ${sentence(claim)}`);
    else if (player && length) seek(from);
  }
  function copyOf(said) {
    const copy = said.cloneNode(true);
    copy.removeAttribute("id");
    return copy;
  }
  function linkToCue(number) {
    const row = cueRows.get(number);
    const item = make("li");
    const link = make("a", row.querySelector(".id").textContent, { href: row.querySelector(".id").getAttribute("href"), "data-cue": number });
    item.append(link, ` ${row.querySelector("b").textContent}`);
    return item;
  }
  function chooseCue(number, { move = true } = {}) {
    const row = cueRows.get(number);
    if (!row) return;
    const users = claimsOf(number);
    remember(row.querySelector(".id").getAttribute("href"));
    light([number], users);
    const part = (selector) => row.querySelector(`:scope > ${selector}`);
    const facts = make("dl");
    const rows = [["Cue", part(".id")], ["Time", part(".t")], ["Seen", part("span:not(.t):not(.by)")], ["Said", part("q")], ["Source", part("i")]];
    for (const [name, value] of rows) {
      if (!value || !value.textContent) continue;
      const said = make("dd", value.textContent);
      if (value.lang) said.lang = value.lang;
      facts.append(make("dt", name), said);
    }
    const list = make("ol");
    for (const claim of users) {
      const item = make("li");
      item.append(make("a", `Claim ${claim.dataset.claim}`, { href: `#claim=${claim.dataset.claim}` }), ` ${sentence(claim)}`);
      list.append(item);
    }
    const use = make("p", users.length ? `${users.length} ${users.length === 1 ? "claim rests" : "claims rest"} on it:` : "No claim rests on it.", { class: "quiet" });
    tell(make("h2", part("b").textContent), ...moment(row), facts, use, list);
    if (move && row.dataset.at !== undefined && player && length) { player.pause(); seek(Number(row.dataset.at)); }
  }
  function moment(row) {
    if (row.dataset.start === undefined || !player || !length) return [];
    const button = make("button", "Play this moment", { type: "button", class: "go" });
    button.addEventListener("click", () => playSpan(Number(row.dataset.start), Number(row.dataset.end), row, row.querySelector("b").textContent));
    return [button];
  }
  function chooseLabel(label) {
    const numbers = cuesOf(label);
    light(numbers, claims.filter((claim) => cuesOf(claim).some((number) => numbers.includes(number))));
    const list = make("ol");
    for (const number of numbers) list.append(linkToCue(number));
    tell(make("h2", label.textContent), make("p", numbers.length ? "Rests on these cues:" : "The answer names no cue for it.", { class: "quiet" }), list);
  }
  function chooseNothing() {
    light([], []);
    stopPlaying();
    $("details-body").replaceChildren(...hint);
    $("details").classList.remove("chosen");
    $("close").hidden = true;
    remember(location.pathname + location.search);
  }
  const hint = [...$("details-body").childNodes];

  function follow(hash, options) {
    const target = hash.length > 1 && $(decoded(hash.slice(1)));
    if (!target) return false;
    if (target.classList.contains("claim")) chooseClaim(target, options);
    else if (target.classList.contains("cue")) chooseCue(target.dataset.n);
    else return false;
    return true;
  }
  function decoded(text) { try { return decodeURIComponent(text); } catch { return text; } }

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#'], a[*|href]");
    if (link && link.dataset.cue !== undefined) { event.preventDefault(); if (!dragged) chooseCue(link.dataset.cue); return; }
    if (link && link.classList.contains("label")) { event.preventDefault(); chooseLabel(link); return; }
    const href = link && link.getAttribute("href");
    if (href && href.startsWith("#claim=")) {
      event.preventDefault();
      if (follow(href)) $(decoded(href.slice(1))).scrollIntoView({ block: "nearest" });
      return;
    }
    const at = event.target.closest("[data-at]:is(button)");
    if (at) { player.pause(); seek(Number(at.dataset.at)); return; }
    const claim = event.target.closest(".claim");
    if (claim && !link && !String(getSelection())) chooseClaim(claim);
  });

  // Zoom and drag.
  const zooms = timeline ? timeline.dataset.zooms.split(" ").map(Number) : [1];
  let zoom = 1;
  let dragged = false;
  function plot() { return timeline.querySelector("#ruler .lane").getBoundingClientRect(); }
  function timeAt(x, box = plot()) { return clamp((x - box.left) / box.width, 0, 1) * length; }
  function zoomTo(value, x) {
    const next = zooms.includes(value) ? value : zoom;
    const anchor = x === undefined ? player.currentTime : timeAt(x);
    const before = x === undefined ? timeline.getBoundingClientRect().left + timeline.clientWidth / 2 : x;
    zoom = next;
    timeline.dataset.zoom = zoom;
    const label = timeline.querySelector(".name").getBoundingClientRect().width;
    $("wide").style.width = zoom === 1 ? "" : `${label + (timeline.clientWidth - label) * zoom}px`;
    const box = plot();
    timeline.scrollLeft += box.left + (anchor / length) * box.width - before;
    $("zoom-fit").textContent = zoom === 1 ? "fit" : `${zoom}×`;
    $("zoom-out").disabled = zoom === zooms[0];
    $("zoom-in").disabled = zoom === zooms[zooms.length - 1];
    placeThumbs();
  }
  function keepInView(target) {
    const [box, frame] = [target.getBoundingClientRect(), timeline.getBoundingClientRect()];
    const label = timeline.querySelector(".name").getBoundingClientRect().width;
    if (box.left < frame.left + label || box.left > frame.right - 24) timeline.scrollLeft += box.left - frame.left - label - 40;
  }
  // A thumbnail begins at its moment; one near the end ends there.
  function placeThumbs() {
    const lane = timeline.querySelector(".thumbs");
    if (!lane) return;
    for (const button of all(".thumb", lane)) {
      const share = parseFloat(button.dataset.x) / 100;
      button.style.left = button.dataset.x;
      button.classList.toggle("ends", (1 - share) * lane.clientWidth < button.offsetWidth);
    }
  }
  function drag(event) {
    const onPlot = event.target.closest("#timeline .lane, #timeline .rows, #bigwave");
    if (event.button !== 0 || !onPlot || event.target.closest(".name, summary, .thumb")) return;
    const box = onPlot.id === "bigwave" ? onPlot.getBoundingClientRect() : undefined;
    const onEvent = event.target.closest(".ev");
    const from = event.clientX;
    dragged = false;
    if (!onEvent) seek(timeAt(from, box));
    const move = (moved) => {
      if (!dragged && Math.abs(moved.clientX - from) < 4) return;
      dragged = true;
      seek(timeAt(moved.clientX, box));
    };
    const end = () => {
      removeEventListener("pointermove", move);
      removeEventListener("pointerup", end);
      removeEventListener("pointercancel", end);
      setTimeout(() => { dragged = false; });
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", end);
    addEventListener("pointercancel", end);
  }

  // One event of the timeline takes the Tab key; up and down go from event to event.
  const links = timeline ? all(".ev", timeline) : [];
  function rove(to) {
    for (const event of links) event.setAttribute("tabindex", event === to ? 0 : -1);
  }
  function moveAmongEvents(from, way) {
    const visible = links.filter((event) => event.checkVisibility());
    const next = visible[visible.indexOf(from) + way];
    if (!next) return;
    rove(next);
    next.focus({ preventScroll: true });
    reveal([next.dataset.cue]);
  }

  // Keys.
  function nextClaim(way) {
    const lit = claims.findIndex((claim) => claim.classList.contains("lit"));
    const next = claims[lit === -1 ? (way > 0 ? 0 : claims.length - 1) : clamp(lit + way, 0, claims.length - 1)];
    if (!next) return;
    next.scrollIntoView({ block: "nearest" });
    next.querySelector(".when").focus({ preventScroll: true });
    chooseClaim(next);
  }
  const press = (id) => { const button = $(id); if (button && !button.disabled) button.click(); };
  const timed = {
    k: toggle, ArrowLeft: () => step(-1), ArrowRight: () => step(1), j: () => step(-5), l: () => step(5),
    ",": () => step(-frame), ".": () => step(frame),
    "+": () => press("zoom-in"), "=": () => press("zoom-in"), "-": () => press("zoom-out"), 0: () => press("zoom-fit"),
  };
  const keys = {
    n: () => nextClaim(1), p: () => nextClaim(-1), t: switchTheme, m: () => press("mute"), c: () => press("subtitles"),
    r: () => press("regions"), "?": () => $("help").showModal(), Escape: chooseNothing,
  };
  const frame = 1 / (Number(root.dataset.fps) || 25);
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("help").open || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "checkbox") return;
    const onEvent = event.target.closest(".ev");
    const takesSpace = event.target.closest("button, summary, input");
    const way = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    let action = keys[event.key] || (player && length ? timed[event.key] : undefined);
    if (event.key === " " && !takesSpace && player && length) action = toggle;
    if (way && onEvent) action = () => moveAmongEvents(onEvent, way);
    if (!action) return;
    event.preventDefault();
    action();
  });

  // A narrow screen shows the player small while a moment plays out of sight.
  function watchScreen() {
    const screen = $("screen");
    if (!element || element.tagName !== "VIDEO") return;
    new IntersectionObserver(([entry]) => {
      screen.style.minHeight = entry.isIntersecting ? "" : `${screen.offsetHeight}px`;
      screen.classList.toggle("away", !entry.isIntersecting);
    }).observe(screen);
  }

  function wirePlayer() {
    player.addEventListener("play", () => { root.classList.add("is-playing"); $("play-name").textContent = "Pause"; requestAnimationFrame(tick); });
    for (const name of ["pause", "ended"])
      player.addEventListener(name, () => { root.classList.remove("is-playing"); $("play-name").textContent = "Play"; showTime(); });
    for (const name of ["seeked", "loadedmetadata"]) player.addEventListener(name, showTime);
    $("play").addEventListener("click", toggle);
    if (element) element.addEventListener("click", toggle);
    const on = (id, type, action) => { if ($(id)) $(id).addEventListener(type, action); };
    on("speed", "change", (event) => { player.playbackRate = Number(event.target.value); });
    on("mute", "click", (event) => { player.muted = !player.muted; event.currentTarget.setAttribute("aria-pressed", player.muted); });
    on("subtitles", "click", (event) => {
      const track = element.textTracks[0];
      track.mode = track.mode === "showing" ? "hidden" : "showing";
      event.currentTarget.setAttribute("aria-pressed", track.mode === "showing");
    });
  }
  function wireTimeline() {
    timeline.addEventListener("pointerdown", drag);
    if ($("bigwave")) $("bigwave").addEventListener("pointerdown", drag);
    timeline.addEventListener("focusin", (event) => { const onEvent = event.target.closest(".ev"); if (onEvent) rove(onEvent); });
    timeline.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      zoomTo(event.deltaY < 0 ? zoom * 2 : zoom / 2, event.clientX);
    }, { passive: false });
    $("zoom-in").addEventListener("click", () => zoomTo(zoom * 2));
    $("zoom-out").addEventListener("click", () => zoomTo(zoom / 2));
    $("zoom-fit").addEventListener("click", () => zoomTo(1));
    for (const button of all(".thumb")) {
      const image = make("img", "", { alt: "", src: stills[button.dataset.keyframe].src });
      image.addEventListener("load", placeThumbs);
      button.append(image);
    }
    addEventListener("resize", () => zoomTo(zoom));
    rove(links[0]);
  }

  for (const control of all("[disabled]")) control.disabled = false;
  $("theme").addEventListener("click", switchTheme);
  systemDark.addEventListener("change", showTheme);
  $("help-open").addEventListener("click", () => $("help").showModal());
  $("close").addEventListener("click", chooseNothing);
  if ($("regions")) $("regions").addEventListener("change", (event) => root.classList.toggle("no-regions", !event.target.checked));
  addEventListener("beforeprint", () => { for (const folded of all(".group, .cues details")) folded.open = true; });
  addEventListener("hashchange", () => follow(location.hash));
  showTheme();
  if (player) wirePlayer();
  if (timeline) { wireTimeline(); zoomTo(1); showTime(); }
  watchScreen();
  follow(location.hash, { play: false });
})();
