//! Streams: the entries as a lane, the groups that read it, and what is pending for whom, as it is at this moment.

mod details;
mod lane;
mod place;
mod table;
mod travel;
mod trays;

use std::rc::Rc;

use kvarium_engine::base::sort;
use kvarium_engine::base::time::{Duration, Time};
use kvarium_engine::event::Step;
use kvarium_engine::inspect::Inspect;
use kvarium_engine::inspect::stream::{ConsumerView, EntryView, GroupView, PendingView, StreamView};
use kvarium_engine::inspect::value::ValueView;
use kvarium_engine::resp::show::argument_text;
use kvarium_engine::types::stream::Id;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlSelectElement};
use yew::prelude::*;

use self::details::{Chosen, Details};
use self::lane::{CELL, Lane};
use self::place::{Place, parse_id};
use self::table::Tables;
use self::travel::use_travel;
use self::trays::Trays;
use super::Panel;
use super::keyspace::{database_choice, node_choice};
use super::node::wall_clock;
use super::value::{go_to, text_of};
use crate::catalogue::{Words, grouped};
use crate::lessons::LessonChange;
use crate::store::{Change, View};
use crate::widgets::scroller::Goal;
use crate::widgets::state::use_value;

pub const PANEL: Panel =
    Panel { id: "streams", name: Words::streams, is_there: |_| true, show: |view| html! { <Streams {view} /> } };

/// Keys that are looked through for streams, at most.
const PASSED: usize = 20_000;
/// They are looked through anew so often, in milliseconds.
const READ: f64 = 300.0;

#[derive(Properties, PartialEq)]
struct Props {
    view: View,
}

/// The stream that is shown.
#[derive(Clone, PartialEq)]
struct Shown {
    view: View,
    key: Rc<[u8]>,
}

impl Shown {
    fn words(&self) -> Words {
        self.view.read().words()
    }

    /// As it could be typed.
    fn name(&self) -> String {
        argument_text(&self.key)
    }

    fn read<R>(&self, f: impl FnOnce(StreamView<'_>) -> R) -> Option<R> {
        let store = self.view.read();
        match store.inspect()?.open(store.database, &self.key)?.value {
            ValueView::Stream(stream) => Some(f(stream)),
            _ => None,
        }
    }

    /// Where the last entry up to an ID begins on the lane, in pixels.
    fn on_the_lane(&self, id: Id) -> Option<f64> {
        self.read(|stream| stream.count_until(id).saturating_sub(1) as f64 * CELL)
    }

    /// What the node's clock shows.
    fn clock(&self) -> Time {
        let store = self.view.read();
        store.scene().nodes.get(store.selected).map_or(Time::ZERO, |node| node.clock)
    }
}

/// A group with its consumers; names also as they could be typed.
#[derive(Clone, PartialEq)]
struct Part {
    group: GroupView,
    name: String,
    consumers: Vec<Consumer>,
}

#[derive(Clone, PartialEq)]
struct Consumer {
    view: ConsumerView,
    name: String,
}

impl Part {
    fn all(stream: StreamView<'_>) -> Rc<[Part]> {
        let consumer = |view: ConsumerView| Consumer { name: argument_text(&view.name), view };
        let part = |group: GroupView| {
            let consumers = stream.consumers(&group.name, 0..group.consumers);
            Part { name: argument_text(&group.name), consumers: consumers.into_iter().map(consumer).collect(), group }
        };
        stream.groups(0..stream.group_count()).into_iter().map(part).collect()
    }

    /// Who could take over what a consumer has pending.
    fn rescuer(&self, owner: &[u8]) -> &str {
        let other = self.consumers.iter().find(|consumer| *consumer.view.name != *owner);
        other.map_or("rescuer", |consumer| &consumer.name)
    }

