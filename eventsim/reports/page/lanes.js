"use strict";
/*
 * Draws the lanes of one run on a canvas as high as what is seen of them: bars in slots, ticks
 * below. What is narrower than a pixel is drawn once for its pixel, as the worst of what is there.
 */

const GROUPS = ["changes", "sources", "queues", "functions", "destinations"];
const GROUP_TITLES = {
  sources: "event sources",
  queues: "asynchronous events",
  functions: "functions, by environment",
  destinations: "destinations",
};
const GROUP_HEIGHT = 26;
const LANE_PADDING = 5;
const TICK_STRIP = 9;
const NARROW = 3;
const HIT = 4;
const LAST_SLOT = 23;
const SEVERITY = [
  ...["waiting", "running", "done", "delivered", "init"],
  ...["refused", "partly", "failed", "error", "discarded"],
];
const WENT_WRONG = new Set(["refused", "partly", "failed", "error", "discarded"]);
const LOOK_SEVERITY = ["quiet", "arrival", "event", "wrong"];
const SIGNS = {failed: "!", error: "!", discarded: "\u00d7", refused: "!", partly: "\u00bd"};

class LanesView {
  constructor(run, view, parts, palette) {
    this.run = run;
    this.view = view;
    this.scroller = parts.scroller;
    this.inner = parts.inner;
    this.labels = parts.labels;
    this.canvas = parts.canvas;
    this.palette = palette;
    this.chosen = null;
    this.hovered = null;
    this.shape = "";
    this.scroller.addEventListener("scroll", () => this.draw());
  }

  /* Give every lane its place, when lanes or slots came. */
  layOut() {
    const shape = this.run.lanes
      .map((lane) => `${lane.slots.length}${lane.ticks.length > 0}`)
      .join();
    if (shape === this.shape) return;
    this.shape = shape;
    this.order = [...this.run.lanes].sort(compareLanes);
    this.labels.replaceChildren();
    let y = 4;
    let group = "";
    for (const lane of this.order) {
      if (lane.group !== group && GROUP_TITLES[lane.group]) {
        this.label(GROUP_TITLES[lane.group], y, GROUP_HEIGHT, "group");
        y += GROUP_HEIGHT;
      }
      group = lane.group;
      lane.slotHeight = slotHeight(lane.slots.length);
      const bars = lane.slots.length * lane.slotHeight;
      const strip = lane.ticks.length && bars ? TICK_STRIP : 0;
      lane.y = y;
      lane.height = Math.max(22, bars + strip + 2 * LANE_PADDING);
      this.label(visible(lane.label), y, lane.height, "lane").title = visible(
        lane.name + " " + lane.shard,
      );
      y += lane.height;
    }
    this.height = y + 4;
    this.inner.style.height = `${this.height}px`;
  }

  label(text, y, height, sort) {
    const element = document.createElement("div");
    element.className = sort;
    element.textContent = text;
    element.style.top = `${y}px`;
    element.style.height = `${height}px`;
    this.labels.append(element);
    return element;
  }

  draw() {
    this.layOut();
    const height = Math.min(this.scroller.clientHeight, this.height);
    const [context, width] = fitted(this.canvas, this.canvas.parentElement.clientWidth, height);
    this.width = width;
    this.context = context;
    const top = this.scroller.scrollTop;
    context.clearRect(0, 0, width, height);
    this.grid(height);
    context.save();
    context.translate(0, -top);
    context.font = "500 10px system-ui, sans-serif";
    context.textBaseline = "middle";
    for (const lane of this.order) {
      if (lane.y + lane.height >= top && lane.y <= top + height) this.drawLane(lane);
    }
    this.outline(this.hovered, this.palette.muted, 1);
    this.outline(this.chosen, this.palette.accent, 2);
    context.restore();
  }

  grid(height) {
    this.context.fillStyle = this.palette.grid;
    for (const tick of this.view.ticks(this.width)) {
      this.context.fillRect(Math.round(this.view.x(tick.at, this.width)), 0, 1, height);
    }
  }

  drawLane(lane) {
    this.context.fillStyle = this.palette.grid;
    this.context.fillRect(0, lane.y + lane.height - 0.5, this.width, 0.5);
    this.context.fillStyle = this.palette.alive;
    for (const bar of lane.alive) {
      const [x, y, width, height] = this.boxOf(bar);
      if (x < this.width && x + width > 0) this.context.fillRect(x, y, width, height);
    }
    lane.slots.forEach((bars, slot) => this.drawSlot(lane, slot, bars));
    this.drawTicks(lane);
  }

