"use strict";
/* New answers without a reload: asks every few seconds while the page is in sight, and is told 304 where nothing is new.
   What is being written is kept in the tab until it is there to be read, under the id it will have: so it is sent once, whatever
   breaks off in between; without a connection it waits for one. Without this file a reload shows answers, and a message is sent. */
(() => {
  const EVERY_MS = 5000, SLOWER_MS = 20000, LATE_MS = 10000, thread = document.getElementById("thread");
  const box = document.getElementById("text"), form = box.form, waits = document.getElementById("waits"), kept = `raseed-chat:${form.action}`;
  let tag = `"${thread.dataset.tag}"`, timer, over = false, asking = false;

  function bottom() { if (thread.lastElementChild) thread.lastElementChild.scrollIntoView({ block: "nearest" }); }

  function later(ms) {
    clearTimeout(timer);
    if (!over && !document.hidden) timer = setTimeout(ask, ms);
  }

  async function ask() {
    if (asking) return;
    asking = true;
    let wait = EVERY_MS;
    try {
      const answer = await fetch(thread.dataset.from, { headers: { "If-None-Match": tag }, signal: AbortSignal.timeout(LATE_MS) });
      if (answer.status === 401) over = true;
      else if (answer.ok) {
        thread.innerHTML = await answer.text();
        tag = answer.headers.get("ETag");
        bottom();
      } else if (answer.status !== 304) wait = SLOWER_MS;
    } catch { wait = SLOWER_MS; }
    asking = false;
    later(wait);
  }

  function keep() {
    try {
      if (box.value.trim()) sessionStorage.setItem(kept, JSON.stringify([form.elements.id.value, box.value]));
      else sessionStorage.removeItem(kept);
    } catch { /* a forbidden store keeps nothing */ }
  }

  function takeUp() {
    try {
      const [id, text] = JSON.parse(sessionStorage.getItem(kept)) || [];
      if (id === thread.dataset.last) sessionStorage.removeItem(kept);
      else if (text && !box.value) { box.value = text; form.elements.id.value = id; }
    } catch { /* nothing kept */ }
  }

  form.addEventListener("input", keep);
  form.addEventListener("submit", (event) => {
    keep();
    if (navigator.onLine) return;
    event.preventDefault();
    event.stopPropagation(); /* it was not sent: app.js need not keep it from being sent again */
    waits.hidden = false;
    waits.scrollIntoView({ block: "center" });
  });
  addEventListener("online", () => {
    if (waits.hidden) return;
    waits.hidden = true;
    form.requestSubmit();
  });
  takeUp();

  addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : ask()));
  if (!location.hash) bottom();
  later(EVERY_MS);
})();
