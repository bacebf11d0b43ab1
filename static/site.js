// Comfort for those with script; every page does all it does without it. Nothing here makes markup from text.

const wide = matchMedia("(min-width: 48rem)");

// Filters apply as soon as they are chosen with a pointer. Who walks through the choices by keyboard has the button:
// a page that changed under every arrow key could not be used.
for (const form of document.querySelectorAll("form.filters")) {
  let pointed = false;
  form.addEventListener("pointerdown", () => { pointed = true; });
  form.addEventListener("keydown", () => { pointed = false; });
  form.addEventListener("change", ({ target }) => {
    if (pointed && wide.matches && target.matches("select")) form.requestSubmit();
  });
}

// A second click sends nothing twice. Coming back by the back button, or after a while without an answer, one may again.
const sent = new WeakSet();
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (sent.has(form)) { event.preventDefault(); return; }
  sent.add(form);
  setTimeout(() => sent.delete(form), 8000);
});
addEventListener("pageshow", () => { for (const form of document.forms) sent.delete(form); });

// A menu closes on Escape and on a click beside it.
for (const menu of document.querySelectorAll("details.menu")) {
  document.addEventListener("click", ({ target }) => { if (!menu.contains(target)) menu.open = false; });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    event.preventDefault(); // the key is spent: a gallery is not left with it
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

// In a gallery the arrow keys and swipes go from picture to picture, and Escape back to the home.
const shots = [...document.querySelectorAll(".gallery .shot")];
const steps = { ArrowRight: 1, ArrowLeft: -1 };
const away = (shot) => Math.abs(shot.getBoundingClientRect().top);
function step(by) {
  const here = shots.reduce((nearest, shot, index) => (away(shot) < away(shots[nearest]) ? index : nearest), 0);
  const next = shots[here + by];
  if (!next) return;
  next.querySelector("a").focus({ preventScroll: true });
  next.scrollIntoView({ behavior: "instant" }); // a second step counts from where the first one ended
}
if (shots.length) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.key === "Escape") document.querySelector(".crumbs li:last-child a").click();
    if (!(event.key in steps)) return;
    event.preventDefault();
    step(steps[event.key]);
  });
  let from = null; // where a single finger came down; in a page that is zoomed it only moves the page
  document.addEventListener("touchstart", ({ touches }) => {
    from = touches.length === 1 && visualViewport.scale === 1 ? touches[0] : null;
  }, { passive: true });
  document.addEventListener("touchend", ({ changedTouches: [to] }) => {
    if (!from) return;
    const across = from.clientX - to.clientX, down = from.clientY - to.clientY;
    if (Math.abs(across) > Math.max(48, 2 * Math.abs(down))) step(Math.sign(across));
  });
}
