// What steers the run: the buttons above, and those of scenarios and faults.

let noticeTimer = 0;

function notice(text, tone = "caution", seconds = 12) {
  const element = byId("notice");
  clearTimeout(noticeTimer);
  say(element, text);
  element.dataset.tone = tone;
  element.hidden = text === "";
  if (text !== "" && seconds > 0) noticeTimer = setTimeout(() => { element.hidden = true; }, seconds * 1000);
}

/** Does what a button stands for, and says so if it does not work. */
async function act(work) {
  try {
    await work();
    notice("");
  } catch (trouble) {
    notice(trouble.message, "bad");
  }
}

/** Asks before something that cannot be undone. */
function confirmed(title, text, yes) {
  const dialog = byId("confirm");
  say(byId("confirm-title"), title);
  say(byId("confirm-text"), text);
  say(byId("confirm-yes"), yes);
  dialog.returnValue = "no";
  dialog.showModal();
  byId("confirm-no").focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

class Controls {
  constructor() {
    this.status = null;
    const pause = byId("pause");
    pause.addEventListener("click", () => act(async () => {
      const paused = !this.status.paused;
      await ask("PATCH", "/api/v1/status", { paused });
      this.status.paused = paused;
      this.show(this.status);
    }));
    const stop = byId("stop");
    stop.addEventListener("click", async () => {
      const again = this.status.phase === "stopping";
      const agreed = again
        ? await confirmed("End the run at once?", "Iterations in progress are cut off. The result is written all the same.", "End at once")
        : await confirmed("Stop the run?", "No iteration starts any more, those in progress may end. The result is written, and the run counts as interrupted.", "Stop");
      if (agreed) await act(() => ask("PATCH", "/api/v1/status", { stopped: true, now: again }));
    });
  }

  show(status) {
    this.status = status;
    const goes = !status.over && status.run !== null && status.phase !== "idle";
    const pause = byId("pause");
    say(pause, status.paused ? "Resume" : "Pause");
    pause.disabled = !goes || status.phase === "stopping" || status.phase === "teardown";
    pause.classList.toggle("strong", status.paused);
    const stop = byId("stop");
    say(stop, status.phase === "stopping" ? "End at once…" : "Stop…");
    stop.disabled = status.over || status.run === null;
  }

  lock() {
    byId("pause").disabled = true;
    byId("stop").disabled = true;
    for (const button of document.querySelectorAll(".steer button, .steer input")) button.disabled = true;
  }
}

/** So many milliseconds after a click its own number is shown, unless the run tells it sooner. */
const SETTLES = 4000;

/** How a rate is changed by a click: by about a tenth, in round numbers. */
function stepOf(rate) {
  const tenth = Math.max(rate, 1) / 10;
  const size = 10 ** Math.floor(Math.log10(tenth));
  return [1, 2, 5].map((digit) => digit * size).findLast((step) => step <= tenth * 1.001) ?? size;
}

/** Fewer, a number, more, and a pause of its own: of users, or of iterations a second. */
class ScenarioControl {
  constructor(name) {
    this.path = `/api/v1/scenarios/${encodeURIComponent(name)}`;
    this.control = null;
    this.asked = null;
    this.unit = make("span", { class: "dim" });
    this.sent = Promise.resolve();
    const button = (text, label, work) => {
      const element = make("button", { type: "button", "aria-label": `${name}: ${label}` }, text);
      element.addEventListener("click", () => act(work));
      return element;
    };
    this.input = make("input", { type: "number", min: "0", step: "1", inputmode: "numeric" });
    this.input.addEventListener("change", () => act(() => this.set(this.input.valueAsNumber)));
    this.name = name;
    this.pause = button("Pause", "pause", async () => {
      await ask("PATCH", this.path, { paused: !this.control.paused });
      this.control = { ...this.control, paused: !this.control.paused };
      this.show(this.control);
    });
    this.less = button("−", "", () => this.step(-1));
    this.more = button("+", "", () => this.step(1));
    this.element = make("span", { class: "steer" }, this.less, this.input, this.unit, this.more, this.pause);
  }

  /** What of the control is changed. */
  get key() {
    return this.control.rate === null ? "vus" : "rate";
  }

  step(direction) {
    const now = this.control[this.key];
    if (this.key === "vus") return this.set(now + direction);
    const step = stepOf(direction < 0 ? now - 1e-9 : now);
    return this.set((Math.round(now / step) + direction) * step);
  }

  async set(value) {
    if (!Number.isFinite(value)) return;
    const { key } = this;
    value = key === "vus" ? Math.min(Math.max(0, Math.round(value)), this.control.vus_max) : Math.min(Math.max(0, Math.round(value * 1e3) / 1e3), 1e6);
    // Shown at once, so that the next click goes on from there, whatever an older second still tells.
    this.asked = { value, until: performance.now() + SETTLES };
    this.show(this.control);
    // One after the other: the last click counts.
    this.sent = this.sent.catch(() => {}).then(() => ask("PATCH", this.path, { [key]: value }));
    try {
      await this.sent;
    } catch (trouble) {
      this.asked = null;
      throw trouble;
    }
  }

  show(control) {
    this.control = control;
    const { key } = this;
    if (this.asked && (control[key] === this.asked.value || performance.now() > this.asked.until)) this.asked = null;
    if (this.asked) this.control = { ...control, [key]: this.asked.value };
    control = this.control;
    for (const part of this.element.children) part.disabled = false;
    const isRate = key === "rate";
    this.input.max = isRate ? 1e6 : control.vus_max;
    this.input.step = isRate ? "any" : "1";
    const label = (element, text) => element.setAttribute("aria-label", `${this.name}: ${text}`);
    label(this.input, isRate ? "iterations a second" : "users");
    label(this.less, isRate ? "a lower rate" : "one user fewer");
    label(this.more, isRate ? "a higher rate" : "one user more");
    say(this.unit, isRate ? "/s" : "");
    if (document.activeElement !== this.input) this.input.value = control[key];
    say(this.pause, control.paused ? "Resume" : "Pause");
  }
}

class Scenarios {
  constructor() {
    this.controls = new Map();
    this.kept = new Kept(byId("scenario-table").tBodies[0], () => make("tr", {}, make("th", { scope: "row" }), make("td"), make("td"),
      ...Array.from({ length: 6 }, () => make("td", { class: "n" }))));
  }

  show(rows) {
    this.kept.show(rows, (row) => row.name, (element, row) => {
      const planned = row.iterations_planned === null ? "" : ` of ${number(row.iterations_planned)}`;
      const left = row.state === "running" && row.total !== null ? `, ${span(Math.max(0, row.total - row.elapsed))} left` : "";
      const texts = [
        (row.control?.paused ? "paused" : row.state) + left,
        number(row.vus) + (row.allocated === null ? "" : ` of ${number(row.allocated)}`),
        number(row.iterations) + planned, perSecond(row.rate), latency(row.p95), number(row.errors), number(row.dropped),
      ];
      say(element.cells[0], row.name);
      texts.forEach((text, at) => say(element.cells[at + 2], text));
      element.cells[7].classList.toggle("bad", row.errors > 0);
      element.cells[8].classList.toggle("bad", row.dropped > 0);
      const place = element.cells[1];
      if (!row.control) {
        this.controls.delete(row.name);
        say(place, NOTHING);
        return;
      }
      let control = this.controls.get(row.name);
      if (!control || !place.contains(control.element)) {
        control = new ScenarioControl(row.name);
        this.controls.set(row.name, control);
        place.replaceChildren(control.element);
      }
      control.show(row.control);
    });
  }
}

class Faults {
  constructor() {
    this.kept = new Kept(byId("fault-table").tBodies[0], (row) => {
      const control = (word, path) => {
        const button = make("button", { type: "button", "aria-label": `${word} ${row.name}` }, word);
        button.addEventListener("click", () => act(async () => {
          if (word === "Inject" && !await confirmed(`Inject ${row.name}?`, "It breaks what the script says, until its time is over or you undo it.", "Inject")) return;
          await ask("POST", `/api/v1/faults/${encodeURIComponent(row.name)}/${path}`);
        }));
        return button;
      };
      return make("tr", {}, make("th", { scope: "row" }),
        make("td", {}, make("span", { class: "steer" }, control("Inject", "inject"), control("Undo", "undo"))),
        make("td", {}, make("span")), make("td"), make("td", { class: "n" }));
    });
  }

  show(rows, goes) {
    byId("faults").hidden = rows.length === 0;
    for (const element of document.querySelectorAll("[data-of=faults]")) element.hidden = rows.length === 0;
    this.kept.show(rows, (row) => row.name, (element, row) => {
      say(element.cells[0], row.name);
      badge(element.cells[2].firstElementChild, row.active ? "b-fail" : "b-none", row.active ? "⚡ at work" : "not at work");
      say(element.cells[3], row.trigger);
      say(element.cells[4], row.active ? span(row.left) : NOTHING);
      const [inject, undo] = element.cells[1].firstElementChild.children;
      inject.hidden = row.active;
      undo.hidden = !row.active;
      inject.disabled = undo.disabled = !goes;
    });
  }
}
