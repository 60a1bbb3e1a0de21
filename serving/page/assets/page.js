// The page at /: takes a clip, asks this server about it, shows the answer as it is written and what bears it out.
import { Refused, ask, modelsOf } from "./asking.js";
import { Player } from "./player.js";
import { Results, make, readAnswer, visible } from "./results.js";

const $ = (id) => document.getElementById(id);
const server = JSON.parse($("server").textContent);
const root = document.documentElement;
const KEY = "emoreason-key";

// Theme: the reader's choice, else the system's; reports remember it under the same name.
const systemDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : systemDark.matches);
const showTheme = () => $("theme").setAttribute("aria-pressed", isDark());
function switchTheme() {
  root.dataset.theme = isDark() ? "light" : "dark";
  try { localStorage.setItem(server.themeKey, root.dataset.theme); } catch { /* nothing is remembered here */ }
  showTheme();
}
try {
  const chosen = localStorage.getItem(server.themeKey);
  if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
} catch { /* storage is closed to this page */ }

// The key is kept for this tab alone.
let key = "";
try { key = sessionStorage.getItem(KEY) || ""; } catch { /* storage is closed to this page */ }
function keep(given) {
  key = given;
  try {
    if (given) sessionStorage.setItem(KEY, given);
    else sessionStorage.removeItem(KEY);
  } catch { /* it is asked for again after a reload */ }
  $("forget").hidden = !given;
}
function askForKey(said) {
  if (said) $("key-said").textContent = said;
  $("key-form").hidden = false;
  $("key").focus();
}
function takeKey(event) {
  event.preventDefault();
  const given = $("key").value.trim();
  if (!/^[\x21-\x7e]+$/.test(given)) return askForKey("A key has no blanks and no letters beyond ASCII.");
  keep(given);
  $("key").value = "";
  $("key-form").hidden = true;
  quiet();
  $("file").focus();
  return loadModels();
}

// Trouble: said once, where it is seen and heard.
function say(error) {
  if (error instanceof Refused && error.status === 401) {
    keep("");
    askForKey($("key-form").dataset.asked ? "That key is not one of this server's." : "");
    $("key-form").dataset.asked = "yes";
    return;
  }
  const said = error instanceof Refused ? error.message : `this page has a fault: ${error}`;
  const words = [make("b", { text: "It did not work: " }), make("span", { text: said })];
  if (error.request) words.push(make("small", { text: ` Request ${error.request}.` }));
  $("trouble").replaceChildren(...words);
  $("trouble").hidden = false;
  console.info(error);
}
function quiet() { $("trouble").hidden = true; $("trouble").replaceChildren(); }

async function loadModels() {
  const select = $("model");
  let models = [];
  try { models = await modelsOf(key); } catch (error) { say(error); }
  limitsOf = new Map(models.map(({ id, card }) => [id, Array.isArray(card?.limits) ? card.limits : []]));
  select.replaceChildren(...models.map(({ id }) => make("option", { value: id, text: id })));
  if (!models.length) select.append(make("option", { value: "", text: "as the server decides" }));
  showModel();
}
let limitsOf = new Map(); // of each model, from its card
const limitsOfChosen = () => limitsOf.get($("model").value) || [];
function showModel() { $("model-said").textContent = visible(limitsOfChosen()[0] || ""); }

