"use strict";
/* Balances on an open page: asks for their proofs, checks them here (proof.js), draws what is proven, and takes back what is not.
   Stands after proof.js. Without this file the page shows what the server has checked. */
(() => {
  const EVERY_MS = 15000, SOON_MS = [1000, 2000, 4000, 8000], CLOCK_MS = 60000, LATE_MS = 45000, SPREAD_MS = 500;
  const KEPT = "raseed-proven", ACCOUNTS_MAX = 64;
  /* What may stand beside an amount instead of its currency's code: the device has it from here, not from what it checks. */
  const SIGNS = {
    AED: "د.إ", BHD: "د.ب", EGP: "ج.م", EUR: "€", GBP: "£", ILS: "₪", IQD: "د.ع", IRR: "ر.إ", JOD: "د.أ", KWD: "د.ك", LBP: "ل.ل", LYD: "د.ل",
    MAD: "د.م", OMR: "ر.ع", QAR: "ر.ق", SAR: "ر.س", SDG: "ج.س", SYP: "ل.س", TND: "د.ت", USD: "$", YER: "ر.ي",
  };
  const { from, changes } = document.currentScript.dataset;
  const states = new Map(), older = new Set();
  let timer, stream, epoch, words = {}, soon = 0, heard = Date.now(), asking = false, missed = false;
  const places = () => [...document.querySelectorAll("[data-balance]")];

  const voice = document.createElement("p");
  voice.className = "unseen";
  voice.setAttribute("role", "status");
  document.body.append(voice);

  /* --- what was proven last to this person, for the day on which something is not; gone when they sign out (app.js) --- */

  function proven() {
    try { return JSON.parse(localStorage.getItem(KEPT)) || {}; } catch { return {}; }
  }

  function keep(id, amount, when) {
    const last = Object.entries({ ...proven(), [id]: { amount, when, at: Date.now() } }).sort(([, a], [, b]) => b.at - a.at);
    try { localStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(last.slice(0, ACCOUNTS_MAX)))); } catch { /* not kept, then */ }
  }

  /* --- one balance --- */

  /* Whether what stands there, in whichever digits, is this many minor units of this currency: its digits, where its decimals
     begin, its sign and the currency's. What can't be read so is not it. */
  function stands(text, amount, { currency, scale }) {
    const plain = text.replace(/[\s\u061c\u200e\u200f\u2066-\u2069]/g, "").replace(/[٠-٩]/g, (digit) => digit.charCodeAt(0) - 0x660)
      .replace(/٬/g, ",").replace(/٫/g, ".").replace(/−/g, "-");
    const [, before, whole, part = "", after] = /^([^0-9]*)([0-9]{1,3}(?:,[0-9]{3})*)(?:\.([0-9]+))?([^0-9]*)$/.exec(plain) || [];
    if (whole === undefined || part.length !== scale) return false;
    const beside = before + after, unit = beside.replace("-", "");
    if (unit !== currency && unit !== SIGNS[currency]) return false;
    return BigInt(whole.replace(/,/g, "") + part) * (beside.includes("-") ? -1n : 1n) === amount;
  }

  function parsed(html) {
    const mould = document.createElement("template");
    mould.innerHTML = html;
    return mould.content;
  }

  /* Resolves to what the device says of the number that is to be drawn; throws what speaks against it. */
  async function judged(id, told, drawn, answer) {
    if (!Proof.able) return "unable";
    const wrongClock = Math.abs(Date.now() - answer.now) > CLOCK_MS;
    const now = wrongClock ? answer.now : Math.max(answer.now, Date.now() - CLOCK_MS);
    const it = await Proof.check(told.certificate, { keys: answer.keys, account: id, oldest: 1000 * (now - answer.fresh) });
    const amounts = { booked: it.booked, available: it.booked - it.held };
    for (const part of drawn.querySelectorAll("[data-shows]")) {
      if (!stands(part.textContent, amounts[part.dataset.shows], it)) throw new Proof.Refused("other_amount");
    }
    return wrongClock ? "clock" : "checked";
  }

  function fillLast(drawn, id) {
    const last = proven()[id], line = drawn.querySelector("[data-last]");
    if (!last || !line) return;
    drawn.querySelector("[data-last-amount]").textContent = last.amount;
    drawn.querySelector("[data-last-when]").textContent = last.when;
    line.hidden = false;
  }

  function put(place, drawn, state, says) {
    const again = place.querySelector(".again"), device = drawn.querySelector("[data-device]"), details = drawn.querySelector("details");
    if (device && says) { device.textContent = says; device.hidden = false; }
    if (details) details.open ||= Boolean(place.querySelector("details[open]"));
    if (again) drawn.querySelector(".proof").append(again);
    const focused = place.contains(document.activeElement) && document.activeElement !== again;
    place.dataset.state = state;
    place.classList.remove("aged");
    place.replaceChildren(drawn);
    if (focused && details) place.querySelector("summary").focus();
  }

  async function draw(place, answer) {
    const id = place.dataset.balance, told = answer.accounts[id];
    if (!told) return "proven";
    let drawn = parsed(told.html), { state, said } = told, says = "";
    if (told.certificate) {
      try {
        says = words[await judged(id, told, drawn, answer)];
        older.delete(id);
        keep(id, drawn.querySelector("[data-shows=booked]").textContent, drawn.querySelector("[data-when]").textContent);
      } catch (error) {
        if (error.code === "older_than_seen" && !older.has(id)) { older.add(id); return "again"; } /* answers may overtake each other */
        [drawn, state, said] = [parsed(told.doubt), "refused", told.doubted];
        says = `${words.refused} ${words[error.code] || ""}`;
        fillLast(drawn, id);
      }
    }
    if (states.has(id) && states.get(id) !== state) voice.textContent = said;
    states.set(id, state);
    put(place, drawn, state, says);
    document.querySelectorAll("[data-device-says]").forEach((line) => { line.textContent = says; line.hidden = !says; });
    return told.certificate || state === "not_yet_certified" ? state : "again";
  }

  /* --- asking --- */

  function later(ms) {
    clearTimeout(timer);
    timer = setTimeout(look, ms);
  }

  async function look() {
    const wanted = places();
    missed = asking;
    if (asking || document.hidden || !wanted.length) return;
    asking = true;
    try {
      const asked = new URLSearchParams();
      for (const { dataset } of wanted) {
        asked.append("account", dataset.balance);
        if (dataset.drawn === "hero") asked.append("hero", dataset.balance);
      }
      const response = await fetch(`${from}?${asked}`);
      if (response.status === 401) { location.reload(); return; }
      if (!response.ok) throw new Error(response.status);
      const answer = await response.json();
      [heard, words] = [Date.now(), answer.words];
      const found = [];
      for (const place of places()) found.push(await draw(place, answer));
      soon = found.every((state) => state === "proven" || state === "not_yet_certified") ? 0 : soon + 1;
    } catch {
      soon = 0;
      if (Date.now() - heard > LATE_MS) places().forEach(age);
    } finally {
      asking = false;
    }
    later(missed ? 0 : soon && soon <= SOON_MS.length ? SOON_MS[soon - 1] : EVERY_MS);
  }

  /* Nothing was heard for a while: what stands here was proven then, and is not said to be so now. */
  function age(place) {
    const device = place.querySelector("[data-device]");
    place.classList.add("aged");
    if (device && words.offline) { device.textContent = words.offline; device.hidden = false; }
  }

  function listen() {
    if (!changes || stream || !window.EventSource) return;
    stream = new EventSource(changes);
    stream.onmessage = ({ data }) => {
      if (epoch !== undefined && data !== epoch) { soon = 0; later(Math.random() * SPREAD_MS); }
      epoch = data;
    };
  }

  function wake() {
    if (document.hidden) {
      clearTimeout(timer);
      if (stream) stream.close();
      stream = undefined;
      return;
    }
    listen();
    look();
  }

  document.querySelectorAll("[data-forget]").forEach((button) => {
    button.hidden = !Proof.able;
    button.addEventListener("click", () => { Proof.forget(); look(); });
  });
  document.addEventListener("visibilitychange", wake);
  addEventListener("pageshow", (event) => { if (event.persisted) wake(); });
  wake();
})();
