//! The same as tables: entries, groups with their consumers, and what is pending.

use std::rc::Rc;

use kvarium_engine::inspect::stream::{EntryView, PendingView};
use kvarium_engine::types::stream::Id;
use yew::prelude::*;

use super::place::{Place, short};
use super::{Claims, Consumer, Part, Shown, clock_face, fields_text};
use crate::catalogue::{Words, grouped};
use crate::panels::value::choice;
use crate::widgets::scroller::{Axis, Drawn, Scroller, Sight};
use crate::widgets::state::use_value;

/// Height of a row, as the style sheet has it.
const ROW: f64 = 28.0;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub shown: Shown,
    pub len: usize,
    pub parts: Rc<[Part]>,
    pub claims: Rc<Claims>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Rows {
    Pending,
    Groups,
    Entries,
}

#[component]
pub fn Tables(props: &Props) -> Html {
    let rows = use_value(Rows::Pending);
    let words = props.shown.words();
    let shown = match *rows {
        Rows::Groups => groups(words, &props.parts),
        Rows::Pending => {
            let (shown, parts, claims) = (props.shown.clone(), props.parts.clone(), props.claims.clone());
            let count = parts.iter().map(|part| part.group.pending).sum();
            let draw = Callback::from(move |sight| pending(&shown, &parts, &claims, sight, count));
            let heads =
                [words.entry(), words.group(), words.consumer(), words.idle(), "×N", words.taken_from(), words.state()];
            table(words.pending(), "pending-row", &heads, count, draw)
        }
        Rows::Entries => {
            let (shown, len) = (props.shown.clone(), props.len);
            let draw = Callback::from(move |sight| entries(&shown, sight, len));
            table(words.entries(), "entry-row", &[words.entry(), words.fields()], len, draw)
        }
    };
    html! {
        <>
            <div class="value-tools">
                { choice(&rows, Rows::Pending, words.pending()) }
                { choice(&rows, Rows::Groups, words.groups()) }
                { choice(&rows, Rows::Entries, words.entries()) }
            </div>
            { shown }
        </>
    }
}

fn table(
    label: &'static str,
    row: &'static str,
    heads: &[&'static str],
    count: usize,
    draw: Callback<Sight, Drawn>,
) -> Html {
    html! {
        <div key={row} class="value-table" role="table" aria-label={label} aria-rowcount={(count + 1).to_string()}>
            <div class={classes!("table-row", "head", row)} role="row">
                { for heads.iter().map(|head| html! { <span role="columnheader">{ *head }</span> }) }
            </div>
            <Scroller axis={Axis::Down} extent={count as f64 * ROW} step={ROW} {label} class="rows" role="rowgroup" {draw} />
        </div>
    }
}

fn entries(shown: &Shown, sight: Sight, len: usize) -> Drawn {
    let range = sight.of(ROW, len);
    let row = |(at, entry): (usize, &EntryView)| {
        html! {
            <div key={entry.id.to_string()} class="table-row entry-row" role="row" aria-rowindex={(range.start + at + 2).to_string()}>
                <span role="cell" class="mono">{ opening(Place::Entry(entry.id), entry.id.to_string()) }</span>
                <span role="cell" class="mono">{ fields_text(entry) }</span>
            </div>
        }
    };
    let rows = shown.read(|stream| stream.entries_at(range.clone())).unwrap_or_default();
    Drawn { at: range.start as f64 * ROW, html: html! { <>{ for rows.iter().enumerate().map(row) }</> } }
}

fn pending(shown: &Shown, parts: &[Part], claims: &Claims, sight: Sight, count: usize) -> Drawn {
    let range = sight.of(ROW, count);
    let words = shown.words();
    let clock = shown.clock();
    let (mut rows, mut before) = (Vec::new(), 0);
    for (group, part) in parts.iter().enumerate() {
        // The part of the window that is this group's.
        let ranks = range.start.max(before)..range.end.min(before + part.group.pending);
        if ranks.start < ranks.end {
            let own = ranks.start - before..ranks.end - before;
            let found = shown.read(|stream| stream.pending_at(&part.group.name, None, own)).unwrap_or_default();
            rows.extend(found.into_iter().enumerate().map(|(at, pending)| (ranks.start + at, group, pending)));
        }
        before += part.group.pending;
    }
    let row = |(at, group, pending): &(usize, usize, PendingView)| {
        let part = &parts[*group];
        let consumer = part.consumers.iter().position(|consumer| consumer.view.name == pending.consumer).unwrap_or(0);
        let owner = part.consumers.get(consumer).map_or("", |consumer| &consumer.name);
        let taken = claims.taken_from(&part.group.name, pending).unwrap_or("–");
        html! {
            <div key={format!("{group} {}", pending.id)} class="table-row pending-row" role="row" aria-rowindex={(at + 2).to_string()}>
                <span role="cell" class="mono">{ opening(Place::Pending(*group, consumer, pending.id), id_text(pending.id)) }</span>
                <span role="cell" class="mono">{ &part.name }</span>
                <span role="cell" class="mono">{ owner }</span>
                <span role="cell" class="mono">{ clock_face(clock.since(pending.delivered)) }</span>
                <span role="cell">{ format!("×{}", pending.count) }</span>
                <span role="cell" class="mono">{ taken }</span>
                <span role="cell">{ if pending.is_there { words.is_there() } else { words.deleted_entry() } }</span>
            </div>
        }
    };
    Drawn { at: range.start as f64 * ROW, html: html! { <>{ for rows.iter().map(row) }</> } }
}

fn groups(words: Words, parts: &[Part]) -> Html {
    let group = |(at, part): (usize, &Part)| {
        let consumer = |(nth, consumer): (usize, &Consumer)| {
            html! {
                <tr>
                    <td></td>
                    <td class="mono">{ opening(Place::Consumer(at, nth), consumer.name.clone()) }</td>
                    <td></td><td></td>
                    <td class="number">{ grouped(consumer.view.pending as u64) }</td>
                </tr>
            }
        };
        html! {
            <>
                <tr>
                    <td class="mono">{ opening(Place::Group(at), part.name.clone()) }</td>
                    <td></td>
                    <td class="mono">{ part.group.last_delivered.to_string() }</td>
                    <td class="number">{ part.lag_text(words) }</td>
                    <td class="number">{ grouped(part.group.pending as u64) }</td>
                </tr>
                { for part.consumers.iter().enumerate().map(consumer) }
            </>
        }
    };
    html! {
        <div class="scroll" tabindex="0" role="region" aria-label={words.groups()}>
            <table class="table">
                <caption class="hidden-text">{ words.groups() }</caption>
                <thead><tr><th>{ words.group() }</th><th>{ words.consumer() }</th><th>{ words.last_delivered() }</th><th class="number">{ words.lag() }</th><th class="number">{ words.pending() }</th></tr></thead>
                <tbody>{ for parts.iter().enumerate().map(group) }</tbody>
            </table>
        </div>
    }
}

/// An ID, and its end where there is no room for the whole.
fn id_text(id: Id) -> Html {
    html! { <><span class="whole-id">{ id.to_string() }</span><span class="short-id">{ short(id) }</span></> }
}

/// A name that opens the details of what it names.
fn opening(place: Place, name: impl Into<Html>) -> Html {
    html! { <button type="button" class="key-button" data-at={place.to_string()}>{ name.into() }</button> }
}
