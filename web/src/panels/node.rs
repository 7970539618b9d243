//! One node in detail, and what can be done to it. Every button shows the line it stands for.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::Panel;
use super::keyspace::node_choice;
use super::topology::state_text;
use crate::catalogue::{Words, grouped};
use crate::scene::{End, NodeState, NodeView, Scene};
use crate::store::{Change, View};
use crate::widgets::state::use_value;

pub const PANEL: Panel =
    Panel { id: "node", name: Words::node, is_there: |_| true, show: |view| html! { <Node {view} /> } };

#[derive(Properties, PartialEq)]
struct Props {
    view: View,
}

#[component]
fn Node(props: &Props) -> Html {
    let store = props.view.read();
    let words = store.words();
    let scene = store.scene();
    let Some(node) = scene.nodes.get(store.selected) else { return Html::default() };
    html! {
        <div class="inspector">
            <h2>
                <span class={classes!("swatch", format!("hatch-{}", node.shard % 5))} style={format!("--hue:var(--shard-{})", node.shard % 5)} />
                { &node.name }
                <span class="badge">{ state_text(words, node.state) }</span>
                <span class="end">{ node_choice(&props.view) }</span>
            </h2>
            { facts(&props.view, words, node) }
            <Faults view={props.view.clone()} />
        </div>
    }
}

fn facts(view: &View, words: Words, node: &NodeView) -> Html {
    let store = view.read();
    let fact = |name: &'static str, value: String| html! { <><dt>{ name }</dt><dd>{ value }</dd></> };
    let mono = |name: &'static str, value: String| html! { <><dt>{ name }</dt><dd class="mono">{ value }</dd></> };
    let live = store.inspect();
    html! {
        <dl class="facts">
            { mono(words.address(), node.address.clone()) }
            if !node.ranges.is_empty() {
                { fact(words.slot_range(), format!("{} ({})", node.range_text(), words.count_slots(node.slots()))) }
            }
            if let Some(live) = live {
                { fact(words.keys(), grouped(node.keys)) }
                { fact(words.with_expiry(), grouped(live.databases().map(|db| db.expires as u64).sum())) }
                { fact(words.memory(), words.size(live.memory() as u64)) }
                { fact(words.connected_clients(), grouped(live.clients().count() as u64)) }
                { fact(words.commands_run(), grouped(live.stats().commands)) }
                { fact(words.hits(), format!("{} / {}", grouped(live.stats().keyspace_hits), grouped(live.stats().keyspace_misses))) }
                { fact(words.expired(), grouped(live.stats().expired_keys)) }
                }
            { mono(words.clock(), wall_clock(node.clock.millis())) }
            if node.ahead != 0 {
                { fact(words.ahead(), format!("{:+} s", node.ahead as f64 / 1e6)) }
            }
        </dl>
    }
}

/// `2026-01-01 00:00:12.345`, as the node's own clock has it.
pub fn wall_clock(millis: u64) -> String {
    let (days, rest) = (millis / 86_400_000, millis % 86_400_000);
    // Days to a date (H. Hinnant, "chrono-compatible low-level date algorithms").
    let z = days + 719_468;
    let era = z / 146_097;
    let day_of_era = z % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let m = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * m + 2) / 5 + 1;
    let month = if m < 10 { m + 3 } else { m - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (seconds, milli) = (rest / 1000, rest % 1000);
    format!("{year}-{month:02}-{day:02} {:02}:{:02}:{:02}.{milli:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// What can be done to the selected node. A component of its own, for it remembers which button is under the pointer.
#[component]
fn Faults(props: &Props) -> Html {
    let shown = use_value(String::new());
    let store = props.view.read();
    let words = store.words();
    let scene = store.scene();
    let Some(node) = scene.nodes.get(store.selected) else { return Html::default() };
    let button = |name: &'static str, line: String| {
        let (onclick, preview, leave) = (
            {
                let line = line.clone();
                props.view.changing(move |_: MouseEvent| Change::Act(line.clone()))
            },
            {
                let (shown, line) = (shown.clone(), line.clone());
                move || shown.set(line.clone())
            },
            {
                let shown = shown.clone();
                move || shown.set(String::new())
            },
        );
        let (focus, blur) = (preview.clone(), leave.clone());
        html! {
            <button type="button" class="button" title={line.clone()} {onclick} onmouseenter={Callback::from(move |_: MouseEvent| preview())}
                onfocus={Callback::from(move |_: FocusEvent| focus())} onmouseleave={Callback::from(move |_: MouseEvent| leave())}
                onblur={Callback::from(move |_: FocusEvent| blur())}>{ name }</button>
        }
    };
    let name = &node.name;
    html! {
        <section aria-labelledby="faults">
            <h3 id="faults">{ words.faults() }</h3>
            <div class="row">
                if node.state == NodeState::Down {
                    { button(words.restart(), format!("!restart {name}")) }
                } else {
                    { button(words.kill(), format!("!kill {name}")) }
                    if node.state == NodeState::Paused {
                        { button(words.resume_process(), format!("!resume {name}")) }
                    } else {
                        { button(words.pause_process(), format!("!pause {name}")) }
                    }
                }
                { button(words.clock_forward(), format!("!clock {name} +5s")) }
                if scene.nodes.len() > 1 {
                    { link_choice(&props.view, words, &scene, store.selected) }
                }
                if !scene.cuts.is_empty() {
                    { button(words.heal_all(), "!heal".into()) }
                }
            </div>
            <p class="command-of mono" aria-live="polite">{ if shown.is_empty() { String::new() } else { words.issues(&*shown) } }</p>
        </section>
    }
}

/// Cuts the link to another node, or heals it.
fn link_choice(view: &View, words: Words, scene: &Scene, here: usize) -> Html {
    let nodes = &scene.nodes;
    let (me, it) = (End::Node(here), End::Node);
    let is_cut = |other: usize| scene.is_cut(me, it(other)) || scene.is_cut(it(other), me);
    let others: Vec<_> = (0..nodes.len()).filter(|&other| other != here).collect();
    let lines: Vec<_> = others
        .iter()
        .map(|&other| {
            format!("!{} {} {}", if is_cut(other) { "heal" } else { "cut" }, nodes[here].name, nodes[other].name)
        })
        .collect();
    let onchange = view.asking(move |event: Event| {
        let select = event.target_unchecked_into::<HtmlSelectElement>();
        let line = lines.get((select.selected_index() - 1).max(0) as usize).cloned();
        let is_chosen = select.selected_index() > 0;
        select.set_selected_index(0);
        line.filter(|_| is_chosen).map(Change::Act)
    });
    let option = |&other: &usize| {
        let verb = if is_cut(other) { words.heal_link() } else { words.cut_link() };
        html! { <option>{ format!("{verb} {}", nodes[other].name) }</option> }
    };
    html! {
        <select class="field" aria-label={words.link()} {onchange}>
            <option selected=true>{ format!("{} …", words.link()) }</option>
            { for others.iter().map(option) }
        </select>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_dates() {
        assert_eq!(wall_clock(0), "1970-01-01 00:00:00.000");
        assert_eq!(wall_clock(951_827_696_789), "2000-02-29 12:34:56.789");
        assert_eq!(wall_clock(1_798_761_599_999), "2026-12-31 23:59:59.999");
    }
}
