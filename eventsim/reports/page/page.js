"use strict";
/* Puts the page together: its runs, what it says of them, and which moment of them it shows. */

const LEGEND = {
  sources: ["delivered", "partly", "failed", "discarded", "refused"],
  functions: ["done", "error", "init", "running"],
  all: ["waiting"],
};

class Page {
  constructor(names) {
    this.names = names;
    this.view = new View();
    this.runs = [];
    this.lanes = [];
    this.palette = palette();
    this.details = new Details(byId("details"), this.view, (choice) => this.choose(choice));
    this.playing = null;
    this.view.onChange(() => this.draw());
  }

  /* Take a portion of a run (reports/html.py, Feed), embedded or just come; refresh() shows it. */
  add(portion) {
    while (this.runs.length <= portion.run) this.addRun();
    this.runs[portion.run].add(portion);
  }

  addRun() {
    const run = new Run(this.names);
    const section = element("section", "run");
    section.heading = element("h2");
    const scroller = element("div", "lanes");
    scroller.tabIndex = 0;
    scroller.setAttribute("role", "application");
    scroller.setAttribute("aria-roledescription", "timeline");
    scroller.setAttribute("aria-describedby", "keys");
    const [inner, labels, holder, canvas] = [
      element("div", "inner"),
      element("div", "labels"),
      element("div", "holder"),
      element("canvas"),
    ];
    canvas.setAttribute("aria-hidden", "true");
    holder.append(canvas);
    inner.append(labels, holder);
    scroller.append(inner);
    section.append(section.heading, scroller);
    byId("runs").append(section);
    this.runs.push(run);
    const lanes = new LanesView(run, this.view, {scroller, inner, labels, canvas}, this.palette);
    lanes.section = section;
    this.lanes.push(lanes);
    this.plots = new Plots(this.runs, this.view, byId("plots"), this.palette);
  }

  /* Show what came: everything that depends on the data is made anew. */
  refresh() {
    const end = Math.max(...this.runs.map((run) => run.until));
    this.view.extend(end, this.runs[0].head.at);
    document.body.classList.toggle("two", this.runs.length > 1);
    this.lanes.forEach((lanes, number) => {
      lanes.layOut();
      const {head} = lanes.run;
      lanes.section.heading.textContent = visible(head.name || head.scenario);
      lanes.section.heading.hidden = this.runs.length < 2;
      lanes.scroller.setAttribute(
        "aria-label",
        `Timeline of ${visible(head.name || head.scenario)}, run ${number + 1}`,
      );
    });
    showHead(this.runs, this.names.changed);
    this.legend();
    this.resize();
  }

  resize() {
    this.plots.make();
    this.draw();
    this.drawOverview();
  }

  legend() {
    const groups = new Set(this.runs.flatMap((run) => run.lanes.map(({group}) => group)));
    const seen = new Set(
      this.runs.flatMap((run) => [...new Set(run.bars.outcome)].map((n) => run.names.outcomes[n])),
    );
    const outcomes = [
      ...(groups.has("sources") ? LEGEND.sources : []),
      ...(groups.has("functions") ? LEGEND.functions : []),
      ...LEGEND.all,
    ];
    const items = outcomes
      .filter((outcome) => seen.has(outcome))
      .map((outcome) => this.legendOf(outcome));
    const looks = new Set(
      this.runs.flatMap((run) => [...new Set(run.ticks.look)].map((n) => run.names.looks[n])),
    );
    const marks = [
      ["arrival", "arrived"],
      ["event", "changed, or delivered"],
      ["wrong", "lost or refused"],
    ];
    for (const [look, words] of marks) if (looks.has(look)) items.push(this.legendOf(look, words));
    byId("legend").replaceChildren(...items);
  }

