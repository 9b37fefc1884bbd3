"use strict";
// The page reads without this: it draws the same pictures anew so that they answer the pointer,
// and keeps language, title and address in step.
const tip = document.createElement("div");
tip.id = "tip";
tip.hidden = true;
document.body.append(tip);

function showTip(_, event, item, value) {
  tip.hidden = !value;
  if (!value) return;
  tip.textContent = String(value);
  tip.style.left = `${Math.max(8, Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${Math.min(event.clientY + 16, innerHeight - tip.offsetHeight - 8)}px`;
}

async function draw(picture) {
  const specification = JSON.parse(document.getElementById(picture.dataset.specification).textContent);
  const box = document.createElement("div");
  box.setAttribute("aria-hidden", "true");
  await new vega.View(vega.parse(specification), { renderer: "svg", container: box, hover: true })
    .tooltip(showTip).runAsync();
  picture.replaceChildren(box);
  delete picture.dataset.specification;
}

function speak(language) {
  const edition = document.getElementById(language);
  document.documentElement.lang = edition.lang;
  document.title = edition.dataset.title;
  for (const picture of edition.querySelectorAll("[data-specification]")) draw(picture);
}

const switches = [...document.querySelectorAll("input[name=language]")];
for (const choice of switches) {
  choice.addEventListener("change", () => {
    history.replaceState(null, "", `#${choice.value}`);
    speak(choice.value);
  });
}
const wanted = switches.find((choice) => `#${choice.value}` === location.hash.split("-")[0]);
if (wanted) wanted.checked = true;
speak(switches.find((choice) => choice.checked).value);
