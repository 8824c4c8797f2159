// The day's step run again, and what became of it.

import { ask } from "./api.js";

const OFTEN_MS = 250;

// `after` brings the page to what the run has written, and returns it.
export async function runStep(before, after) {
  const dialog = document.querySelector("#running");
  const [said, result] = [dialog.querySelector("pre"), dialog.querySelector("#result")];
  const [stop, done] = [dialog.querySelector("#stop"), dialog.querySelector("#done")];
  const title = dialog.querySelector("h2");
  title.textContent = "Running the step";
  result.replaceChildren();
  stop.disabled = false;
  done.disabled = true;
  stop.onclick = () => ask("run", "DELETE");
  done.onclick = () => dialog.close();
  dialog.oncancel = (event) => done.disabled && event.preventDefault();
  dialog.showModal();
  try {
    let state = await ask("run", "POST");
    while (state.running) {
      await new Promise((resolve) => setTimeout(resolve, OFTEN_MS));
      state = await ask("run");
      said.textContent = state.lines.join("\n");
      said.scrollTop = said.scrollHeight;
    }
    title.textContent = state.code === 0 ? "Done" : "The run failed";
    tellResult(result, before, await after());
  } catch (problem) {
    title.textContent = "The run failed";
    result.textContent = problem.message;
  }
  stop.disabled = true;
  done.disabled = false;
  done.focus();
}

function tellResult(element, before, now) {
  const rows = [["clips", before.headline, now.headline]];
  for (const { ledger, value, unit } of now.totals) {
    const old = before.totals.find((one) => one.ledger === ledger);
    rows.push([ledger, old ? `${old.value.toFixed(1)} ${old.unit}` : "–", `${value.toFixed(1)} ${unit}`]);
  }
  const table = document.createElement("table");
  for (const [name, old, recent] of [["", "before", "now"], ...rows]) {
    const row = table.insertRow();
    for (const text of [name, old, recent]) row.insertCell().textContent = text;
  }
  element.replaceChildren(table);
}
