// Passkeys need a script: browsers know them by no other way. It asks for a challenge, has the
// browser sign it, and sends the answer by the page's own form, which says what came of it.
"use strict";

const able = window.PublicKeyCredential && PublicKeyCredential.parseRequestOptionsFromJSON;
// Before the challenge is too old, a page that still waits asks for another.
const RENEW = 4 * 60 * 1000;
const WHY = { AbortError: "cancelled", NotAllowedError: "cancelled", InvalidStateError: "known" };
let waiting = null;

async function challenge(purpose) {
  const adds = purpose === "add";
  const answer = await fetch(adds ? "/factors/passkeys/challenge" : "/sessions/passkey/challenge", {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(adds ? {} : { purpose }),
  });
  const told = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(told.code), { code: told.code });
  return told;
}

async function signed(purpose, asked, more) {
  const key = PublicKeyCredential;
  return purpose === "add"
    ? navigator.credentials.create({ publicKey: key.parseCreationOptionsFromJSON(asked.publicKey) })
    : navigator.credentials.get({ publicKey: key.parseRequestOptionsFromJSON(asked.publicKey), ...more });
}

function send(form, asked, credential) {
  form.elements.namedItem("ticket").value = asked.ticket;
  form.elements.namedItem("credential").value = JSON.stringify(credential.toJSON());
  form.submit();
}

// What went wrong, in the words of the page; or the page where what is missing is asked for.
function failed(form, error) {
  if (error.code === "login_not_recent") return location.assign("/account/confirm?next=/account/factors");
  if (["login_over", "session_none"].includes(error.code)) return location.reload();
  const said = form.querySelector("[role=status]");
  said.textContent = said.dataset[WHY[error.name] || "failed"];
  said.hidden = false;
  delete form.dataset.sent;
  delete form.dataset.busy;
  if (form.dataset.passkey === "login") offered(form);
}

async function pressed(form, event) {
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  form.querySelector("[role=status]").hidden = true;
  if (waiting) waiting.abort();
  try {
    const asked = await challenge(form.dataset.passkey);
    send(form, asked, await signed(form.dataset.passkey, asked));
  } catch (error) { failed(form, error); }
}

// The browser offers passkeys where the address is typed, as long as nobody presses the button.
async function offered(form) {
  if (!await PublicKeyCredential.isConditionalMediationAvailable?.()) return;
  const mine = waiting = new AbortController();
  const late = setTimeout(() => { mine.abort(); offered(form); }, RENEW);
  try {
    const asked = await challenge("login");
    if (mine.signal.aborted) throw new Error("pressed");
    const credential = await signed("login", asked, { mediation: "conditional", signal: mine.signal });
    send(form, asked, credential);
  } catch { clearTimeout(late); }
}

if (able) {
  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    form.addEventListener("submit", (event) => pressed(form, event));
    if (form.dataset.passkey === "login") offered(form);
  }
  document.querySelectorAll("[data-without-passkeys]").forEach((part) => { part.hidden = true; });
}