// The clip.
let file = null;
let controller = null; // of the request under way
const results = new Results($("results"), (from, to) => player.play(from, to));
const player = new Player($("screen"), (seconds) => results.at(seconds));
const sizeOf = (bytes) => (bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

function choose(given) {
  if (!given || controller) return;
  quiet();
  clearAnswer();
  if (given.size > server.most) {
    say(new Refused(`the clip has ${sizeOf(given.size)}; this server takes up to ${sizeOf(server.most)}`));
    return;
  }
  file = given;
  $("drop").classList.add("chosen");
  $("drop-said").replaceChildren(make("b", { text: given.name }), make("small", { text: `${sizeOf(given.size)}. Drop or choose another one to replace it.` }));
  player.show(given);
}

// The answer, as it is written: drawn once a frame however many pieces come.
let written = { reasoning: "", content: "" };
let frame = 0;
function split() {
  // A server without a parser for reasoning leaves it within the content.
  const thought = /^\s*<think>([\s\S]*?)(?:<\/think>|$)/.exec(written.content);
  const reasoning = written.reasoning || (thought ? thought[1] : "");
  return { reasoning: reasoning.trim(), content: written.content.slice(thought ? thought[0].length : 0).trim() };
}
// Only the last line changes as an answer grows.
function drawLines(box, lines) {
  while (box.childElementCount > lines.length) box.lastElementChild.remove();
  for (let at = Math.max(box.childElementCount - 1, 0); at < lines.length; at++) {
    const isHead = /^[^-*\s].{0,40}[:：]$/.test(lines[at]);
    const line = make("p", { class: isHead ? "head" : /^\s*[-*] /.test(lines[at]) ? "item" : "line", text: lines[at] });
    if (box.children[at]) box.children[at].replaceWith(line);
    else box.append(line);
  }
}
function draw() {
  frame = 0;
  const { reasoning, content } = split();
  const box = $("thought");
  const follows = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
  const first = $("reasoning").hidden && reasoning !== "";
  $("reasoning").hidden = !reasoning && !content;
  $("intro").hidden = !$("reasoning").hidden;
  box.hidden = !reasoning;
  drawLines(box, reasoning ? reasoning.split("\n") : []);
  if (follows) box.scrollTop = box.scrollHeight;
  const isFree = content !== "" && !/^(\{|```|<)/.test(content);
  $("free").hidden = !isFree;
  $("free").textContent = isFree ? visible(content) : "";
  $("raw").hidden = isFree || content === "";
  $("raw-text").textContent = isFree ? "" : visible(content);
  if (first) $("reasoning").scrollIntoView({ block: "nearest" }); // on a phone it begins below the screen
}
function write(where, text) {
  written[where] += text;
  if (!frame) frame = requestAnimationFrame(draw);
}
function clearAnswer() {
  cancelAnimationFrame(frame);
  written = { reasoning: "", content: "" };
  draw();
  results.clear();
  $("status").textContent = "";
}

function working(is) {
  const within = document.activeElement === $(is ? "explain" : "cancel");
  $("cancel").hidden = !is;
  $("explain").disabled = $("file").disabled = is;
  if (within) $(is ? "cancel" : "explain").focus();
  $("elapsed").textContent = "";
  root.classList.toggle("is-working", is);
}
function countSeconds() {
  const began = performance.now();
  return setInterval(() => { $("elapsed").textContent = `${Math.round((performance.now() - began) / 1000)} s`; }, 1000);
}

function missing() {
  if (!file) return ["file", "no clip is chosen; drop one, or choose one"];
  if (!$("purpose").value) return ["purpose", "no purpose is declared; choose what this is for"];
  return null;
}

async function explain(event) {
  event.preventDefault();
  if (controller) return;
  quiet();
  const [id, said] = missing() || [];
  if (id) {
    say(new Refused(said));
    $(id).focus();
    return;
  }
  clearAnswer();
  controller = new AbortController();
  working(true);
  const seconds = countSeconds();
  $("status").textContent = "Measuring the clip…";
  try {
    const asked = { model: $("model").value, purpose: $("purpose").value, language: $("language").value, transcript: $("transcript").value.trim() };
    const begun = () => { $("status").textContent = "Writing…"; };
    show(await ask(file, asked, { key, signal: controller.signal, mostInline: server.mostInline, begun, write }));
  } catch (error) {
    cancelAnimationFrame(frame);
    draw(); // what came before it broke off, also in a tab that nobody looks at
    if (error.name === "AbortError") $("status").textContent = "Cancelled.";
    else { $("status").textContent = ""; say(error); }
  } finally {
    clearInterval(seconds);
    controller = null;
    working(false);
  }
}

function show({ evidence, finish }) {
  cancelAnimationFrame(frame);
  draw();
  if (!evidence) throw new Refused("the server sent no evidence with its answer");
  if (finish === "length") evidence.notes = [...evidence.notes, "The model stopped at its limit of length: the answer is cut off."];
  results.show(evidence, readAnswer(split().content), { ...server, limits: limitsOfChosen() });
  results.at(0);
  const { supported, contradicted } = evidence.counts;
  $("status").textContent = `Done: ${supported} of ${evidence.claims.length} claims supported, ${contradicted} contradicted.`;
  $("save").addEventListener("click", (event) => { event.preventDefault(); save(evidence); });
}
function save(evidence) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(evidence, null, 2)], { type: "application/json" }));
  make("a", { href: url, download: "evidence.json" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

function watchDrops() {
  const holdsFile = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  addEventListener("dragover", (event) => {
    if (!holdsFile(event)) return;
    event.preventDefault();
    $("drop").classList.add("over");
  });
  addEventListener("dragleave", (event) => { if (!event.relatedTarget) $("drop").classList.remove("over"); });
  addEventListener("drop", (event) => {
    if (!holdsFile(event)) return;
    event.preventDefault();
    $("drop").classList.remove("over");
    choose(event.dataTransfer.files[0]);
  });
}

$("theme").addEventListener("click", switchTheme);
systemDark.addEventListener("change", showTheme);
$("key-form").addEventListener("submit", takeKey);
$("forget").addEventListener("click", () => { keep(""); askForKey(); });
$("file").addEventListener("change", () => { choose($("file").files[0]); $("file").value = ""; });
$("model").addEventListener("change", showModel);
$("ask").addEventListener("submit", explain);
$("cancel").addEventListener("click", () => controller?.abort());
addEventListener("keydown", (event) => { if (event.key === "Escape") controller?.abort(); });
addEventListener("pagehide", () => controller?.abort());
watchDrops();
showTheme();
$("forget").hidden = !key;
loadModels();