    fn lag_text(&self, words: Words) -> String {
        self.group.lag.map_or(words.lag_unknown().to_owned(), |lag| lag.to_string())
    }
}

/// Who had entries before they were claimed, in the order of the claims.
#[derive(Default, PartialEq)]
struct Claims(Vec<Claim>);

#[derive(PartialEq)]
struct Claim {
    group: Box<[u8]>,
    id: Id,
    from: String,
    to: Box<[u8]>,
}

impl Claims {
    fn of(shown: &Shown) -> Claims {
        let store = shown.view.read();
        let mut claims = Claims::default();
        for happening in store.heard.happenings(store.selected, store.database, &shown.key) {
            if let Step::Claimed { group, consumer, id, from: Some(from), .. } = &happening.step
                && from != consumer
            {
                let (from, to) = (argument_text(from), consumer.clone());
                claims.0.push(Claim { group: group.clone(), id: Id::new(id.0, id.1), from, to });
            }
        }
        claims
    }

    /// Whom a pending entry was taken from, if it was.
    fn taken_from(&self, group: &[u8], pending: &PendingView) -> Option<&str> {
        let claim = self.0.iter().rfind(|claim| claim.id == pending.id && *claim.group == *group)?;
        (*claim.to == *pending.consumer).then_some(&claim.from)
    }
}

/// The streams there are, as of the last look.
#[derive(Default)]
struct Known {
    asked: (usize, usize, usize),
    read: f64,
    keys: Vec<Rc<[u8]>>,
}

impl Known {
    fn look(&mut self, node: Inspect<'_>, at: usize, db: usize) -> &[Rc<[u8]>] {
        let asked = (at, db, node.keyspace().db(db).len());
        let now = crate::frame::now();
        if asked != self.asked || now - self.read > READ {
            *self = Known { asked, read: now, keys: stream_keys(node, db) };
        }
        &self.keys
    }
}

fn stream_keys(node: Inspect<'_>, db: usize) -> Vec<Rc<[u8]>> {
    let (mut keys, mut cursor, mut passed) = (Vec::new(), 0, 0);
    loop {
        cursor = node.keyspace().db(db).scan(cursor, |entry| {
            passed += 1;
            if entry.kind().name() == "stream" {
                keys.push(Rc::from(entry.key()));
            }
        });
        if cursor == 0 || passed >= PASSED {
            sort::sort_by(&mut keys, Ord::cmp);
            keys.dedup();
            return keys;
        }
    }
}

#[component]
fn Streams(props: &Props) -> Html {
    let panel = use_node_ref();
    let chosen = use_value(None::<Chosen>);
    let goal = use_value(None::<Goal>);
    let known = use_mut_ref(Known::default);
    use_travel(&panel);

    let view = &props.view;
    let store = view.read();
    let words = store.words();
    let mut known = known.borrow_mut();
    let all = store.inspect().map(|node| known.look(node, store.selected, store.database)).unwrap_or_default();
    // A stream that is open among the keys is the one that is shown here.
    let of = |key: &Rc<[u8]>| {
        let shown = Shown { view: view.clone(), key: key.clone() };
        shown.read(|_| ()).map(|()| shown)
    };
    let shown = store.opened.iter().chain(all).find_map(of);
    let claims = {
        let asked = shown.as_ref().map(|shown| {
            let last = store.heard.happenings(store.selected, store.database, &shown.key).next_back();
            (last.map(|last| last.id), store.selected, store.database, shown.key.clone())
        });
        use_memo(asked, |_| shown.as_ref().map(Claims::of).unwrap_or_default())
    };

    let onclick = {
        let (shown, chosen, goal) = (shown.clone(), chosen.clone(), goal.clone());
        Callback::from(move |event: MouseEvent| {
            let place =
                event.target_dyn_into::<Element>().and_then(|target| target.closest("[data-at]").ok().flatten());
            let place = place.and_then(|element| Place::parse(&element.get_attribute("data-at")?));
            let Some((shown, place)) = shown.as_ref().zip(place) else { return };
            let Some(found) = Chosen::at(shown, place) else { return };
            if let Some(at) = found.id(shown).and_then(|id| shown.on_the_lane(id)) {
                // With what is before it.
                goal.set(Some(Goal { number: goal.map_or(0, |goal| goal.number + 1), at: at - CELL }));
            }
            chosen.set(Some(found));
        })
    };
    let onkeydown = {
        let chosen = chosen.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Escape" && chosen.is_some() {
                event.stop_propagation();
                chosen.set(None);
            }
        })
    };
    let tools = html! {
        <div class="tools">
            { node_choice(view) }
            if let Some(node) = store.inspect() {
                { databases(view, words, node) }
            }
            { stream_choice(view, words, all, shown.as_ref()) }
            if let Some(shown) = &shown {
                { facts(words, shown) }
                { go_to(words.go_to_id(), "0 … $", &goal, finding(shown.clone())) }
                { insertion(view, "+ XADD", format!("XADD {} * field value", shown.name())) }
                { insertion(view, "+ XGROUP", format!("XGROUP CREATE {} group $", shown.name())) }
            }
        </div>
    };
    let Some(shown) = shown else {
        return html! {
            <div class="streams" ref={panel}>
                { tools }
                <div class="empty">
                    if store.inspect().is_none() {
                        <strong>{ words.down() }</strong>
                    } else {
                        <strong>{ words.no_streams() }</strong>
                        { insertion(view, words.add_entry(), "XADD jobs * task resize image 17".to_owned()) }
                    }
                </div>
            </div>
        };
    };
    let (len, parts) = shown.read(|stream| (stream.len(), Part::all(stream))).unwrap_or_else(|| (0, Rc::new([])));
    let movers = if store.as_table { Vec::new() } else { travel::movers(&shown, &parts) };
    html! {
        <div class="streams" ref={panel} {onclick} {onkeydown}>
            { tools }
            <div class="streams-body">
                <div class="streams-main">
                    if store.as_table {
                        <Tables shown={shown.clone()} {len} parts={parts.clone()} {claims} />
                    } else {
                        <Lane shown={shown.clone()} {len} parts={parts.clone()} goal={*goal} />
                        if parts.is_empty() {
                            <div class="empty"><span>{ words.no_groups() }</span></div>
                        } else {
                            <Trays shown={shown.clone()} {len} parts={parts.clone()} {claims} arriving={travel::arriving(&movers)} />
                        }
                    }
                </div>
                if let Some(it) = &*chosen {
                    <Details {shown} {parts} chosen={it.clone()} on_close={let chosen = chosen.clone(); Callback::from(move |()| chosen.set(None))} />
                }
            </div>
            { travel::draw(&movers) }
        </div>
    }
}

