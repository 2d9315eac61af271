"use strict";
/* The curves of a load: what was sent and answered, how long it took, how much was at work. */

const HEIGHT = 200;
const load = JSON.parse(document.querySelector(".load").textContent);

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function seconds(value) {
  if (value === null || value === undefined) return "-";
  if (value < 0.001) return `${+(value * 1e6).toPrecision(3)} us`;
  if (value < 1) return `${+(value * 1e3).toPrecision(3)} ms`;
  return `${+value.toPrecision(3)} s`;
}

function number(value) {
  return value === null || value === undefined ? "-" : `${+value.toPrecision(4)}`;
}

/* Everything before the end of the warm-up lies under a shade: it is not counted. */
function shade(plot) {
  if (!load.warm_up) return;
  const {ctx, bbox} = plot;
  const end = Math.min(plot.valToPos(load.warm_up, "x", true), bbox.left + bbox.width);
  ctx.save();
  ctx.fillStyle = colour("--grid");
  ctx.fillRect(bbox.left, bbox.top, Math.max(0, end - bbox.left), bbox.height);
  ctx.restore();
}

function axis(write) {
  const size = 64;
  return {
    size,
    stroke: colour("--muted"),
    grid: {stroke: colour("--grid"), width: 1},
    ticks: {stroke: colour("--grid"), width: 1},
    values: (_, values) => values.map(write),
  };
}

function draw(box) {
  const lines = load.plots[box.dataset.plot];
  const write = box.dataset.unit === "time" ? seconds : number;
  const options = {
    width: box.clientWidth,
    height: HEIGHT,
    scales: {x: {time: false}, y: {range: (_, __, most) => [0, most > 0 ? most * 1.05 : 1]}},
    axes: [axis((value) => `${value} s`), axis(write)],
    series: [
      {label: "second", value: (_, value) => (value === null ? "-" : `${value} s`)},
      ...lines.map(({label, look}) => ({
        label,
        stroke: colour(look),
        width: 1.5,
        spanGaps: false,
        points: {show: load.series.time.length < 3},
        value: (_, value) => write(value),
      })),
    ],
    cursor: {sync: {key: "load"}},
    hooks: {drawClear: [shade]},
  };
  const values = [load.series.time, ...lines.map(({name}) => load.series[name])];
  return new uPlot(options, values, box);
}

function drawAll() {
  for (const plot of window.plots || []) plot.destroy();
  window.plots = [...document.querySelectorAll("[data-plot]")].map(draw);
}

drawAll();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
addEventListener("resize", () => {
  for (const plot of window.plots) plot.setSize({width: plot.root.parentNode.clientWidth, height: HEIGHT});
});
