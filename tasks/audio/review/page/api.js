// What is asked of the program that serves this page.

export class Problem extends Error {}

export async function ask(path, method = "GET", body = undefined) {
  let answer;
  try {
    answer = await fetch(path, { method, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Problem("journal clips no longer answers; start it again and reload this page. What isn't saved is still here.");
  }
  const data = await answer.json().catch(() => ({}));
  if (answer.status === 409) return { ...data, conflict: true };
  if (!answer.ok) throw new Problem(data.problem ?? "that didn't work; reload the page");
  return data;
}

export async function askBytes(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Problem("a part of the recording can't be had; reload the page");
  return answer.arrayBuffer();
}

// Wait until a recording has been read; `tell` gets the part of it that has been.
export async function askTrack(name, tell, isWanted) {
  const path = `track/${encodeURIComponent(name)}`;
  for (;;) {
    const track = await ask(path);
    if (track.problem) throw new Problem(track.problem);
    if (!isWanted()) return null;
    if (track.length !== undefined) {
      const peaks = new Int8Array(await askBytes(`${path}/peaks`));
      const half = peaks.length / 2;
      return { ...track, name, path, highs: peaks.subarray(0, half), lows: peaks.subarray(half) };
    }
    tell(track.part);
    await new Promise((resolve) => setTimeout(resolve, 150));
  }
}
