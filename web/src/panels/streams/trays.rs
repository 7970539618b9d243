//! Groups, and below each its consumers with a tray of what is pending for them. Only what is in sight is drawn.

use std::rc::Rc;

use kvarium_engine::base::time::Time;
use kvarium_engine::collections::ordered::Set;
use kvarium_engine::inspect::stream::PendingView;
use yew::prelude::*;

use super::place::{Place, short};
use super::{Claims, Part, Shown, arrows, clock_face, insertion};
use crate::catalogue::grouped;
use crate::widgets::scroller::{Axis, Drawn, Scroller, Sight};
use crate::widgets::state::use_value;
use crate::widgets::viewport::use_viewport;

/// Heights of a group's line, a consumer's line and a row of a tray, in pixels, as the style sheet has them.
const GROUP: f64 = 48.0;
const CONSUMER: f64 = 32.0;
const ROW: f64 = 34.0;
/// The same where only one fits, with what one would do about it at its side.
const ROW_WITH_ACTIONS: f64 = 48.0;
/// Room below a tray that holds something, and below a group.
const GAP: f64 = 6.0;
/// The least width of a pending entry.
const CHIP: f64 = 216.0;
/// What is at the sides of a tray.
const SIDES: f64 = 40.0;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub shown: Shown,
    pub len: usize,
    pub parts: Rc<[Part]>,
    pub claims: Rc<Claims>,
    /// Those that are still on their way.
    pub arriving: Rc<[Place]>,
}

/// A line of the panel with what belongs to it, and where it is.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shelf {
    top: f64,
    height: f64,
    group: usize,
    /// The group's own line where there is none.
    consumer: Option<usize>,
}

/// Groups and consumers that show their name only: by the group's name, and the consumer's where it is one.
type Folded = Set<(Vec<u8>, Option<Vec<u8>>)>;

/// How what is pending for a consumer is put into rows.
#[derive(Clone, Copy)]
struct Rows {
    across: usize,
    height: f64,
}

impl Rows {
    fn within(width: f64) -> Rows {
        let across = (((width - SIDES) / CHIP) as usize).max(1);
        Rows { across, height: if across == 1 { ROW_WITH_ACTIONS } else { ROW } }
    }

    fn with_actions(self) -> bool {
        self.across == 1
    }
}

#[component]
pub fn Trays(props: &Props) -> Html {
    let node = use_node_ref();
    let folded = use_value(Rc::new(Folded::new()));
    let (width, _) = use_viewport(&node);
    let rows = Rows::within(f64::from(width));
    let shelves = shelves(&props.parts, rows, &folded);
    let extent = shelves.last().map_or(0.0, |shelf| shelf.top + shelf.height);
    let label = props.shown.words().consumers_of(props.shown.name());
    let draw = {
        let (shown, parts, len) = (props.shown.clone(), props.parts.clone(), props.len);
        let (claims, arriving, folded) = (props.claims.clone(), props.arriving.clone(), folded.clone());
        Callback::from(move |sight: Sight| {
            let drawer = Drawer {
                shown: &shown,
                parts: &parts,
                claims: &claims,
                arriving: &arriving,
                folded: &folded,
                len,
                rows,
            };
            let is_seen = |shelf: &&Shelf| shelf.top < sight.to && shelf.top + shelf.height > sight.from;
            let seen = shelves.iter().filter(is_seen).map(|shelf| drawer.shelf(*shelf, sight));
            Drawn { at: sight.from, html: html! { <>{ for seen }</> } }
        })
    };
    html! {
        <div class="trays" ref={node} data-at={Place::Trays.to_string()}>
            <Scroller axis={Axis::Down} {extent} step={ROW} {label} class="shelves" role="group" {draw} />
        </div>
    }
}

fn shelves(parts: &[Part], rows: Rows, folded: &Folded) -> Vec<Shelf> {
    let (mut shelves, mut top) = (Vec::new(), 0.0);
    let mut put = |group, consumer, height| {
        shelves.push(Shelf { top, height, group, consumer });
        top += height;
    };
    for (group, part) in parts.iter().enumerate() {
        put(group, None, GROUP);
        if folded.contains(&part.fold(None)) {
            continue;
        }
        for (at, consumer) in part.consumers.iter().enumerate() {
            let is_folded = folded.contains(&part.fold(Some(at)));
            let count = if is_folded { 0 } else { consumer.view.pending.div_ceil(rows.across) };
            put(group, Some(at), CONSUMER + count as f64 * rows.height + GAP);
        }
    }
    shelves
}

