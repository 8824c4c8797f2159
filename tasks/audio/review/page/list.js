// The clips as a list, each with what is said and who says it; of hundreds, only those in view are in the page.

import { asTime, isReviewed, numberOf } from "./rows.js";

const BESIDE = 8; // rows above and below what is in view

export class List {
  // `on` has select(row), play(row), type(row, name, text), toggle(row), enter(row, name)
  constructor(element, on) {
    this.element = element;
    this.inner = element.querySelector("ol");
    this.on = on;
    this.rows = [];
    this.items = new Map();
    element.addEventListener("scroll", () => {
      this.isDue ??= requestAnimationFrame(() => ((this.isDue = null), this.place()));
    });
    new ResizeObserver(() => this.place()).observe(element);
  }

  show(rows, chosen, speakers) {
    const isMoved = this.chosen !== chosen || this.rows.length !== rows.length;
    this.rows = rows;
    this.chosen = chosen;
    this.place();
    if (isMoved) this.reveal(chosen);
    const known = speakers.join("\n");
    if (known !== this.known) this.offer(speakers, known);
  }

  // Have the rows in view, and the one that is being typed in, in the page, in order.
  place() {
    this.height = parseFloat(getComputedStyle(this.element).getPropertyValue("--row"));
    this.inner.style.height = `${this.rows.length * this.height}px`;
    const first = Math.floor(this.element.scrollTop / this.height) - BESIDE;
    const last = first + Math.ceil(this.element.clientHeight / this.height) + 2 * BESIDE;
    const wanted = new Map(this.rows.map((row, place) => [row.id, place]).slice(Math.max(0, first), Math.max(0, last)));
    const typed = this.rows.findIndex((row) => this.items.get(row.id)?.element.contains(document.activeElement));
    if (typed >= 0) wanted.set(this.rows[typed].id, typed);
    for (const [id, item] of this.items) {
      if (wanted.has(id)) continue;
      item.element.remove();
      this.items.delete(id);
    }
    let before = null;
    for (const place of [...wanted.values()].sort((one, other) => one - other)) {
      const element = this.placeOne(this.rows[place], place);
      const next = before ? before.nextSibling : this.inner.firstChild;
      if (next !== element) this.inner.insertBefore(element, next);
      before = element;
    }
  }

  placeOne(row, place) {
    const item = this.items.get(row.id) ?? this.make(row);
    if (item.row !== row) fill(item, row);
    item.element.classList.toggle("chosen", row.id === this.chosen);
    item.element.style.top = `${place * this.height}px`;
    item.element.setAttribute("aria-posinset", place + 1);
    item.element.setAttribute("aria-setsize", this.rows.length);
    return item.element;
  }

  reveal(id) {
    const place = this.rows.findIndex((row) => row.id === id);
    if (place < 0) return;
    const { element, height } = this;
    const top = place * height;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + height > element.scrollTop + element.clientHeight) element.scrollTop = top + height - element.clientHeight;
    this.place();
  }

  write(id, name = "text") {
    this.reveal(id);
    const item = this.items.get(id);
    item?.[name].focus();
    item?.[name].select();
  }

  offer(speakers, known) {
    this.known = known;
    document.querySelector("#speakers")?.remove();
    const options = document.createElement("datalist");
    options.id = "speakers";
    for (const speaker of speakers) options.append(new Option(speaker));
    document.body.append(options);
  }

  make(row) {
    const element = document.createElement("li");
    const item = { element };
    const current = () => item.row;
    item.play = addButton(element, "play", "▶", () => this.on.play(current()));
    item.number = add(element, "number", "span");
    item.time = add(element, "time", "span");
    item.text = this.addField(item, "text", "what is said");
    item.speaker = this.addField(item, "speaker", "who");
    item.speaker.setAttribute("list", "speakers");
    item.note = add(element, "note", "span");
    item.drop = addButton(element, "toggle", "", () => this.on.toggle(current()));
    element.addEventListener("focusin", () => this.on.select(current()));
    element.addEventListener("click", () => this.on.select(current()));
    this.items.set(row.id, item);
    return item;
  }

  addField(item, name, hint) {
    const field = add(item.element, name, "input");
    field.placeholder = hint;
    field.spellcheck = false;
    field.autocomplete = "off";
    field.addEventListener("change", () => this.on.type(item.row, name, field.value));
    field.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        field.value = item.row.cells[name] ?? "";
        field.blur();
      }
      if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      field.blur(); // which says that it has changed, if it has
      this.on.enter(item.row, name);
    });
    return field;
  }
}

function fill(item, row) {
  const { element } = item;
  const name = row.cells.number ? `${row.recording}-${row.cells.number}` : `the clip from ${asTime(row.start)}`;
  item.row = row;
  element.classList.toggle("dropped", !row.kept);
  element.classList.toggle("seen", row.kept && isReviewed(row));
  item.play.setAttribute("aria-label", `Play ${name}`);
  item.number.textContent = numberOf(row);
  item.time.textContent = `${asTime(row.start)}  ${(row.end - row.start).toFixed(2)} s`;
  for (const field of ["text", "speaker"]) {
    item[field].value = item[field].defaultValue = row.cells[field] ?? "";
    item[field].setAttribute("aria-label", `${field === "text" ? "What is said in" : "Who speaks in"} ${name}`);
  }
  item.note.textContent = !row.kept ? "dropped" : row.cells.note && row.cells.note !== "seen" ? row.cells.note : isReviewed(row) ? "✓" : "";
  item.drop.textContent = row.kept ? "✕" : "↩";
  item.drop.title = row.kept ? "Drop" : "Keep again";
  item.drop.setAttribute("aria-label", `${item.drop.title} ${name}`);
}

function add(parent, name, tag) {
  const element = document.createElement(tag);
  element.className = name;
  parent.append(element);
  return element;
}

function addButton(parent, name, text, act) {
  const button = add(parent, name, "button");
  button.textContent = text;
  button.addEventListener("click", (event) => (event.stopPropagation(), act()));
  return button;
}
