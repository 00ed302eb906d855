// The page of `ips dashboard`. What it shows came over a socket and is not to be trusted: text goes in by textContent alone.

const $ = id => document.getElementById(id);
const services = new Map();
const stages = ['starting', 'ready', 'probation', 'serving', 'draining'];
const words = { starting: 'starting', ready: 'ready', probation: 'on probation', serving: 'serving', draining: 'draining' };
const phases = [['spawned', 'spawn', 'spawned', 'spawning'], ['hello', 'start', 'started', 'starting'], ['ready', 'warm-up', 'ready', 'warming up'],
  ['serving', 'serve', 'serving', 'connecting'], ['promoted', 'trial', 'promoted', 'on probation']];
const phaseWords = { spawn: 'spawn', start: 'start', 'warm-up': 'warm-up', serve: 'first connection', trial: 'probation', fail: 'failed here' };
const kinds = {
  http1: ['HTTP/1.1', 'moves, or closes, after its current response'],
  http2: ['HTTP/2', 'leaves when its streams have ended'],
  tls: ['TLS', 'is closed after its next response'],
  upgraded: ['WebSocket or other upgrade', 'is asked to close between two messages'],
  'connection-items': ['state kept by the app', 'is closed after its next response'],
};
let chosen = 0, range = 300, drawn = false, opened = new Set(), source = null;

// ---- small tools

function fill(node, options, children) {
  for (const [name, value] of Object.entries(options ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'text') node.textContent = value;
    else if (name === 'on') for (const [type, act] of Object.entries(value)) node.addEventListener(type, act);
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat().filter(child => child !== null && child !== undefined));
  return node;
}
const el = (tag, options, ...children) => fill(document.createElement(tag), options, children);
const svg = (tag, options, ...children) => fill(document.createElementNS('http://www.w3.org/2000/svg', tag), options, children);
const say = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const whole = number => Number.isFinite(number) ? Math.round(number).toLocaleString('en') : '–';
const rate = number => !Number.isFinite(number) ? '–' : number >= 100 ? whole(number) : (Math.round(number * 10) / 10).toLocaleString('en');
const span = ms => !Number.isFinite(ms) ? '–' : ms < 10 ? `${Math.round(ms * 10) / 10} ms` : ms < 1000 ? `${Math.round(ms)} ms`
  : ms < 60e3 ? `${(ms / 1000).toFixed(1)} s` : ms < 3600e3 ? `${Math.floor(ms / 60e3)} min ${Math.floor(ms % 60e3 / 1000)} s`
  : ms < 86400e3 ? `${Math.floor(ms / 3600e3)} h ${Math.floor(ms % 3600e3 / 60e3)} min` : `${Math.floor(ms / 86400e3)} d ${Math.floor(ms % 86400e3 / 3600e3)} h`;
const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const minutes = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });
const count = (number, one, many = `${one}s`) => `${whole(number)} ${number === 1 ? one : many}`;
const time = value => { const at = Date.parse(value); return Number.isFinite(at) ? at : NaN; };
const list = value => Array.isArray(value) ? value.filter(item => item !== null) : [];
const when = at => Number.isFinite(at) ? clock.format(at) : '–';

// For screen readers, which read what is added: two changes at once are both heard.
function announce(text) {
  const node = $('announce');
  node.append(el('span', { text: `${text} ` }));
  while (node.children.length > 6) node.firstChild.remove();
}

// ---- what comes

function connect() {
  source = new EventSource('events');
  const on = (name, act) => source.addEventListener(name, event => { act(JSON.parse(event.data)); schedule(); });
  on('hello', hello => {
    say($('foot'), `Ips ${hello.version}. This page is served by the command 'ips dashboard' and ends with it. Times are those of this browser's zone.`);
    for (const { service, name } of hello.services) {
      const known = services.get(service) ?? { trace: [], history: [], rates: [], slowest: [], drains: new Map(), counts: new Map(), link: { state: 'waiting', message: 'Connecting…' } };
      services.set(service, { ...known, id: service, name });
    }
    chosen ||= hello.services[0]?.service ?? 0;
  });
  on('link', link => { const of = services.get(link.service); if (of) { of.link = link; if (of.id === chosen && link.state !== 'live') announce(link.message); } });
  on('snapshot', ({ service, said }) => take(services.get(service), said));
  on('history', ({ service, said }) => remember(services.get(service), list(said.history)));
  on('trace', ({ service, whole: all, items }) => {
    const of = services.get(service);
    if (of) of.trace = (all ? items : [...of.trace, ...items]).slice(-600);
  });
  on('action', showAction);
  source.onerror = () => {
    lost(source.readyState === EventSource.CLOSED);
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
  };
}

function lost(refused) {
  for (const of of services.values()) {
    of.link = { state: 'failed', message: refused ? "The command 'ips dashboard' does not answer: it has ended, or too many pages are open."
      : "The connection to 'ips dashboard' is lost; trying again." };
  }
  schedule();
}

