// The element <kvarium-lab>: a laboratory inside any page. Nothing is loaded before it is asked to run, and all
// elements of a page share one module.
//
//   scenario  single, 3-masters, …        src      a script to fetch in place of it       seed      a number
//   mode      lab, figure, terminal       view     the stage's panel: topology, keyspace, slots, clients
//   at        8.6s: where to begin        commands lines to run first, parted by ;        lang      en, zh
//   theme     light, dark, auto           height   in pixels                              readonly, autoplay

const MODULE = "./{{kvarium.js}}";
const STYLE = "./{{styles/kvarium.css}}";

const WORDS = {
  en: { run: "Run", again: "Run again", same: "same", different: "different", failed: "This could not be run" },
  zh: { run: "运行", again: "重新运行", same: "相同", different: "不同", failed: "无法运行" },
};

let loading;

/** The one module of this page, loaded when it is first needed. */
export function load() {
  loading ??= import(MODULE).then(async (module) => {
    await module.default();
    return module;
  });
  return loading;
}

const FRAME = `
  :host { display: block; position: relative; margin: 1em 0; }
  :host([hidden]) { display: none; }
  .stage { height: var(--height, 420px); }
  .before { position: relative; }
  .row { display: flex; gap: 8px; align-items: center; margin-top: 6px; }
  .transcript { margin: 0 0 8px; padding: 10px 12px; border: 1px solid var(--line); border-radius: 8px; overflow: auto;
        background: var(--sunken); color: var(--ink); font: 13px/1.5 var(--mono); }
  .line { display: grid; grid-template-columns: 1fr auto; gap: 12px; }
  .verdict { color: var(--ink-3); font: 12px/1.6 var(--sans); white-space: nowrap; }
  .different .verdict, .different .got { color: var(--bad); }
  .command { font-weight: 600; }
  .failed { color: var(--bad); }
`;

class KvariumLab extends HTMLElement {
  #lab;

  connectedCallback() {
    if (this.shadowRoot) return;
    const root = this.attachShadow({ mode: "open" });
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL(STYLE, import.meta.url);
    const style = document.createElement("style");
    style.textContent = FRAME;
    const before = document.createElement("div");
    before.className = "before kv";
    before.append(document.createElement("slot"), this.#button(this.#words.run));
    root.append(link, style, before);
    if (this.hasAttribute("autoplay") && this.getAttribute("autoplay") !== "false") this.start();
  }

  get #words() {
    const lang = this.getAttribute("lang") ?? this.closest("[lang]")?.lang ?? "en";
    return WORDS[lang.startsWith("zh") ? "zh" : "en"];
  }

  #button(text) {
    const row = document.createElement("div");
    row.className = "row";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button main";
    button.textContent = `▶ ${text}`;
    button.addEventListener("click", () => this.start());
    row.append(button);
    return row;
  }

  /** Loads the engine if that has not been done, and begins. Dispatches "ready". */
  async start() {
    const { Lab } = await load();
    const root = this.shadowRoot;
    root.querySelectorAll(".before, .after").forEach((part) => part.remove());
    const after = document.createElement("div");
    after.className = "after kv";
    root.append(after);
    try {
      await this.#begin(Lab, after);
      this.dispatchEvent(new CustomEvent("ready", { bubbles: true }));
    } catch (error) {
      const text = document.createElement("p");
      text.className = "failed";
      text.textContent = `${this.#words.failed}: ${error.message}`;
      after.append(text, this.#button(this.#words.again));
    }
  }

  async #begin(Lab, after) {
    const attribute = (name) => this.getAttribute(name) ?? undefined;
    const src = attribute("src");
    const script = src && (await (await fetch(src)).text());
    const seed = attribute("seed") && Number(attribute("seed"));
    const lang = this.#words === WORDS.zh ? "zh" : "en";
    const lab = Lab.create({ scenario: attribute("scenario"), seed, script, lang });
    this.#lab = lab;
    for (const name of ["event", "reply", "change"]) {
      lab.on(name, (detail) => this.dispatchEvent(new CustomEvent(name, { detail })));
    }
    for (const line of (attribute("commands") ?? "").split(/[;\n]/).map((line) => line.trim())) {
      if (line.startsWith("!") || line.startsWith("@")) lab.act(line);
      else if (line) lab.print(line);
    }
    if (attribute("at")) lab.seek(parseFloat(attribute("at")));
    const transcript = this.querySelector("pre");
    if (transcript) after.append(this.#check(transcript.textContent));
    const stage = document.createElement("div");
    stage.className = "stage";
    const mode = attribute("mode") ?? (transcript ? "terminal" : "lab");
    stage.style.setProperty("--height", `${parseInt(attribute("height") ?? (mode === "terminal" ? 220 : 420))}px`);
    after.append(stage);
    lab.show(stage, { mode, view: attribute("view"), readonly: this.hasAttribute("readonly"), theme: attribute("theme") });
    if (this.hasAttribute("autoplay") && this.getAttribute("autoplay") !== "false") lab.play();
  }

  /** Runs the commands of an authored transcript, and says of each of its lines whether the engine says the same. */
  #check(text) {
    const list = document.createElement("pre");
    list.className = "transcript";
    list.setAttribute("part", "transcript");
    const lines = text.replace(/^\n+|\s+$/g, "").split("\n");
    const command = (line) => /^[\w.:-]*(?:\(TX\))?> ?(.*)$/.exec(line)?.[1];
    for (let at = 0; at < lines.length; ) {
      const asked = command(lines[at]);
      this.#line(list, lines[at], "command");
      at += 1;
      if (asked === undefined) continue;
      const got = this.#lab.print(asked).split("\n");
      for (let line = 0; at < lines.length && command(lines[at]) === undefined; at += 1, line += 1) {
        const isSame = lines[at].trimEnd() === (got[line] ?? "").trimEnd();
        this.#line(list, lines[at], isSame ? "same" : "different", isSame ? undefined : (got[line] ?? ""));
      }
    }
    this.#lab.clear();
    return list;
  }

  #line(list, text, kind, got) {
    const row = document.createElement("div");
    row.className = `line ${kind}`;
    const said = document.createElement("span");
    said.textContent = text || " ";
    row.append(said);
    if (kind !== "command") {
      const verdict = document.createElement("span");
      verdict.className = "verdict";
      verdict.textContent = kind === "same" ? `✓ ${this.#words.same}` : `≠ ${this.#words.different}`;
      row.append(verdict);
    }
    if (got !== undefined) {
      const line = document.createElement("span");
      line.className = "got";
      line.textContent = `→ ${got}`;
      row.append(line);
    }
    list.append(row);
  }

  /** The laboratory itself, once it is there. */
  get lab() {
    return this.#lab;
  }
  run(command, node) {
    return this.#lab.run(command, node);
  }
  seek(to) {
    this.#lab.seek(to);
  }
  play() {
    this.#lab.play();
  }
  pause() {
    this.#lab.pause();
  }
  step() {
    this.#lab.step();
  }
  /** All that can be seen, or a part of it: `state("nodes.0.keys")`. */
  state(path) {
    const names = path ? path.split(".") : [];
    return names.reduce((value, name) => value?.[name], this.#lab.state());
  }
  export() {
    return this.#lab.export();
  }
}

customElements.define("kvarium-lab", KvariumLab);
