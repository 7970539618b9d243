//! A string as text, as bytes, as a number, as the bits that SETBIT and GETBIT count, and as the registers of a HyperLogLog.

use std::rc::Rc;

use kvarium_engine::inspect::value::{StringView, ValueView};
use yew::prelude::*;

use super::registers::Registers;
use super::{Props, ROW, bits, go_to, read, readable};
use crate::catalogue::{Words, grouped};
use crate::store::View;
use crate::widgets::scroller::{Axis, Drawn, Goal, Scroller, Sight};
use crate::widgets::state::use_value;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Text,
    Hex,
    Bits,
    /// Of a HyperLogLog.
    Registers,
}

/// Bytes of text in a line of a long string.
const LINE: usize = 96;
/// Up to so many bytes a text is laid out as a whole.
const WHOLE: usize = 4096;
/// Bits are counted in strings of up to so many bytes.
const COUNTED: usize = 1 << 20;

#[component]
pub fn Text(props: &Props) -> Html {
    let goal = use_value(None::<Goal>);
    let mode = use_value(None::<Mode>);
    let narrow = use_value(false);
    let store = props.view.read();
    let words = store.words();
    let as_table = store.as_table;
    let Some((len, int, ones, sketch)) =
        string(&props.view, |string| (string.len(), string.int(), string.ones(COUNTED), string.hyperloglog()))
    else {
        return Html::default();
    };
    let usual = if sketch.is_some() { Mode::Registers } else { Mode::Text };
    let chosen = mode.filter(|mode| *mode != Mode::Registers || sketch.is_some()).unwrap_or(usual);
    // Bytes of a row, and its height.
    let (wide, high) = match (chosen, *narrow) {
        (Mode::Registers, _) => (1, ROW),
        (Mode::Text, false) => (LINE, ROW),
        (Mode::Text, true) => (LINE / 3, ROW),
        (Mode::Hex, false) => (16, ROW),
        (Mode::Hex, true) => (8, ROW),
        (Mode::Bits, _) if as_table => (4, ROW),
        (Mode::Bits, false) => (8, bits::HEIGHT),
        (Mode::Bits, true) => (4, bits::HEIGHT),
    };
    let rows = len.div_ceil(wide);
    let draw = {
        let (view, narrow) = (props.view.clone(), narrow.clone());
        Callback::from(move |sight: Sight| {
            narrow.set(sight.breadth < 560.0);
            let range = sight.of(high, rows);
            let html = range.clone().map(|row| match chosen {
                Mode::Text => text_row(&view, row, wide),
                Mode::Hex => hex_row(&view, row, wide),
                Mode::Bits => bit_row(&view, row, wide, as_table),
                Mode::Registers => Html::default(),
            });
            Drawn { at: range.start as f64 * high, html: html.collect() }
        })
    };
    let find = move |typed: &str| {
        let at: usize = typed.parse().ok()?;
        let byte = if chosen == Mode::Bits { at / 8 } else { at };
        (byte < len).then_some((byte / wide) as f64 * high)
    };
    let whole = (chosen == Mode::Text && len <= WHOLE)
        .then(|| string(&props.view, |string| string.bytes(0..WHOLE)))
        .flatten()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    html! {
        <>
            <div class="value-tools">
                <span class="choice" role="group" aria-label={words.shown_as()}>
                    if sketch.is_some() { { shown_as(&mode, chosen, Mode::Registers, words.as_registers()) } }
                    { shown_as(&mode, chosen, Mode::Text, words.as_text()) }
                    { shown_as(&mode, chosen, Mode::Hex, words.as_hex()) }
                    { shown_as(&mode, chosen, Mode::Bits, words.as_bits()) }
                </span>
                if whole.is_none() && chosen != Mode::Registers {
                    { go_to(if chosen == Mode::Bits { words.go_to_bit() } else { words.go_to_byte() }, "0", &goal, find) }
                }
                if chosen == Mode::Bits {
                    if let Some(ones) = ones { <span class="quiet">{ words.ones(grouped(ones), grouped(len as u64 * 8)) }</span> }
                }
            </div>
            if let Some(value) = int {
                { number(words, value) }
            }
            if len == 0 {
                <div class="empty">{ words.empty_string() }</div>
            } else if let Some(sketch) = sketch.filter(|_| chosen == Mode::Registers) {
                <Registers {words} sketch={Rc::new(sketch)} {as_table} dark={store.is_dark()} />
            } else if let Some(text) = whole {
                <pre class="value-text" tabindex="0">{ text }</pre>
            } else {
                <Scroller key={format!("{}", chosen as u8)} axis={Axis::Down} extent={rows as f64 * high} step={high} label={words.value()}
                    class={classes!("rows", "bytes", (chosen == Mode::Bits && !as_table).then_some("bitmap"))} role="list" {draw} goal={*goal} />
            }
        </>
    }
}

