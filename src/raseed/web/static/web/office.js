"use strict";
/* Comfort only: every page of the back office works without this file. */

/* "/" leads to the search, wherever one is not typing already. */
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const box = document.querySelector("main input[type=search]") || document.querySelector("input[type=search]");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
});

/* A choice that stands for itself (the institution) is sent when made; its button stays for who has no script. */
addEventListener("change", (event) => {
  if (event.target.hasAttribute("data-send")) event.target.form.requestSubmit();
});