function take(of, said) {
  if (!of || !said) return;
  const before = of.snapshot;
  of.snapshot = said;
  said.generations = list(said.generations);
  of.offset = time(said.at) - Date.now();
  for (const one of said.generations) if (one.requests) steady(of, one, said);
  const requests = said.generations.map(one => one.requests).filter(Boolean);
  if (requests.length > 0) {
    of.rates = [...of.rates, requests.reduce((sum, one) => sum + one.perSecond, 0)].slice(-120);
    of.slowest = [...of.slowest, Math.max(0, ...requests.map(one => one.p99Ms ?? 0))].slice(-120);
  }
  for (const one of said.generations) {
    if (one.drain) of.drains.set(one.pid, { most: Math.max(of.drains.get(one.pid)?.most ?? 0, one.drain.leftMs), drain: one.drain, at: time(said.at) });
  }
  const newer = said.generations.find(one => one.state === 'probation');
  if (newer) of.trial = { older: main(said), newer, reload: said.reload, at: said.at };
  if (of.id !== chosen || !before) return;
  if (before.generation !== said.generation || before.pid !== said.pid) announce(`Generation ${said.generation}, PID ${said.pid}, is the main process.`);
  else if (before.state !== said.state || before.phase !== said.phase) announce(`${stateText(said)}.`);
  else if (before.paused !== said.paused) announce(said.paused ? 'The service is paused: readiness fails.' : 'The service is no longer paused.');
}

// A successor's counts come with its health reports: between two of them its rate is the one of the last, not 0.
function steady(of, { pid, requests }, { at, pid: own }) {
  const t = time(at), known = of.counts.get(pid);
  if (known && requests.total === known.total && t - known.t < (pid === own ? 1000 : 15e3)) {
    [requests.perSecond, requests.errorsPerSecond] = [known.perSecond, known.errorsPerSecond];
    return;
  }
  const seconds = known ? Math.max(.1, (t - known.t) / 1000) : NaN;
  if (known) [requests.perSecond, requests.errorsPerSecond] = [(requests.total - known.total) / seconds, (requests.errors - known.errors) / seconds];
  of.counts.set(pid, { ...requests, t });
}

function remember(of, history) {
  if (!of) return;
  const newest = history.at(-1), known = of.history.at(-1);
  of.history = history;
  of.pastDrawn = false;
  if (of.id === chosen && known && newest && key(newest) !== key(known))
    announce(`Reload ${outcome(newest).text}: generation ${newest.oldGeneration} to ${newest.newGeneration}, ${span(newest.elapsedMs)}.`);
}

const key = receipt => `${receipt.startedAt} ${receipt.newGeneration} ${receipt.newPid ?? ''}`;
const main = said => said.generations.find(one => one.number === said.generation && one.pid === said.pid) ?? said.generations.at(-1);
const stateText = said => ({ Serving: 'Serving', Reloading: 'Reloading', Checking: 'Checking a release', RollingBack: 'Rolling back', OnProbation: 'On probation',
  Starting: 'Starting', Draining: 'Draining', LameDuck: 'Lame duck' })[said.state] ?? `${said.state}`;

// ---- drawing

function schedule() {
  if (drawn) return;
  drawn = true;
  requestAnimationFrame(() => { drawn = false; draw(); });
}

function draw() {
  const of = services.get(chosen);
  if (!of || document.hidden) return;
  drawTop(of);
  drawFacts(of);
  drawLanes(of);
  drawTrial(of);
  drawDrain(of);
  if (!of.pastDrawn) drawPast(of);
}

function drawTop(of) {
  const said = of.snapshot, live = ['live', 'polling'].includes(of.link.state);
  const base = of.name.split('/').at(-1).replace(/\.pid$/, '');
  say($('title'), base);
  $('title').title = of.name;
  $('link').dataset.state = of.link.state;
  say($('link-text'), of.link.state === 'live' ? `Live · ${of.name}` : of.link.message);
  document.title = said && live ? `${stateText(said)} · generation ${said.generation} · ${base}` : `${of.link.state} · ${base}`;
  for (const id of ['reload', 'check', 'pause']) $(id).disabled = !live;
  say($('pause'), said?.paused ? 'Resume' : 'Pause');
  const nav = $('services');
  nav.hidden = services.size < 2;
  const names = [...services.values()].map(one => `${one.id} ${one.name} ${one.link.state} ${chosen}`).join();
  if (nav.dataset.names === names) return;
  const focused = nav.contains(document.activeElement) ? [...nav.children].indexOf(document.activeElement) : -1;
  nav.dataset.names = names;
  nav.replaceChildren(...[...services.values()].map(one => el('button', {
    type: 'button', title: one.name, 'aria-current': one.id === chosen ? 'true' : undefined,
    text: one.name.split('/').at(-1).replace(/\.pid$/, '') + (one.link.state === 'live' || one.link.state === 'waiting' ? '' : ` (${one.link.state})`),
    on: { click: () => { chosen = one.id; one.pastDrawn = false; opened = new Set(); $('action').hidden = true; schedule(); } },
  })));
  nav.children[focused]?.focus();
}

