//! A list as a lane: elements side by side in the nodes that hold them, with an index from both ends.

use kvarium_engine::inspect::value::{ListView, NodeView, ValueView};
use yew::prelude::*;

use super::{Props, ROW, go_to, read, text_of};
use crate::catalogue::{Words, grouped};
use crate::store::View;
use crate::widgets::scroller::{Axis, Drawn, Goal, Scroller, Sight};
use crate::widgets::state::use_value;

/// Width of a cell, as the style sheet has it.
const CELL: f64 = 108.0;
/// More nodes than this have no map.
const MAPPED: usize = 20_000;
/// Nodes that the map shows one by one.
const BLOCKS: usize = 160;

#[component]
pub fn Lane(props: &Props) -> Html {
    let goal = use_value(None::<Goal>);
    let seen = use_value((0.0f64, 1.0f64));
    let store = props.view.read();
    let words = store.words();
    let as_table = store.as_table;
    let Some((len, count, blocks)) = lane(&props.view, |list| {
        let count = list.node_count();
        let all = if (2..=MAPPED).contains(&count) { list.nodes(0..list.len()) } else { Vec::new() };
        (list.len(), count, blocks(&all, list.len()))
    }) else {
        return Html::default();
    };
    let size = if as_table { ROW } else { CELL };
    let find = move |typed: &str| {
        let index: i64 = typed.parse().ok()?;
        let index = if index < 0 { index + len as i64 } else { index };
        (0..len as i64).contains(&index).then_some(index as f64 * size)
    };
    let draw = {
        let (view, seen) = (props.view.clone(), seen.clone());
        Callback::from(move |sight: Sight| {
            let all = len as f64 * size;
            seen.set((((sight.from / all) * 500.0).floor() / 500.0, ((sight.to / all) * 500.0).ceil() / 500.0));
            if as_table { draw_table(&view, sight, len) } else { draw_lane(&view, sight, len) }
        })
    };
    let nodes = words.count_nodes(count as u64);
    html! {
        <>
            <div class="value-tools">
                { go_to(words.go_to_index(), "0 … -1", &goal, find) }
                <span class="quiet">{ nodes.clone() }</span>
            </div>
            if as_table {
                <div class="value-table" role="table" aria-label={words.list()} aria-rowcount={(len + 1).to_string()}>
                    <div class="table-row list-row head" role="row">
                        <span role="columnheader" class="number">{ words.index() }</span>
                        <span role="columnheader" class="number">{ words.from_tail() }</span>
                        <span role="columnheader" class="number">{ words.node() }</span>
                        <span role="columnheader">{ words.element() }</span>
                    </div>
                    <Scroller axis={Axis::Down} extent={len as f64 * ROW} step={ROW} label={words.list()} class="rows" role="rowgroup" {draw} goal={*goal} />
                </div>
            } else {
                <div class="lane-ends" aria-hidden="true"><span>{ "LPUSH ⇥ " }{ words.head() }</span><span>{ words.tail() }{ " ⇤ RPUSH" }</span></div>
                <Scroller axis={Axis::Across} extent={len as f64 * CELL} step={CELL} label={words.list()} class="lane" role="list" {draw} goal={*goal} />
                if !blocks.is_empty() {
                    { map(words, &blocks, *seen, &nodes) }
                }
            }
        </>
    }
}

