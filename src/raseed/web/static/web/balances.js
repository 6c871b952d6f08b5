"use strict";
/* Balances on an open page: asks for their proofs, checks them here (proof.js), draws what is proven, and takes back what is not.
   Stands after proof.js. Without this file the page shows what the server has checked. */
(() => {
  const EVERY_MS = 15000, SOON_MS = [1000, 2000, 4000, 8000], CLOCK_MS = 60000, SPREAD_MS = 500;
  const HUNG_MS = 10000, LATE_MS = 30000, GRACE_MS = 5000, AGAIN_MS = 4000, TICK_MS = 1000;
  const KEPT = "raseed-proven", ACCOUNTS_MAX = 64;
  /* What may stand beside an amount instead of its currency's code: the device has it from here, not from what it checks. */
  const SIGNS = {
    AED: "د.إ", BHD: "د.ب", EGP: "ج.م", EUR: "€", GBP: "£", ILS: "₪", IQD: "د.ع", IRR: "ر.إ", JOD: "د.أ", KWD: "د.ك", LBP: "ل.ل", LYD: "د.ل",
    MAD: "د.م", OMR: "ر.ع", QAR: "ر.ق", SAR: "ر.س", SDG: "ج.س", SYP: "ل.س", TND: "د.ت", USD: "$", YER: "ر.ي",
  };
  const { from, changes, doubted } = document.currentScript.dataset;
  const states = new Map(), older = new Set(), answers = new Map(), renewed = new Map(), numbers = new Map();
  let timer, stream, epoch, words = {}, soon = 0, failed = 0, heard = performance.now(), asking = false, missed = false;
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
    if (again && drawn.querySelector(".proof")) drawn.querySelector(".proof").append(again);
    const focused = place.contains(document.activeElement) && document.activeElement !== again;
    place.dataset.state = state;
    place.classList.remove("aged");
    place.replaceChildren(drawn);
    if (focused && details) place.querySelector("summary").focus();
  }

  function change(place, drawn, state, said, says) {
    const id = place.dataset.balance;
    if (states.has(id) && states.get(id) !== state) voice.textContent = said;
    states.set(id, state);
    put(place, drawn, state, says);
    document.querySelectorAll("[data-device-says]").forEach((line) => { line.textContent = says; line.hidden = !says; });
  }

  /* The words in place of a number that is not to be relied on, and what this device saw proven last. */
  function doubt(place, state, says) {
    const id = place.dataset.balance, told = answers.get(id), drawn = parsed(told ? told.doubt : "");
    if (!told) { /* nothing was ever heard */
      const line = document.createElement("p");
      line.className = "verifying";
      line.textContent = doubted;
      drawn.append(line);
    }
    fillLast(drawn, id);
    change(place, drawn, state, told ? told.doubted : doubted, says);
  }

  function late(id) {
    if (!renewed.has(id)) renewed.set(id, performance.now());
    return performance.now() - renewed.get(id) > LATE_MS;
  }

  /* What was not proven anew for a while is taken back, whatever kept its proof away: no answer, or answers without one. */
  function age(place) {
    const id = place.dataset.balance, device = place.querySelector("[data-device]");
    if (!late(id) || !place.querySelector("[data-shows]")) return;
    const says = performance.now() - heard > LATE_MS ? words.offline : words.unproven;
    if (states.get(id) !== "not_yet_certified") { doubt(place, "refused", says); return; }
    place.classList.add("aged");
    if (device && says) { device.textContent = says; device.hidden = false; }
  }

  /* A changed number is waited for as long as another; one that stands still without a proof is not. */
  function wait(id, drawn) {
    const part = drawn.querySelector("[data-shows=booked]"), number = part && part.textContent;
    if (numbers.has(id) && numbers.get(id) !== number) renewed.set(id, performance.now());
    numbers.set(id, number);
  }

  async function draw(place, answer) {
    const id = place.dataset.balance, told = answer.accounts[id];
    if (!told) return "again";
    answers.set(id, told);
    const drawn = parsed(told.html), { state, said } = told;
    const unproven = Proof.able && !told.certificate && (state === "proven" || state === "just_changed");
    let says = "";
    if (told.certificate) {
      try {
        says = words[await judged(id, told, drawn, answer)];
        older.delete(id);
        keep(id, drawn.querySelector("[data-shows=booked]").textContent, drawn.querySelector("[data-when]").textContent);
      } catch (error) {
        if (error.code === "older_than_seen" && !older.has(id)) { older.add(id); return "again"; } /* answers may overtake each other */
        doubt(place, "refused", `${words.refused} ${words[error.code] || ""}`);
        return "refused";
      }
    }
    if (!unproven) renewed.set(id, performance.now());
    if (unproven && state === "proven") return "again"; /* by nothing: what stands there stays, for as long as it may */
    wait(id, drawn);
    if (unproven && late(id)) return "again";
    change(place, drawn, state, said, says);
    return state;
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
    const hanging = new AbortController(), hung = setTimeout(() => hanging.abort(), HUNG_MS);
    asking = true;
    try {
      const asked = new URLSearchParams();
      for (const { dataset } of wanted) {
        asked.append("account", dataset.balance);
        if (dataset.drawn === "hero") asked.append("hero", dataset.balance);
      }
      const response = await fetch(`${from}?${asked}`, { signal: hanging.signal });
      if (response.status === 401) { location.reload(); return; }
      if (!response.ok) throw new Error(response.status);
      const answer = await response.json();
      [heard, words, failed] = [performance.now(), answer.words, 0];
      const found = overtaken(answer) ? ["again"] : [];
      for (const place of places()) found.push(await draw(place, answer));
      soon = found.every((state) => state === "proven" || state === "not_yet_certified") ? 0 : soon + 1;
    } catch {
      soon = 0;
      failed += 1;
    } finally {
      clearTimeout(hung);
      asking = false;
    }
    later(missed ? 0 : failed === 1 ? AGAIN_MS : soon && soon <= SOON_MS.length ? SOON_MS[soon - 1] : EVERY_MS);
  }

  /* Whether the pointer has moved since this was answered, as far as the stream has told. */
  function overtaken({ epoch: then }) {
    if (epoch !== undefined && then < epoch) return true;
    epoch = then;
    return false;
  }

  function listen() {
    if (!changes || stream || !window.EventSource) return;
    stream = new EventSource(changes);
    stream.onmessage = ({ data }) => {
      if (epoch !== undefined && Number(data) !== epoch) { soon = 0; later(Math.random() * SPREAD_MS); }
      epoch = Number(data);
    };
  }

  function wake() {
    if (document.hidden) {
      clearTimeout(timer);
      if (stream) stream.close();
      stream = undefined;
      return;
    }
    const grace = performance.now() - LATE_MS + GRACE_MS; /* asleep, nothing could come: a page seen again has a moment to ask */
    renewed.forEach((at, id) => renewed.set(id, Math.max(at, grace)));
    listen();
    look();
  }

  document.querySelectorAll("[data-forget]").forEach((button) => {
    button.hidden = !Proof.able;
    button.addEventListener("click", () => { Proof.forget(); look(); });
  });
  document.addEventListener("visibilitychange", wake);
  addEventListener("pageshow", (event) => { if (event.persisted) wake(); });
  setInterval(() => { if (!document.hidden) places().forEach(age); }, TICK_MS);
  wake();
})();
