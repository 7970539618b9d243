//! Who owns each of the 16384 slots, and which slot a key falls into.

use std::rc::Rc;

use kvarium_engine::base::hash::SLOTS;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::Panel;
use crate::catalogue::{Words, grouped};
use crate::store::{Change, View};
use crate::widgets::crc_strip::{CrcStrip, Hashing};
use crate::widgets::slot_map::{SIDE, SlotMap};
use crate::widgets::state::use_value;
use crate::widgets::viewport::use_viewport;

pub const PANEL: Panel = Panel {
    id: "slots",
    name: Words::slots,
    is_there: |store| store.is_cluster(),
    show: |view| html! { <Slots {view} /> },
};

#[derive(Properties, PartialEq)]
struct Props {
    view: View,
}

/// What the map fades with.
#[derive(Clone, Copy, PartialEq)]
enum Layer {
    Owner,
    Keys,
}

#[component]
fn Slots(props: &Props) -> Html {
    let body = use_node_ref();
    let (width, height) = use_viewport(&body);
    let layer = use_value(Layer::Owner);
    let store = props.view.read();
    let words = store.words();
    let scene = store.scene();
    let nodes = &scene.nodes;

    let ranges: Vec<_> = nodes.iter().map(|node| (node.shard, node.ranges.clone())).collect();
    let owners = use_memo(ranges, |ranges| owners(ranges));
    let owners: Rc<[Option<u8>]> = (*owners).clone();
    let weights = (*layer == Layer::Keys).then(|| weights(&store.keys_of_slots()));
    let owner_of = |slot: u16| {
        let shard = owners[slot as usize]? as usize;
        let node = nodes.iter().find(|node| node.shard == shard && !node.ranges.is_empty())?;
        Some((AttrValue::from(node.name.clone()), shard))
    };

    let hashing = (!store.typed_key.is_empty()).then(|| Hashing::of(&store.typed_key));
    let cursor = store.slot_cursor;
    let keys_here = store.keys_in_slot(cursor);
    let owner_here = owner_of(cursor).map_or(AttrValue::from(words.unassigned()), |(name, _)| name);
    let said = words.slot_said(cursor, owner_here, words.count_keys(keys_here));

    let on_key = props
        .view
        .changing(|event: InputEvent| Change::TypeKey(event.target_unchecked_into::<HtmlInputElement>().value()));
    let choose = |to: Layer, name: &'static str| {
        let layer = layer.clone();
        let onclick = {
            let layer = layer.clone();
            Callback::from(move |_: MouseEvent| layer.set(to))
        };
        html! { <button type="button" class="button" aria-pressed={(*layer == to).to_string()} {onclick}>{ name }</button> }
    };
    // A quarter of a pixel a cell is the finest step. On a narrow stage the map may be scrolled to.
    let room = if width < 560 { width } else { width.min(height) };
    let size = room.saturating_sub(32).clamp(2 * SIDE, 4 * SIDE) / 32 * 32;
    let row = |node: &crate::scene::NodeView| {
        html! {
            <tr>
                <td><span class={classes!("swatch", format!("hatch-{}", node.shard % 5))} style={format!("--hue:var(--shard-{})", node.shard % 5)} />{ &node.name }</td>
                <td class="mono">{ node.range_text() }</td>
                <td class="number">{ grouped(node.slots()) }</td>
                <td class="number">{ grouped(node.keys) }</td>
            </tr>
        }
    };
    html! {
        <div class="slots">
            <div class="tools">
                <label>{ words.key_to_slot() }
                    <input class="field mono" id="slot-key" type="text" value={store.typed_key.clone()} placeholder="{user:42}:cart" spellcheck="false" autocapitalize="off" oninput={on_key} />
                </label>
                if let Some(hashing) = hashing.clone() {
                    <CrcStrip {words} owner={owner_of(hashing.slot)} {hashing} />
                }
                <span class="choice" role="group" aria-label={words.layer()}>
                    { choose(Layer::Owner, words.owner()) }
                    { choose(Layer::Keys, words.keys()) }
                </span>
            </div>
            <div class="slots-body" ref={body}>
                if !store.as_table && width > 0 {
                    <SlotMap label={words.slot_map()} said={said.clone()} {owners} {weights} dark={store.is_dark()} {size} {cursor}
                        on_cursor={props.view.changing(Change::SlotCursor)} />
                }
                <div class="slot-side">
                    <p class="slot-said" aria-hidden="true">{ said }</p>
                    <div class="scroll" tabindex="0" role="region" aria-label={words.slots()}>
                        <table class="table">
                            <caption class="hidden-text">{ words.slots() }</caption>
                            <thead><tr><th>{ words.owner() }</th><th>{ words.range() }</th><th class="number">{ words.slots() }</th><th class="number">{ words.keys() }</th></tr></thead>
                            <tbody>{ for nodes.iter().filter(|node| !node.ranges.is_empty()).map(row) }</tbody>
                        </table>
                    </div>
                </div>
            </div>
        </div>
    }
}

fn owners(ranges: &[(usize, Vec<(u16, u16)>)]) -> Rc<[Option<u8>]> {
    let mut owners = vec![None; SLOTS as usize];
    for (shard, ranges) in ranges {
        for &(first, last) in ranges {
            owners[first as usize..=last as usize].fill(Some(*shard as u8));
        }
    }
    owners.into()
}

/// How full each slot is beside the fullest, on a scale where ten times as much is a step.
fn weights(keys: &[u32]) -> Rc<[f32]> {
    let most = keys.iter().copied().max().unwrap_or(0).max(1);
    let scale = libm::log(1.0 + f64::from(most));
    let weight = |keys: u32| 0.35 + 0.65 * libm::log(1.0 + f64::from(keys)) / scale;
    keys.iter().map(|&keys| if keys == 0 { 0.0 } else { weight(keys) as f32 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_of_a_range_has_its_owner() {
        let owners = owners(&[(0, vec![(0, 5460)]), (1, vec![(5461, 5461)])]);
        assert_eq!((owners[5460], owners[5461], owners[5462]), (Some(0), Some(1), None));
    }

    #[test]
    fn a_slot_with_keys_always_stands_out() {
        let weights = weights(&[0, 1, 1000]);
        assert_eq!(weights[0], 0.0);
        assert!(weights[1] >= 0.35 && weights[2] > weights[1]);
    }
}
