"use strict";
/* Passkeys (W3C WebAuthn). Where the browser has none, what is marked data-passkey stays hidden. */
const decoded = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
const encoded = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

async function ask(address, body) {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const answer = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": token }, body: JSON.stringify(body) });
  const told = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(told.message), { told });
  return told;
}

function ready(options) {
  const known = (list) => (list || []).map((each) => ({ ...each, id: decoded(each.id) }));
  const made = { ...options, challenge: decoded(options.challenge) };
  if (options.user) made.user = { ...options.user, id: decoded(options.user.id) };
  if (options.excludeCredentials) made.excludeCredentials = known(options.excludeCredentials);
  if (options.allowCredentials) made.allowCredentials = known(options.allowCredentials);
  return { publicKey: made };
}

function told(credential) {
  const { response } = credential;
  const parts = { clientDataJSON: encoded(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) parts[name] = encoded(response[name]);
  }
  if (response.getTransports) parts.transports = response.getTransports();
  return {
    id: credential.id, rawId: encoded(credential.rawId), type: credential.type, response: parts,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

/* Of the form around the button, what goes with the passkey; a proof that comes back goes into that form, and on. */
async function use(button) {
  const { options, address, passkey } = button.dataset;
  const { id, name, next: follow, proof } = Object.fromEntries(new FormData(button.form));
  const line = document.getElementById("passkey-error");
  line.hidden = true;
  try {
    const asked = ready(await ask(options, { proof }));
    const credential = await navigator.credentials[passkey](asked);
    const answer = await ask(address, { id, name, next: follow, proof, response: told(credential) });
    if (answer.proof) {
      button.form.elements.proof.value = answer.proof;
      button.form.submit();
    } else location.assign(answer.next);
  } catch (error) {
    if (error.told && error.told.next) location.assign(error.told.next);
    else {
      line.textContent = error.told ? error.told.message : line.dataset.text;
      line.hidden = false;
    }
  }
}

if (window.PublicKeyCredential) {
  document.querySelectorAll("[data-unable=passkey]").forEach((line) => { line.hidden = true; });
  document.querySelectorAll("[data-able=passkey]").forEach((link) => { link.hidden = false; });
  document.querySelectorAll("[data-passkey]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => use(button));
  });
}