/// A button for a way of showing it, of which the usual one is chosen until another is.
fn shown_as(mode: &UseStateHandle<Option<Mode>>, chosen: Mode, to: Mode, name: &'static str) -> Html {
    let mode = mode.clone();
    let onclick = Callback::from(move |_: MouseEvent| mode.set(Some(to)));
    html! { <button type="button" class="button" aria-pressed={(chosen == to).to_string()} {onclick}>{ name }</button> }
}

fn string<R>(view: &View, f: impl FnOnce(StringView<'_>) -> R) -> Option<R> {
    read(view, |opened| match opened.value {
        ValueView::String(string) => Some(f(string)),
        _ => None,
    })?
}

/// What an integer is kept as: its 64 bits.
fn number(words: Words, value: i64) -> Html {
    html! {
        <dl class="int">
            <dt>{ words.kept_as_int() }</dt><dd class="mono">{ value }</dd>
            <dt class="hidden-text">{ words.as_hex() }</dt><dd class="mono quiet">{ format!("0x{value:016x}") }</dd>
        </dl>
    }
}

/// Some bytes of the string, from `before` bytes earlier on where there are any.
fn bytes(view: &View, range: std::ops::Range<usize>) -> Vec<u8> {
    string(view, |string| string.bytes(range)).unwrap_or_default()
}

/// A line of a long text. A character belongs to the line in which it begins.
fn text_row(view: &View, row: usize, wide: usize) -> Html {
    const LONGEST: usize = 3;
    let start = row * wide;
    let here = bytes(view, start..start + wide + LONGEST);
    let continues = |byte: &u8| byte & 0xc0 == 0x80;
    let skipped = if row == 0 { 0 } else { here.iter().take(LONGEST).take_while(|byte| continues(byte)).count() };
    let end = wide.min(here.len());
    let more = here[end..].iter().take_while(|byte| continues(byte)).count();
    html! {
        <div key={row} class="byte-row" role="listitem">
            <span class="offset">{ grouped(start as u64) }</span>
            <span class="mono text">{ readable(&here[skipped.min(end)..end + more], false) }</span>
        </div>
    }
}

fn hex_row(view: &View, row: usize, wide: usize) -> Html {
    let here = bytes(view, row * wide..(row + 1) * wide);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    let plain = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { *byte as char } else { '·' };
    let halves: Vec<_> = here.chunks(8).map(hex).collect();
    html! {
        <div key={row} class="byte-row" role="listitem">
            <span class="offset">{ format!("{:08x}", row * wide) }</span>
            <span class="mono hex" style={format!("min-width:{}ch", wide * 3 + wide / 8 - 2)}>{ halves.join("  ") }</span>
            <span class="mono plain">{ here.iter().map(plain).collect::<String>() }</span>
        </div>
    }
}

fn bit_row(view: &View, row: usize, wide: usize, as_table: bool) -> Html {
    let here = bits::of_bytes(&bytes(view, row * wide..(row + 1) * wide));
    let first = row as u64 * wide as u64 * 8;
    if as_table { bits::digits(row, first, &here) } else { bits::cells(row, first, &here) }
}