impl Part {
    /// What the group, or one of its consumers, is known by while it is folded.
    fn fold(&self, consumer: Option<usize>) -> (Vec<u8>, Option<Vec<u8>>) {
        (self.group.name.clone(), consumer.map(|at| self.consumers[at].view.name.clone()))
    }
}

struct Drawer<'a> {
    shown: &'a Shown,
    parts: &'a [Part],
    claims: &'a Claims,
    arriving: &'a [Place],
    folded: &'a UseStateHandle<Rc<Folded>>,
    len: usize,
    rows: Rows,
}

impl Drawer<'_> {
    fn shelf(&self, shelf: Shelf, sight: Sight) -> Html {
        let style = format!("top:{:.1}px;height:{:.1}px", shelf.top - sight.from, shelf.height);
        match shelf.consumer {
            None => self.group(shelf.group, style),
            Some(consumer) => self.consumer(shelf, consumer, sight, style),
        }
    }

    fn group(&self, at: usize, style: String) -> Html {
        let words = self.shown.words();
        let part = &self.parts[at];
        let group = &part.group;
        let lag = part.lag_text(words);
        let (pending, last) = (grouped(group.pending as u64), group.last_delivered);
        let all = self.len.max(group.pending).max(1);
        html! {
            <div key={format!("group{at}")} class="shelf group" {style}>
                { self.folding(at, None, format!("{} {}", words.group(), part.name)) }
                <button type="button" class="shelf-name" data-at={Place::Group(at).to_string()}>
                    <strong class="mono"><span class="hidden-text">{ words.group() }{ " " }</span>{ &part.name }{ " " }</strong>
                    <span class="quiet" title={last.to_string()}>{ "▲ " }{ short(last) }</span>
                </button>
                { meter(words.lag(), &lag, group.lag.map_or(0, |lag| lag.max(0) as usize), all) }
                { meter(words.pending(), &pending, group.pending, all) }
                if part.consumers.is_empty() {
                    <span class="quiet">{ words.no_consumers() }</span>
                }
            </div>
        }
    }

    fn consumer(&self, shelf: Shelf, at: usize, sight: Sight, style: String) -> Html {
        let (words, clock) = (self.shown.words(), self.shown.clock());
        let part = &self.parts[shelf.group];
        let consumer = &part.consumers[at];
        let Rows { across, height } = self.rows;
        let first_row = ((sight.from - shelf.top - CONSUMER) / height).floor().max(0.0) as usize;
        let end_row = ((sight.to - shelf.top - CONSUMER) / height).ceil().max(0.0) as usize;
        let is_folded = self.folded.contains(&part.fold(Some(at)));
        let ranks = if is_folded { 0..0 } else { first_row * across..end_row * across };
        let (group, name) = (&part.group.name, &consumer.view.name);
        let pending = self.shown.read(|stream| stream.pending_at(group, Some(name), ranks)).unwrap_or_default();
        let holds = if consumer.view.pending == 0 {
            words.nothing_pending().to_owned()
        } else {
            words.count_pending(consumer.view.pending as u64)
        };
        let place = Place::Consumer(shelf.group, at);
        let before = format!("top:{:.0}px;--across:{across}", CONSUMER + first_row as f64 * height);
        let class = classes!("tray-rows", self.rows.with_actions().then_some("with-actions"));
        let chip = |(nth, pending): (usize, &PendingView)| self.chip(shelf.group, at, nth == 0, pending, clock);
        html! {
            <div key={format!("consumer{}.{at}", shelf.group)} class="shelf consumer" {style}>
                { self.folding(shelf.group, Some(at), format!("{} {}", words.consumer(), consumer.name)) }
                <button type="button" class="shelf-name" data-at={place.to_string()}>
                    <span class="mono"><span class="hidden-text">{ words.consumer() }{ " " }</span>{ &consumer.name }{ " " }</span>
                    <span class="quiet">{ holds }{ " " }</span>
                    <span class="quiet seen">{ words.seen_ago(clock_face(clock.since(consumer.view.seen))) }</span>
                </button>
                if !pending.is_empty() {
                    <div {class} style={before} onkeydown={arrows()}>{ for pending.iter().enumerate().map(chip) }</div>
                }
            </div>
        }
    }

    /// A button that leaves only the name of what it stands at, or shows it whole again.
    fn folding(&self, group: usize, consumer: Option<usize>, label: String) -> Html {
        let fold = self.parts[group].fold(consumer);
        let is_open = !self.folded.contains(&fold);
        let folded = self.folded.clone();
        let onclick = Callback::from(move |_: MouseEvent| {
            let mut next = Folded::clone(&folded);
            if !next.remove(&fold) {
                next.insert(fold.clone());
            }
            folded.set(Rc::new(next));
        });
        html! {
            <button type="button" class="fold" aria-expanded={is_open.to_string()} aria-label={label} {onclick}>{ if is_open { "▾" } else { "▸" } }</button>
        }
    }

    /// What one would do about a pending entry, as details have it.
    fn actions(&self, group: usize, pending: &PendingView) -> Html {
        let words = self.shown.words();
        let (key, part, id) = (self.shown.name(), &self.parts[group], pending.id);
        let (name, other) = (&part.name, part.rescuer(&pending.consumer));
        html! { <>
            { insertion(&self.shown.view, words.acknowledge(), format!("XACK {key} {name} {id}")) }
            { insertion(&self.shown.view, words.claim(), format!("XCLAIM {key} {name} {other} 0 {id}")) }
        </> }
    }

    fn chip(&self, group: usize, consumer: usize, is_first: bool, pending: &PendingView, clock: Time) -> Html {
        let words = self.shown.words();
        let part = &self.parts[group];
        let place = Place::Pending(group, consumer, pending.id);
        let idle = clock_face(clock.since(pending.delivered));
        let from = self.claims.taken_from(&part.group.name, pending);
        let owner = &part.consumers[consumer].name;
        let mut said = words.pending_said(owner, &part.name);
        for more in
            from.map(|from| words.taken_said(from)).into_iter().chain((!pending.is_there).then(|| words.ghost().into()))
        {
            said.push_str(", ");
            said.push_str(&more);
        }
        let class = classes!(
            "delivery",
            (!pending.is_there).then_some("deleted"),
            self.arriving.contains(&place).then_some("arriving")
        );
        html! { <>
            <button type="button" {class} data-at={place.to_string()} data-id={pending.id.to_string()} data-group={part.name.clone()} data-owner={owner.clone()}
                tabindex={if is_first { "0" } else { "-1" }} title={pending.id.to_string()}>
                <span class="mono delivery-id">{ short(pending.id) }{ " " }</span>
                <span class="delivery-count">{ format!("×{}", pending.count) }{ " " }</span>
                <span class="delivery-idle">{ idle }{ " " }</span>
                if !pending.is_there {
                    <span class="delivery-note">{ words.deleted_entry() }</span>
                } else if let Some(from) = from {
                    <span class="delivery-note mono">{ "← " }{ from }</span>
                }
                <span class="hidden-text">{ ", " }{ said }</span>
            </button>
            if self.rows.with_actions() {
                { self.actions(group, pending) }
            }
        </> }
    }
}

