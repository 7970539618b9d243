//! The stage's first panel: nodes, clients, and the messages between them, where they are at this moment.

use std::f64::consts::{PI, TAU};
use std::rc::Rc;

use kvarium_engine::base::hash::SLOTS;
use kvarium_engine::base::sort;
use yew::prelude::*;

use super::Panel;
use crate::catalogue::Words;
use crate::scene::{ClientKind, ClientView, End, Flight, NodeState, NodeView, Scene, What};
use crate::store::{Change, View};
use crate::widgets::timeline::clock_text;
use crate::widgets::viewport::use_viewport;

pub const PANEL: Panel =
    Panel { id: "topology", name: Words::topology, is_there: |_| true, show: |view| html! { <Topology {view} /> } };

/// Half a node's side, and the radius of the ring around it.
const HALF: f64 = 43.0;
const RING: f64 = 65.0;

/// A message that would be on its way for less than this is shown by its link alone, in seconds of the viewer.
const SHORTEST_TRAVEL: f64 = 0.18;

/// More messages than this are not drawn one by one.
const MOST_FLIGHTS: usize = 40;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub view: View,
    /// Only the picture: no legend, no table.
    #[prop_or_default]
    pub bare: bool,
}

#[component]
pub fn Topology(props: &Props) -> Html {
    let node = use_node_ref();
    let (width, height) = use_viewport(&node);
    let store = props.view.read();
    let words = store.words();
    let scene = store.scene();
    if store.as_table && !props.bare {
        return table(words, &scene);
    }
    // A small stage shows the same picture a little smaller, not a part of it.
    let scale = (f64::from(width) / 380.0).min(f64::from(height) / 340.0).clamp(0.68, 1.0);
    let (across, down) = (f64::from(width) / scale, f64::from(height) / scale);
    let layout = Layout::of(&scene, across, down);
    // Travel is drawn only where it can be followed; a pause shows everything.
    let follow = |flight: &Flight| {
        let seen = flight.arrives.map_or(f64::INFINITY, |arrives| (arrives - flight.sent) / store.pace());
        store.moves() && (!store.is_playing() || seen >= SHORTEST_TRAVEL)
    };
    let flights: Vec<_> = scene.flights.iter().filter(|flight| follow(flight)).take(MOST_FLIGHTS).collect();
    let lit: Vec<_> = scene.flights.iter().map(|flight| pair(flight.from, flight.to)).collect();
    let nodes = scene.nodes.iter().enumerate();
    html! {
        <div class="topology">
            <svg ref={node} role="group" aria-label={words.topology()} viewBox={format!("0 0 {across:.0} {down:.0}")}>
                if width > 0 {
                    { for links(&scene, &layout, &lit).into_iter() }
                    { for scene.clients.iter().enumerate().map(|(at, client)| draw_client(words, client, layout.clients[at])) }
                    { for nodes.map(|(at, node)| draw_node(words, &props.view, &scene, at, node, layout.nodes[at], store.selected == at && !props.bare)) }
                    { for flights.iter().map(|flight| draw_flight(flight, &layout, scene.now)) }
                }
            </svg>
            if !props.bare {
                { legend(words, !scene.cuts.is_empty()) }
            }
        </div>
    }
}

type Point = (f64, f64);

struct Layout {
    nodes: Vec<Point>,
    clients: Vec<Point>,
}

