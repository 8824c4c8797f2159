/* The blog's own script: the search, pictures that open large, diagrams, and folds that open for printing. */
"use strict";
(() => {
  const base = new URL("..", document.currentScript.src).href;

  /* Search: files of the index are scripts, loaded when somebody types. */
  const known = { titles: null, shards: {}, excerpts: {} };
  const waiting = {};
  const load = (name) => waiting[name] ||= new Promise((done) => {
    const script = document.createElement("script");
    script.src = `${base}${name}.js`;
    script.onload = script.onerror = () => done();
    document.head.append(script);
  });
  window.journalSearch = {
    days: (days) => { known.titles = days; },
    words: (shard, words) => { known.shards[shard] = words; },
    excerpts: (texts) => Object.assign(known.excerpts, texts),
  };
  const plain = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
  const wordsOf = (text) => plain(text).match(/[\p{L}\p{N}]+/gu) || [];
  const shardOf = (word) => [...word].slice(0, 2).map((s) => s < "\x80" ? s : `u${s.codePointAt(0).toString(16)}`).join("");

  async function find(query) {
    const words = wordsOf(query).map((word) => [...word].slice(0, 24).join(""));
    await load("search/days");
    const day = /^day\s*0*(\d+)$/.exec(plain(query).trim());
    const long = words.filter((word) => word.length > 1 && !(day && word === "day"));
    await Promise.all([...new Set(long.map(shardOf))].map((shard) => load(`search/w-${shard}`)));
    const scores = new Map();
    const add = (number, score, word) => {
      const had = scores.get(number) || { score: 0, words: new Set() };
      had.score += score; had.words.add(word); scores.set(number, had);
    };
    for (const word of day ? [] : long) {
      for (const [found, numbers] of Object.entries(known.shards[shardOf(word)] || {})) {
        if (found.startsWith(word)) numbers.forEach((number) => add(number, found === word ? 2 : 1, word));
      }
    }
    for (const [number, title] of known.titles || []) {
      const own = wordsOf(title);
      for (const word of day ? [] : long) if (own.some((one) => one.startsWith(word))) add(number, 50, word);
      if (day ? number === +day[1] : words.length === 1 && String(number) === words[0]) add(number, 1000, words.at(-1));
      else if (day && String(number).startsWith(day[1])) add(number, 10, words.at(-1));
    }
    const wanted = day ? 1 : new Set(long).size || 1;
    const all = [...scores].filter(([, one]) => one.words.size >= wanted);
    return all.sort((a, b) => b[1].score - a[1].score || b[0] - a[0]).map(([number]) => number);
  }

  async function show(query, status, list) {
    const numbers = query.trim() ? await find(query) : [];
    const titles = new Map((known.titles || []).map(([number, title, date]) => [number, [title, date]]));
    const shown = numbers.filter((number) => titles.has(number)).slice(0, 30);
    status.textContent = query.trim() ? `${numbers.length} ${numbers.length === 1 ? "day" : "days"} found` : "";
    const rows = shown.map((number) => {
      const row = document.createElement("li"), part = document.createElement("div");
      const link = document.createElement("a"), time = document.createElement("time"), text = document.createElement("p");
      const [title, date] = titles.get(number);
      link.href = `${base}day/${number}/index.html`; link.textContent = title; time.textContent = date;
      part.append(time, link, text); row.append(part); row.dataset.day = number;
      return row;
    });
    list.replaceChildren(...rows);
    for (const row of rows.slice(0, 10)) {
      load(`search/x-${Math.floor(row.dataset.day / 25)}`).then(() => {
        row.querySelector("p").textContent = known.excerpts[row.dataset.day] || "";
      });
    }
  }

  function bringSearchToLife() {
    const field = document.getElementById("words");
    if (!field) return;
    const status = document.getElementById("found"), list = document.getElementById("results");
    let turn = 0;
    const update = async () => {
      const mine = ++turn;
      await new Promise((done) => setTimeout(done, 120));
      if (mine === turn) await show(field.value, status, list);
    };
    field.addEventListener("input", update);
    field.value = decodeURIComponent((location.hash.match(/q=([^&]*)/) || [])[1] || "");
    if (field.value) update();
    field.focus();
  }

  /* Pictures of a gallery open large; arrows go on, Escape closes. */
  function openLarge(links, at) {
    const dialog = document.createElement("dialog"), picture = document.createElement("img"), words = document.createElement("p");
    dialog.className = "large"; dialog.setAttribute("aria-label", "Picture"); dialog.append(picture, words);
    document.querySelector(".md-typeset").append(dialog);
    const go = (step) => {
      at = (at + step + links.length) % links.length;
      const small = links[at].querySelector("img");
      picture.src = links[at].href; picture.alt = small ? small.alt : ""; words.textContent = picture.alt;
    };
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "ArrowRight") go(1);
      if (event.key === "ArrowLeft") go(-1);
    });
    dialog.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => { dialog.remove(); links[at].focus(); });
    go(0); dialog.showModal();
  }

  function bringGalleriesToLife() {
    for (const gallery of document.querySelectorAll("table.gallery, ul.pictures")) {
      const links = [...gallery.querySelectorAll("a")].filter((link) => link.querySelector("img"));
      links.forEach((link, at) => link.addEventListener("click", (event) => { event.preventDefault(); openLarge(links, at); }));
    }
  }

  /* Diagrams are drawn in the page's colours, and again when these change; what can't be drawn stays as it was written. */
  async function bringDiagramsToLife() {
    const diagrams = [...document.querySelectorAll("pre.diagram")];
    if (!diagrams.length) return;
    await load("assets/mermaid");
    if (!window.mermaid) return;
    const words = diagrams.map((diagram) => diagram.textContent);
    let turn = 0;
    const draw = async () => {
      const theme = document.body.dataset.mdColorScheme === "slate" ? "dark" : "neutral", mine = ++turn;
      window.mermaid.initialize({ startOnLoad: false, securityLevel: "strict", suppressErrorRendering: true, theme, fontFamily: "inherit" });
      for (const [at, diagram] of diagrams.entries()) {
        try {
          const { svg } = await window.mermaid.render(`diagram-${at}`, words[at]);
          if (mine !== turn) return;
          diagram.innerHTML = svg;
          diagram.classList.add("drawn");
        } catch (fault) {
          diagram.title = `This diagram can't be drawn: ${String(fault.message || fault).split("\n")[0]}`;
        }
      }
    };
    await draw();
    new MutationObserver(draw).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
  }

  document.addEventListener("keydown", (event) => {
    const typing = /^(input|textarea|select)$/i.test(event.target.tagName) || event.target.isContentEditable;
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault(); location.href = `${base}search.html`;
    }
  });
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((fold) => { fold.open = true; }));
  /* A link to a folded part opens it. */
  const openTarget = () => {
    const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const fold = target && target.closest("details");
    if (fold && !fold.open) { fold.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", openTarget);
  const start = () => { bringSearchToLife(); bringGalleriesToLife(); bringDiagramsToLife(); openTarget(); };
  document.readyState === "loading" ? addEventListener("DOMContentLoaded", start) : start();
})();
