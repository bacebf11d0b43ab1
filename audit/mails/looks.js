// Measures a mail as the browser shows it: every text with its size in px, its contrast (WCAG 2.2, 1.4.3) and where it
// ends, every button's height in px, how wide the whole is, and what stands in the first screen of `height` px.
(height) => {
  const canvas = document.body.appendChild(document.createElement("i"));
  canvas.style.backgroundColor = "Canvas";
  const colour = (value) => value.match(/[\d.]+/g).map(Number);
  const paper = colour(getComputedStyle(canvas).backgroundColor);
  canvas.remove();

  const luminance = ([red, green, blue]) => {
    const linear = (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const [r, g, b] = [red, green, blue].map((c) => linear(c / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const over = (front, back) => front.slice(0, 3).map((c, i) => c * (front[3] ?? 1) + back[i] * (1 - (front[3] ?? 1)));
  const ground = (element) => {
    if (element === null) return paper;
    const own = colour(getComputedStyle(element).backgroundColor);
    return (own[3] ?? 1) === 1 ? own : over(own, ground(element.parentElement));
  };
  const contrast = (element) => {
    const back = ground(element);
    const pair = [over(colour(getComputedStyle(element).color), back), back].map(luminance).sort((a, b) => b - a);
    return (pair[0] + 0.05) / (pair[1] + 0.05);
  };

  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (!node.data.trim() || !box.width || !box.height || node.parentElement.closest("style, title")) continue;
    texts.push({
      text: node.data.trim().replace(/\s+/g, " "),
      size: parseFloat(getComputedStyle(node.parentElement).fontSize),
      contrast: contrast(node.parentElement),
      bottom: box.bottom + scrollY,
    });
  }
  const links = [...document.querySelectorAll("a[href]")].map((link) => {
    const box = link.getBoundingClientRect();
    const isButton = getComputedStyle(link).display !== "inline";
    const where = { height: box.height, bottom: box.bottom + scrollY };
    return { href: link.getAttribute("href"), text: link.innerText.trim(), isButton, ...where };
  });
  return {
    texts,
    links,
    width: document.documentElement.scrollWidth,
    first: texts.filter(({ bottom }) => bottom <= height).map(({ text }) => text),
    reach: links.filter(({ bottom }) => bottom <= height).map(({ href }) => href),
  };
}
