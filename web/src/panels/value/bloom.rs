//! A Bloom filter as the filters it is made of, and the bits of one of them.

use kvarium_engine::inspect::value::{BloomView, FilterView, ValueView};
use yew::prelude::*;

use super::{Props, ROW, bits, go_to, read};
use crate::catalogue::{Words, grouped};
use crate::store::View;
use crate::widgets::scroller::{Axis, Drawn, Goal, Scroller, Sight};
use crate::widgets::state::use_value;

/// Filters that are in sight at once.
const IN_SIGHT: usize = 5;
/// Bits are counted in filters of up to so many words.
const COUNTED: usize = 1 << 17;

#[component]
pub fn Filters(props: &Props) -> Html {
    let goal = use_value(None::<Goal>);
    let chosen = use_value(None::<usize>);
    let narrow = use_value(false);
    let store = props.view.read();
    let (words, as_table) = (store.words(), store.as_table);
    let Some((properties, count)) = bloom(&props.view, |bloom| (*bloom.properties(), bloom.filter_count())) else {
        return Html::default();
    };
    // The last one is added to.
    let filter = chosen.unwrap_or(count - 1).min(count - 1);
    let seen = bloom(&props.view, |bloom| bloom.filter(filter).map(|it| (it.words.len(), it.ones(COUNTED)))).flatten();
    let (len, ones) = seen.unwrap_or_default();
    let (wide, high) = match (as_table, *narrow) {
        (true, _) => (32, ROW),
        (false, true) => (32, bits::HEIGHT),
        (false, false) => (64, bits::HEIGHT),
    };
    let rows = len * (64 / wide);
    let draw_filters = {
        let (view, chosen) = (props.view.clone(), chosen.clone());
        Callback::from(move |sight: Sight| {
            let range = sight.of(ROW, count);
            let html = range.clone().map(|index| filter_row(&view, words, index, index == filter, &chosen, as_table));
            Drawn { at: range.start as f64 * ROW, html: html.collect() }
        })
    };
    let draw_bits = {
        let (view, narrow) = (props.view.clone(), narrow.clone());
        Callback::from(move |sight: Sight| {
            narrow.set(sight.breadth < 560.0);
            let range = sight.of(high, rows);
            let html = range.clone().map(|row| bit_row(&view, filter, row, wide, as_table));
            Drawn { at: range.start as f64 * high, html: html.collect() }
        })
    };
    let find = move |typed: &str| {
        let row = usize::try_from(typed.parse::<u64>().ok()? / wide as u64).ok()?;
        (row < rows).then_some(row as f64 * high)
    };
    let (error, tightening) = (percent(properties.error), percent(properties.tightening));
    html! {
        <>
            <p class="bloom-made quiet">
                if properties.expansion > 0 {
                    { words.bloom_scales(error, properties.expansion, tightening) }
                } else {
                    { words.bloom_is_fixed(error) }
                }
            </p>
            <div class="value-table bloom-filters" role="table" aria-label={words.filters()} aria-rowcount={(count + 1).to_string()}>
                <div class="table-row filter-row head" role="row">
                    <span role="columnheader">{ words.filter() }</span>
                    <span role="columnheader" class="number">{ words.items() }</span>
                    <span role="columnheader" class="number">{ words.capacity() }</span>
                    <span role="columnheader" class="number">{ words.hash_functions() }</span>
                    <span role="columnheader" class="number">{ words.error_rate() }</span>
                    <span role="columnheader" class="number">{ words.bits_set() }</span>
                </div>
                <div class="bloom-rows" role="presentation" style={format!("height:{}px", count.min(IN_SIGHT) as f64 * ROW)}>
                    <Scroller axis={Axis::Down} extent={count as f64 * ROW} step={ROW} label={words.filters()} class={classes!("rows")} role="rowgroup" draw={draw_filters} />
                </div>
            </div>
            <div class="value-tools">
                <strong>{ words.bits_of_filter(filter + 1) }</strong>
                { go_to(words.go_to_bit(), "0", &goal, find) }
                <span class="quiet">
                    if let Some(ones) = ones {
                        { words.ones(grouped(ones), grouped(len as u64 * 64)) }
                    } else {
                        { words.all_bits(grouped(len as u64 * 64)) }
                    }
                </span>
            </div>
            <Scroller key={format!("{filter}-{as_table}")} axis={Axis::Down} extent={rows as f64 * high} step={high} label={words.bits_of_filter(filter + 1)}
                class={classes!("rows", "bytes", (!as_table).then_some("bitmap"))} role="list" draw={draw_bits} goal={*goal} />
        </>
    }
}

