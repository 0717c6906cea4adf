"use strict";
(() => {
  const one = (query) => document.querySelector(query);
  const all = (query, within = document) => [...within.querySelectorAll(query)];
  const find = one("#find"), gapsonly = one("#gapsonly"), told = one("#told"), help = one("#help");
  document.documentElement.classList.add("js");

  // Colours of syntax, when a file is opened: ranges beside the text, no element is added.
  const kinds = window.CSS && CSS.highlights && window.Highlight
    ? { comment: new Highlight(), string: new Highlight(), word: new Highlight() } : null;
  if (kinds) for (const name in kinds) CSS.highlights.set(name, kinds[name]);
  const token = /(\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|("(?:[^"\\\n]|\\.)*"?|`[^`]*(?:`|$)|'(?:[^'\\\n]|\\.)+')|\b(break|case|chan|const|continue|default|defer|else|fallthrough|for|func|go|goto|if|import|interface|map|package|range|return|select|struct|switch|type|var)\b/g;
  const coloured = new WeakSet();
  function colour(file) {
    const source = file.querySelector(".src");
    if (!kinds || !source || coloured.has(file)) return;
    coloured.add(file);
    const walker = document.createTreeWalker(source);
    const nodes = [], starts = [];
    let text = "";
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (node.localName === "li") text += "\n";
      if (node.nodeType !== Node.TEXT_NODE) continue;
      nodes.push(node);
      starts.push(text.length);
      text += node.data;
    }
    if (text.length > 400000) return;
    let index = 0;
    const place = (offset) => {
      while (index + 1 < nodes.length && starts[index + 1] <= offset) index++;
      return [nodes[index], offset - starts[index]];
    };
    for (const match of text.matchAll(token)) {
      const kind = kinds[match[1] ? "comment" : match[2] ? "string" : "word"];
      let begin = match.index;
      for (const part of match[0].split("\n")) {
        if (part) {
          const range = document.createRange();
          range.setStart(...place(begin));
          const [node, last] = place(begin + part.length - 1);
          range.setEnd(node, last + 1);
          kind.add(range);
        }
        begin += part.length + 1;
      }
    }
  }
  document.addEventListener("toggle", (event) => {
    if (event.target.open && event.target.classList.contains("f")) colour(event.target);
  }, true);

  function open(element) {
    for (let up = element; up; up = up.parentElement) if (up.localName === "details") up.open = true;
  }

  // Filter: a folder is shown when something in it is.
  const files = all("details.f"), folders = all("details.d").reverse();
  const gaps = new WeakMap(files.map((file) => [file, file.querySelector(".miss").textContent !== "✓"]));
  function filter() {
    const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const file of files) {
      const name = file.dataset.n.toLowerCase();
      file.hidden = !words.every((word) => name.includes(word)) || (gapsonly.checked && !gaps.get(file));
      if (!file.hidden) shown++;
    }
    for (const folder of folders) {
      folder.hidden = ![...folder.children].some((child) => child.localName === "details" && !child.hidden);
      if (words.length && !folder.hidden) folder.open = true;
    }
    told.value = words.length || gapsonly.checked ? `${shown} of ${files.length} files` : "";
    blocks = null;
  }

  // Gaps: the first line of each run of lines that were not executed, or not wholly.
  let blocks = null, current = -1;
  const view = () => { const at = one(".view input:checked"); return at ? at.id.slice(5).replace("all", "") : ""; };
  const missed = (line) => line && line.matches(view() ? `li[class]:not(.${view()}), li:has(b:not(.${view()}))` : ".n, .m");
  function collected() {
    if (!blocks) {
      blocks = files.filter((file) => !file.hidden).flatMap((file) => all("li[class]", file)
        .filter((line) => missed(line) && !missed(line.previousElementSibling)));
      current = -1;
    }
    return blocks;
  }
  function go(by) {
    const found = collected();
    if (!found.length) { told.value = "no gaps"; return; }
    const former = one(".at");
    if (former) former.classList.remove("at");
    current = current < 0 ? (by > 0 ? 0 : found.length - 1) : (current + by + found.length) % found.length;
    const line = found[current];
    open(line);
    line.classList.add("at");
    line.scrollIntoView({ block: "center", inline: "nearest" });
    line.closest(".scroll").scrollLeft = 0;
    told.value = `gap ${current + 1} of ${found.length}`;
  }

  function follow() {
    const match = /^#([fp]\d+)(?:L(\d+))?$/.exec(location.hash);
    const target = match && document.getElementById(match[1]);
    if (!target) return;
    target.hidden = false;
    open(target);
    const line = match[2] && target.querySelector(`.src li:nth-child(${match[2]})`);
    if (line) { line.classList.add("at"); line.scrollIntoView({ block: "center" }); } else target.scrollIntoView();
  }

  function flag() {
    const views = all(".view input");
    const next = views[(views.findIndex((input) => input.checked) + 1) % views.length];
    if (next) { next.checked = true; blocks = null; told.value = next.parentElement.textContent.trim(); }
  }

  function inView() {
    return all("details.f[open]").find((file) => file.getBoundingClientRect().bottom > 80);
  }
  const keys = {
    n: () => go(1), j: () => go(1), p: () => go(-1), k: () => go(-1), f: flag,
    t: () => scrollTo(0, 0),
    o: () => { const file = inView(); if (file) { file.open = false; file.scrollIntoView({ block: "nearest" }); } },
    "?": () => help.showModal(),
    "/": () => { find.focus(); find.select(); },
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (event.target === find) {
      if (event.key === "Escape") { find.value = ""; filter(); find.blur(); }
      return;
    }
    const act = keys[event.key];
    if (act && (one("#files") || event.key === "?")) { event.preventDefault(); act(); }
  });
  one("#close").addEventListener("click", () => help.close());
  if (one("#files")) {
    let wait = 0;
    find.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(filter, 80); });
    gapsonly.addEventListener("change", filter);
    one("#next").addEventListener("click", () => go(1));
    one("#fold").addEventListener("click", () => { for (const file of all("details.f[open]")) file.open = false; });
    for (const input of all(".view input")) input.addEventListener("change", () => { blocks = null; });
    one("#files").addEventListener("click", (event) => {
      const line = event.target.closest(".src li");
      if (line && event.clientX - line.closest(".scroll").getBoundingClientRect().left < 60)
        location.hash = `${line.closest("details").id}L${[...line.parentElement.children].indexOf(line) + 1}`;
    });
  }
  addEventListener("hashchange", follow);
  follow();
})();
