"use strict";
/* Iterator age, concurrency and queue depth on the axis of the lanes, drawn by uPlot. */

const PLOT_HEIGHT = 84;
const AXIS_WIDTH = 58;

class Plots {
  constructor(runs, view, parent, palette) {
    this.runs = runs;
    this.view = view;
    this.parent = parent;
    this.palette = palette;
    this.plots = [];
    this.shape = "";
  }

  /* All plots that have a series, made anew; called when data, width or colours change. */
  make() {
    for (const {plot} of this.plots) plot.destroy();
    this.parent.replaceChildren();
    this.plots = [];
    for (const [key, title] of Object.entries(this.runs[0].names.plots)) {
      const lines = this.linesOf(key);
      if (lines.length) this.plots.push(this.one(key, title, lines));
    }
    this.draw();
  }

  linesOf(key) {
    const lines = [];
    const names = [];
    this.runs.forEach((run, number) => {
      for (const series of run.series.filter(({plot}) => plot === key)) {
        if (!names.includes(series.name)) names.push(series.name);
        const colour = this.palette.series[names.indexOf(series.name) % this.palette.series.length];
        lines.push({run, number, series, colour});
      }
    });
    return lines;
  }

  one(key, title, lines) {
    const box = document.createElement("div");
    box.className = "plot";
    const labels = document.createElement("div");
    labels.className = "plot-labels";
    const heading = document.createElement("div");
    heading.className = "plot-title";
    heading.textContent = title;
    labels.append(heading);
    for (const line of lines) labels.append(this.keyOf(line));
    const drawing = document.createElement("div");
    drawing.className = "plot-drawing";
    drawing.setAttribute("role", "img");
    drawing.setAttribute(
      "aria-label",
      `${title} of ${lines.map(({series}) => visible(series.name)).join(", ")}`,
    );
    box.append(labels, drawing);
    this.parent.append(box);
    const most = lines.reduce((all, {series}) => Math.max(all, largest(series.values)), 0);
    const plot = new uPlot(this.options(key, lines, most, drawing), aligned(lines, key), drawing);
    return {key, lines, plot};
  }

  keyOf(line) {
    const key = document.createElement("div");
    const sign = document.createElement("span");
    sign.className = "key";
    sign.style.borderColor = line.colour;
    if (!line.number) sign.style.background = line.colour;
    const name = document.createElement("span");
    name.className = "name";
    name.textContent = visible(line.series.name);
    name.title = name.textContent + (line.run.head.name ? `, ${visible(line.run.head.name)}` : "");
    line.readout = document.createElement("output");
    key.append(sign, name, line.readout);
    key.className = "series";
    return key;
  }

  options(key, lines, most, drawing) {
    const format = (value) =>
      key === "age" ? spanOfTime(Number(value.toFixed(6))) : String(value);
    const axis = {
      stroke: this.palette.muted,
      grid: {stroke: this.palette.grid, width: 1},
      ticks: {show: false},
    };
    const stepped = uPlot.paths.stepped({align: 1});
    return {
      width: drawing.clientWidth,
      height: PLOT_HEIGHT,
      legend: {show: false},
      cursor: {show: false},
      padding: [6, 0, 4, 0],
      scales: {
        x: {time: false, auto: false, range: () => [this.view.from, this.view.to]},
        y: {range: [0, (most || 1) * 1.08]},
      },
      axes: [
        {
          ...axis,
          size: 0,
          splits: (u) => this.view.ticks(u.bbox.width / devicePixelRatio).map(({at}) => at),
          values: () => [],
        },
        {
          ...axis,
          size: AXIS_WIDTH,
          font: "10px system-ui, sans-serif",
          space: 24,
          gap: 6,
          incrs:
            key === "age"
              ? undefined
              : [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5, 1e6],
          values: (u, values) => values.map(format),
        },
      ],
      series: [
        {},
        ...lines.map(({colour, number}) => ({
          stroke: colour,
          width: 1.5,
          dash: number ? [5, 4] : undefined,
          fill: lines.length === 1 ? colour + "22" : undefined,
          paths: key === "age" ? undefined : stepped,
          points: key === "age" ? {show: isFew, size: 4, fill: colour} : {show: false},
          spanGaps: true,
        })),
      ],
    };
  }

  /* Move every plot to what is in sight. */
  draw() {
    for (const {plot} of this.plots) plot.setScale("x", {min: this.view.from, max: this.view.to});
  }

  /* Say beside each series what it was at a time. */
  read(time) {
    for (const {key, lines} of this.plots) {
      for (const {run, series, readout} of lines) {
        const value = run.valueAt(series, time);
        readout.textContent =
          value === null ? "" : key === "age" ? spanOfTime(value) : value.toLocaleString("en");
      }
    }
  }
}

/* One list of times for all series of a plot. */
function aligned(lines, key) {
  const tables = lines.map(({series}) => [series.times, series.values]);
  const steps = key !== "age";
  if (!steps && tables.length === 1) return tables[0];
  const data = uPlot.join(tables.map(lastOfEachTime));
  if (steps) data.slice(1).forEach(carryOn);
  return data;
}

/* Of samples at the same time the last one counts. */
function lastOfEachTime([times, values]) {
  const kept = [[], []];
  times.forEach((time, n) => {
    if (times[n + 1] === time) return;
    kept[0].push(time);
    kept[1].push(values[n]);
  });
  return kept;
}

/* A step goes on until the next one. */
function carryOn(values) {
  let last = null;
  values.forEach((value, n) => {
    if (value === null || value === undefined) values[n] = last;
    else last = value;
  });
}

function isFew(u, series, first, last) {
  return last - first < 60;
}

function largest(values) {
  return values.reduce((most, value) => Math.max(most, value), 0);
}
