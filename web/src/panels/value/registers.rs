//! A HyperLogLog as its 16384 registers; as a table, how many registers have each value.

use std::rc::Rc;

use kvarium_engine::inspect::value::HyperLogLogView;
use yew::prelude::*;

use crate::catalogue::{Words, grouped};
use crate::widgets::heat_map::HeatMap;
use crate::widgets::state::use_value;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub words: Words,
    pub sketch: Rc<HyperLogLogView>,
    pub as_table: bool,
    pub dark: bool,
}

/// Registers of a row.
const SIDE: usize = 128;

#[component]
pub fn Registers(props: &Props) -> Html {
    let cursor = use_value(0usize);
    let (words, sketch) = (props.words, &props.sketch);
    let said = words.register_said(*cursor, sketch.registers[*cursor]);
    let on_cursor = {
        let cursor = cursor.clone();
        Callback::from(move |to: usize| cursor.set(to))
    };
    let counts = counts(&sketch.registers);
    let most = counts.iter().copied().max().unwrap_or(1).max(1);
    let row = |(value, &count): (usize, &usize)| {
        html! {
            <tr key={value}>
                <td class="number">{ value }</td><td class="number">{ grouped(count as u64) }</td>
                <td class="share"><span class="gauge-bar" aria-hidden="true"><i style={format!("width:{:.1}%", count as f64 / most as f64 * 100.0)}></i></span></td>
            </tr>
        }
    };
    html! {
        <div class="registers">
            if !props.as_table {
                <HeatMap label={words.registers_map()} said={said.clone()} values={sketch.registers.clone()} side={SIDE} dark={props.dark} cursor={*cursor} {on_cursor} />
            }
            <div class="registers-side">
                <p><strong>{ words.estimate(grouped(sketch.count)) }</strong>{ " · " }{ if sketch.is_sparse { "sparse" } else { "dense" } }</p>
                if !props.as_table { <p class="quiet" aria-hidden="true">{ said }</p> }
                <div class="scroll" tabindex="0" role="region" aria-label={words.registers()}>
                    <table class="table">
                        <thead><tr><th class="number">{ words.value() }</th><th class="number">{ words.registers() }</th><th><span class="hidden-text">{ words.registers() }</span></th></tr></thead>
                        <tbody>{ for counts.iter().enumerate().filter(|(_, count)| **count > 0).map(row) }</tbody>
                    </table>
                </div>
            </div>
        </div>
    }
}

/// How many registers have each value.
fn counts(registers: &[u8]) -> Vec<usize> {
    let mut counts = vec![0; 64];
    registers.iter().for_each(|&value| counts[usize::from(value) & 63] += 1);
    counts
}