impl Layout {
    /// Nodes around, clients in the middle: positions belong to places in the scene, so that nothing jumps.
    fn of(scene: &Scene, width: f64, height: f64) -> Layout {
        let (cx, cy) = (width / 2.0, height / 2.0);
        let count = scene.clients.len();
        // In rows: side by side their links keep apart from one another.
        let in_row = if scene.nodes.len() == 1 {
            1
        } else if width < 560.0 {
            2
        } else {
            3
        };
        let rows = count.div_ceil(in_row).max(1);
        let row_gap = (height * 0.8 / rows as f64).min(46.0);
        let block = |middle: Point| {
            move |at: usize| {
                let (row, column) = (at / in_row, at % in_row);
                let here = (count - row * in_row).min(in_row);
                let x = middle.0 + (column as f64 - (here - 1) as f64 / 2.0) * 104.0;
                (x, middle.1 + (row as f64 - (rows - 1) as f64 / 2.0) * row_gap)
            }
        };
        if scene.nodes.len() == 1 {
            let apart = (width * 0.24).min(220.0);
            let clients = (0..count).map(block((cx - apart, cy))).collect();
            return Layout { nodes: vec![(cx + apart, cy)], clients };
        }
        let (rx, ry) =
            ((width / 2.0 - RING - 16.0).clamp(60.0, 330.0), (height / 2.0 - RING - 14.0).clamp(60.0, 260.0));
        let nodes = scene.nodes.len() as f64;
        // A triangle's lower corners lie half a radius below the middle: it is stretched to fill the height.
        let (ry, drop) = if scene.nodes.len() == 3 { (ry * 4.0 / 3.0, ry / 3.0) } else { (ry, 0.0) };
        let place = |at: usize| {
            let angle = at as f64 / nodes * TAU - PI / 2.0;
            (cx + rx * libm::cos(angle), cy + drop + ry * libm::sin(angle))
        };
        let nodes: Vec<_> = (0..scene.nodes.len()).map(place).collect();
        let clients = (0..count).map(block((cx, cy + drop))).collect();
        Layout { nodes, clients }
    }

    fn at(&self, end: End) -> Option<Point> {
        match end {
            End::Node(at) => self.nodes.get(at).copied(),
            End::Client(at) => self.clients.get(at).copied(),
        }
    }
}

fn pair(a: End, b: End) -> (End, End) {
    if a < b { (a, b) } else { (b, a) }
}

/// Client links are drawn while something travels on them, links between nodes always, each direction as the half that
/// begins at its sender: so that one sees which way is cut.
fn links(scene: &Scene, layout: &Layout, lit: &[(End, End)]) -> Vec<Html> {
    let mut pairs = Vec::new();
    for a in 0..scene.nodes.len() {
        for b in a + 1..scene.nodes.len() {
            pairs.push((End::Node(a), End::Node(b), false));
        }
    }
    let cut = |&(from, to): &(End, End)| {
        let (a, b) = pair(from, to);
        (a, b, false)
    };
    pairs.extend(scene.cuts.iter().map(cut));
    pairs.extend(lit.iter().map(|&(a, b)| (a, b, true)));
    // What is lit comes first, and is kept.
    sort::sort_by_key(&mut pairs, |&(a, b, is_lit)| (a, b, !is_lit));
    pairs.dedup_by_key(|&mut (a, b, _)| (a, b));
    let draw = |(a, b, is_lit): (End, End, bool)| {
        let (from, to) = (layout.at(a)?, layout.at(b)?);
        let middle = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
        let half = |start: Point, is_cut: bool| {
            let class = if is_cut {
                "link cut"
            } else if is_lit {
                "link lit"
            } else {
                "link"
            };
            html! { <line {class} x1={px(start.0)} y1={px(start.1)} x2={px(middle.0)} y2={px(middle.1)} /> }
        };
        let cut = (scene.is_cut(a, b), scene.is_cut(b, a));
        Some(html! {
            <g key={format!("{a:?}{b:?}")}>
                { half(from, cut.0) }{ half(to, cut.1) }
                if cut.0 || cut.1 {
                    <g class="cut-mark" transform={format!("translate({:.1} {:.1})", middle.0, middle.1)}>
                        <circle r="11" /><text text-anchor="middle" dy="4">{ "✂" }</text>
                    </g>
                }
            </g>
        })
    };
    pairs.into_iter().filter_map(draw).collect()
}