  legendOf(sort, words = OUTCOME_WORDS[sort]) {
    const item = element("li");
    const canvas = element("canvas");
    const sample = Object.create(LanesView.prototype);
    const [context] = fitted(canvas, 18, 12);
    Object.assign(sample, {
      context,
      palette: this.palette,
      width: 18,
      boxOf: () => [0, 1, 18, 10],
      writeIn: () => undefined,
    });
    if (sort in this.palette.outcomes) sample.drawBar(0, sort, 1, 16);
    else sample.drawTick({slots: [], y: 0, height: 12}, 9, sort);
    item.append(canvas, words);
    return item;
  }

  draw() {
    for (const lanes of this.lanes) lanes.draw();
    this.plots.draw();
    this.drawAxis();
    this.drawNow();
    this.drawBrush();
  }

  drawAxis() {
    const box = byId("axis");
    const [context, width] = fitted(box.firstElementChild, box.clientWidth, box.clientHeight);
    context.clearRect(0, 0, width, 40);
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "middle";
    for (const {at, text} of this.view.ticks(width)) {
      const x = Math.round(this.view.x(at, width));
      context.fillStyle = this.palette.line;
      context.fillRect(x, 0, 1, 26);
      context.fillStyle = this.palette.muted;
      if (x >= 0) context.fillText(text, x + 5, 13);
    }
  }

  drawNow() {
    const gutter = byId("axis").offsetLeft;
    const width = byId("axis").clientWidth;
    const x = Math.min(Math.max(this.view.x(this.view.now, width), -1), width);
    byId("playhead").hidden = x < 0 || x >= width;
    byId("playhead").style.left = byId("shade").style.left = `${gutter + x}px`;
    byId("scrubber").value = String(Math.round(this.view.part(this.view.now) * 1e6));
    byId("scrubber").setAttribute("aria-valuetext", this.view.fullTime(this.view.now));
    byId("now").textContent = this.view.fullTime(this.view.now);
    this.plots.read(this.pointed ?? this.view.now);
    if (!this.chosen) byId("telling").textContent = this.tell(this.view.now);
  }

  /* The last thing that is told of at a time, in words. */
  tell(time) {
    const [run] = this.runs;
    for (let row = run.rowAt(time), tries = 0; row >= 0 && tries < 20; row--, tries++) {
      const entry = run.entry(row);
      if (entry.told && entry.lane) return `${visible(entry.lane.label)}: ${visible(entry.told)}`;
    }
    return "";
  }

  drawBrush() {
    const width = byId("overview").clientWidth;
    const place = (time) => Math.min(Math.max(this.view.part(time) * width, 0), width);
    const brush = byId("brush");
    brush.style.left = `${place(this.view.from)}px`;
    brush.style.width = `${Math.max(place(this.view.to) - place(this.view.from), 4)}px`;
    brush.classList.toggle("whole", this.view.isWhole());
  }

  /* How much was going on over the whole run, and in its worst colour the part that went wrong. */
  drawOverview() {
    const box = byId("overview");
    const [context, width] = fitted(box.querySelector("canvas"), box.clientWidth, 30);
    const size = Math.max(1, Math.floor(width / 2));
    const [counts, failures] = [new Float64Array(size), new Float64Array(size)];
    const worst = new Array(size).fill("done");
    const place = (time) =>
      Math.min(size - 1, Math.max(0, Math.floor(this.view.part(time) * size)));
    for (const {bars, names} of this.runs) {
      bars.start.forEach((start, bar) => {
        const outcome = names.outcomes[bars.outcome[bar]];
        if (outcome === "alive" || outcome === "waiting" || outcome === "init") return;
        const first = place(start);
        const last = place(bars.end[bar]);
        for (let n = first; n <= last; n++) {
          counts[n] += 1;
          if (WENT_WRONG.has(outcome)) failures[n] += 1;
          if (worse(outcome, worst[n])) worst[n] = outcome;
        }
      });
    }
    const most = counts.reduce((high, count) => Math.max(high, count), 1);
    context.clearRect(0, 0, width, 30);
    counts.forEach((count, n) => {
      if (!count) return;
      const height = 4 + 22 * Math.sqrt(count / most);
      context.fillStyle = this.palette.outcomes.done;
      context.fillRect(n * 2, 29 - height, 2, height);
      if (!failures[n]) return;
      context.fillStyle = this.palette.outcomes[worst[n]];
      context.fillRect(n * 2, 29 - height, 2, Math.max(3, (height * failures[n]) / count));
    });
  }