  drawSlot(lane, slot, bars) {
    const {start, end} = this.run.bars;
    const unordered = slot === LAST_SLOT;
    let n = unordered ? 0 : lastNotAfter(bars, this.view.from, (bar) => end[bar]);
    let column = null;
    for (n = Math.max(0, n); n < bars.length; n++) {
      const bar = bars[n];
      if (start[bar] > this.view.to) {
        if (unordered) continue;
        break;
      }
      if (end[bar] < this.view.from) continue;
      const x = this.view.x(start[bar], this.width);
      const width = this.view.x(end[bar], this.width) - x;
      const outcome = this.run.outcome(bar);
      if (width > NARROW) {
        this.drawBar(bar, outcome, x, width);
        continue;
      }
      if (column && x < column.x + 1) {
        if (worse(outcome, column.outcome)) column.outcome = outcome;
        continue;
      }
      if (column) this.drawBar(column.bar, column.outcome, column.x, 2);
      column = {x, outcome, bar};
    }
    if (column) this.drawBar(column.bar, column.outcome, column.x, 2);
  }

  drawBar(bar, outcome, x, width) {
    const context = this.context;
    const [, y, , height] = this.boxOf(bar);
    context.fillStyle = this.palette.outcomes[outcome];
    const left = Math.max(x, -4);
    const seen = Math.min(x + width, this.width + 4) - left;
    if (outcome === "waiting") {
      context.fillRect(left, y + height / 2 - 1, Math.max(seen, 1), 2);
      return;
    }
    context.beginPath();
    context.roundRect(left, y, Math.max(seen, 2), height, seen > 6 ? 2 : 0);
    context.fill();
    if (outcome === "init" && seen > 4) this.hatch(left, y, seen, height);
    if (seen > 12 && height >= 10) this.writeIn(bar, outcome, left, y, seen, height);
  }

  hatch(x, y, width, height) {
    const context = this.context;
    context.save();
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    context.strokeStyle = this.palette.hatch;
    context.lineWidth = 1.5;
    context.beginPath();
    for (let at = x - height; at < x + width; at += 6) {
      context.moveTo(at, y + height);
      context.lineTo(at + height, y);
    }
    context.stroke();
    context.restore();
  }

  writeIn(bar, outcome, x, y, width, height) {
    const {kind, fields} = this.run.entry(this.run.bars.entry[bar]);
    const seconds = this.run.bars.end[bar] - this.run.bars.start[bar];
    let text = SIGNS[outcome] || "";
    if (kind.startsWith("batch_")) {
      const records = `${fields.records}`;
      const long =
        plural(fields.records, "record") +
        (fields.attempt > 1 ? `, attempt ${fields.attempt}` : "");
      text += ` ${width > long.length * 6 + 16 ? long : records}`;
    } else if (width > 60) {
      text += ` ${outcome === "init" ? "init " : ""}${spanOfTime(Number(seconds.toFixed(4)))}`;
    }
    text = text.trim();
    const room = this.context.measureText(text).width + 8;
    if (!text || room > width) return;
    this.context.fillStyle = this.palette.onBars;
    this.context.fillText(text, x + 4, y + height / 2 + 0.5);
  }

  drawTicks(lane) {
    const {time} = this.run.ticks;
    let n = Math.max(
      0,
      lastNotAfter(lane.ticks, this.view.timeAt(-6, this.width), (tick) => time[tick]),
    );
    let column = null;
    for (; n < lane.ticks.length; n++) {
      const tick = lane.ticks[n];
      if (time[tick] > this.view.timeAt(this.width + 6, this.width)) break;
      const at = Math.round(this.view.x(time[tick], this.width));
      const look = this.run.look(tick);
      if (column && at - column.at < 2) {
        if (LOOK_SEVERITY.indexOf(look) > LOOK_SEVERITY.indexOf(column.look)) column.look = look;
        continue;
      }
      if (column) this.drawTick(lane, column.at, column.look);
      column = {at, look};
    }
    if (column) this.drawTick(lane, column.at, column.look);
  }

  drawTick(lane, x, look) {
    const context = this.context;
    const y = tickY(lane);
    context.fillStyle = context.strokeStyle = this.palette.looks[look];
    context.beginPath();
    if (look === "arrival") {
      context.moveTo(x, y - 2.5);
      context.lineTo(x + 2.5, y + 2.5);
      context.lineTo(x - 2.5, y + 2.5);
      context.fill();
    } else if (look === "event") {
      context.moveTo(x, y - 4);
      context.lineTo(x + 4, y);
      context.lineTo(x, y + 4);
      context.lineTo(x - 4, y);
      context.fill();
    } else if (look === "wrong") {
      context.lineWidth = 2;
      context.moveTo(x - 3.5, y - 3.5);
      context.lineTo(x + 3.5, y + 3.5);
      context.moveTo(x + 3.5, y - 3.5);
      context.lineTo(x - 3.5, y + 3.5);
      context.stroke();
    } else {
      context.arc(x, y, 2, 0, 7);
      context.fill();
    }
  }

