// Claviger: the whole script. Every page works without it.
// It only saves steps: copying, revealing, closing menus, filling in what we suggest.
(() => {
  "use strict";
  const $ = (sel, root = document) => root.querySelector(sel);
  const $$ = (sel, root = document) => [...root.querySelectorAll(sel)];
  const on = (type, fn, opt) => document.addEventListener(type, fn, opt);

  // One polite live region, for things that happen without a page load.
  const live = document.createElement("div");
  live.className = "vh";
  live.setAttribute("role", "status");
  document.body.append(live);
  const say = (text) => { live.textContent = ""; setTimeout(() => { live.textContent = text; }, 60); };

  // 1. After a redirect, the message (error summary or success note) gets the focus, so it is read first,
  //    also where the address leads further down.
  const arrival = $("[data-arrive]");
  if (arrival) { arrival.tabIndex = -1; arrival.focus({ preventScroll: true }); }

  on("click", (e) => {
    const t = e.target.closest("[data-copy],[data-reveal],[data-use],[data-dismiss]");

    // 2. Copy
    if (t?.dataset.copy !== undefined) {
      const text = t.dataset.copy || $(t.dataset.copyFrom)?.innerText || "";
      const label = $("[data-label]", t);
      const done = (ok) => {
        say(ok ? "Copied" : "Could not copy. Select the text and copy it by hand.");
        if (!label) return;
        const was = label.textContent;
        label.textContent = ok ? "Copied" : "Not copied";
        setTimeout(() => { label.textContent = was; }, 1600);
      };
      const byHand = () => {                                  // plain http, or an iframe without clipboard permission
        const a = document.createElement("textarea");
        a.value = text; a.className = "vh"; t.after(a); a.select();
        const ok = document.execCommand("copy");
        a.remove(); t.focus();
        done(ok);
      };
      navigator.clipboard ? navigator.clipboard.writeText(text).then(() => done(true), byHand) : byHand();
    }

    // 3. Show or hide a secret
    if (t?.dataset.reveal) {
      const input = document.getElementById(t.dataset.reveal);
      const show = input.type === "password" || (input.classList.contains("secret") && !input.classList.contains("shown"));
      if (input.classList.contains("secret")) input.classList.toggle("shown", show);
      else input.type = show ? "text" : "password";
      $("[data-label]", t).textContent = show ? "Hide" : "Show";
      say(show ? "Shown on screen" : "Hidden");
    }

    // 4. "Use this": fill a suggested value in. Without script the button sends it to the server.
    if (t?.dataset.use) {
      const input = document.getElementById(t.dataset.use);
      if (input) { e.preventDefault(); input.value = t.value; input.focus(); say("Filled in"); }
    }

    // 5. A message can be put away
    if (t?.dataset.dismiss !== undefined) { t.closest(".note")?.remove(); $("main")?.focus(); }

    // 6. Menus close when you click elsewhere
    $$("details.menu[open]").forEach((m) => { if (!m.contains(e.target)) m.open = false; });
  });

  on("keydown", (e) => {
    if (e.key !== "Escape") return;
    const m = e.target.closest?.("details.menu[open]") ?? $("details.menu[open]");
    if (m) { m.open = false; $("summary", m).focus(); }
  });

  // 7. A pasted key: trim it and say what was received, without showing it
  on("input", (e) => {
    const f = e.target;
    if (!f.matches?.(".secret")) return;
    const v = f.value.trim();
    if (v !== f.value && v) f.value = v;
    const out = document.getElementById(f.id + "-got");
    if (out) out.textContent = v.length > 8 ? `Received ${v.length} characters, ending ${v.slice(-4)}.` : "";
  });

  // 8. Submitting: one submit only, and say that a check is running
  on("submit", (e) => {
    const b = e.submitter;
    if (e.target.dataset.sent) { e.preventDefault(); return; }
    e.target.dataset.sent = "1";
    setTimeout(() => rest(e.target), 20000);                  // longer than the server's own limit
    if (b?.dataset.busy) {
      b.setAttribute("aria-busy", "true");
      const l = $("[data-label]", b);
      if (l) { l.dataset.was = l.textContent; l.textContent = b.dataset.busy; }
      say(b.dataset.busy);
    }
  });
  const rest = (form) => {
    delete form.dataset.sent;
    $$("[aria-busy]", form).forEach((b) => { b.removeAttribute("aria-busy"); const l = $("[data-label]", b); if (l && l.dataset.was) l.textContent = l.dataset.was; });
  };
  addEventListener("pageshow", (e) => { if (e.persisted) $$("form[data-sent]").forEach(rest); });   // back button

  // 9. Service-account file: read here so the summary shows before anything is sent
  const summarise = (text, out) => {
    const box = out.parentElement;
    try {
      const j = JSON.parse(text);
      if (j.type !== "service_account") throw 0;
      out.textContent = `Service account ${j.client_email}, project ${j.project_id}.`;
    } catch { out.textContent = "This doesn’t look like a service account key. You can still send it, and we’ll say what’s wrong."; }
    box.hidden = false;
    say(out.textContent);
  };
  on("change", (e) => {
    const f = e.target;
    const out = f.dataset?.summary && document.getElementById(f.dataset.summary);
    if (out && f.files?.[0]) f.files[0].text().then((t) => summarise(t, out));
  });
  $$(".drop").forEach((d) => {
    const f = $("input[type=file]", d);
    const over = (v) => (e) => { e.preventDefault(); d.classList.toggle("over", v); };
    d.addEventListener("dragover", over(true));
    d.addEventListener("dragleave", over(false));
    d.addEventListener("drop", (e) => { over(false)(e); f.files = e.dataTransfer.files; f.dispatchEvent(new Event("change", { bubbles: true })); });
  });

  // 10. Times: the server writes UTC; show the reader's own zone on hover
  $$("time[datetime]").forEach((t) => {
    const d = new Date(t.dateTime);
    if (t.dateTime.includes("T") && !isNaN(d)) t.title = d.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
  });
})();
