"use strict";
/* Pointer and keys: what they do to the page. */

const KEY_ZOOM = 1.6;
const STILL = 4;

function listen(page) {
  const {view} = page;
  byId("play").addEventListener("click", () => page.play());
  byId("in").addEventListener("click", () => view.zoom(KEY_ZOOM));
  byId("out").addEventListener("click", () => view.zoom(1 / KEY_ZOOM));
  byId("fit").addEventListener("click", () => view.fit());
  byId("help").addEventListener("click", showKeys);
  byId("scrubber").addEventListener("input", (event) => {
    page.pause();
    view.goTo(view.timeOfPart(Number(event.target.value) / 1e6));
    view.reveal(view.now);
  });
  document.addEventListener("keydown", (event) => pressKey(page, event));
  listenToStage(page);
  listenToOverview(page);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => page.recolour());
  new ResizeObserver(() => page.resize()).observe(byId("stage"));
}

function showKeys() {
  const keys = byId("keys");
  keys.hidden = !keys.hidden;
  byId("help").setAttribute("aria-expanded", String(!keys.hidden));
}

function listenToStage(page) {
  const {view} = page;
  const stage = byId("stage");
  const place = (event) => {
    const box = byId("axis").getBoundingClientRect();
    return {x: event.clientX - box.left, width: box.width};
  };
  stage.addEventListener(
    "wheel",
    (event) => {
      const {x, width} = place(event);
      const onAxis = byId("axis").contains(event.target);
      if (event.ctrlKey || event.metaKey || onAxis) {
        view.zoom(
          Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)),
          view.timeAt(x, width),
        );
      } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        view.pan((event.deltaX / width) * view.span);
      } else return;
      event.preventDefault();
    },
    {passive: false},
  );
  stage.addEventListener("dblclick", (event) => {
    const {x, width} = place(event);
    if (x >= 0) view.zoom(3, view.timeAt(x, width));
  });
  stage.addEventListener("pointerdown", (event) => {
    const {x, width} = place(event);
    if (event.button || x < 0 || x > width) return;
    drag(
      event,
      {
        move: (moved) =>
          event.shiftKey
            ? showSelecting(x, x + moved.x)
            : view.set(
                moved.from - (moved.x / width) * moved.span,
                moved.from - (moved.x / width) * moved.span + moved.span,
              ),
        end: (moved) => {
          byId("selecting").hidden = true;
          if (!moved.far) chooseAt(page, event);
          else if (event.shiftKey)
            view.set(...[x, x + moved.x].sort((a, b) => a - b).map((at) => view.timeAt(at, width)));
        },
      },
      view,
    );
  });
  stage.addEventListener("pointermove", (event) => hoverAt(page, event, place(event)));
  stage.addEventListener("pointerleave", () => hoverAt(page, null));
}

/* Follow the pointer from where it went down; it moved far when it was no click. */
function drag(event, {move, end}, view) {
  const moved = {x: 0, far: false, from: view.from, span: view.span};
  const follow = (next) => {
    moved.x = next.clientX - event.clientX;
    moved.far = moved.far || Math.abs(moved.x) > STILL;
    if (moved.far) move(moved);
  };
  const stop = (last) => {
    removeEventListener("pointermove", follow);
    removeEventListener("pointerup", stop);
    removeEventListener("pointercancel", stop);
    if (last.type === "pointerup") end(moved);
    else byId("selecting").hidden = true;
  };
  addEventListener("pointermove", follow);
  addEventListener("pointerup", stop);
  addEventListener("pointercancel", stop);
}

function showSelecting(one, other) {
  const box = byId("selecting");
  box.hidden = false;
  box.style.left = `${byId("axis").offsetLeft + Math.min(one, other)}px`;
  box.style.width = `${Math.abs(one - other)}px`;
}

function itemAt(page, event) {
  for (const lanes of page.lanes) {
    const box = lanes.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    if (x < 0 || y < 0 || x > box.width || y > box.height) continue;
    return {lanes, item: lanes.at(x, y)};
  }
  return {lanes: null, item: null};
}

function chooseAt(page, event) {
  const {lanes, item} = itemAt(page, event);
  if (lanes) page.choose(item && {run: lanes.run, item});
  hoverAt(page, null); // the details say it, and what was pointed at may have moved
}

