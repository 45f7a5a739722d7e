// The link of the section that is being read: the one that was asked for, until the reader scrolls on by themselves.

const HEAD = 128; // pixels at the top of the window that the bar and the links may cover
const STILL = 4; // pixels within which nobody has scrolled

export class Sections {
  #side;
  #links;
  #sections;
  #asked = "";
  #askedAt = 0;
  #marked = null;

  /** @param {HTMLElement} side the links, at least one of them to a section of this page */
  constructor(side) {
    this.#side = side;
    this.#links = new Map([...side.querySelectorAll("a[href^='#']")].map((link) => [link.hash.slice(1), link]));
    this.#sections = [...this.#links.keys()].map((id) => document.getElementById(id));
    addEventListener("scroll", () => requestAnimationFrame(() => this.#mark()), { passive: true });
    addEventListener("resize", () => this.#mark());
    addEventListener("hashchange", () => this.ask());
    side.addEventListener("click", () => requestAnimationFrame(() => this.ask())); // the same link twice changes no hash
    this.#mark();
  }

  /** Mark the section that the address names. */
  ask() {
    const section = this.#links.has(location.hash.slice(1)) && document.getElementById(location.hash.slice(1));
    const top = section ? section.getBoundingClientRect().top : -1;
    this.#asked = top >= 0 && top < innerHeight ? section.id : ""; // after a reload the window may stand elsewhere
    this.#askedAt = scrollY;
    this.#mark();
  }

  #reading() {
    if (this.#asked && Math.abs(scrollY - this.#askedAt) <= STILL) return this.#asked;
    this.#asked = "";
    // The line we go by sinks to the foot of the window as the page comes to its end: the last sections never reach the top.
    const left = document.documentElement.scrollHeight - innerHeight;
    const line = HEAD + (innerHeight - HEAD) * (left > 0 ? Math.min(1, scrollY / left) : 0);
    return this.#sections.findLast((section) => section.getBoundingClientRect().top <= line)?.id ?? this.#sections[0].id;
  }

  #mark() {
    const link = this.#links.get(this.#reading());
    if (link === this.#marked) return;
    this.#marked?.removeAttribute("aria-current");
    this.#marked = link;
    link.setAttribute("aria-current", "true");
    const side = this.#side;
    side.scrollLeft = link.offsetLeft - (side.clientWidth - link.offsetWidth) / 2; // on a phone, they are a row that scrolls
  }
}
