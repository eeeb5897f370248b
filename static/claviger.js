// Claviger: the kit for pages of other products. See docs/embedding.md.
//   <claviger-keys embed="ID" launch="/your/token"></claviger-keys>
(() => {
  "use strict";
  const ORIGIN = new URL(document.currentScript.src).origin;  // a module would not know
  const BRAKE_MS = 30000;
  const make = (tag, what) => Object.assign(document.createElement(tag), what);

  const open = (host) => {
    const stop = new AbortController(), { signal } = stop;
    const launch = host.getAttribute("launch");
    const address = `${ORIGIN}/embed/${host.getAttribute("embed")}`;
    const note = make("p", { role: "alert" });
    // The policy names the site to Claviger even where pages send no referrer.
    const frame = make("iframe", { name: `claviger${Math.random()}`, referrerPolicy: "strict-origin" });
    // No style attribute: policies forbid it.
    Object.assign(frame.style, { display: "block", width: "100%", height: "24rem", border: "0" });
    let launchedAt, isDue, isOut;

    // False where the page prevents our default.
    const say = (type, detail) => host.dispatchEvent(new CustomEvent(type, { detail, cancelable: true }));

    const dress = () => {
      const theme = host.getAttribute("theme");
      frame.title = host.title || "Model providers";
      frame.style.colorScheme = theme === "auto" ? "light dark" : theme;
      if (theme) frame.contentWindow?.postMessage({ type: "claviger:theme", theme }, ORIGIN);
    };

    // Only a navigation gives it a cookie, and a form keeps the token out of the address.
    const post = (where, value) => {
      note.remove();
      if (!frame.isConnected) host.append(frame);
      const form = make("form", { method: "post", action: address + where, target: frame.name });
      form.append(make("input", { name: "token", value }));
      host.append(form);
      form.submit();
      form.remove();
    };

    const start = async () => {
      launchedAt = performance.now();
      isDue = false;
      let why = "gave no answer", token;
      try {
        const answer = await fetch(launch, { method: "POST", signal });
        why = `answered ${answer.status} without a token`;
        const text = (await answer.text()).trim();
        if (answer.ok) token = text[0] === "{" ? JSON.parse(text).token : text;
      } catch { /* why says it */ }
      if (signal.aborted || isOut) return;
      if (/^[\w-]+(\.[\w-]+){2}$/.test(token)) return post("/launch", token);
      const message = `${frame.title}: ${launch} ${why}. Reload the page; sign in again if asked.`;
      if (say("error", { message })) host.prepend(note);
      note.textContent = message;
    };

    // When somebody looks, and not so soon that it loops.
    const again = () => {
      if (!isDue || isOut || document.hidden || signal.aborted) return;
      const wait = launchedAt + BRAKE_MS - performance.now();
      if (wait > 0) setTimeout(again, wait);
      else start();
    };

    addEventListener("message", ({ source, origin, data }) => {
      if (source !== frame.contentWindow || origin !== ORIGIN) return;
      const type = /^claviger:(\w+)$/.exec(data?.type)?.[1];
      if (type === "ready") dress();
      if (type === "height") frame.style.height = `${Math.ceil(data.height)}px`;
      else if (type && say(type) && type === "ended" && data.reason !== "left") { isDue = launch; again(); }
    }, { signal });
    document.addEventListener("visibilitychange", again, { signal });

    dress();
    host.replaceChildren();
    if (launch) start();
    else { frame.src = address; host.append(frame); }
    return { dress, stop, logOut() { isOut = true; post("/log-out", ""); } };
  };

  customElements.get("claviger-keys") || customElements.define("claviger-keys", class extends HTMLElement {
    static observedAttributes = ["theme", "title"];
    #open;
    connectedCallback() { this.#open = open(this); }
    disconnectedCallback() { this.#open.stop.abort(); this.#open = null; this.replaceChildren(); }
    attributeChangedCallback() { this.#open?.dress(); }
    logOut() { this.#open?.logOut(); }
  });
})();