fn bloom<R>(view: &View, f: impl FnOnce(BloomView<'_>) -> R) -> Option<R> {
    read(view, |opened| match opened.value {
        ValueView::Bloom(bloom) => Some(f(bloom)),
        _ => None,
    })?
}

/// A filter with what it was made for and how full it is. Its number chooses it.
fn filter_row(
    view: &View,
    words: Words,
    index: usize,
    is_chosen: bool,
    chosen: &UseStateHandle<Option<usize>>,
    as_table: bool,
) -> Html {
    let row = |it: FilterView<'_>| {
        let chosen = chosen.clone();
        let onclick = Callback::from(move |_: MouseEvent| chosen.set(Some(index)));
        let full = it.items as f64 / it.capacity as f64;
        let all = it.words.len() as u64 * 64;
        let set = it
            .ones(COUNTED)
            .map_or_else(|| "–".to_owned(), |ones| format!("{:.1} %", ones as f64 / all as f64 * 100.0));
        let number = (index + 1).to_string();
        html! {
            <div key={index} class={classes!("table-row", "filter-row", is_chosen.then_some("found"))} role="row" aria-rowindex={(index + 2).to_string()}>
                <span role="cell"><button type="button" class="button" aria-pressed={is_chosen.to_string()} aria-label={words.bits_of_filter(index + 1)} {onclick}>{ number }</button></span>
                <span role="cell" class="number">
                    if !as_table { <span class="gauge-bar" aria-hidden="true"><i style={format!("width:{:.1}%", full * 100.0)}></i></span> }
                    { grouped(it.items) }
                </span>
                <span role="cell" class="number">{ grouped(it.capacity) }</span>
                <span role="cell" class="number">{ it.hashes }</span>
                <span role="cell" class="number" title={percent(it.error)}>{ percent(it.error) }</span>
                <span role="cell" class="number">{ set }</span>
            </div>
        }
    };
    bloom(view, |bloom| bloom.filter(index).map(row)).flatten().unwrap_or_default()
}

fn bit_row(view: &View, filter: usize, row: usize, wide: usize, as_table: bool) -> Html {
    let per_word = 64 / wide;
    let here = bloom(view, |bloom| {
        let word = row / per_word;
        let start = row % per_word * wide;
        bloom.filter(filter).map(|it| bits::of_words(it.window(word..word + 1), start..start + wide))
    });
    let here = here.flatten().unwrap_or_default();
    let first = row as u64 * wide as u64;
    if as_table { bits::digits(row, first, &here) } else { bits::cells(row, first, &here) }
}

/// A share in percent, with two digits that mean something.
fn percent(share: f64) -> String {
    const MOST: usize = 12;
    let percent = share * 100.0;
    let decimals = (0..MOST).find(|&n| percent * 10f64.powi(n as i32) >= 10.0).unwrap_or(MOST);
    let text = format!("{percent:.decimals$}");
    let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if short == "0" { format!("< 10^-{MOST} %") } else { format!("{short} %") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_short_however_small() {
        for (share, text) in [(0.5, "50 %"), (0.01, "1 %"), (0.0025, "0.25 %"), (1.234e-5, "0.0012 %"), (0.875, "88 %")]
        {
            assert_eq!(percent(share), text);
        }
        assert_eq!(percent(1e-200), "< 10^-12 %");
    }
}