fn draw_node(
    words: Words,
    view: &View,
    scene: &Scene,
    at: usize,
    node: &NodeView,
    (x, y): Point,
    selected: bool,
) -> Html {
    let state = state_text(words, node.state);
    let keys = words.count_keys(node.keys);
    let port = node.address.rsplit(':').next().unwrap_or_default();
    let ranges = node.range_text();
    // Begins with what can be seen, for those who speak to their computer.
    let name = match node.state {
        NodeState::Up if ranges.is_empty() => words.single_name(&node.name, port, &keys, state),
        NodeState::Up => words.node_name(&node.name, &ranges, &keys, state),
        _ => words.stopped_name(&node.name, state, &ranges),
    };
    let class = match node.state {
        NodeState::Up => "",
        NodeState::Down => "down",
        NodeState::Paused => "paused",
    };
    let onclick = {
        let view = view.clone();
        Callback::from(move |_: MouseEvent| view.ask(Change::Select(at)))
    };
    let onkeydown = {
        let (view, count) = (view.clone(), scene.nodes.len());
        Callback::from(move |event: KeyboardEvent| match event.key().as_str() {
            "Enter" | " " => {
                event.prevent_default();
                event.stop_propagation();
                view.ask(Change::Select(at));
            }
            "ArrowRight" | "ArrowDown" => move_focus(&event, (at + 1) % count),
            "ArrowLeft" | "ArrowUp" => move_focus(&event, (at + count - 1) % count),
            _ => {}
        })
    };
    let arc = |&(first, last): &(u16, u16)| html! { <path class="arc" d={arc_path(first, last)} /> };
    html! {
        <g key={format!("node{at}")} class={classes!("node", class)} role="button" tabindex={if selected { "0" } else { "-1" }} data-node={at.to_string()}
            aria-pressed={selected.to_string()} aria-label={name} transform={format!("translate({x:.1} {y:.1})")}
            style={format!("--hue:var(--shard-{})", node.shard % 5)} {onclick} {onkeydown}>
            if !node.ranges.is_empty() {
                <circle class="ring" r={px(RING)} />
                { for node.ranges.iter().map(arc) }
            }
            <circle class="halo" r={px(RING - 5.0)} />
            <rect class="body" x={px(-HALF)} y={px(-HALF)} width={px(2.0 * HALF)} height={px(2.0 * HALF)} rx="13" />
            if node.state == NodeState::Paused {
                <rect class="inner" x={px(-HALF + 5.0)} y={px(-HALF + 5.0)} width={px(2.0 * HALF - 10.0)} height={px(2.0 * HALF - 10.0)} rx="9" />
            }
            <text class="name" text-anchor="middle" y="-8">{ node.name.clone() }{ " " }</text>
            if node.state == NodeState::Up {
                <text class="sub" text-anchor="middle" y="10">{ if ranges.is_empty() { port } else { &ranges } }{ " " }</text>
                <text class="sub" text-anchor="middle" y="26">{ keys }</text>
            } else {
                <text class="state" text-anchor="middle" y="14">{ format!("{} {state}", if node.state == NodeState::Down { "☠" } else { "‖" }) }</text>
            }
        </g>
    }
}

fn move_focus(event: &KeyboardEvent, to: usize) {
    use wasm_bindgen::JsCast;
    event.prevent_default();
    event.stop_propagation();
    let group = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let svg = group.and_then(|group| group.closest("svg").ok().flatten());
    let node = svg.and_then(|svg| svg.query_selector(&format!("[data-node=\"{to}\"]")).ok().flatten());
    if let Some(node) = node {
        let _ = node.unchecked_into::<web_sys::SvgElement>().focus();
    }
}

/// The part of the ring that stands for a range of slots, clockwise from the top.
fn arc_path(first: u16, last: u16) -> String {
    let angle = |slot: f64| slot / f64::from(SLOTS) * TAU - PI / 2.0;
    let (a, b) = (angle(f64::from(first)), angle(f64::from(last) + 1.0).min(angle(f64::from(first)) + TAU - 1e-3));
    let large = u8::from(b - a > PI);
    let point = |angle: f64| format!("{:.2} {:.2}", RING * libm::cos(angle), RING * libm::sin(angle));
    format!("M{} A{RING} {RING} 0 {large} 1 {}", point(a), point(b))
}

