//! Memory: every key as a tile, where the bytes go, what is looked at when room is wanted, and why a key is gone.

mod compare;
mod decision;
mod field;
mod gauge;
mod gone;
mod layout;
mod marks;
mod picture;
mod settings;
mod table;
mod tiles;

use kvarium_engine::inspect::Inspect;
use yew::prelude::*;

use self::compare::Difference;
use self::decision::DecisionCard;
use self::field::Tile;
use self::gauge::Gauge;
use self::gone::Gone;
use self::picture::hue_and_hatch;
use self::settings::Settings;
use self::table::Tables;
use self::tiles::Tiles;
use super::Panel;
use super::keyspace::node_choice;
use super::streams::{databases, insertion};
use crate::catalogue::{Words, grouped};
use crate::heard::{Departure, Heard, Why};
use crate::store::View;
use crate::widgets::state::use_value;

pub const PANEL: Panel =
    Panel { id: "memory", name: Words::memory, is_there: |_| true, show: |view| html! { <Memory {view} /> } };

/// Texts and tables are read anew so often while the clock runs, in milliseconds.
const READ: f64 = 150.0;

#[derive(Properties, PartialEq)]
pub struct Props {
    view: View,
    /// Of the world that this one is compared with.
    #[prop_or_default]
    other: bool,
}

/// What the parts of the panel are given that show a decision.
#[derive(Properties, PartialEq)]
pub struct ChoiceProps {
    view: View,
    #[prop_or_default]
    other: bool,
    /// The number of the eviction that is looked at; the last one where none is chosen.
    chosen: Option<u64>,
    on_choose: Callback<Option<u64>>,
}

#[component]
fn Memory(props: &Props) -> Html {
    let chosen = use_value(None::<u64>);
    let calm = use_mut_ref(|| (0.0, props.view.clone()));
    let view = &props.view;
    let store = view.read();
    let words = store.words();
    // What is read, not watched, changes a few times a second.
    let calm = {
        let (mut calm, now) = (calm.borrow_mut(), crate::frame::now());
        if !store.is_running() || now - calm.0 > READ {
            *calm = (now, view.clone());
        }
        calm.1.clone()
    };
    let Some(node) = store.inspect() else {
        return html! { <div class="memory"><div class="tools">{ node_choice(view) }</div><div class="empty">{ words.down() }</div></div> };
    };
    let on_choose = Callback::from({
        let chosen = chosen.clone();
        move |id| chosen.set(id)
    });
    let is_compared = store.compared().is_some();
    let chosen = if is_compared { &None } else { &*chosen };
    let world = |other: bool| {
        html! {
            <div class="memory-world" data-other={other.to_string()}>
                <Gauge view={calm.clone()} {other} />
                if store.as_table {
                    <Tables view={calm.clone()} {other} chosen={*chosen} on_choose={on_choose.clone()} />
                } else {
                    <Tiles view={view.clone()} {other} chosen={*chosen} on_choose={on_choose.clone()} />
                }
            </div>
        }
    };
    let load = "!load z rate=500 keys=2000 dist=zipf read=0.5 size=100".to_owned();
    html! {
        <div class="memory">
            <div class="tools">
                { node_choice(view) }
                { databases(view, words, node) }
                { insertion(view, "+ !load", load) }
                <Settings view={calm.clone()} />
                { compare::choice(view) }
            </div>
            <div class="memory-body">
                <div class="memory-main">
                    if is_compared {
                        <div class="compared">{ world(false) }{ world(true) }</div>
                    } else {
                        { world(false) }
                    }
                    if !store.as_table { { tiles::legend(words) } }
                </div>
                <div class="memory-side" tabindex="0" role="region" aria-label={if is_compared { words.compare_with() } else { words.why_gone() }}>
                    if is_compared {
                        <Difference view={calm} />
                    } else {
                        <DecisionCard view={calm.clone()} chosen={*chosen} on_choose={on_choose.clone()} />
                        <Gone view={calm} chosen={*chosen} {on_choose} />
                    }
                </div>
            </div>
        </div>
    }
}

/// A letter for each type, in the order of the engine's list.
fn letter(kind: usize) -> &'static str {
    match kind_name(kind) {
        "string" => "S",
        "list" => "L",
        "set" => "E",
        "zset" => "Z",
        "hash" => "H",
        "stream" => "X",
        _ => "B",
    }
}

fn kind_name(kind: usize) -> &'static str {
    kvarium_engine::keyspace::Kind::ALL[kind].name()
}

/// The hue, the hatch and the letter of a type.
fn swatch(kind: usize) -> Html {
    let (hue, hatch) = hue_and_hatch(kind);
    html! { <span class={classes!("swatch", "kind", format!("hatch-{hatch}"))} style={format!("--hue:var(--shard-{hue})")}><b>{ letter(kind) }</b></span> }
}

/// The eviction that is shown: the one that was chosen, or the last.
fn eviction(heard: &Heard, node: usize, chosen: Option<u64>, until: u64) -> Option<&Departure> {
    let is_shown = |it: &&Departure| match chosen {
        Some(id) => it.id == id,
        None => it.id < until && matches!(it.why, Why::Evicted(_)),
    };
    heard.departures(node, false).find(is_shown)
}

/// How much in use a tile is, in words.
fn use_text(words: Words, tile: &Tile) -> String {
    match tile.frequency() {
        Some(counter) => words.used_about(counter),
        None => idle_text(words, tile.idle()),
    }
}

/// Idle times are kept in seconds.
fn idle_text(words: Words, seconds: u64) -> String {
    let span = words.span(seconds.max(1).saturating_mul(1_000_000));
    words.idle_for(if seconds == 0 { format!("< {span}") } else { span })
}

/// What is left of a tile's time, in words; nothing where it has no end.
fn time_text(words: Words, node: Inspect<'_>, tile: &Tile) -> Option<String> {
    let expiry = tile.expiry?;
    Some(if tile.stale > 0 {
        words.logically_expired().to_owned()
    } else {
        words.expires_in(words.span(expiry.since(node.now()).micros()))
    })
}

/// What is said of a tile, or of several in one place.
fn said(words: Words, node: Inspect<'_>, tiles: &[Tile]) -> String {
    if let [tile] = tiles
        && let Some(key) = &tile.key
    {
        let mut said = vec![
            kvarium_engine::resp::show::argument_text(key),
            kind_name(tile.kind).to_owned(),
            words.count_bytes(tile.memory as u64),
        ];
        if tile.gone {
            said.push(words.just_gone().to_owned());
        } else {
            said.push(use_text(words, tile));
            said.extend(time_text(words, node, tile));
        }
        return said.join(" · ");
    }
    let sum = |of: fn(&Tile) -> usize| tiles.iter().map(of).sum::<usize>() as u64;
    let mut said = vec![words.count_keys(sum(|tile| tile.keys)), words.size(sum(|tile| tile.memory))];
    if let Some(most) = tiles.iter().max_by_key(|tile| tile.memory) {
        said.push(words.mostly(kind_name(most.kind)));
        said.push(use_text(words, most));
    }
    let (expiring, stale) = (sum(|tile| tile.expiring), sum(|tile| tile.stale));
    if expiring > 0 {
        said.push(words.with_an_expiry(grouped(expiring)));
    }
    if stale > 0 {
        said.push(words.past_their_time(grouped(stale)));
    }
    said.join(" · ")
}
