"use strict";
/* Which stretch of time is seen, and at which time the run stands: shared by all that draws. */

const CLOCK_AFTER_SECONDS = 600;
const DEEPEST = 2e6;
const SECOND_STEPS = [15, 30, 60, 120, 300, 600];
const CLOCK_STEPS = [
  ...[1, 2, 5, 10, 15, 30],
  ...[1, 2, 5, 10, 15, 20, 30].map((minutes) => minutes * 60),
  ...[1, 2, 3, 4, 6, 12].map((hours) => hours * 3600),
  ...[1, 2, 7, 14, 30, 60, 91, 182, 365, 730, 1826, 3652].map((days) => days * 86400),
];

class View {
  constructor() {
    this.end = 0;
    this.from = 0;
    this.to = 1;
    this.now = 0;
    this.began = null;
    this.listeners = [];
  }

  /* Call a function after each change, at most once a frame. */
  onChange(listener) {
    this.listeners.push(listener);
  }

  /* The run goes on to this time; a view of all of it stays one. */
  extend(end, began) {
    const whole = this.isWhole();
    const atEnd = this.now >= this.end;
    this.end = Math.max(end, 0.001);
    this.began = end > CLOCK_AFTER_SECONDS && began ? Date.parse(began) : null;
    if (whole) this.fit();
    if (atEnd) this.now = this.end;
    this.changed();
  }

  isWhole() {
    return this.span >= (this.most - this.least) * (1 - 1e-9);
  }

  get span() {
    return this.to - this.from;
  }

  /* All that can be seen: the run with some room around it. */
  get least() {
    return -0.01 * this.end;
  }

  get most() {
    return 1.02 * this.end;
  }

  fit() {
    this.set(this.least, this.most);
  }

  /* Where a time stands in the whole, from 0 to 1, and back. */
  part(time) {
    return (time - this.least) / (this.most - this.least);
  }

  timeOfPart(part) {
    return this.least + part * (this.most - this.least);
  }

  /* Show a stretch of time, kept within the run and not shorter than can be drawn. */
  set(from, to) {
    const {least, most} = this;
    const span = Math.min(Math.max(to - from, (most - least) / DEEPEST), most - least);
    this.from = Math.min(Math.max(from, least), most - span);
    this.to = this.from + span;
    this.changed();
  }

  zoom(factor, at = (this.from + this.to) / 2) {
    const span = this.span / factor;
    const from = at - ((at - this.from) / this.span) * span;
    this.set(from, from + span);
  }

  pan(seconds) {
    this.set(this.from + seconds, this.to + seconds);
  }

  goTo(time) {
    this.now = Math.min(Math.max(time, 0), this.end);
    this.changed();
  }

  /* Bring a time into sight, with some room around it. */
  reveal(from, to = from) {
    const middle = (from + to) / 2;
    if (to - from > this.span) this.set(from - (to - from) * 0.2, to + (to - from) * 0.2);
    else if (from < this.from || to > this.to)
      this.set(middle - this.span / 2, middle + this.span / 2);
  }

  changed() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      for (const listener of this.listeners) listener();
    });
  }

  x(time, width) {
    return ((time - this.from) / this.span) * width;
  }

  timeAt(x, width) {
    return this.from + (x / width) * this.span;
  }

  /* Round times in sight with their labels: by the clock where the run is long. */
  ticks(width) {
    const rough = this.span / Math.max(2, Math.floor(width / 110));
    const step = this.began === null ? roundStep(rough) : clockStep(rough);
    const first = this.began === null ? 0 : -((this.began / 1000) % Math.max(step, 1));
    const ticks = [];
    let at = first + Math.ceil((this.from - first) / step) * step;
    for (; at <= this.to && ticks.length < 200; at += step) {
      if (at > -step / 1e6) ticks.push({at, text: this.label(Math.max(0, at), step)});
    }
    return ticks;
  }

  label(time, step) {
    if (this.began !== null) return this.clock(time, step);
    if (step >= 1 && time >= 120) return spanOfTime(Math.round(time));
    const digits = Math.max(0, Math.min(6, Math.ceil(-Math.log10(step) - 1e-9)));
    return this.span < 0.5
      ? `${(time * 1000).toFixed(Math.max(0, digits - 3))} ms`
      : `${time.toFixed(digits)} s`;
  }

  clock(time, step) {
    const iso = new Date(this.began + time * 1000).toISOString();
    if (step >= 86400) return iso.slice(0, 10);
    const text = step < 1 ? iso.slice(11, 23) : step < 60 ? iso.slice(11, 19) : iso.slice(11, 16);
    return iso.slice(11, 19) === "00:00:00" ? iso.slice(5, 10) : text;
  }

  /* A time in full: seconds since the run began, and the clock where the run is long. */
  fullTime(time) {
    const seconds = `${time.toFixed(3)} s`;
    if (this.began === null) return seconds;
    return new Date(this.began + time * 1000).toISOString().replace("T", " ").slice(0, 23);
  }
}

function roundStep(rough) {
  if (rough > 10 && rough <= 600) return SECOND_STEPS.find((step) => step >= rough);
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((size) => size * power).find((step) => step >= rough * (1 - 1e-9));
}

function clockStep(rough) {
  if (rough <= 1) return roundStep(rough);
  return CLOCK_STEPS.find((step) => step >= rough) || CLOCK_STEPS[CLOCK_STEPS.length - 1];
}