fn lane<R>(view: &View, f: impl FnOnce(ListView<'_>) -> R) -> Option<R> {
    read(view, |opened| match opened.value {
        ValueView::List(list) => Some(f(list)),
        _ => None,
    })?
}

fn draw_lane(view: &View, sight: Sight, len: usize) -> Drawn {
    let range = sight.of(CELL, len);
    let words = view.read().words();
    let html = lane(view, |list| {
        let (nodes, elements) = (list.nodes(range.clone()), list.elements(range.clone()));
        let tray = |node: &NodeView| {
            let (first, end) = (node.first.max(range.start), (node.first + node.elements).min(range.end));
            let style =
                format!("left:{}px;width:{}px", (first - range.start) as f64 * CELL, (end - first) as f64 * CELL);
            let (elements, bytes) = (words.count_elements(node.elements as u64), words.count_bytes(node.bytes as u64));
            let class = classes!(
                "tray",
                (node.first >= range.start).then_some("begins"),
                (node.first + node.elements <= range.end).then_some("ends")
            );
            html! { <div key={node.number} {class} {style} role="presentation"><span class="tray-name">{ words.node_of_list(node.number, elements, bytes) }</span></div> }
        };
        let cell = |(at, element): (usize, &kvarium_engine::inspect::value::Excerpt)| {
            let index = range.start + at;
            let text = text_of(element);
            html! {
                <div key={index} class="cell" role="listitem" title={text.clone()}>
                    <span class="cell-value mono">{ text }</span>
                    <span class="cell-index">{ grouped(index as u64) }</span>
                    <span class="cell-index back">{ format!("−{}", grouped((len - index) as u64)) }</span>
                </div>
            }
        };
        html! { <>{ for nodes.iter().map(tray) }<div class="cells" role="presentation">{ for elements.iter().enumerate().map(cell) }</div></> }
    });
    Drawn { at: range.start as f64 * CELL, html: html.unwrap_or_default() }
}

fn draw_table(view: &View, sight: Sight, len: usize) -> Drawn {
    let range = sight.of(ROW, len);
    let html = lane(view, |list| {
        let (nodes, elements) = (list.nodes(range.clone()), list.elements(range.clone()));
        let node_of = |index: usize| nodes.iter().rfind(|node| node.first <= index).map_or(0, |node| node.number);
        let row = |(at, element): (usize, &kvarium_engine::inspect::value::Excerpt)| {
            let index = range.start + at;
            html! {
                <div key={index} class="table-row list-row" role="row" aria-rowindex={(index + 2).to_string()}>
                    <span role="cell" class="number">{ grouped(index as u64) }</span>
                    <span role="cell" class="number quiet">{ format!("−{}", grouped((len - index) as u64)) }</span>
                    <span role="cell" class="number quiet">{ grouped(node_of(index) as u64) }</span>
                    <span role="cell" class="mono">{ text_of(element) }</span>
                </div>
            }
        };
        html! { <>{ for elements.iter().enumerate().map(row) }</> }
    });
    Drawn { at: range.start as f64 * ROW, html: html.unwrap_or_default() }
}

/// Where nodes begin and end, as shares of the list; neighbours are drawn together where there are too many.
fn blocks(nodes: &[NodeView], len: usize) -> Vec<(f64, f64)> {
    let together = nodes.len().div_ceil(BLOCKS).max(1);
    let share = |index: usize| index as f64 / len.max(1) as f64;
    let block = |nodes: &[NodeView]| match (nodes.first(), nodes.last()) {
        (Some(first), Some(last)) => Some((share(first.first), share(last.first + last.elements))),
        _ => None,
    };
    nodes.chunks(together).filter_map(block).collect()
}

/// The whole list at a glance, with the part that is in sight.
fn map(words: Words, blocks: &[(f64, f64)], (from, to): (f64, f64), nodes: &str) -> Html {
    let path: String = blocks
        .iter()
        .map(|(from, to)| {
            let (x, width) = (from * 1000.0, ((to - from) * 1000.0 - 1.2).max(0.6));
            format!("M{x:.2} 2h{width:.2}v12h-{width:.2}z")
        })
        .collect();
    html! {
        <figure class="lane-map">
            <svg viewBox="0 0 1000 16" preserveAspectRatio="none" role="img" aria-label={nodes.to_owned()}>
                <path class="blocks" d={path} />
                <rect class="seen" x={format!("{:.1}", from * 1000.0)} y="0.5" width={format!("{:.1}", ((to - from) * 1000.0).max(3.0))} height="15" />
            </svg>
            <figcaption class="quiet">{ words.nodes_of_list() }</figcaption>
        </figure>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_map_is_as_long_as_the_list() {
        let node = |number: usize| NodeView { number, first: number * 10, elements: 10, bytes: 100 };
        for count in [1, 3, 1000] {
            let nodes: Vec<_> = (0..count).map(node).collect();
            let blocks = blocks(&nodes, count * 10);
            assert!(blocks.len() <= BLOCKS);
            assert_eq!((blocks[0].0, blocks.last().unwrap().1), (0.0, 1.0));
        }
    }
}
