"use strict";
/* New answers without a reload: asks every few seconds while the page is in sight, and is told 304 where nothing is new.
   Without this file a reload shows them. */
(() => {
  const EVERY_MS = 5000, SLOWER_MS = 20000, LATE_MS = 10000, thread = document.getElementById("thread");
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

  addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : ask()));
  if (!location.hash) bottom();
  later(EVERY_MS);
})();
