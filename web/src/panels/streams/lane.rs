//! The entries side by side in the packed nodes that hold them, with a cursor for each group.

use kvarium_engine::inspect::stream::{EntryView, PackedNodeView};
use yew::prelude::*;

use super::place::{Place, short};
use super::{Part, Shown, arrows, fields_text};
use crate::widgets::scroller::{Axis, Drawn, Goal, Scroller, Sight};

/// Width of an entry, as the style sheet has it.
pub const CELL: f64 = 104.0;
/// Room behind the last entry, for the cursors of those who have read all.
const BEYOND: f64 = 120.0;
/// Cursors that stand near each other are below each other, in so many rows.
const ROWS: usize = 3;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub shown: Shown,
    pub len: usize,
    pub parts: std::rc::Rc<[Part]>,
    pub goal: Option<Goal>,
}

#[component]
pub fn Lane(props: &Props) -> Html {
    let label = props.shown.words().lane_of(props.shown.name());
    let draw = {
        let (shown, parts, len) = (props.shown.clone(), props.parts.clone(), props.len);
        Callback::from(move |sight: Sight| draw(&shown, &parts, sight, len))
    };
    let rows = props.parts.len().min(ROWS);
    html! {
        <div class="entry-lane" data-at={Place::Lane.to_string()} style={format!("--rows:{rows}")}>
            <Scroller axis={Axis::Across} extent={props.len as f64 * CELL + BEYOND} step={CELL} {label} class="entries" role="group" {draw} goal={props.goal} />
        </div>
    }
}

fn draw(shown: &Shown, parts: &[Part], sight: Sight, len: usize) -> Drawn {
    let range = sight.of(CELL, len);
    let words = shown.words();
    let onkeydown = arrows();
    let x = |rank: usize| (rank as f64 - range.start as f64) * CELL;
    let html = shown.read(|stream| {
        let packs = stream.nodes_at(range.clone());
        let pack = |pack: &PackedNodeView| {
            let (first, end) = (pack.start.max(range.start), (pack.start + pack.live).min(range.end));
            let style = format!("left:{}px;width:{}px", x(first), (end - first) as f64 * CELL);
            let class = classes!(
                "pack",
                (pack.start >= range.start).then_some("begins"),
                (pack.start + pack.live <= range.end).then_some("ends")
            );
            let bytes = words.count_bytes(pack.bytes as u64);
            html! { <div key={pack.number} {class} {style}><span class="pack-name">{ words.packed_node(pack.live, pack.deleted, bytes) }</span></div> }
        };
        let cell = |(at, entry): (usize, &EntryView)| {
            let fields = fields_text(entry);
            html! {
                <button type="button" key={entry.id.to_string()} class="stream-entry" data-at={Place::Entry(entry.id).to_string()} tabindex={if at == 0 { "0" } else { "-1" }}
                    title={format!("{}  {fields}", entry.id)}>
                    <span class="mono">{ short(entry.id) }{ " " }</span>
                    <span class="entry-fields">{ fields }</span>
                </button>
            }
        };
        let cursor = |(group, part): (usize, &Part)| {
            let at = stream.count_until(part.group.last_delivered);
            let is_near = at >= range.start && (at <= range.end);
            let style = format!("left:{}px;--row:{}", x(at), group % ROWS);
            is_near.then(|| html! {
                <span key={group} class="cursor" {style} data-at={Place::Group(group).to_string()} aria-hidden="true">{ "▲ " }{ &part.name }</span>
            })
        };
        let cursors = parts.iter().enumerate().filter_map(cursor);
        html! { <>
            { for packs.iter().map(pack) }
            <div class="entry-cells" {onkeydown}>{ for stream.entries_at(range.clone()).iter().enumerate().map(cell) }</div>
            { for cursors }
            if range.end == len {
                <span class="xadd" style={format!("left:{}px", x(len))} aria-hidden="true">{ "◀ XADD" }</span>
            }
        </> }
    });
    Drawn { at: range.start as f64 * CELL, html: html.unwrap_or_default() }
}
