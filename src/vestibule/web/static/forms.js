// What a form is kinder with. Nothing here is needed: every page works without it.
"use strict";

// A second click must not send a form twice: the first answer, with its cookie, would be lost.
function once(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    else if (!("again" in form.dataset)) form.dataset.sent = "yes";
    for (const input of form.querySelectorAll("input[data-show]")) input.type = "password";
  });
}

function showable(input) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = input.dataset.show;
  button.setAttribute("aria-label", input.dataset.label);
  button.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-controls", input.id);
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.textContent = shown ? input.dataset.hide : input.dataset.show;
    button.setAttribute("aria-label", input.dataset.label);
    button.setAttribute("aria-pressed", String(shown));
  });
  input.after(button);
}

// What the password is worth, asked for when nobody types for a moment.
function judged(input) {
  const said = document.getElementById(input.dataset.strength);
  let waiting = 0;
  let asked = 0;
  async function ask() {
    const mine = ++asked;
    if (!input.value) { said.hidden = true; return; }
    try {
      const email = input.form.elements.namedItem("email");
      const answer = await fetch("/password_strength", {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ password: input.value, email: email ? email.value : "" }),
      });
      if (!answer.ok || mine !== asked) return;
      const verdict = await answer.json();
      const words = verdict.accepted
        ? said.getAttribute(`data-score-${verdict.score}`)
        : said.getAttribute(`data-rule-${verdict.rule}`);
      said.dataset.score = verdict.accepted ? verdict.score : 0;
      said.textContent = [words, verdict.advice].join(" ").trim();
      said.hidden = !words;
    } catch { said.hidden = true; }
  }
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, 400);
  });
}

// Codes that are shown once: into the clipboard, or on paper.
function copied(button) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    const codes = document.getElementById(button.dataset.copy).querySelectorAll("code");
    await navigator.clipboard.writeText([...codes].map((code) => code.textContent).join("\n"));
    button.textContent = button.dataset.done;
  });
}

function printed(button) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

document.querySelectorAll("form").forEach(once);
document.querySelectorAll("[data-copy]").forEach(copied);
document.querySelectorAll("[data-print]").forEach(printed);
document.querySelectorAll("input[data-show]").forEach(showable);
document.querySelectorAll("input[data-strength]").forEach(judged);
// Who comes back to a page that was kept may send its form again.
addEventListener("pageshow", () => {
  document.querySelectorAll("form").forEach((form) => delete form.dataset.sent);
});
