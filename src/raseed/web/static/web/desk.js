"use strict";
/* The desk: keys, facts by one key, who else is here, and fetching anew what has changed. Comfort only: every deed on these
   pages is a form that works without this file. */
(() => {
  const { changes, here, told: shown } = document.currentScript.dataset;
  const AGAIN_MS = 15000, WITH_STREAM_MS = 60000, SPREAD_MS = 400, LEAST_MS = 1500, HERE_MS = 10000, KEPT = "raseed-draft:";
  const form = document.getElementById("answer"), box = document.getElementById("text");
  let stream, told = shown, timer, last = 0, typed = 0, saidTyping = -HERE_MS;

  /* --- what changed is fetched, never sent: htmx asks for the parts that listen for "changed" --- */

  function fetchAnew() {
    last = performance.now();
    if (!document.hidden && window.htmx) htmx.trigger(document.body, "changed");
    clearTimeout(timer);
    timer = setTimeout(fetchAnew, stream ? WITH_STREAM_MS : AGAIN_MS);
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(fetchAnew, Math.max(Math.random() * SPREAD_MS, LEAST_MS - (performance.now() - last)));
  }

  function listen() {
    if (!changes || stream || !window.EventSource) return;
    stream = new EventSource(changes);
    stream.onmessage = ({ data }) => {
      if (told !== undefined && data !== told) soon();
      told = data;
    };
    stream.onerror = () => { if (stream && stream.readyState === EventSource.CLOSED) stream = undefined; };
  }

  addEventListener("visibilitychange", () => {
    if (document.hidden) {
      if (stream) stream.close();
      stream = undefined;
      clearTimeout(timer);
    } else {
      listen();
      fetchAnew();
    }
  });

  /* --- the answer: kept while it is written, facts put in where the cursor is --- */

  const draft = form && KEPT + form.dataset.conversation;

  function keep() {
    try {
      if (box.value.trim()) sessionStorage.setItem(draft, JSON.stringify([box.value, tokens(), form.elements.begun.value]));
      else sessionStorage.removeItem(draft);
    } catch { /* not kept, then */ }
  }

  const tokens = () => [...form.querySelectorAll("input[name=fact]")].map((one) => one.value);

  function carry(token) {
    if (tokens().includes(token)) return;
    const field = Object.assign(document.createElement("input"), { type: "hidden", name: "fact", value: token });
    form.append(field);
  }

  function begin(macro) {
    form.elements.begun.value = macro || "";
    document.getElementById("begun").hidden = !macro;
  }

  function put(text) {
    const at = box.selectionStart, before = box.value.slice(0, at), after = box.value.slice(box.selectionEnd);
    const gap = before && !/\s$/.test(before) ? " " : "", space = after && !/^\s/.test(after) ? " " : "";
    box.setRangeText(gap + text + space, at, box.selectionEnd, "end");
    box.focus();
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }

  addEventListener("click", (event) => {
    const button = event.target.closest("button.put, button[data-text]");
    if (!button || !box) return;
    event.preventDefault();
    if (button.value) carry(button.value);
    put(button.dataset.text);
    keep();
  });

  if (form && box) {
    try {
      const kept = JSON.parse(sessionStorage.getItem(draft));
      if (form.dataset.sent !== undefined) sessionStorage.removeItem(draft);
      else if (kept && !box.value) { box.value = kept[0]; kept[1].forEach(carry); begin(kept[2]); }
    } catch { /* nothing kept */ }
    box.addEventListener("input", () => {
      typed = performance.now();
      keep();
      if (typed - saidTyping > HERE_MS) sayHere(); /* colleagues are told at the first letter, not at the next round */
    });
    const latest = () => document.querySelector("[data-latest]");
    let follows = true; /* who has the latest in sight sees what comes next, too; who reads further up is left there */
    if (latest() && (!location.hash || form.dataset.sent !== undefined)) latest().scrollIntoView({ block: "end" });
    document.addEventListener("htmx:beforeSwap", ({ target }) => {
      if (target.id === "thread" && latest()) follows = latest().getBoundingClientRect().top < innerHeight;
    });
    document.addEventListener("htmx:afterSettle", ({ target }) => {
      if (target.id === "thread" && follows && document.querySelector("[data-latest].fresh")) latest().scrollIntoView({ block: "end" });
    });
  }

  /* --- who is here: said every while, and heard back --- */

  function sayHere() {
    if (!here || !form || document.hidden || !window.htmx) return;
    const typing = box && typed && performance.now() - typed < HERE_MS && box.value.trim() ? "1" : "";
    if (typing) saidTyping = performance.now();
    const csrfmiddlewaretoken = form.elements.csrfmiddlewaretoken.value;
    htmx.ajax("POST", here, { source: typing ? "#answer" : "#writing", target: "#writing", swap: "innerHTML", values: { typing, csrfmiddlewaretoken } }).catch(() => {});
  }

  /* --- keys --- */

  const rows = () => [...document.querySelectorAll("a.conv")];
  function step(by) {
    const all = rows(), at = all.indexOf(document.activeElement);
    const from = at >= 0 ? at : all.findIndex((one) => one.hasAttribute("aria-current"));
    const next = all[Math.min(Math.max(from + by, 0), all.length - 1)];
    if (next) next.focus();
  }
  function neighbour(by) {
    const all = rows(), at = all.findIndex((one) => one.hasAttribute("aria-current")), next = all[at + by];
    if (next) location.assign(next.href);
  }
  function nth(number) {
    const button = [...document.querySelectorAll("button.put")][number];
    if (button) button.click();
  }
  function deed(name) {
    const one = document.querySelector(`[data-key="${name}"]`);
    if (!one) return false;
    if (one.tagName === "SUMMARY") {
      one.parentElement.open = true;
      const field = one.parentElement.querySelector("textarea, select, input:not([type=hidden])");
      if (field) field.focus();
    } else if (one.matches("input, textarea, select")) { one.focus(); } else { one.click(); }
    return true;
  }
  const help = document.getElementById("keys");
  const KEYS = {
    j: () => step(1), k: () => step(-1), "]": () => neighbour(1), "[": () => neighbour(-1), r: () => box && box.focus(),
    "?": () => help && (help.open ? help.close() : help.showModal()),
  };
  const digit = ({ code }) => (/^(Digit|Numpad)[0-9]$/.test(code) ? (Number(code.slice(-1)) + 9) % 10 : -1);

  addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && typing && typing.form) {
      event.preventDefault();
      typing.form.requestSubmit(typing.form.querySelector("[data-main]") || undefined);
      return;
    }
    if (event.altKey && !event.ctrlKey && !event.metaKey && digit(event) >= 0) {
      event.preventDefault();
      nth(digit(event));
      return;
    }
    if (event.key === "Escape") {
      document.querySelectorAll("details[data-pops][open]").forEach((one) => { one.open = false; });
      if (typing) typing.blur();
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (digit(event) >= 0) { event.preventDefault(); nth(digit(event)); return; }
    const known = KEYS[event.key] || (/^[a-z]$/i.test(event.key) || event.code.startsWith("Key")
      ? () => deed(event.code.startsWith("Key") ? event.code.slice(3).toLowerCase() : event.key) : null);
    /* Letters by their place, so that they work with an Arabic or a Hebrew layout too. */
    const byPlace = KEYS[event.key] ? null : KEYS[event.code.slice(3).toLowerCase()];
    const act = byPlace || known;
    if (act && act() !== false) event.preventDefault();
  });

  document.querySelectorAll("[data-help]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => help.showModal());
  });
  document.addEventListener("submit", (event) => { if (event.target === form && draft) keep(); });
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details[data-pops][open]").forEach((one) => { if (!one.contains(event.target)) one.open = false; });
  });

  /* What somebody is in the middle of is not fetched anew from under their hands. */
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.id === "head" && event.target.querySelector("details[open]")) event.preventDefault();
  });

  const file = document.getElementById("file");
  if (file) file.addEventListener("change", () => { document.querySelector("label[for=file] span").className = ""; document.querySelector("label[for=file] span").textContent = Array.from(file.files, (one) => one.name).join(", "); });

  listen();
  timer = setTimeout(fetchAnew, stream ? WITH_STREAM_MS : AGAIN_MS);
  if (here) { sayHere(); setInterval(sayHere, HERE_MS); }
})();