function drawFacts(of) {
  const said = of.snapshot;
  if (!said) return;
  const all = said.generations, known = name => all.some(one => Number.isFinite(one[name])) ? all.reduce((sum, one) => sum + (one[name] ?? 0), 0) : NaN;
  const asked = all.map(one => one.requests).filter(Boolean), own = main(said)?.requests;
  const sum = name => asked.length === 0 ? NaN : asked.reduce((total, one) => total + (one[name] ?? 0), 0);
  const errors = sum('errors');
  const facts = [
    ['State', stateText(said) + (said.paused ? ', paused' : ''), said.paused ? 'readiness fails' : said.phase ?? `since ${since(of, said)}`, 'text wide', said.paused ? 'warn' : ''],
    ['Release', said.release, `PID ${said.pid}`, 'text wide'],
    ['Generation', `${said.generation}`, `up ${span(now(of) - time(said.startedAt))}`],
    ['Connections', whole(known('connections')), all.length > 1 ? `in ${all.length} generations` : ''],
    ['Running', whole(known('runningRequests')), ''],
    ['Requests/s', rate(sum('perSecond')), own ? `${whole(own.total)} in all` : '', '', '', of.rates],
    ['5xx errors', whole(errors), Number.isFinite(errors) ? `${rate(sum('errorsPerSecond'))}/s` : '', '', errors > 0 ? 'bad' : ''],
    ['Median', span(own?.p50Ms ?? asked.at(-1)?.p50Ms), ''],
    ['99th percentile', span(own?.p99Ms ?? asked.at(-1)?.p99Ms), '', '', '', of.slowest],
  ];
  const node = $('facts');
  if (node.children.length !== facts.length)
    node.replaceChildren(...facts.map(([name, , , css]) => el('div', { class: `fact ${css?.includes('wide') ? 'wide' : ''}` },
      el('dt', { text: name }), el('dd', { class: css?.includes('text') ? 'text' : '' }, el('span'), el('span', { class: 'sub' })))));
  facts.forEach(([name, value, sub, css, tone, values], index) => {
    const [term, detail] = node.children[index].children;
    say(term, name);
    say(detail.children[0], `${value ?? '–'}`);
    detail.children[0].className = tone ?? '';
    say(detail.children[1], sub ? ` ${sub}` : '');
    detail.children[1].style.display = sub ? 'block' : 'none';
    if (values?.length > 1) {
      let line = node.children[index].querySelector('path');
      if (!line) {
        line = svg('path');
        node.children[index].append(svg('svg', { class: 'spark', viewBox: '0 0 120 20', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, line));
      }
      const top = Math.max(...values, 1e-9);
      line.setAttribute('d', values.map((one, i) => `${i ? 'L' : 'M'}${(120 - values.length + i).toFixed(1)} ${(19 - one / top * 18).toFixed(1)}`).join(''));
    }
  });
}

const now = of => Date.now() + (of.offset ?? 0);
function since(of, said) {
  const lane = lanesOf(of).lanes.find(one => one.number === said.generation && one.pid === said.pid);
  return when(lane?.at.serving ?? time(said.startedAt));
}

// ---- the time line

/** Each process of the service with the times of its states: from the receipts, and from what was seen. */
function lanesOf(of) {
  const lanes = new Map(), flows = [], said = of.snapshot;
  const lane = (number, pid) => {
    const id = `${number}/${pid}`;
    if (!lanes.has(id)) lanes.set(id, { id, number, pid, at: {}, fails: [] });
    return lanes.get(id);
  };
  for (const receipt of of.history) {
    const start = time(receipt.startedAt), end = start + receipt.elapsedMs, reached = receipt.phasesMs ?? {};
    const at = name => Number.isFinite(reached[name]) ? start + reached[name] : undefined;
    const older = lane(receipt.oldGeneration, receipt.oldPid), promoted = receipt.outcome === 'promoted';
    older.release ??= receipt.oldRelease;
    older.known = Math.min(older.known ?? Infinity, start); // it ran then; nothing says since when
    if (receipt.newPid) {
      const newer = lane(receipt.newGeneration, receipt.newPid);
      newer.release ??= receipt.newRelease;
      newer.at.starting ??= at('spawned') ?? start;
      if (at('ready')) newer.at.ready ??= at('ready');
      if (at('serving')) newer.at.probation ??= at('serving');
      if (promoted) {
        newer.at.serving ??= at('promoted') ?? end;
        older.at.draining ??= at('promoted') ?? end;
        flows.push({ from: older.id, to: newer.id, t: at('promoted') ?? end, count: receipt.drain?.moved ?? receipt.connections?.moved ?? 0 });
      } else {
        newer.end = Math.max(newer.end ?? 0, end);
        newer.fails.push({ t: end, text: outcome(receipt).text, good: receipt.outcome === 'checked' });
      }
    } else if (!promoted) older.fails.push({ t: end, text: outcome(receipt).text, on: true });
  }
  for (const item of of.trace) {
    const t = time(item.at);
    if (item.state === 'moved') {
      const back = item.why === 'rollback';
      const ends = [item.from, item.number].map(number => [...lanes.values()].filter(one => one.number === number && first(one) <= t + 1000).at(-1)?.id);
      if (!ends[0] || !ends[1]) continue;
      const known = flows.find(one => one.from === ends[0] && one.to === ends[1] && Math.abs(one.t - t) < 600e3);
      if (known) { known.seen = (known.seen ?? 0) + item.moved; known.count = Math.max(known.count, known.seen); known.last = t; }
      else flows.push({ from: ends[0], to: ends[1], t, count: item.moved, seen: item.moved, back, last: t });
      continue;
    }
    const one = lane(item.number, item.pid);
    one.release ??= item.release;
    if (item.state === 'gone') one.end = Math.max(one.end ?? 0, t);
    else if (stages.includes(item.state)) one.at[item.state] ??= t;
  }
  const alive = new Map(list(said?.generations).map(one => [`${one.number}/${one.pid}`, one]));
  const all = [...lanes.values()];
  for (const one of all) {
    one.alive = alive.get(one.id);
    if (one.alive) one.end = undefined;
    if (one.id === `${said?.generation}/${said?.pid}` && !one.at.starting) one.at.serving = Math.min(one.at.serving ?? Infinity, time(said.startedAt));
    one.segments = stages.filter(state => one.at[state] !== undefined).map(state => ({ state, from: one.at[state] }))
      .sort((a, b) => a.from - b.from || stages.indexOf(a.state) - stages.indexOf(b.state));
    if (one.segments[0]?.state === 'draining' || one.segments.length === 0) one.segments.unshift({ state: 'serving', from: undefined });
    if (!one.alive && one.end === undefined) one.end = one.segments.at(-1).from ?? one.fails.at(-1)?.t;
  }
  all.sort((a, b) => (first(a) - first(b)) || a.number - b.number);
  // A process that served until the service was stopped: nobody saw its end.
  all.forEach((one, index) => {
    if (one.alive || one.segments.at(-1).state !== 'serving' || one.fails.some(fail => !fail.on)) return;
    one.unseen = Math.max(one.end ?? 0, Math.min(all[index + 1] ? first(all[index + 1]) : now(of), now(of)));
  });
  return { lanes: all, flows };
}

const first = lane => Math.min(...Object.values(lane.at), lane.known ?? Infinity, lane.end ?? Infinity);

function ticksOf(from, to, most) {
  const step = [5, 10, 30, 60, 300, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400, 30 * 86400].map(s => s * 1000)
    .find(ms => (to - from) / ms <= most) ?? 365 * 86400e3;
  const shift = new Date(to).getTimezoneOffset() * 60e3, ticks = [];
  for (let t = Math.ceil((from - shift) / step) * step + shift; t <= to; t += step) ticks.push(t);
  return { ticks, text: t => step >= 86400e3 ? day.format(t) : step >= 60e3 ? minutes.format(t) : clock.format(t) };
}

function drawLanes(of) {
  const said = of.snapshot, box = $('lanes'), width = Math.max(240, Math.floor(box.clientWidth)), to = now(of);
  const { lanes, flows } = lanesOf(of);
  const earliest = Math.min(...lanes.map(first).filter(Number.isFinite), to - 60e3);
  const from = Math.max(range > 0 ? to - range * 1000 : -Infinity, earliest - (to - earliest) * .02), end = to + (to - from) * .07;
  const shown = lanes.filter(one => Math.max(one.end ?? to, one.unseen ?? 0) >= from).slice(-12);
  const narrow = width < 560, left = narrow ? 0 : 184, right = 10, top = 22, high = narrow ? 50 : 42, bar = 20, lift = narrow ? 22 : 11;
  const x = t => left + Math.max(0, Math.min(1, ((t ?? from) - from) / (end - from))) * (width - left - right);
  const y = index => top + index * high + lift, height = top + Math.max(1, shown.length) * high + 6;
  const { ticks, text } = ticksOf(from, end, narrow ? 4 : 8);
  const parts = [];
  shown.forEach((one, index) => parts.push(svg('rect', { class: 'row', x: 0, y: top + index * high + 3, width, height: high - 6, rx: 6 })));
  for (const t of ticks) {
    parts.push(svg('line', { class: 'axis', x1: x(t), x2: x(t), y1: top - 4, y2: height - 4 }));
    if (x(t) > left + 24 && x(t) < width - 30) parts.push(svg('text', { class: 'tick', x: x(t), y: 12, 'text-anchor': 'middle', text: text(t) }));
  }
  shown.forEach((one, index) => parts.push(...drawLane(one, { x, y: y(index), bar, left, narrow, from, to, width, reload: said?.reload })));
  parts.push(svg('line', { class: 'now', x1: x(to), x2: x(to), y1: top - 4, y2: height - 4 }));
  for (const flow of flows) parts.push(...drawFlow(flow, shown, { x, y, bar, from, to, narrow, width }));
  if (shown.length === 0) parts.push(svg('text', { x: left + 6, y: top + 24, text: 'No generation was seen in this time.' }));
  box.replaceChildren(svg('svg', { viewBox: `0 0 ${width} ${height}`, height, focusable: 'false' }, parts));
  drawLanesText(of, [...shown].reverse());
}

function drawLane(one, { x, y, bar, left, narrow, from, to, width, reload }) {
  const parts = [], name = `Generation ${one.number}`, sub = `PID ${one.pid}${one.release && !narrow ? ` · ${one.release}` : ''}`;
  const most = Math.floor((narrow ? width - 100 : left - 16) / 6.1), cut = text => text.length > most ? `${text.slice(0, most - 1)}…` : text;
  if (narrow) parts.push(svg('text', { x: 6, y: y - 6 }, svg('tspan', { class: 'lane-name', text: name }), svg('tspan', { class: 'lane-sub', dx: 8, text: cut(sub) })));
  else {
    parts.push(svg('text', { class: 'lane-name', x: 8, y: y + 8, text: name }));
    parts.push(svg('text', { class: 'lane-sub', x: 8, y: y + 22, text: cut(sub) }, svg('title', { text: sub })));
  }
  one.segments.forEach((segment, index) => {
    const end = one.segments[index + 1]?.from ?? one.end ?? to;
    if (end < from) return;
    const x1 = x(segment.from), wide = Math.max(2.5, x(end) - x1);
    const shape = { x: x1, y, width: wide, height: bar, rx: Math.min(4, wide / 2) };
    const until = end < to || one.end ? `${span(end - (segment.from ?? NaN))}` : `since ${when(segment.from)}`;
    parts.push(svg('rect', { class: `seg ${segment.state}`, ...shape }, svg('title', { text: `${name}: ${words[segment.state]}, ${until}` })));
    if (['starting', 'probation', 'draining'].includes(segment.state)) parts.push(svg('rect', { fill: `url(#hatch-${segment.state})`, 'pointer-events': 'none', ...shape }));
    const conns = one.alive && index === one.segments.length - 1 && Number.isFinite(one.alive.connections) ? ` · ${count(one.alive.connections, 'connection')}` : '';
    const text = [words[segment.state] + conns, words[segment.state]].find(label => label.length * 6.7 + 14 < wide);
    if (text) parts.push(svg('text', { class: `on ${segment.state}`, x: x1 + 8, y: y + bar / 2 + 4, text }));
  });
  if (one.unseen > Math.max(one.end, from)) {
    const x1 = x(one.end), wide = x(one.unseen) - x1;
    parts.push(svg('rect', { class: 'soon', x: x1, y: y + .5, width: Math.max(1, wide), height: bar - 1, rx: 4 }, svg('title', { text: `${name}: served, and nobody saw its end` })));
    if (wide > 110) parts.push(svg('text', { class: 'tick', x: x1 + 8, y: y + bar / 2 + 4, text: 'end not seen' }));
  }
  // What is to come at the latest: the end of the probation, the deadline of the drain.
  const state = one.segments.at(-1).state, soon = !one.alive ? NaN : state === 'probation' ? time(reload?.probationEndsAt) : state === 'draining' ? to + one.alive.drain?.leftMs : NaN;
  if (soon > to) parts.push(svg('rect', { class: 'soon', x: x(to), y: y + .5, width: Math.max(2, x(soon) - x(to)), height: bar - 1, rx: 4 },
    svg('title', { text: `${state === 'draining' ? 'drain deadline' : 'probation ends'} at ${when(soon)}` })));
  for (const fail of one.fails.filter(one => one.t >= from)) {
    const at = x(fail.t), before = at > width - 110;
    if (!fail.good) parts.push(svg('path', { class: 'cross', d: `M${at - 4} ${y + 6}l8 8m0 -8l-8 8` }));
    parts.push(svg('text', { class: fail.good ? 'tick' : 'fails', x: before ? at - 9 : at + 9, y: y + bar / 2 + 4, 'text-anchor': before ? 'end' : 'start', text: fail.text }));
  }
  return parts;
}

// A band from the lane that connections leave to the lane that they come to.
function drawFlow(flow, shown, { x, y, bar, from, to, narrow, width }) {
  const [a, b] = [flow.from, flow.to].map(id => shown.findIndex(one => one.id === id));
  if (a < 0 || b < 0 || flow.t < from) return [];
  const at = x(flow.t), y1 = a < b ? y(a) + bar : y(a), y2 = a < b ? y(b) : y(b) + bar, parts = [];
  parts.push(svg('path', { class: flow.back ? 'flow back' : 'flow', d: `M${at} ${y1}L${at} ${y2}` }));
  parts.push(svg('path', { class: 'flow', d: `M${at - 3.5} ${y2 - Math.sign(y2 - y1) * 5}L${at} ${y2}L${at + 3.5} ${y2 - Math.sign(y2 - y1) * 5}` }));
  const runs = flow.last !== undefined && to - flow.last < 3000;
  for (let i = 0; i < (runs ? 3 : 0); i++) {
    const drop = svg('circle', { class: 'drop runs', cx: at, cy: y1, r: 3.6 });
    drop.style.setProperty('--drop', `${y2 - y1}px`);
    drop.style.setProperty('--delay', `${-(Date.now() % 1100) / 1000 - i * .37}s`); // goes on where it was before this drawing
    parts.push(drop);
  }
  if (flow.count > 0 && !narrow) {
    const before = at > width - 130;
    parts.push(svg('text', { class: 'flow-text', x: before ? at - 7 : at + 7, y: (y1 + y2) / 2 + 4, 'text-anchor': before ? 'end' : 'start',
      text: `${whole(flow.count)} ${flow.back ? 'moved back' : 'moved'}` }));
  }
  return parts;
}

function drawLanesText(of, lanes) {
  const texts = lanes.map(one => {
    const last = one.segments.at(-1), fail = one.fails.at(-1);
    const state = one.alive ? `${words[last.state]} since ${when(last.from)}` : fail && !fail.on ? `${fail.text} at ${when(fail.t)}` : `ended at ${when(one.end)}`;
    const conns = one.alive && Number.isFinite(one.alive.connections) ? `, ${count(one.alive.connections, 'connection')}` : '';
    return `Generation ${one.number}, PID ${one.pid}: ${state}${conns}.`;
  });
  const node = $('lanes-text');
  if (node.dataset.texts === texts.join('\n')) return;
  node.dataset.texts = texts.join('\n');
  node.replaceChildren(...texts.map(text => el('li', { text })));
}

const meter = (css, share) => svg('svg', { class: 'bar', viewBox: '0 0 100 6', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
  svg('rect', { class: 'track', width: 100, height: 6 }),
  svg('rect', { class: css, width: Math.max(0, Math.min(1, share || 0)) * 100, height: 6 }));

// ---- probation

function drawTrial(of) {
  const said = of.snapshot, node = $('trial'), note = $('trial-note');
  if (!said) return;
  const running = said.reload, trial = of.trial;
  if (!running && !trial) {
    say(note, '');
    node.replaceChildren(el('p', { class: 'empty', text: said.pending ? `A reload by ${said.pending.askedBy} waits.`
      : 'No reload is in progress. The next one shows here step by step, with both generations side by side.' }));
    return;
  }
  const reload = running ?? trial.reload ?? { phasesMs: {}, newGeneration: trial.newer.number };
  const left = running?.probationEndsAt ? time(running.probationEndsAt) - now(of) : NaN;
  const ended = running ? null : of.history.findLast(one => one.newGeneration === trial.newer.number && one.newPid === trial.newer.pid);
  say(note, running ? `${running.dryRun ? 'Check' : 'Reload'} by ${running.source}, ${span(now(of) - time(running.startedAt))}${left > 0 ? ` · probation ends in ${span(left)}` : ''}`
    : `Last: generation ${trial.newer.number}, ${ended ? outcome(ended).text : 'ended'}`);
  const reached = ended?.phasesMs ?? reload.phasesMs ?? {};
  const next = running ? phases.find(([name]) => !(name in reached))?.[0] : null;
  const steps = el('ol', { class: 'steps', 'aria-label': 'Steps of the reload' }, phases.map(([name, , text, doing]) => el('li', { class: name in reached ? 'done' : name === next ? 'now' : '',
    'aria-current': name === next ? 'step' : undefined, text: name === next ? doing : text }, el('span', { class: 'ms', text: name in reached ? span(reached[name]) : '' }))));
  const compared = running && !said.generations.some(one => one.state === 'probation') && trial?.reload?.startedAt !== running.startedAt ? null : trial;
  node.replaceChildren(steps, ...(compared ? [versus(compared)] : [el('p', { class: 'empty', text: said.phase ? `Generation ${said.generation} ${said.phase}.` : '' })]));
}

function versus({ older, newer }) {
  const a = older.requests ?? {}, b = newer.requests ?? {};
  const share = one => one.total > 0 ? `${whole(one.errors)} (${(100 * one.errors / one.total).toFixed(1)} %)` : whole(one.errors);
  const rows = [['Requests a second', a.perSecond, b.perSecond, rate], ['Requests', a.total, b.total, whole], ['Errors (5xx)', a.errors, b.errors, whole, share],
    ['Median', a.p50Ms, b.p50Ms, span], ['99th percentile', a.p99Ms, b.p99Ms, span], ['Connections', older.connections, newer.connections, whole]];
  const head = (one, role) => el('th', { scope: 'col', text: `Generation ${one.number}` }, el('span', { class: 'sub', text: role }, el('span', { class: 'extra', text: ` · PID ${one.pid}${one.release ? ` · ${one.release}` : ''}` })));
  return el('table', { class: 'versus' }, el('thead', null, el('tr', null, el('th', { scope: 'col' }, el('span', { class: 'hidden', text: 'Figure' })), head(older, 'predecessor'), head(newer, 'successor'))),
    el('tbody', null, rows.map(([name, one, two, text, full]) => {
      const top = Math.max(one ?? 0, two ?? 0) || 1, bad = name.startsWith('Errors');
      return el('tr', null, el('th', { scope: 'row', text: name }), el('td', null, el('span', { class: 'num', text: full ? full(a) : text(one) }), meter(bad ? 'bad' : 'serving', (one ?? 0) / top)),
        el('td', null, el('span', { class: 'num', text: full ? full(b) : text(two) }), meter(bad ? 'bad' : 'probation', (two ?? 0) / top)));
    })));
}

// ---- drain

function drawDrain(of) {
  const said = of.snapshot, node = $('drain');
  if (!said) return;
  const drains = said.generations.filter(one => one.state === 'draining');
  const aborted = said.counts?.['aborted-requests'] ?? 0;
  say($('drain-note'), aborted > 0 ? `${count(aborted, 'request')} cut at deadlines since the service began` : '');
  if (drains.length === 0) {
    node.replaceChildren(el('p', { class: 'empty', text: 'Nothing drains. After a reload this shows which connections the old generation still waits for.' }));
    return;
  }
  node.replaceChildren(...drains.map(one => {
    const seen = of.drains.get(one.pid), drain = one.drain ?? seen?.drain, waiting = list(drain?.waiting), left = drain && drain.leftMs - (now(of) - seen.at);
    const head = el('h3', { text: `Generation ${one.number}, PID ${one.pid}` });
    if (!drain) return el('div', { class: 'drain' }, head, el('p', { class: 'empty', text: 'It has not said yet what it waits for.' }));
    return el('div', { class: 'drain' }, head, el('p', { class: 'note', text: `${left > 0 ? `What is open in ${span(left)} is cut.` : 'Its deadline has passed.'}${one.drain ? '' : ` Last heard of at ${when(seen.at)}: two reloads ago.`}` }),
      meter('draining', left / seen.most),
      waiting.length === 0 ? el('p', { class: 'empty', text: 'No connection is left; it is about to end.' }) : el('table', { class: 'waits' },
        el('thead', null, el('tr', null, el('th', { scope: 'col', text: 'waits for' }), ...['open', 'busy', 'oldest'].map(text => el('th', { scope: 'col', class: 'n', text })))),
        el('tbody', null, waiting.map(kind => el('tr', null, el('th', { scope: 'row', text: kinds[kind.kind]?.[0] ?? `${kind.kind}`.replaceAll('-', ' ') },
          el('span', { class: 'sub', text: kinds[kind.kind]?.[1] ?? 'is closed after its next response' })),
          el('td', { class: 'n', text: whole(kind.count) }), el('td', { class: 'n', text: whole(kind.busy) }), el('td', { class: 'n', text: span(kind.oldestMs) }))))));
  }));
}

// ---- past reloads

function outcome(receipt) {
  const failed = receipt.dryRun && receipt.outcome !== 'checked';
  const sign = { promoted: '✓', checked: '✓', refused: '✕', 'rolled-back': '↩', stopped: '■' }[receipt.outcome] ?? '·';
  return { text: failed ? 'check failed' : receipt.outcome === 'rolled-back' ? 'rolled back' : `${receipt.outcome}`, sign: failed ? '✕' : sign,
    css: failed ? 'failed' : ['promoted', 'checked', 'refused', 'rolled-back', 'stopped'].includes(receipt.outcome) ? receipt.outcome : '' };
}

function partsOf(receipt) {
  const reached = receipt.phasesMs ?? {}, parts = [];
  let before = 0;
  for (const [name, css] of phases) {
    if (!Number.isFinite(reached[name])) continue;
    parts.push({ css, from: before, to: reached[name] });
    before = Math.max(before, reached[name]);
  }
  if (receipt.elapsedMs > before && receipt.outcome !== 'promoted' && receipt.outcome !== 'checked') parts.push({ css: 'fail', from: before, to: receipt.elapsedMs });
  return parts;
}

function drawPast(of) {
  of.pastDrawn = true;
  const receipts = [...of.history].reverse(), node = $('past');
  const good = receipts.filter(one => one.outcome === 'promoted').length, bad = receipts.filter(one => ['refused', 'rolled-back'].includes(one.outcome)).length;
  say($('past-note'), receipts.length === 0 ? '' : `the last ${receipts.length}: ${good} promoted, ${bad} failed`);
  if (receipts.length === 0) {
    node.replaceChildren(el('p', { class: 'empty', text: 'No reload yet.' }));
    return;
  }
  const longest = Math.max(...receipts.map(one => one.elapsedMs), 1);
  const cell = (css, options, ...children) => el('td', { class: css, role: 'cell', ...options }, ...children);
  const head = [['Started'], ['Outcome'], ['Generations'], ['Release'], ['Took'], ['Phases'], ['Connections and requests']];
  const rows = receipts.flatMap((receipt, index) => {
    const id = key(receipt), open = opened.has(id), start = time(receipt.startedAt), result = outcome(receipt), parts = partsOf(receipt);
    const detail = el('tr', { class: 'detail', role: 'row', id: `detail-${index}`, hidden: !open }, el('td', { colspan: 7, role: 'cell' }, details(receipt)));
    const more = el('button', { class: 'more', type: 'button', 'aria-expanded': `${open}`, 'aria-controls': `detail-${index}`, on: { click: () => {
      detail.hidden = !detail.hidden;
      more.setAttribute('aria-expanded', `${!detail.hidden}`);
      if (detail.hidden) opened.delete(id); else opened.add(id);
    } } }, el('time', { datetime: receipt.startedAt, text: `${new Date(start).toDateString() === new Date().toDateString() ? '' : `${day.format(start)} `}${when(start)}` }));
    const drain = receipt.drain, note = drain ? `moved ${whole(drain.moved)}, drained ${whole(drain.connections)}, cut ${whole(drain.abortedRequests)}`
      : receipt.connections ? `moved ${whole(receipt.connections.moved)}` : receipt.reason ?? '';
    const label = parts.map(part => `${phaseWords[part.css]} ${span(part.to - part.from)}`).join(', ');
    return [el('tr', { role: 'row' }, cell('when', null, more), cell('outcome', null, el('span', { class: `badge ${result.css}` }, el('span', { 'aria-hidden': 'true', text: `${result.sign} ` }), result.text)),
      cell('gens', { text: `${receipt.oldGeneration} → ${receipt.newGeneration}` }), cell('release', { text: receipt.newRelease ?? '–' }), cell('took', { text: span(receipt.elapsedMs) }),
      cell('phases', null, svg('svg', { class: 'bars', viewBox: '0 0 100 12', preserveAspectRatio: 'none', role: 'img', 'aria-label': label || 'no phase reached' }, svg('title', { text: label }),
        parts.map(part => svg('rect', { class: part.css, x: 100 * part.from / longest, width: Math.max(.35, 100 * (part.to - part.from) / longest), y: 1, height: 10 })))),
      cell('result', { text: note.length > 160 ? `${note.slice(0, 160)}…` : note })), detail];
  });
  const focus = document.activeElement?.getAttribute?.('aria-controls');
  node.replaceChildren(el('table', { class: 'past', role: 'table', 'aria-labelledby': 'past-title' },
    el('thead', { role: 'rowgroup' }, el('tr', { role: 'row' }, head.map(([text], index) => el('th', { scope: 'col', role: 'columnheader', class: index === 4 ? 'took' : '', text })))),
    el('tbody', { role: 'rowgroup' }, rows)),
    el('ul', { class: 'phase-key', 'aria-hidden': 'true' }, Object.entries(phaseWords).map(([css, text]) => el('li', null, svg('svg', { width: 14, height: 10 }, svg('rect', { class: css, width: 14, height: 10, rx: 2 })), text))));
  if (focus) node.querySelector(`[aria-controls="${CSS.escape(focus)}"]`)?.focus();
}

function details(receipt) {
  const pairs = [], add = (name, value) => { if (value) pairs.push(el('dt', { text: name }), el('dd', { text: value })); };
  const one = (number, pid, release) => `generation ${number}${pid ? `, PID ${pid}` : ''}${release ? `, release ${release}` : ''}`;
  add('from', one(receipt.oldGeneration, receipt.oldPid, receipt.oldRelease));
  add('to', one(receipt.newGeneration, receipt.newPid, receipt.newRelease));
  add('asked by', receipt.trigger);
  add('phases', partsOf(receipt).map(part => `${phaseWords[part.css]} ${span(part.to - part.from)}`).join(' · '));
  add('waited', receipt.waitedMs && `${span(receipt.waitedMs)} for the reload before it`);
  const stay = Object.entries(receipt.connections?.staying ?? {}).map(([why, number]) => `${whole(number)} ${why}`).join(', ');
  add('at the promotion', receipt.connections && `${whole(receipt.connections.moved)} moved, ${whole(receipt.connections.busy)} busy${stay ? `, to close: ${stay}` : ''}`);
  add('drain', receipt.drain && `${whole(receipt.drain.moved)} moved, ${whole(receipt.drain.connections)} ended (${whole(receipt.drain.closedPolitely)} told to close), `
    + `${whole(receipt.drain.requests)} requests answered, ${whole(receipt.drain.abortedRequests)} cut, ${whole(receipt.drain.closedIdle)} closed idle`);
  const output = list(receipt.output);
  return [receipt.reason ? el('p', { class: 'bad', text: receipt.reason }) : null, ...list(receipt.warnings).map(text => el('p', { class: 'warn', text })),
    el('dl', null, pairs), ...(output.length > 0 ? [el('p', { class: 'note', text: `The last ${count(output.length, 'line')} of generation ${receipt.newGeneration}:` }),
      el('pre', { tabindex: 0, text: output.join('\n') })] : [])];
}

// ---- buttons

const asks = {
  reload: ['Reload this service?', 'Starts the release that is now in place. If it fails, the present one keeps serving.', 'Reload'],
  pause: ['Pause this service?', 'Readiness fails until it is resumed, so load balancers stop sending traffic. It keeps accepting connections.', 'Pause'],
};

async function press(verb) {
  if (asks[verb] && !(await confirmed(...asks[verb]))) return;
  showAction({ service: chosen, verb, state: 'running', text: '' });
  try {
    const answer = await fetch('order', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ service: chosen, verb }) });
    if (!answer.ok) showAction({ service: chosen, verb, state: 'failed', text: (await answer.text()).trim() });
  } catch {
    showAction({ service: chosen, verb, state: 'failed', text: "The command 'ips dashboard' does not answer." });
  }
}