  /* Choose a bar, a tick or a row of a run, or nothing. */
  choose(choice) {
    this.chosen = choice;
    for (const lanes of this.lanes) lanes.chosen = null;
    if (!choice) {
      if (byId("details").contains(document.activeElement)) this.lanes[0].scroller.focus();
      this.details.hide();
      byId("telling").textContent = "";
    } else {
      const {run, item} = choice;
      const row = item ? rowOf(run, item) : choice.row;
      const entry = run.entry(row);
      this.lanes[this.runs.indexOf(run)].chosen = item || null;
      byId("telling").textContent =
        `${visible(titleOf(run, entry, item))}, ${whereOf(run, entry, this.view)}. ${reasonsOf(run, entry, item).map(visible).join("; ")}`;
      this.details.show(run, entry, item);
    }
    this.resize();
  }

  /* Play from where the run stands, or from its start when it stands at its end. */
  play() {
    if (this.playing) return this.pause();
    if (this.view.now >= this.view.end) this.view.goTo(Math.max(0, this.view.from));
    this.playing = {last: performance.now()};
    this.showPlaying();
    const step = (time) => {
      if (!this.playing) return;
      const seconds = Math.max(0, time - this.playing.last) / 1000;
      this.playing.last = time;
      this.advance(seconds);
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
    return undefined;
  }

  advance(seconds) {
    const {view} = this;
    const pace = Number(byId("pace").value);
    view.goTo(view.now + (pace ? (seconds / pace) * view.span : seconds));
    if (view.now < view.from || view.now > view.from + view.span * 0.92) {
      if (!view.isWhole()) view.set(view.now - view.span * 0.15, view.now + view.span * 0.85);
    }
    if (view.now >= view.end) this.pause();
  }

  pause() {
    this.playing = null;
    this.showPlaying();
  }

  showPlaying() {
    byId("play-word").textContent = this.playing ? "Pause" : "Play";
    byId("play-sign").setAttribute(
      "d",
      this.playing ? "M2 1h3v10h-3zM7 1h3v10h-3z" : "M2 1l9 5-9 5z",
    );
    byId("telling").setAttribute("aria-live", this.playing ? "off" : "polite");
  }

  recolour() {
    Object.assign(this.palette, palette());
    this.legend();
    this.resize();
  }
}

function rowOf(run, item) {
  return item.sort === "bar" ? run.bars.entry[item.index] : run.ticks.entry[item.index];
}

/* The colours of the style sheet, for canvases. */
function palette() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const outcomes = Object.fromEntries(SEVERITY.map((name) => [name, colour(name)]));
  const looks = {
    arrival: colour("arrival"),
    quiet: colour("muted"),
    event: colour("event"),
    wrong: colour("bad"),
  };
  const plain = Object.fromEntries(
    ["accent", "muted", "grid", "line", "alive", "hatch"].map((name) => [name, colour(name)]),
  );
  return {
    ...plain,
    outcomes,
    looks,
    onBars: colour("on-bars"),
    series: colour("series").split(/\s+/),
  };
}

function embedded(name) {
  const values = [];
  for (const script of document.querySelectorAll(`script.${name}`)) {
    values.push(JSON.parse(script.textContent));
    script.remove();
  }
  return values;
}

const page = new Page(embedded("names")[0]);
for (const portion of embedded("portion")) page.add(portion);
page.refresh();
listen(page);
