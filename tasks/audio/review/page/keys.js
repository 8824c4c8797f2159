// What can be done by key. Within a field, only what no field needs itself.

const KEYS = [
  ["Space", "play or pause the clip", "play"],
  ["Enter", "it is right: hear the next one not reviewed", "next"],
  ["↓ ↑", "next, previous clip", null],
  ["T", "type what is said; Enter goes on to the next", "write"],
  ["X", "drop, keep again", "drop"],
  ["S", "split at the cursor, or where it is quietest", "split"],
  ["M", "join with the next clip", "join"],
  ["[ ]", "let the clip begin, end at the cursor", null],
  ["L", "play it again and again", "loop"],
  ["1–9", "hear one of several that say the same", null],
  ["B", "keep this one of them, drop the others", "choose"],
  ["+ −", "zoom; Ctrl and the wheel does so too", null],
  ["Ctrl+Z", "undo; with Shift, redo", null],
  ["Ctrl+S", "save the cut sheet", null],
  ["Ctrl+Enter", "save, and run the day's step again", null],
];
const PLAIN = {
  ...Object.fromEntries(KEYS.filter(([, , name]) => name).map(([key, , name]) => [key === "Space" ? " " : key.toLowerCase(), name])),
  n: "next", arrowdown: "following", arrowup: "previous", j: "following", k: "previous", delete: "drop",
  "[": "setStart", "]": "setEnd", "+": "zoomIn", "=": "zoomIn", "-": "zoomOut", "?": "help",
};
const WITH_CTRL = { s: "save", enter: "run", y: "redo", " ": "play" };

export function bindKeys(actions, dialog) {
  for (const [key, words] of KEYS) {
    const [term, meaning] = [document.createElement("dt"), document.createElement("dd")];
    term.textContent = key;
    meaning.textContent = words;
    dialog.querySelector("dl").append(term, meaning);
  }
  addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    const act = find(event);
    if (!act) return;
    event.preventDefault();
    if (act.startsWith("hear")) actions.hear(Number(act.slice(4)));
    else actions[act]();
  });
}

function find(event) {
  const key = event.key.toLowerCase();
  const isField = event.target.matches?.("input:not([type=range]), select");
  if (event.ctrlKey || event.metaKey) {
    if (key === "z") return isField && isTyping(event.target) ? null : event.shiftKey ? "redo" : "undo";
    return WITH_CTRL[key];
  }
  if (event.altKey || isField) return null;
  if (event.target.matches?.("button, [type=range]") && [" ", "enter"].includes(key)) return null;
  if (/^[1-9]$/.test(key)) return `hear${key}`;
  return PLAIN[key];
}

// Whether a field holds more than its clip has yet, which the browser's own undo takes back.
function isTyping(field) {
  return field.value !== field.defaultValue;
}
