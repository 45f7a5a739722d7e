// The one line a tenant puts on its pages. It draws a button; the chat itself is a frame made at the first opening.
// Served by widget/loader.py, which fills in CONFIG (words, direction, accent) and drops comments and indents.
(function (config) {
  "use strict";
  if (window.Snug) return;

  const doc = document;
  const root = doc.documentElement;
  const script = doc.currentScript || doc.querySelector('script[src*="/widget.js"]');
  const data = script.dataset;
  const home = new URL(script.src).origin;
  const words = config.words;
  const phone = matchMedia("(max-width: 480px), (max-height: 420px)");
  const listeners = {};
  let memory = {};
  let store = {};
  const bubble = "M20.5 14.5a2 2 0 0 1-2 2H8l-4.5 4V5.5a2 2 0 0 1 2-2h13a2 2 0 0 1 2 2Z";
  const accent = [data.accent, config.accent].find((colour) => colour && CSS.supports("color", colour));
  let token = data.token || null;
  let unread = 0;
  let opened = false;
  let frame, ready, calm;

  // For this tab: whether the chat was opened (1) or closed ("") in it. For longer: the guest, where the frame may keep
  // nothing of its own.
  try {
    memory = sessionStorage;
    store = localStorage;
  } catch {}

  // What stands on the accent is black or white by the accent's own lightness.
  const css = `
    :host { all: initial !important; position: fixed !important; inset: auto 0 0 !important; height: 0 !important;
      z-index: 2147483000 !important; color-scheme: light dark !important; direction: ${config.dir};
      --a: ${accent || "light-dark(oklch(.435 .074 195), oklch(.77 .092 190))"} }
    :host([theme=light]) { color-scheme: light !important }
    :host([theme=dark]) { color-scheme: dark !important }
    button { all: unset }
    button, section { position: fixed; inset-inline-end: calc(20px + env(safe-area-inset-right));
      bottom: calc(20px + env(safe-area-inset-bottom)); transition: .16s cubic-bezier(.2, 0, 0, 1) }
    :host([side=left]) * { right: auto; left: calc(20px + env(safe-area-inset-left)) }
    :host([side=right]) * { left: auto; right: calc(20px + env(safe-area-inset-right)) }
    button { width: 56px; height: 56px; border-radius: 50%; cursor: pointer;
      background: var(--a); color: oklch(from var(--a) calc((.68 - l) * 999) 0 0); box-shadow: 0 8px 24px -6px #0008 }
    button:hover { transform: scale(1.05) }
    button:focus-visible { outline: 3px solid var(--a); outline-offset: 3px }
    svg { margin: 15px; width: 26px; fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linejoin: round }
    i { position: absolute; inset: -3px -3px auto auto; min-width: 20px; padding: 0 6px; box-sizing: border-box;
      border-radius: 10px; background: #b3261e; color: #fff; font: 600 12px/20px system-ui; text-align: center }
    i:empty { display: none }
    section { margin-bottom: 68px; width: 392px; height: min(680px, 100dvh - 112px); border-radius: 14px;
      overflow: hidden; background: light-dark(#fbf9f5, #171513); box-shadow: 0 0 0 1px #0001, 0 24px 64px -16px #0009;
      visibility: hidden; opacity: 0; transform: translateY(14px) scale(.97) }
    section.open { visibility: visible; opacity: 1; transform: none }
    iframe { border: 0; width: 100%; height: 100% }
    @media ${phone.media} {
      section { inset: var(--top, 0) 0 auto !important; margin: 0; width: auto; height: var(--tall, 100dvh);
        border-radius: 0; box-sizing: border-box; padding: env(safe-area-inset-top) 0 env(safe-area-inset-bottom) }
      button.open { display: none }
    }
    @media (prefers-reduced-motion) { * { transition: none !important } }
    @media print { :host { display: none !important } }`;

  function make(tag, attributes, ...children) {
    const svg = /svg|path/.test(tag);
    const element = svg ? doc.createElementNS("http://www.w3.org/2000/svg", tag) : doc.createElement(tag);
    for (const name in attributes) element.setAttribute(name, attributes[name]);
    element.append(...children);
    return element;
  }

  const shape = make("path");
  const badge = make("i");
  const button = make("button", { type: "button" }, make("svg", { viewBox: "0 0 24 24" }, shape), badge);
  const panel = make("section", { role: "dialog", "aria-label": words.title });
  const host = make("snug-widget", { popover: "manual", side: data.position, theme: data.theme });

  const shadow = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();

  // The top layer keeps the page's own stacking, transforms and opacity out of it.
  function attach() {
    if (host.isConnected || !doc.body) return;
    doc.body.append(host);
    host.showPopover?.();
  }

  function show() {
    const label = opened ? words.close : unread ? words.unread : words.open;
    button.setAttribute("aria-label", label.replace("{n}", unread));
    button.setAttribute("aria-expanded", !!opened);
    shape.setAttribute("d", opened ? "m6 9.5 6 6 6-6" : bubble);
    badge.textContent = opened || !unread ? "" : unread > 99 ? "99+" : unread;
    for (const part of [button, panel]) part.className = opened ? "open" : "";
  }

  function load() {
    if (frame) return;
    const query = new URLSearchParams({ embed: 1, room: data.room || "general", origin: location.origin });
    for (const name of ["accent", "theme"]) if (data[name]) query.set(name, data[name]);
    frame = make("iframe", { src: home + "/chat/?" + query, title: words.title, allow: "clipboard-write" });
    panel.append(frame);
  }

  // A chat that opens by itself (calm) leaves the focus where it is.
  function turn(now, byItself) {
    if (opened == now) return;
    load();
    opened = now;
    calm = byItself;
    show();
    tell({ type: now ? "open" : "closed" });
    if (phone.matches) root.style.overflow = now ? "hidden" : "";
    calm || (now ? frame : button).focus();
    memory.snug = now ? 1 : "";
    emit(now ? "open" : "close");
  }

  function tell(note) {
    if (ready) frame.contentWindow.postMessage({ snug: 1, calm, ...note }, home);
  }

  // The frame asks once at its start, and again (fresh) when the token was refused or is about to end. It judges what
  // `data-token-url` said: that code is not needed on a page whose visitor never opens the chat.
  async function hand(fresh) {
    const note = { type: "token", token, guest: store.snugGuest };
    if (data.tokenUrl && (fresh || !token)) {
      note.url = data.tokenUrl;
      try {
        const answer = await fetch(note.url, { credentials: "include" });
        note.status = answer.status;
        note.text = await answer.text();
      } catch {}
    } else if (fresh) emit("token");
    tell(note);
  }

  function emit(name, detail) {
    for (const listener of listeners[name] || []) listener(detail);
  }

  addEventListener("message", ({ source, origin, data: note }) => {
    if (!frame || source != frame.contentWindow || origin != home || note?.snug != 1) return;
    if (note.type == "ready") {
      ready = true;
      if (opened) tell({ type: "open" });
      hand();
    }
    if (note.type == "token") hand(true);
    if (note.type == "close") turn(false);
    if (note.type == "guest") store.snugGuest = note.guest;
    if (note.type == "unread") {
      unread = note.count;
      show();
      emit("unread", unread);
    }
  });

  const Snug = (window.Snug = {
    open: () => turn(true),
    close: () => turn(false),
    toggle: () => turn(!opened),
    setToken(value) {
      token = value;
      tell({ type: "token", token });
    },
    on(name, listener) {
      (listeners[name] ||= new Set()).add(listener);
      return () => listeners[name].delete(listener);
    },
  });

  sheet.replaceSync(css);
  shadow.adoptedStyleSheets = [sheet];
  if (data.launcher != "none") shadow.append(button);
  shadow.append(panel);
  button.onclick = Snug.toggle;
  button.onpointerenter = load;
  shadow.addEventListener("keydown", (event) => event.key == "Escape" && Snug.close());
  // The keyboard of a phone covers the layout viewport; the sheet keeps to what is left.
  visualViewport.addEventListener("resize", () => {
    panel.style.setProperty("--tall", visualViewport.height + "px");
    panel.style.setProperty("--top", visualViewport.offsetTop + "px");
  });
  // Also for frameworks that swap the body on navigation and would take the button away with it.
  new MutationObserver(attach).observe(root, { childList: true });
  show();
  attach();
  // What was open stays open on the next page, where it does not cover it. What was closed counts what is unread.
  const before = memory.snug;
  if (before == null ? "open" in data : before && !phone.matches) turn(true, true);
  else if (before != null) setTimeout(load, 2000);
  dispatchEvent(new Event("snug:ready"));
})(CONFIG);