fn draw_client(words: Words, client: &ClientView, (x, y): Point) -> Html {
    let kind = kind_text(words, client.kind);
    let text = if client.name.is_empty() { kind.to_owned() } else { client.name.clone() };
    let half = text_width(&text) / 2.0 + 12.0;
    html! {
        <g key={format!("client{text}")} class={classes!("client", client.waiting.is_some().then_some("blocked"))} transform={format!("translate({x:.1} {y:.1})")}>
            <title>{ kind }</title>
            <rect class="body" x={px(-half)} y="-15" width={px(2.0 * half)} height="30" rx="15" />
            <text class="sub" text-anchor="middle" dy="4">{ text }</text>
        </g>
    }
}

fn draw_flight(flight: &Flight, layout: &Layout, now: f64) -> Html {
    let (Some(from), Some(to)) = (layout.at(flight.from), layout.at(flight.to)) else { return Html::default() };
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx.hypot(dy).max(1.0);
    let (class, text) = match &flight.what {
        What::Request(text) => ("capsule", text),
        What::Reply(text) => ("capsule reply", text),
        What::Moved(text) => ("capsule reply moved", text),
    };
    let half = text_width(text) * 1.08 / 2.0 + 8.0;
    // Both directions of a link keep to their own side, and nothing hides under what it comes from or goes to.
    let (nx, ny) = (-dy / length * 11.0, dx / length * 11.0);
    let wide = half * (dx / length).abs() + 10.0 * (dy / length).abs();
    let clear = |end: End| wide + if matches!(end, End::Node(_)) { RING + 4.0 } else { 18.0 };
    let (start, end) = (clear(flight.from), (length - clear(flight.to)).max(clear(flight.from)));
    let along = (start + (end - start) * flight.progress(now)) / length;
    let (x, y) = (from.0 + dx * along + nx, from.1 + dy * along + ny);
    html! {
        <g key={format!("flight{}", flight.id)} {class} transform={format!("translate({x:.1} {y:.1})")}>
            <rect x={px(-half)} y="-10" width={px(2.0 * half)} height="20" rx="6" />
            <text text-anchor="middle" dy="4">{ text.clone() }</text>
        </g>
    }
}

/// About how wide a short text is, in pixels: East Asian characters are square.
fn text_width(text: &str) -> f64 {
    text.chars().map(|c| if u32::from(c) >= 0x2e80 { 12.0 } else { 6.6 }).sum()
}

fn px(value: f64) -> String {
    format!("{value:.1}")
}

pub fn state_text(words: Words, state: NodeState) -> &'static str {
    match state {
        NodeState::Up => words.up(),
        NodeState::Down => words.down(),
        NodeState::Paused => words.paused(),
    }
}

pub fn kind_text(words: Words, kind: ClientKind) -> &'static str {
    match kind {
        ClientKind::Terminal => words.terminal_client(),
        ClientKind::Plain => words.plain_client(),
        ClientKind::Following => words.following_client(),
        ClientKind::SlotAware => words.smart_client(),
        ClientKind::Producer => words.producer(),
        ClientKind::Consumer => words.consumer_client(),
        ClientKind::Reaper => words.reaper(),
        ClientKind::Application => words.application(),
    }
}

fn legend(words: Words, any_cut: bool) -> Html {
    html! {
        <div class="legend" aria-hidden="true">
            <span><svg viewBox="0 0 14 14"><rect x="1.5" y="1.5" width="11" height="11" rx="3" fill="none" stroke="currentColor" stroke-width="2.5" /></svg>{ words.master() }</span>
            <span><svg viewBox="0 0 14 14"><rect x="0" y="3.5" width="14" height="7" rx="3.5" fill="none" stroke="currentColor" stroke-width="1.25" /></svg>{ words.client() }</span>
            <span><svg viewBox="0 0 14 14"><rect x="0" y="3" width="14" height="8" rx="2.5" fill="currentColor" /></svg>{ words.request() }</span>
            <span><svg viewBox="0 0 14 14"><rect x="0.6" y="3" width="12.8" height="8" rx="2.5" fill="none" stroke="currentColor" stroke-width="1.25" /></svg>{ words.reply() }</span>
            if any_cut {
                <span><svg viewBox="0 0 14 14"><path d="M0 7h14" stroke="currentColor" stroke-width="1.5" stroke-dasharray="3 3" /></svg>{ words.cut() }</span>
            }
            <span>{ words.hue_is_shard() }</span>
        </div>
    }
}