function confirmed(title, text, yes) {
  const dialog = $('confirm');
  say($('confirm-title'), title);
  say($('confirm-text'), text);
  say($('confirm-yes'), yes);
  dialog.returnValue = 'no';
  dialog.showModal();
  return new Promise(done => dialog.addEventListener('close', () => done(dialog.returnValue === 'yes'), { once: true }));
}

function showAction({ service, verb, state, text }) {
  if (service !== chosen) return;
  const node = $('action'), name = { reload: 'Reload', check: 'Check', pause: 'Pause', resume: 'Resume' }[verb] ?? verb;
  node.hidden = false;
  node.dataset.state = state;
  say(node, state === 'running' ? `${name}: asked, waiting for the outcome…` : text || `${name}: ${state}.`);
  if (state !== 'running') announce(node.textContent);
}

$('reload').addEventListener('click', () => press('reload'));
$('check').addEventListener('click', () => press('check'));
$('pause').addEventListener('click', () => press(services.get(chosen)?.snapshot?.paused ? 'resume' : 'pause'));
for (const input of document.getElementsByName('range')) input.addEventListener('change', () => { range = Number(input.value); schedule(); });
new ResizeObserver(schedule).observe($('lanes'));
document.addEventListener('visibilitychange', schedule);
setInterval(schedule, 1000);
connect();
