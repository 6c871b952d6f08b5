"use strict";
/* This browser's own key (WebCrypto, ECDSA on P-256): made here, kept by the browser (IndexedDB), not to be copied out.
   Stands after passkeys.js and uses its ask() and encoded(). Where it can't be, what is marked data-device stays hidden. */
const SHELF = "keys";

function opened() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open("raseed", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(SHELF);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

async function shelf(mode, deed) {
  const base = await opened();
  try {
    return await new Promise((resolve, reject) => {
      const deal = base.transaction(SHELF, mode);
      const asked = deed(deal.objectStore(SHELF));
      deal.oncomplete = () => resolve(asked.result);
      deal.onerror = deal.onabort = () => reject(deal.error);
    });
  } finally {
    base.close();
  }
}

/* The key is kept before it is sent, under the id of the form: sent again after a lost answer, it is the same key. */
async function keyFor(id) {
  const there = await shelf("readonly", (keys) => keys.get(id));
  if (there) return there;
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  await shelf("readwrite", (keys) => keys.put(pair, id));
  return pair;
}

async function enrol(button) {
  const { id, proof, name } = Object.fromEntries(new FormData(button.form));
  const line = document.getElementById("device-error");
  line.hidden = true;
  button.setAttribute("aria-busy", "true");
  try {
    const pair = await keyFor(id);
    const message = new TextEncoder().encode(`raseed device key v1\n${id}\n${proof}`);
    const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, message);
    const spki = await crypto.subtle.exportKey("spki", pair.publicKey);
    const { next } = await ask(button.dataset.device, { id, proof, name, public_key: encoded(spki), signature: encoded(signature) });
    location.assign(next);
  } catch (error) {
    if (error.told && error.told.next) {
      await shelf("readwrite", (keys) => keys.delete(id));
      location.assign(error.told.next);
    } else {
      line.textContent = error.told ? error.told.message : line.dataset.text;
      line.hidden = false;
    }
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/* On the list: which of the devices this browser is; and when that one is removed, its key goes too. */
async function recognise() {
  const mine = new Set(await shelf("readonly", (keys) => keys.getAllKeys()));
  let here = false;
  document.querySelectorAll("form[data-key]").forEach((form) => {
    if (!mine.has(form.dataset.key)) return;
    here = true;
    form.querySelector("[data-here]").hidden = false;
    form.addEventListener("submit", ({ submitter }) => {
      if (submitter && submitter.name === "remove") shelf("readwrite", (keys) => keys.delete(form.dataset.key));
    });
  });
  return here;
}

if (window.crypto && crypto.subtle && window.indexedDB) {
  recognise().then((here) => {
    document.querySelectorAll("[data-unable=device]").forEach((line) => { line.hidden = true; });
    document.querySelectorAll("[data-able=device]").forEach((link) => { link.hidden = here; });
    document.querySelectorAll("[data-device]").forEach((button) => {
      button.hidden = false;
      button.addEventListener("click", () => enrol(button));
    });
  }, () => {});
}
