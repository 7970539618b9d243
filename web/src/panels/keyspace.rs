//! The keys of one node: type, encoding, time to live and bytes, read page by page with SCAN's own cursor; and the value
//! of the one that is open.

use std::rc::Rc;

use kvarium_engine::base::glob;
use kvarium_engine::base::sort;
use kvarium_engine::inspect::{Inspect, KeyView};
use web_sys::{HtmlElement, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::Panel;
use super::value::Value;
use crate::catalogue::{Words, grouped};
use crate::store::{Change, View};
use crate::widgets::state::use_value;
use crate::widgets::viewport::use_viewport;
use kvarium_engine::resp::show::argument_text;

pub const PANEL: Panel =
    Panel { id: "keyspace", name: Words::keyspace, is_there: |_| true, show: |view| html! { <Keyspace {view} /> } };

/// Height of a row in pixels, as the style sheet has it.
const ROW: usize = 30;
/// Keys that are read at first, and more with every page.
const PAGE: usize = 300;
/// Entries that one look may pass over, so that a rare pattern in a large keyspace costs no frame.
const PASSED: usize = 50_000;

#[derive(Properties, PartialEq)]
struct Props {
    view: View,
}

/// What has been read: views of keys, and whether there are more.
struct Listing {
    keys: Vec<KeyView>,
    more: bool,
}

impl Listing {
    fn read(node: Inspect<'_>, db: usize, pattern: &str, wanted: usize) -> Listing {
        let (mut keys, mut cursor, mut passed) = (Vec::new(), 0, 0);
        loop {
            cursor = node.scan_keys(db, cursor, |view| {
                passed += 1;
                if pattern.is_empty() || glob::matches(pattern.as_bytes(), &view.key) {
                    keys.push(view);
                }
            });
            if cursor == 0 || keys.len() >= wanted || passed >= PASSED {
                break;
            }
        }
        if cursor == 0 && keys.len() <= 10 * PAGE {
            sort::sort_by(&mut keys, |a, b| a.key.cmp(&b.key));
        }
        Listing { keys, more: cursor != 0 }
    }
}

#[component]
fn Keyspace(props: &Props) -> Html {
    let rows = use_node_ref();
    let (_, height) = use_viewport(&rows);
    let pattern = use_value(String::new());
    let wanted = use_value(PAGE);
    let top = use_value(0usize);

    let store = props.view.read();
    let words = store.words();
    let Some(node) = store.inspect() else {
        return html! { <div class="empty">{ words.down() }</div> };
    };
    let db = store.database;
    let total = node.databases().find(|view| view.index == db).map_or(0, |view| view.keys);
    let listing = Listing::read(node, db, &pattern, *wanted);
    let now = node.now();

    let first = (*top / ROW).saturating_sub(4).min(listing.keys.len());
    let last = (first + height as usize / ROW + 10).min(listing.keys.len());
    let onscroll = {
        let (rows, top, wanted) = (rows.clone(), top.clone(), wanted.clone());
        let (read, more) = (listing.keys.len(), listing.more);
        Callback::from(move |_: Event| {
            let Some(rows) = rows.cast::<HtmlElement>() else { return };
            let at = rows.scroll_top().max(0) as usize;
            top.set(at / ROW * ROW);
            if more && at + rows.client_height() as usize + 20 * ROW > read * ROW {
                wanted.set(*wanted + PAGE);
            }
        })
    };
    let on_pattern = {
        let (pattern, wanted) = (pattern.clone(), wanted.clone());
        Callback::from(move |event: InputEvent| {
            pattern.set(event.target_unchecked_into::<HtmlInputElement>().value());
            wanted.set(PAGE);
        })
    };
    let row = |(at, key): (usize, &KeyView)| {
        let text = argument_text(&key.key);
        let is_open = store.opened.as_deref() == Some(&key.key);
        let onclick = {
            let key: Rc<[u8]> = key.key.as_slice().into();
            props.view.changing(move |_: MouseEvent| Change::OpenKey((!is_open).then(|| key.clone())))
        };
        let (left, expired) = match key.expiry {
            None => ("–".to_owned(), false),
            Some(at) if at <= now => (words.logically_expired().to_owned(), true),
            Some(at) => (words.span(at.since(now).micros()), false),
        };
        html! {
            <div key={text.clone()} class={classes!("key-row", is_open.then_some("open"))} role="row" aria-rowindex={(at + 2).to_string()}>
                <span role="cell"><button type="button" class="key-button key" title={words.open_value()} aria-expanded={is_open.to_string()} {onclick}>{ text.clone() }</button></span>
                <span role="cell">{ key.kind }</span>
                <span role="cell" class="encoding">{ key.encoding }</span>
                <span role="cell" class={classes!("number", "left", expired.then_some("quiet"))}>{ left }</span>
                <span role="cell" class="number memory">{ grouped(key.memory as u64) }</span>
            </div>
        }
    };
    let databases: Vec<_> = node.databases().collect();
    html! {
        <div class={classes!("keyspace", store.opened.is_some().then_some("split"))}>
            <div class="keys-side">
            <div class="tools">
                { node_choice(&props.view) }
                if databases.len() > 1 || db > 0 {
                    { database_choice(&props.view, words, db, databases.iter().map(|view| view.index)) }
                }
                <label class="grow">
                    <span class="hidden-text">{ words.filter_keys() }</span>
                    <input class="field mono" type="search" placeholder={format!("{}  user:*", words.filter_keys())} value={(*pattern).clone()} oninput={on_pattern} spellcheck="false" />
                </label>
                <span class="figure">{ if pattern.is_empty() { words.count_keys(total as u64) } else { words.scanned(grouped(listing.keys.len() as u64), grouped(total as u64)) } }</span>
            </div>
            if listing.keys.is_empty() {
                <div class="empty">
                    if total == 0 {
                        <strong>{ words.no_keys() }</strong>
                        <span>{ words.no_keys_hint() }</span>
                    } else {
                        <strong>{ words.no_match() }</strong>
                    }
                </div>
            }
            <div class="key-table" role="table" hidden={listing.keys.is_empty()} aria-label={words.keyspace()} aria-rowcount={(listing.keys.len() + 1).to_string()}>
                <div class="key-row head" role="row">
                    <span role="columnheader">{ words.key() }</span>
                    <span role="columnheader">{ words.type_() }</span>
                    <span role="columnheader" class="encoding">{ words.encoding() }</span>
                    <span role="columnheader" class="number left">{ words.ttl() }</span>
                    <span role="columnheader" class="number memory">{ words.bytes() }</span>
                </div>
                <div class="key-rows" ref={rows} role="rowgroup" tabindex="0" aria-label={words.keyspace()} {onscroll}>
                    <div role="presentation" style={format!("height:{}px", first * ROW)}></div>
                    { for listing.keys[first..last].iter().enumerate().map(|(at, key)| row((first + at, key))) }
                    <div role="presentation" style={format!("height:{}px", (listing.keys.len() - last) * ROW)}></div>
                </div>
            </div>
            </div>
            if store.opened.is_some() {
                <Value view={props.view.clone()} />
            }
        </div>
    }
}

/// Which node is looked at: shared by the panels that show one.
pub fn node_choice(view: &View) -> Html {
    let store = view.read();
    let nodes = store.scene();
    if nodes.nodes.len() < 2 {
        return Html::default();
    }
    let onchange = view.changing(|event: Event| {
        let chosen = event.target_unchecked_into::<HtmlSelectElement>().selected_index();
        Change::Select(chosen.max(0) as usize)
    });
    let option = |(at, node): (usize, &crate::scene::NodeView)| {
        html! { <option selected={at == store.selected}>{ node.name.clone() }</option> }
    };
    html! {
        <label><span class="hidden-text">{ store.words().choose_node() }</span>
            <select class="field" {onchange}>{ for nodes.nodes.iter().enumerate().map(option) }</select>
        </label>
    }
}

pub fn database_choice(view: &View, words: Words, db: usize, used: impl Iterator<Item = usize>) -> Html {
    let mut all: Vec<usize> = used.collect();
    if !all.contains(&db) {
        all.push(db);
    }
    sort::sort_by(&mut all, Ord::cmp);
    let chosen = all.clone();
    let onchange = view.changing(move |event: Event| {
        let at = event.target_unchecked_into::<HtmlSelectElement>().selected_index();
        Change::Database(chosen.get(at.max(0) as usize).copied().unwrap_or(0))
    });
    html! {
        <label><span class="hidden-text">{ words.database() }</span>
            <select class="field" {onchange}>{ for all.iter().map(|&index| html! { <option selected={index == db}>{ format!("db{index}") }</option> }) }</select>
        </label>
    }
}