  outline(item, colour, lineWidth) {
    if (!item) return;
    const [x, y, width, height] =
      item.sort === "bar" ? this.boxOf(item.index) : this.boxOfTick(item.index);
    const context = this.context;
    context.strokeStyle = colour;
    context.lineWidth = lineWidth;
    context.beginPath();
    const left = Math.max(x, -10);
    const seen = Math.max(Math.min(x + width, this.width + 10) - left, 3);
    context.roundRect(left - 1.5, y - 1.5, seen + 3, height + 3, 3);
    context.stroke();
  }

  boxOf(bar) {
    const {lane, slot, start, end} = this.run.bars;
    const {y, slotHeight: height} = this.run.lanes[lane[bar]];
    const x = this.view.x(start[bar], this.width);
    const top = y + LANE_PADDING + slot[bar] * height;
    return [x, top + 0.5, this.view.x(end[bar], this.width) - x, height - (height > 6 ? 2 : 1)];
  }

  boxOfTick(tick) {
    const lane = this.run.lanes[this.run.ticks.lane[tick]];
    return [this.view.x(this.run.ticks.time[tick], this.width) - 5, tickY(lane) - 5, 10, 10];
  }

  /* What is drawn at a place of the canvas, or null: a bar or a tick. */
  at(x, y) {
    y += this.scroller.scrollTop;
    const lane = this.order.find((one) => y >= one.y && y < one.y + one.height);
    if (!lane) return null;
    const tick = this.tickAt(lane, x);
    if (tick !== null && Math.abs(y - tickY(lane)) <= 7) return {sort: "tick", index: tick};
    const bar = this.barAt(lane, x, Math.floor((y - lane.y - LANE_PADDING) / lane.slotHeight));
    return bar === null ? null : {sort: "bar", index: bar};
  }

  tickAt(lane, x) {
    const {time} = this.run.ticks;
    const n = lastNotAfter(lane.ticks, this.view.timeAt(x + 5, this.width), (tick) => time[tick]);
    const near = n >= 0 && time[lane.ticks[n]] >= this.view.timeAt(x - 5, this.width);
    return near ? lane.ticks[n] : null;
  }

  barAt(lane, x, slot) {
    const bars = lane.slots[slot] || [];
    const {start, end} = this.run.bars;
    const [from, to] = [
      this.view.timeAt(x - HIT, this.width),
      this.view.timeAt(x + HIT, this.width),
    ];
    const first =
      slot === LAST_SLOT
        ? 0
        : Math.max(
            0,
            lastNotAfter(bars, from, (bar) => end[bar]),
          );
    const middle = this.view.timeAt(x, this.width);
    let best = null;
    for (let n = first; n < bars.length; n++) {
      const bar = bars[n];
      if (start[bar] > to) break;
      if (end[bar] < from) continue;
      const off = Math.max(start[bar] - middle, middle - end[bar], 0);
      if (
        !best ||
        off < best.off ||
        (off === best.off && worse(this.run.outcome(bar), best.outcome))
      ) {
        best = {bar, off, outcome: this.run.outcome(bar)};
      }
    }
    return best && best.bar;
  }
}

function compareLanes(one, other) {
  return (
    GROUPS.indexOf(one.group) - GROUPS.indexOf(other.group) ||
    compareTexts(one.name, other.name) ||
    one.shard.length - other.shard.length ||
    compareTexts(one.shard, other.shard)
  );
}

function compareTexts(one, other) {
  return one < other ? -1 : one > other ? 1 : 0;
}

function slotHeight(slots) {
  if (slots <= 2) return 18;
  if (slots <= 5) return 14;
  return slots <= 12 ? 9 : 6;
}

function tickY(lane) {
  const bars = lane.slots.length * lane.slotHeight;
  return bars ? lane.y + lane.height - TICK_STRIP / 2 - 3 : lane.y + lane.height / 2;
}

function worse(one, other) {
  return SEVERITY.indexOf(one) > SEVERITY.indexOf(other);
}

/* A canvas of this size in CSS pixels, sharp on its screen; its context draws in CSS pixels. */
function fitted(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return [context, width];
}