fn meter(name: &str, text: &str, value: usize, all: usize) -> Html {
    let share = value.min(all) as f64 / all as f64 * 100.0;
    html! {
        <span class="gauge" role="meter" aria-label={name.to_owned()} aria-valuemin="0" aria-valuemax={all.to_string()} aria-valuenow={value.min(all).to_string()} aria-valuetext={text.to_owned()}>
            <span class="gauge-name">{ name }</span>
            <span class="gauge-bar" aria-hidden="true"><i style={format!("width:{share:.1}%")}></i></span>
            <span class="gauge-text">{ text }</span>
        </span>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::panels::streams::tests::part;

    #[test]
    fn shelves_follow_each_other_and_hold_all_that_is_pending() {
        let parts = [part("g", &[("a", 0), ("b", 7)]), part("h", &[])];
        let rows = Rows { across: 3, height: ROW };
        let heights =
            |folded: &Folded| shelves(&parts, rows, folded).iter().map(|shelf| shelf.height).collect::<Vec<_>>();
        let mut folded = Folded::new();
        assert_eq!(heights(&folded), [GROUP, CONSUMER + GAP, CONSUMER + 3.0 * ROW + GAP, GROUP]);
        let shelves = shelves(&parts, rows, &folded);
        assert!(shelves.windows(2).all(|two| two[0].top + two[0].height == two[1].top));
        folded.insert(parts[0].fold(Some(1)));
        assert_eq!(heights(&folded), [GROUP, CONSUMER + GAP, CONSUMER + GAP, GROUP]);
        folded.insert(parts[0].fold(None));
        assert_eq!(heights(&folded), [GROUP, GROUP]);
    }
}