pub(super) fn databases(view: &View, words: Words, node: Inspect<'_>) -> Html {
    let used: Vec<_> = node.databases().map(|view| view.index).collect();
    let db = view.read().database;
    if used.len() > 1 || db > 0 { database_choice(view, words, db, used.into_iter()) } else { Html::default() }
}

fn stream_choice(view: &View, words: Words, all: &[Rc<[u8]>], shown: Option<&Shown>) -> Html {
    let Some(shown) = shown else { return Html::default() };
    let mut all = all.to_vec();
    if !all.contains(&shown.key) {
        all.push(shown.key.clone());
    }
    let option = |key: &Rc<[u8]>| html! { <option selected={*key == shown.key}>{ argument_text(key) }</option> };
    let options: Html = all.iter().map(option).collect();
    let onchange = view.asking(move |event: Event| {
        let at = event.target_unchecked_into::<HtmlSelectElement>().selected_index();
        Some(Change::OpenKey(Some(all.get(at.max(0) as usize)?.clone())))
    });
    html! {
        <label>{ words.stream() }{ " " }<select class="field mono" id="stream" {onchange}>{ options }</select></label>
    }
}

/// Length, the last ID and the clock from which the next is made.
fn facts(words: Words, shown: &Shown) -> Html {
    let Some((len, memory)) = shown.read(|stream| (stream.len(), stream.memory())) else { return Html::default() };
    let added = memory.added.max(len as u64).max(1);
    let clock = wall_clock(shown.clock().millis());
    html! {
        <span class="value-facts stream-facts">
            <span class="gauge" role="meter" aria-label={words.entries()} aria-valuemin="0" aria-valuemax={added.to_string()} aria-valuenow={len.to_string()} title={format!("{}: {}", words.entries_added(), grouped(memory.added))}>
                <span class="gauge-name">{ words.count_entries(len as u64) }</span>
                <span class="gauge-text">{ format!("/ {}", grouped(memory.added)) }</span>
                <span class="gauge-bar" aria-hidden="true"><i style={format!("width:{:.1}%", len as f64 / added as f64 * 100.0)}></i></span>
            </span>
            <span>{ "last-generated-id " }<span class="mono" id="last-id">{ memory.last.to_string() }</span></span>
            <span title={clock.clone()}>{ words.clock() }{ " " }<span class="mono">{ clock.get(11..19).unwrap_or_default().to_owned() }</span></span>
            { clock_back(words, &shown.view) }
        </span>
    }
}

