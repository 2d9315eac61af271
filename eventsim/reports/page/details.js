"use strict";
/* All there is to say of what was chosen; every text of the run is set as text, never as markup. */

const SHOWN_AT_FIRST = 50000;

const OUTCOME_WORDS = {
  delivered: "batch delivered",
  partly: "batch delivered in part",
  failed: "batch failed, sent again",
  discarded: "batch discarded",
  refused: "not invoked",
  done: "function answered",
  error: "function error",
  init: "cold start",
  waiting: "waiting",
  running: "no answer yet",
  alive: "environment kept",
};

const WAITS = {
  retry_scheduled: "waits to be sent again",
  messages_returned: "waits to be received again",
  event_queued: "waits in the queue",
  event_retried: "waits to be tried again",
};

class Details {
  constructor(panel, view, choose) {
    this.panel = panel;
    this.view = view;
    this.choose = choose;
  }

  hide() {
    this.panel.hidden = true;
  }

  /* Show an entry of a run; *item* is the bar or tick that it was chosen by, if any. */
  show(run, entry, item) {
    const close = element("button", "close", "\u00d7");
    close.setAttribute("aria-label", "Close the details");
    close.addEventListener("click", () => this.choose(null));
    const name = visible(titleOf(run, entry, item));
    this.panel.replaceChildren(
      close,
      element("h2", "", name),
      element("p", "where", whereOf(run, entry, this.view)),
    );
    if (entry.told && entry.told !== name) this.add(element("p", "told", visible(entry.told)));
    this.reasons(run, entry, item);
    this.facts(run, entry, item);
    const related = relatedTo(run, entry);
    this.contents(run, related);
    this.chain(run, entry, related);
    this.block(
      "This entry of the journal",
      JSON.stringify({
        kind: entry.kind,
        time: entry.time,
        ...(entry.because && {because: entry.because}),
        ...entry.fields,
      }),
      false,
    );
    this.panel.hidden = false;
    this.panel.scrollTop = 0;
  }

  add(...elements) {
    this.panel.append(...elements);
  }

  reasons(run, entry, item) {
    const reasons = reasonsOf(run, entry, item);
    if (!reasons.length) return;
    const list = element("ul", "reasons");
    for (const reason of reasons) list.append(element("li", "", visible(reason)));
    this.add(element("h3", "", "Why"), list);
  }

  facts(run, entry, item) {
    const table = element("dl");
    const fact = (name, value) => {
      if (value !== undefined && value !== null && value !== "")
        table.append(element("dt", "", name), element("dd", "", visible(value)));
    };
    const {fields} = entry;
    if (item && item.sort === "bar") {
      const [start, end] = [run.bars.start[item.index], run.bars.end[item.index]];
      fact("from", this.view.fullTime(start));
      fact(
        "to",
        `${this.view.fullTime(end)}, after ${spanOfTime(Number((end - start).toFixed(6)))}`,
      );
    }
    fact("records", fields.records ?? fields.batch_size);
    if (fields.first !== undefined)
      fact(fields.first === fields.last ? "record" : "first record", fields.first);
    if (fields.first !== fields.last) fact("last record", fields.last);
    fact("attempt", fields.attempt);
    fact("iterator age", fields.age === undefined ? undefined : spanOfTime(fields.age));
    fact("request id", fields.request_id);
    fact("environment", fields.environment);
    fact(
      "error",
      [fields.error_type, fields.error_message].filter(Boolean).join(": ") || fields.error,
    );
    if (table.childElementCount) this.add(element("h3", "", "Facts"), table);
  }

  contents(run, related) {
    const last = (name) =>
      related
        .map(({fields}) => fields[name])
        .filter(Boolean)
        .pop();
    const event = last("payload");
    const answer = last("answer");
    const logs = related
      .filter(({kind}) => kind === "function_logged")
      .map(({fields}) => fields.text);
    if (event) this.payload("Event", run.content(event));
    if (answer) this.payload("Answer", run.content(answer));
    if (logs.length) this.block("Log of the function", logs.join("\n"), true, false);
    const asked = related.some(({kind}) => kind.startsWith("invocation_"));
    if (asked && !event && !logs.length && run.head.detail !== "payload") {
      this.add(element("p", "hint", "The event and the log are in a journal of --detail payload."));
    }
  }

  payload(title, content) {
    if (content === null)
      this.add(element("h3", "", title), element("p", "hint", "its content is not in this page"));
    else this.block(title, content, true);
  }

  block(title, text, open, json = true) {
    const box = document.createElement("details");
    box.open = open;
    box.className = "block";
    box.append(element("summary", "", title));
    const whole = visible(json ? laidOut(text) : text);
    const pre = element("pre", "", whole.slice(0, SHOWN_AT_FIRST));
    pre.tabIndex = 0;
    box.append(pre);
    if (whole.length > SHOWN_AT_FIRST) {
      const more = element(
        "button",
        "more",
        `Show all ${whole.length.toLocaleString("en")} characters`,
      );
      more.addEventListener("click", () => {
        pre.textContent = whole;
        more.remove();
      });
      box.append(more);
    }
    this.add(box);
  }

  /* What else is known of the same request, each entry to be chosen. */
  chain(run, entry, related) {
    if (related.length < 2) return;
    const list = element("ol", "chain");
    for (const one of related.slice(0, 100)) {
      const button = element("button", one.number === entry.number ? "current" : "");
      button.append(
        element("span", "time", `${one.time.toFixed(3)} s`),
        element("span", "", visible(one.told || one.kind.replaceAll("_", " "))),
      );
      button.addEventListener("click", () => this.choose({run, row: one.number}));
      const item = document.createElement("li");
      item.append(button);
      list.append(item);
    }
    this.add(element("h3", "", "The whole request"), list);
  }
}

const byId = (id) => document.getElementById(id);

function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function titleOf(run, entry, item) {
  if (item && item.sort === "bar")
    return WAITS[entry.kind] || OUTCOME_WORDS[run.outcome(item.index)];
  return entry.kind.replaceAll("_", " ");
}

function whereOf(run, entry, view) {
  const lane = entry.lane ? `${visible(entry.lane.label)} \u00b7 ` : "";
  const name = run.head.name ? `${visible(run.head.name)} \u00b7 ` : "";
  return `${name}${lane}${view.fullTime(entry.time)}`;
}

function relatedTo(run, entry) {
  const request = entry.fields.request_id;
  if (typeof request !== "string") return [entry];
  return run.rowsOf(request).map((row) => run.entry(row));
}

/* Why the batch was formed, why this happened, and what followed at once from it. */
function reasonsOf(run, entry, item) {
  const reasons = [];
  const formed = item && item.sort === "bar" ? run.bars.formed[item.index] : -1;
  if (formed >= 0) reasons.push(`formed: ${run.entry(formed).because}`);
  if (entry.because) reasons.push(entry.because);
  for (let row = entry.number + 1; row < Math.min(entry.number + 4, run.rows.length); row++) {
    const next = run.entry(row);
    const same = next.time - entry.time < 0.001 && next.fields.shard === entry.fields.shard;
    const follows = ["retry_scheduled", "batch_discarded", "batch_bisected", "messages_returned"];
    if (entry.kind === "batch_failed" && same && follows.includes(next.kind))
      reasons.push(next.told);
  }
  return [...new Set(reasons)];
}
