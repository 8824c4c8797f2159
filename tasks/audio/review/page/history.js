// What the rows are, were, and were undone from; saved or run in between, all of it can be undone.

export class History {
  constructor(changed) {
    this.changed = changed;
    this.past = [];
    this.future = [];
    this.rows = [];
    this.saved = this.rows;
  }

  get isSaved() {
    return this.rows === this.saved;
  }

  // What the server has; nothing that one would undo.
  take(rows) {
    this.rows = this.saved = rows;
    this.changed();
  }

  apply(rows, label, selected) {
    this.past.push({ rows: this.rows, label, selected });
    this.future = [];
    this.rows = rows;
    this.changed();
  }

  // The first row of an edit takes the old one's place, further ones follow; none removes it.
  replace(changes, label, selected) {
    this.apply(this.rows.flatMap((row) => changes.get(row.id) ?? [row]), label, selected);
  }

  undo() {
    return this.move(this.past, this.future);
  }

  redo() {
    return this.move(this.future, this.past);
  }

  move(from, to) {
    const step = from.pop();
    if (!step) return null;
    to.push({ ...step, rows: this.rows });
    this.rows = step.rows;
    this.changed();
    return step;
  }
}
