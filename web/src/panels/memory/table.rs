//! The same as tables: who holds memory, and the keys that hold the most.

use std::cmp::Reverse;

use kvarium_engine::base::sort;
use kvarium_engine::resp::show::argument_text;
use yew::prelude::*;

use super::field::{Field, Tile};
use super::gauge::owners;
use super::marks::marks;
use super::picture::Mark;
use super::{ChoiceProps, kind_name, time_text, use_text};
use crate::catalogue::{Words, grouped};

/// Rows of keys, at most.
const ROWS: usize = 200;

#[component]
pub fn Tables(props: &ChoiceProps) -> Html {
    let field = use_mut_ref(Field::default);
    let store = props.view.read();
    let words = store.words();
    let lab = store.side(props.other).0;
    let Some(node) = lab.inspect(store.selected) else { return Html::default() };
    let mut field = field.borrow_mut();
    field.look(lab, node, (store.selected, store.database), store.is_running());
    let marks = marks(&store, props.other, props.chosen, u64::MAX);
    for (key, _) in marks.iter().filter(|(_, mark)| matches!(mark, Mark::Dropped | Mark::Victim)) {
        field.keep_gone(node.place(key), key);
    }
    let mut tiles: Vec<&Tile> = field.tiles().iter().filter(|tile| tile.keys > 0).collect();
    sort::sort_by_key(&mut tiles, |tile| Reverse(tile.memory));
    let owner = |owner: &super::gauge::Owner| {
        html! {
            <tr>
                <th scope="row">{ &owner.name }</th>
                <td class="number">{ owner.keys.map(|keys| grouped(keys as u64)) }</td>
                <td class="number">{ grouped(owner.bytes as u64) }</td>
            </tr>
        }
    };
    let row = |tile: &&Tile| {
        let name = tile.key.as_ref().map_or_else(|| words.count_keys(tile.keys as u64), |key| argument_text(key));
        let mark = tile.key.as_ref().and_then(|key| marks.get(key));
        html! {
            <tr>
                <th scope="row" class="mono">{ name }</th>
                <td>{ kind_name(tile.kind) }</td>
                <td class="number">{ grouped(tile.memory as u64) }</td>
                <td>{ use_text(words, tile) }</td>
                <td>{ time_text(words, node, tile) }</td>
                <td>{ mark.map(|mark| mark_text(words, *mark)) }</td>
            </tr>
        }
    };
    html! {
        <div class="scroll memory-tables" tabindex="0" role="region" aria-label={words.memory()}>
            <table class="table">
                <caption>{ words.where_bytes_go() }</caption>
                <thead><tr><th>{ words.owner() }</th><th class="number">{ words.keys() }</th><th class="number">{ words.bytes() }</th></tr></thead>
                <tbody>{ for owners(words, &node.account()).iter().map(owner) }</tbody>
            </table>
            <table class="table tiles">
                <caption>{ words.scanned(tiles.len().min(ROWS), tiles.len()) }</caption>
                <thead><tr>
                    <th>{ words.key() }</th><th>{ words.type_() }</th><th class="number">{ words.bytes() }</th>
                    <th>{ words.last_use() }</th><th>{ words.ttl() }</th><th>{ words.state() }</th>
                </tr></thead>
                <tbody>{ for tiles.iter().take(ROWS).map(row) }</tbody>
            </table>
        </div>
    }
}

fn mark_text(words: Words, mark: Mark) -> &'static str {
    match mark {
        Mark::Kept => words.mark_kept(),
        Mark::Dropped => words.mark_dropped(),
        Mark::Sampled => words.mark_sampled(),
        Mark::Pooled => words.mark_pooled(),
        Mark::Victim => words.mark_victim(),
    }
}
