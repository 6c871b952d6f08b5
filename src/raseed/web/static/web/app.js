"use strict";
/* Comfort only: every page works without this file.
   A form marked data-once is sent once, however often it is tapped; the server would refuse the second anyway. */
const RELEASE_MS = 15000;

function release(form) {
  delete form.dataset.sent;
  form.querySelectorAll("[aria-busy]").forEach((button) => button.removeAttribute("aria-busy"));
}

addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.hasAttribute("data-once")) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
  setTimeout(release, RELEASE_MS, form);
});

/* Back to a page that the browser kept: its forms may be sent again. */
addEventListener("pageshow", (event) => {
  if (event.persisted) document.querySelectorAll("form[data-sent]").forEach(release);
});

/* The keyboard that suits the number: digits for a phone, letters too for an IBAN. */
addEventListener("change", (event) => {
  const keys = event.target.dataset.keys;
  if (keys) document.getElementById("to").inputMode = keys;
});

/* Nobody is signed in here: what was proven last to whoever was, and what they were writing, goes with them (balances.js, desk.js). */
if (document.querySelector(".gate-shell")) {
  try { localStorage.removeItem("raseed-proven"); sessionStorage.clear(); } catch { /* a forbidden store keeps nothing */ }
}

document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => print());
});