/// The same as text: nodes, and what is on its way.
fn table(words: Words, scene: &Rc<Scene>) -> Html {
    let end = |end: End| scene.name(end).to_owned();
    let node = |node: &NodeView| {
        html! {
            <tr>
                <td><span class={classes!("swatch", format!("hatch-{}", node.shard % 5))} style={format!("--hue:var(--shard-{})", node.shard % 5)} />{ &node.name }</td>
                <td class="mono">{ &node.address }</td>
                <td>{ state_text(words, node.state) }</td>
                <td>{ if node.ranges.is_empty() { words.none().to_owned() } else { node.range_text() } }</td>
                <td class="number">{ crate::catalogue::grouped(node.keys) }</td>
            </tr>
        }
    };
    let flight = |flight: &Flight| {
        let (What::Request(text) | What::Reply(text) | What::Moved(text)) = &flight.what;
        html! {
            <tr>
                <td>{ end(flight.from) }</td><td>{ end(flight.to) }</td><td class="mono">{ text }</td><td class="mono">{ flight.arrives.map_or(words.held().to_owned(), clock_text) }</td>
            </tr>
        }
    };
    html! {
        <div class="scroll" tabindex="0" role="region" aria-label={words.topology()}>
            <table class="table">
                <caption class="hidden-text">{ words.topology() }</caption>
                <thead><tr><th>{ words.node() }</th><th>{ words.address() }</th><th>{ words.state() }</th><th>{ words.slot_range() }</th><th class="number">{ words.keys() }</th></tr></thead>
                <tbody>{ for scene.nodes.iter().map(node) }</tbody>
            </table>
            if !scene.cuts.is_empty() {
                <p class="tools">{ words.cut() }{ ": " }{ scene.cuts.iter().map(|&(from, to)| format!("{} → {}", end(from), end(to))).collect::<Vec<_>>().join(", ") }</p>
            }
            <table class="table">
                <caption class="hidden-text">{ words.on_the_way() }</caption>
                <thead><tr><th>{ words.from() }</th><th>{ words.to() }</th><th>{ words.on_the_way() }</th><th>{ words.arrives() }</th></tr></thead>
                <tbody>
                    { for scene.flights.iter().map(flight) }
                    if scene.flights.is_empty() {
                        <tr><td colspan="4" class="quiet">{ words.nothing_on_the_way() }</td></tr>
                    }
                </tbody>
            </table>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kvarium_engine::base::time::Time;

    #[test]
    fn arcs_cover_their_share_of_the_ring() {
        assert!(arc_path(0, 5460).starts_with("M0.00 -65.00 A65 65 0 0 1"));
        assert!(arc_path(0, 16383).contains(" 0 1 1 "));
    }

    #[test]
    fn nothing_is_drawn_outside_the_narrowest_stage() {
        let node = NodeView {
            name: "A-M".into(),
            address: "172.50.0.11:6371".into(),
            state: NodeState::Up,
            shard: 0,
            ranges: vec![(0, 5460)],
            keys: 0,
            clock: Time::ZERO,
            ahead: 0,
        };
        let scene = Scene { nodes: vec![node; 3], ..Scene::default() };
        for (width, height) in [(380.0, 340.0), (1000.0, 560.0), (700.0, 420.0)] {
            for (x, y) in Layout::of(&scene, width, height).nodes {
                assert!(x >= RING && x <= width - RING, "{x} of {width}");
                assert!(y >= RING && y <= height - RING, "{y} of {height}");
            }
        }
    }
}
