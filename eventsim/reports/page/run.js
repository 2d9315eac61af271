"use strict";
/*
 * The data of one run, filled by portions (reports/html.py, Feed): what is embedded in a page at
 * once, a server can send one by one. Nothing here draws, and nothing here knows of the document.
 */

class Run {
  constructor(names) {
    this.names = names;
    this.head = {};
    this.ended = null;
    this.until = 0;
    this.texts = [];
    this.shapes = [];
    this.rows = [];
    this.lanes = [];
    this.series = [];
    this.bars = columns(names.columns.bar);
    this.ticks = columns(names.columns.tick);
    this.contents = new Map();
    this.requests = new Map();
  }

  /* Take what came since the last portion. */
  add(portion) {
    if (portion.began) this.head = portion.began;
    if (portion.ended) this.ended = portion.ended;
    this.until = Math.max(this.until, portion.until, portion.ended ? portion.ended.seconds : 0);
    append(this.texts, portion.texts);
    append(
      this.shapes,
      portion.shapes.map(([kind, fields, flags]) => ({kind, fields, flags})),
    );
    for (const row of portion.rows) this.addRow(row);
    for (const lane of portion.lanes) this.addLane(lane);
    this.addBars(portion.bars);
    this.addTicks(portion.ticks);
    for (let n = 0; n < portion.amended.length; n += 2) {
      this.bars.outcome[portion.amended[n]] = portion.amended[n + 1];
    }
    for (const [plot, name] of portion.series)
      this.series.push({plot, name, times: [], values: []});
    for (let n = 0; n < portion.samples.length; n += 3) {
      const series = this.series[portion.samples[n]];
      series.times.push(portion.samples[n + 1]);
      series.values.push(portion.samples[n + 2]);
    }
  }

  /* What stands in a row, under its names. */
  entry(number) {
    const row = this.rows[number];
    const shape = this.shapes[row[0]];
    const fields = {};
    shape.fields.forEach((name, n) => {
      const value = row[n + FIRST_VALUE];
      fields[name] = shape.flags[n] === "s" ? this.texts[value] : value;
    });
    return {
      number,
      kind: shape.kind,
      time: row[1],
      lane: this.lanes[row[2]] || null,
      because: this.texts[row[3]] || "",
      told: this.texts[row[4]] || "",
      fields,
    };
  }

  outcome(bar) {
    return this.names.outcomes[this.bars.outcome[bar]];
  }

  look(tick) {
    return this.names.looks[this.ticks.look[tick]];
  }

  /* The rows of all entries that name this request, in order. */
  rowsOf(request) {
    return this.requests.get(request) || [];
  }

  /* A payload by its hash, or null where the journal does not have it. */
  content(hash) {
    const row = this.contents.get(hash);
    return row === undefined ? null : this.entry(row).fields.content;
  }

  /* The last value of a series at a time, or null before its first. */
  valueAt(series, time) {
    const index = lastNotAfter(series.times, time);
    return index < 0 ? null : series.values[index];
  }

  /* The last row that is not after a time. */
  rowAt(time) {
    return lastNotAfter(this.rows, time, (row) => row[1]);
  }

  /* What can be chosen on a lane, in order of time: its bars, but not the life of environments. */
  itemsOf(lane) {
    const size = lane.bars + lane.ticks.length;
    if (lane.items && lane.items.size === size) return lane.items.list;
    const list = lane.ticks.map((index) => ({sort: "tick", index, time: this.ticks.time[index]}));
    for (const slot of lane.slots) {
      for (const index of slot) list.push({sort: "bar", index, time: this.bars.start[index]});
    }
    list.sort((one, other) => one.time - other.time || one.index - other.index);
    lane.items = {size, list};
    return list;
  }

  addRow(row) {
    const number = this.rows.push(row) - 1;
    const shape = this.shapes[row[0]];
    const place = shape.fields.indexOf("request_id");
    if (place >= 0 && shape.flags[place] === "s") {
      const request = this.texts[row[place + FIRST_VALUE]];
      const known = this.requests.get(request);
      if (known) known.push(number);
      else this.requests.set(request, [number]);
    }
    if (shape.kind === "payload_kept") this.contents.set(this.entry(number).fields.hash, number);
  }

  addLane([group, name, shard, label]) {
    this.lanes.push({group, name, shard, label, slots: [], alive: [], ticks: [], bars: 0});
  }

  addBars(flat) {
    const first = this.bars.lane.length;
    unflatten(this.bars, this.names.columns.bar, flat);
    const alive = this.names.outcomes.indexOf("alive");
    for (let bar = first; bar < this.bars.lane.length; bar++) {
      const lane = this.lanes[this.bars.lane[bar]];
      const slot = this.bars.slot[bar];
      while (lane.slots.length <= slot) lane.slots.push([]);
      (this.bars.outcome[bar] === alive ? lane.alive : lane.slots[slot]).push(bar);
      if (this.bars.outcome[bar] !== alive) lane.bars += 1;
    }
  }

  addTicks(flat) {
    const first = this.ticks.lane.length;
    unflatten(this.ticks, this.names.columns.tick, flat);
    for (let tick = first; tick < this.ticks.lane.length; tick++) {
      this.lanes[this.ticks.lane[tick]].ticks.push(tick);
    }
  }
}

/* In a row, the fields of an entry come after its shape, time, lane, because and told. */
const FIRST_VALUE = 5;

function columns(names) {
  return Object.fromEntries(names.map((name) => [name, []]));
}

function unflatten(into, names, flat) {
  for (let n = 0; n < flat.length; n += names.length) {
    names.forEach((name, place) => into[name].push(flat[n + place]));
  }
}

/* Push everything: a spread would put it all on the stack. */
function append(list, more) {
  for (const one of more) list.push(one);
}

/* The index of the last element that is not after a time, or -1; elements are in order. */
function lastNotAfter(list, time, timeOf = (element) => element) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timeOf(list[middle]) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
