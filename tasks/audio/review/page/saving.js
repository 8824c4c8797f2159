// The cut sheet written, and the step run after it; what was changed on disk meanwhile is never overwritten unsaid.

import { ask } from "./api.js";
import { fromServer } from "./rows.js";
import { runStep } from "./running.js";

export function makeSaving(page, history, wave, { commitField, say, showCounts, take, tell }) {
  // Returns whether the sheet on disk is what this page shows.
  async function save() {
    commitField();
    if (history.isSaved) return true;
    const rows = history.rows;
    try {
      const answer = await ask("sheet", "POST", { version: page.version, rows: rows.map((row) => row.cells) });
      if (answer.conflict) {
        tellOfChange(answer);
        return false;
      }
      page.version = answer.version;
      history.saved = rows;
      document.querySelector("#notice").hidden = true;
      showCounts();
      say("the cut sheet is saved");
      return true;
    } catch (problem) {
      tell(problem.message);
      return false;
    }
  }

  // The sheet was changed elsewhere: whichever is taken, undo brings the other back.
  function tellOfChange(sheet) {
    const mine = history.rows;
    const theirs = sheet.rows.map(fromServer);
    tell("The cut sheet was changed on disk meanwhile, by another program or a run. Which one goes on? The other stays under Undo.", {
      "Take the one on disk": () => {
        page.version = sheet.version;
        history.apply(theirs, "taking the sheet on disk", page.chosen);
        history.saved = theirs;
        showCounts();
      },
      "Save what is here": () => {
        page.version = sheet.version;
        history.apply(theirs, "saving over the sheet on disk", page.chosen);
        history.apply(mine, "the sheet on disk", page.chosen);
        save();
      },
    });
  }

  async function saveAndRun() {
    if (!(await save())) return;
    wave.pause();
    const before = { headline: page.headline, totals: page.totals };
    await runStep(before, async () => {
      take(await ask("sheet"));
      return page;
    });
  }

  return { save, saveAndRun };
}