/// Sets the node's clock back: IDs go on from the last one.
fn clock_back(words: Words, view: &View) -> Html {
    let line = format!("!clock {} -10s", view.read().scene().nodes[view.read().selected].name);
    let title = words.issues(&line);
    let onclick = view.changing(move |_: MouseEvent| Change::Act(line.clone()));
    html! { <button type="button" class="button" id="clock-back" {title} {onclick}>{ "⟲ " }{ words.clock_backward() }</button> }
}

/// Where on the lane an ID is; `$` is the end.
fn finding(shown: Shown) -> impl Fn(&str) -> Option<f64> {
    move |typed| shown.on_the_lane(if typed == "$" { Id::MAX } else { parse_id(typed)? })
}

/// A button that puts a command into the terminal, to be changed and run there: at the node that is shown, where there are
/// several.
pub(super) fn insertion(view: &View, name: impl Into<String>, line: String) -> Html {
    let line = {
        let store = view.read();
        let nodes = &store.scene().nodes;
        if nodes.len() > 1 { format!("@{} {line}", nodes[store.selected].name) } else { line }
    };
    let (name, title) = (name.into(), line.clone());
    let onclick = view.changing(move |_: MouseEvent| Change::Lesson(LessonChange::Insert(line.clone())));
    html! { <button type="button" class="button insertion" {title} {onclick}>{ name }<span class="quiet" aria-hidden="true">{ " ⤵" }</span></button> }
}

/// Arrow keys go from one entry to the next.
fn arrows() -> Callback<KeyboardEvent> {
    Callback::from(|event: KeyboardEvent| {
        let here = event.target_dyn_into::<Element>();
        let next = here.and_then(|here| match event.key().as_str() {
            "ArrowRight" => here.next_element_sibling(),
            "ArrowLeft" => here.previous_element_sibling(),
            _ => None,
        });
        if let Some(next) = next.and_then(|next| next.dyn_into::<HtmlElement>().ok()) {
            event.prevent_default();
            event.stop_propagation();
            let _ = next.focus();
        }
    })
}

/// `00:31`, or `1:04:10` from an hour on.
fn clock_face(span: Duration) -> String {
    let seconds = span.seconds();
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes:02}:{seconds:02}") }
}

/// `task resize, image 17`.
fn fields_text(entry: &EntryView) -> String {
    let pair = |(name, value): &(_, _)| format!("{} {}", text_of(name), text_of(value));
    entry.fields.iter().map(pair).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A group with consumers that have so many entries pending.
    pub fn part(name: &str, consumers: &[(&str, usize)]) -> Part {
        let consumer = |&(name, pending): &(&str, usize)| Consumer {
            view: ConsumerView { name: name.into(), seen: Time::ZERO, active: None, pending },
            name: name.into(),
        };
        let group = GroupView {
            name: name.into(),
            last_delivered: Id::MIN,
            entries_read: None,
            lag: None,
            pending: consumers.iter().map(|(_, pending)| pending).sum(),
            consumers: consumers.len(),
        };
        Part { group, name: name.into(), consumers: consumers.iter().map(consumer).collect() }
    }

    #[test]
    fn clocks_grow_an_hour_when_they_need_one() {
        assert_eq!(clock_face(Duration::from_seconds(31)), "00:31");
        assert_eq!(clock_face(Duration::from_seconds(3850)), "1:04:10");
    }
}