function hoverAt(page, event, {x, width} = {}) {
  const guide = byId("guide");
  const box = byId("hover");
  const inside = event && x >= 0 && x <= width;
  guide.hidden = !inside;
  page.pointed = inside ? page.view.timeAt(x, width) : null;
  page.plots.read(page.pointed ?? page.view.now);
  if (inside) guide.style.left = `${byId("axis").offsetLeft + x}px`;
  const {lanes, item} = inside && !event.buttons ? itemAt(page, event) : {};
  for (const one of page.lanes) {
    const hovered = one === lanes ? item : null;
    const same =
      (hovered && hovered.index) === (one.hovered && one.hovered.index) &&
      (hovered && hovered.sort) === (one.hovered && one.hovered.sort);
    one.hovered = hovered;
    if (!same) one.draw();
  }
  box.hidden = !item;
  byId("stage").style.cursor = item ? "pointer" : "";
  if (!item) return;
  box.replaceChildren(...hoverText(page, lanes.run, item));
  const [wide, high] = [box.offsetWidth, box.offsetHeight];
  box.style.left = `${Math.max(8, Math.min(event.clientX + 14, innerWidth - wide - 8))}px`;
  box.style.top = `${event.clientY + 18 + high > innerHeight ? event.clientY - high - 12 : event.clientY + 18}px`;
}

/* What happened, to which records, when, and because of what. */
function hoverText(page, run, item) {
  const entry = run.entry(rowOf(run, item));
  const {fields} = entry;
  const lines = [element("strong", "", visible(titleOf(run, entry, item)))];
  if (item.sort === "tick" && entry.told) lines.push(element("div", "", visible(entry.told)));
  const records = fields.records ?? fields.batch_size;
  if (fields.first !== undefined && records !== undefined) {
    const attempt = fields.attempt ? `, attempt ${fields.attempt}` : "";
    const ids = fields.first === fields.last ? [fields.first] : [fields.first, fields.last];
    lines.push(element("div", "", `${plural(records, "record")}${attempt}`));
    for (const id of ids) lines.push(element("div", "muted", visible(shortened(String(id), 120))));
  }
  if (fields.error_message || fields.error_type)
    lines.push(
      element(
        "div",
        "",
        visible(
          shortened([fields.error_type, fields.error_message].filter(Boolean).join(": "), 300),
        ),
      ),
    );
  for (const reason of reasonsOf(run, entry, item))
    lines.push(element("div", "", visible(shortened(reason, 300))));
  if (fields.environment)
    lines.push(element("div", "muted", `environment ${visible(fields.environment)}`));
  lines.push(element("div", "muted", timesOf(page.view, run, item, entry)));
  return lines;
}

function timesOf(view, run, item, entry) {
  if (item.sort === "tick") return view.fullTime(entry.time);
  const [start, end] = [run.bars.start[item.index], run.bars.end[item.index]];
  return `${view.fullTime(start)} to ${view.fullTime(end)}: ${spanOfTime(Number((end - start).toFixed(6)))}`;
}

function listenToOverview(page) {
  const {view} = page;
  const overview = byId("overview");
  overview.addEventListener(
    "wheel",
    (event) => {
      const box = overview.getBoundingClientRect();
      view.zoom(
        Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.002)),
        view.timeOfPart((event.clientX - box.left) / box.width),
      );
      event.preventDefault();
    },
    {passive: false},
  );
  overview.addEventListener("pointerdown", (event) => {
    if (event.button || event.target === byId("scrubber")) return;
    const box = overview.getBoundingClientRect();
    const timeOf = (x) => view.timeOfPart((x - box.left) / box.width);
    const moving = event.target === byId("brush") && !view.isWhole();
    drag(
      event,
      {
        move: (moved) => {
          const seconds = (moved.x / box.width) * (view.most - view.least);
          if (moving) view.set(moved.from + seconds, moved.from + seconds + moved.span);
          else
            view.set(
              ...[timeOf(event.clientX), timeOf(event.clientX + moved.x)].sort((a, b) => a - b),
            );
        },
        end: (moved) => {
          if (moved.far || moving) return;
          if (view.isWhole()) view.goTo(timeOf(event.clientX));
          else
            view.set(timeOf(event.clientX) - view.span / 2, timeOf(event.clientX) + view.span / 2);
        },
      },
      view,
    );
  });
}

const KEYS = {
  " ": (page) => page.play(),
  "+": (page) => page.view.zoom(KEY_ZOOM, pointOf(page)),
  "=": (page) => page.view.zoom(KEY_ZOOM, pointOf(page)),
  "-": (page) => page.view.zoom(1 / KEY_ZOOM, pointOf(page)),
  0: (page) => page.view.fit(),
  "?": () => showKeys(),
  n: (page) => chooseNextFailure(page),
  Escape: (page) => page.choose(null),
};

