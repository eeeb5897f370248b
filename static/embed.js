// Claviger inside another product's page: the frame, and the windows that it opens. Everything works without it;
// it saves reloading, scrolling and looking for the window. docs/embedding.md lists the messages.
(() => {
  "use strict";
  const { place, base, listeners } = document.documentElement.dataset;
  const $ = (sel) => document.querySelector(sel);

  // 1. In a window: tell the frame that has opened it, and nobody else; then close.
  if (place === "window" || $("[data-consented]")) {
    const ticket = $("[data-consented]")?.dataset.consented;
    const done = $("[data-done]");
    const news = ticket ? { type: "claviger:consented", ticket } : { type: "claviger:look" };
    // A message on top of the page means that something has changed.
    if (ticket || done || $(".note[data-arrive]")) opener?.postMessage(news, location.origin);
    if (opener && (ticket || done)) close();
    else if (done) location.replace(done.dataset.done);
    return;
  }
  if (place !== "frame" || parent === window) return;

  // 2. To the page around the frame, at the origins that the server knows; only the right one receives it.
  const around = location.ancestorOrigins?.[0];
  const known = (listeners ?? "").split(" ").filter(Boolean);
  const targets = known.includes(around) ? [around] : known;
  const tell = (message) => targets.forEach((origin) => parent.postMessage(message, origin));
  tell({ type: "claviger:ready" });
  const ended = $("[data-ended]");
  if (ended) tell({ type: "claviger:ended", reason: ended.dataset.ended });
  const refused = $("[data-refused]");
  if (refused) tell({ type: "claviger:refused", reason: refused.dataset.refused });
  // With what hangs over the end: a menu that is open must not be cut off. The browser rounds, so one pixel more.
  const measure = () => tell({ type: "claviger:height", height: document.body.scrollHeight + 1 });
  new ResizeObserver(measure).observe(document.body);
  document.addEventListener("toggle", measure, true);

  // 3. Messages: from our own windows, and from the page around us. What is new is shown once, so look only once.
  let hasLooked = false;
  const look = () => {
    // A form that somebody is filling in stays.
    if (hasLooked || $("[data-seen]")) return;
    hasLooked = true;
    location.replace(`${base}/providers`);
  };
  addEventListener("message", ({ source, origin, data }) => {
    if (origin === location.origin && data?.type === "claviger:look") {
      tell({ type: "claviger:changed" });
      look();
    }
    if (origin === location.origin && data?.type === "claviger:consented" && redeem) {
      redeem.elements.ticket.value = data.ticket;
      redeem.submit();
    }
    if (source !== parent || !known.includes(origin)) return;
    if (data?.type === "claviger:theme") {
      const html = document.documentElement;
      if (data.theme === "light" || data.theme === "dark") html.dataset.theme = data.theme;
      else delete html.dataset.theme;
    }
    if (data?.type === "claviger:log-out") {
      fetch(`${base}/log-out`, { method: "POST" }).then(() => location.replace(`${base}?left`));
    }
  });

  // A window that cannot tell us anything (the host page may have cut the tie): look when somebody comes back.
  let isAway = false;
  $("#opens-window")?.addEventListener("submit", () => { isAway = true; });
  document.addEventListener("visibilitychange", () => {
    if (isAway && !document.hidden) look();
  });

  // 4. Connecting: say which page is around us, and offer what the browser lets a frame ask for.
  const consent = $("[data-consent]"), redeem = $("[data-redeem]");
  if (consent && !consent.elements.site.value && known.includes(around)) consent.elements.site.value = around;
  if (redeem) redeem.hidden = true;
  consent?.addEventListener("submit", () => { redeem.hidden = false; });
  redeem?.addEventListener("submit", (e) => {
    if (redeem.elements.ticket.value || !document.requestStorageAccess) return;
    e.preventDefault();
    const go = () => redeem.submit();
    document.requestStorageAccess().then(go, go);
  });

  // 5. A key typed in the frame: only while the browser vouches that nothing covers the form.
  const seen = $("[data-seen]");
  if (!seen) return;
  const form = seen.form;
  const watched = new Map([...form.querySelectorAll(".input, .area, button:not(.vh)")].map((part) => [part, false]));
  try {
    const watch = new IntersectionObserver(
      (entries) => entries.forEach((entry) => watched.set(entry.target, entry.isVisible === true)),
      { trackVisibility: true, delay: 100, threshold: [0, 0.5, 1] },
    );
    watched.forEach((_, part) => watch.observe(part));
  } catch { /* without the observer nothing is vouched for, and the server says so */ }
  form.addEventListener("submit", (e) => {
    const parts = [document.activeElement, e.submitter].filter((part) => watched.has(part));
    seen.value = parts.length && parts.every((part) => watched.get(part)) ? "yes" : "";
  });
})();