const LANE_KEYS = {
  ArrowLeft: (page, lanes) => chooseAlong(page, lanes, -1),
  ArrowRight: (page, lanes) => chooseAlong(page, lanes, 1),
  ArrowUp: (page, lanes) => chooseLane(page, lanes, -1),
  ArrowDown: (page, lanes) => chooseLane(page, lanes, 1),
  Enter: (page) => byId("details").querySelector("button")?.focus(),
};

function pressKey(page, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const {target} = event;
  const lanes = page.lanes.find(({scroller}) => scroller === target);
  const inControl = target.closest("button, select, summary, input, pre");
  let act = null;
  if (event.shiftKey && !inControl && event.key.startsWith("Arrow")) {
    const sign = {ArrowLeft: -1, ArrowRight: 1}[event.key];
    if (sign) act = () => page.view.pan(sign * 0.2 * page.view.span);
  } else if (lanes && LANE_KEYS[event.key]) act = () => LANE_KEYS[event.key](page, lanes);
  else if (KEYS[event.key] && (!inControl || event.key !== " ")) act = () => KEYS[event.key](page);
  if (!act) return;
  event.preventDefault();
  act();
}

/* What zooming by a key is about: the chosen, or the middle. */
function pointOf(page) {
  const {chosen, view} = page;
  if (!chosen) return undefined;
  const time = chosen.run.entry(chosen.item ? rowOf(chosen.run, chosen.item) : chosen.row).time;
  return time >= view.from && time <= view.to ? time : undefined;
}

function laneOf(run, item) {
  return run.lanes[item.sort === "bar" ? run.bars.lane[item.index] : run.ticks.lane[item.index]];
}

function timeOf(run, item) {
  return item.sort === "bar" ? run.bars.start[item.index] : run.ticks.time[item.index];
}

function chosenOf(page, lanes) {
  return page.chosen && page.chosen.run === lanes.run ? page.chosen.item : null;
}

function chooseAlong(page, lanes, step) {
  const item = chosenOf(page, lanes);
  if (!item) return chooseFirst(page, lanes, lanes.order);
  const items = lanes.run.itemsOf(laneOf(lanes.run, item));
  const at = items.findIndex(({sort, index}) => sort === item.sort && index === item.index);
  return chooseAndShow(page, lanes, items[Math.min(Math.max(at + step, 0), items.length - 1)]);
}

/* On the next lane that has something, what is nearest in time. */
function chooseLane(page, lanes, step) {
  const item = chosenOf(page, lanes);
  if (!item) return chooseFirst(page, lanes, lanes.order);
  const at = lanes.order.indexOf(laneOf(lanes.run, item));
  const rest = step > 0 ? lanes.order.slice(at + 1) : lanes.order.slice(0, at).reverse();
  return chooseFirst(page, lanes, rest, timeOf(lanes.run, item));
}

function chooseFirst(page, lanes, order, time = page.view.from) {
  const lane = order.find((one) => lanes.run.itemsOf(one).length);
  if (!lane) return;
  const items = lanes.run.itemsOf(lane);
  const at = Math.max(
    0,
    lastNotAfter(items, time, (item) => item.time),
  );
  chooseAndShow(page, lanes, items[at]);
}

function chooseAndShow(page, lanes, item) {
  const {run} = lanes;
  const lane = laneOf(run, item);
  if (item.sort === "bar") page.view.reveal(run.bars.start[item.index], run.bars.end[item.index]);
  else page.view.reveal(run.ticks.time[item.index]);
  const {scroller} = lanes;
  if (lane.y < scroller.scrollTop) scroller.scrollTop = lane.y - 30;
  else if (lane.y + lane.height > scroller.scrollTop + scroller.clientHeight)
    scroller.scrollTop = lane.y + lane.height - scroller.clientHeight;
  page.choose({run, item: {sort: item.sort, index: item.index}});
}

/* The next thing that went wrong, of the run that was chosen last; after the last one the first. */
function chooseNextFailure(page) {
  const run = page.chosen ? page.chosen.run : page.runs[0];
  const lanes = page.lanes[page.runs.indexOf(run)];
  const failures = [];
  run.bars.start.forEach((time, index) => {
    if (WENT_WRONG.has(run.outcome(index))) failures.push({sort: "bar", index, time});
  });
  failures.sort((one, other) => one.time - other.time || one.index - other.index);
  const item = chosenOf(page, lanes);
  const [time, index] = item
    ? [timeOf(run, item), item.sort === "bar" ? item.index : -1]
    : [-Infinity, -1];
  const next = failures.find((one) => one.time > time || (one.time === time && one.index > index));
  if (failures.length) chooseAndShow(page, lanes, next || failures[0]);
}
