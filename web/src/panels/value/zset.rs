//! A sorted set as a ladder: a rung for each member, and on it where its score lies between the lowest and the highest.

use kvarium_engine::base::number::format_f64;
use kvarium_engine::inspect::value::{PlaceView, ScoredView, ValueView, ZSetView};
use yew::prelude::*;

use super::{Props, ROW, choice, go_to, read, text_of};
use crate::catalogue::{Words, grouped};
use crate::store::View;
use crate::widgets::map_grid::{MapGrid, Place};
use crate::widgets::scroller::{Axis, Drawn, Goal, Scroller, Sight};
use crate::widgets::state::use_value;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// The lowest score first, as ZRANGE has it.
    Up,
    /// The highest first, as ZRANGE … REV has it.
    Down,
    /// On the map.
    Map,
}

/// Places that are drawn.
const PLACES: usize = 2000;
/// Of them, those that a table names.
const NAMED: usize = 200;

#[component]
pub fn Ladder(props: &Props) -> Html {
    let goal = use_value(None::<Goal>);
    let order = use_value(Order::Up);
    let store = props.view.read();
    let words = store.words();
    let as_table = store.as_table;
    let Some((len, low, high, places)) = ladder(&props.view, |zset| {
        let end = |rank: usize| zset.members(rank..rank + 1).first().map_or(0.0, |it| it.score);
        (zset.len(), end(0), end(zset.len().saturating_sub(1)), zset.places(PLACES))
    }) else {
        return Html::default();
    };
    let is_geo = places.is_some();
    let places = places.filter(|_| *order == Order::Map);
    let direction = *order;
    let find = {
        let view = props.view.clone();
        move |typed: &str| {
            let by_rank = typed.parse().ok().filter(|&rank: &usize| rank < len);
            let rank = ladder(&view, |zset| zset.rank(typed.as_bytes())).flatten().or(by_rank)?;
            let place = if direction != Order::Down { rank } else { len - 1 - rank };
            Some(place as f64 * ROW)
        }
    };
    let draw = {
        let view = props.view.clone();
        Callback::from(move |sight: Sight| draw_rungs(&view, sight, len, direction, (low, high), as_table))
    };
    html! {
        <>
            <div class="value-tools">
                { go_to(words.go_to_member(), "ZRANK", &goal, find) }
                <span class="choice" role="group" aria-label={words.order()}>
                    { choice(&order, Order::Up, words.lowest_first()) }
                    { choice(&order, Order::Down, words.highest_first()) }
                    if is_geo { { choice(&order, Order::Map, words.map()) } }
                </span>
            </div>
            if let Some(places) = places {
                { map(words, &places, as_table) }
            } else {
            <div class="value-table" role="table" aria-label={words.sorted_set()} aria-rowcount={(len + 1).to_string()}>
                <div class={classes!("table-row", if as_table { "rank-row" } else { "rung" }, "head")} role="row">
                    <span role="columnheader" class="number">{ words.rank() }</span>
                    <span role="columnheader">{ words.member() }</span>
                    if !as_table {
                        <span role="columnheader" class="axis"><span>{ score_text(low) }</span><span>{ score_text(high) }</span></span>
                    }
                    <span role="columnheader" class="number">{ words.score() }</span>
                </div>
                <Scroller axis={Axis::Down} extent={len as f64 * ROW} step={ROW} label={words.sorted_set()} class={classes!("rows", (!as_table).then_some("ladder"))} role="rowgroup" {draw} goal={*goal} />
            </div>
            }
        </>
    }
}

fn ladder<R>(view: &View, f: impl FnOnce(ZSetView<'_>) -> R) -> Option<R> {
    read(view, |opened| match opened.value {
        ValueView::ZSet(zset) => Some(f(zset)),
        _ => None,
    })?
}

fn draw_rungs(view: &View, sight: Sight, len: usize, order: Order, (low, high): (f64, f64), as_table: bool) -> Drawn {
    let range = sight.of(ROW, len);
    let mut members = ladder(view, |zset| match order {
        Order::Up | Order::Map => zset.members(range.clone()),
        Order::Down => zset.members(len - range.end..len - range.start),
    })
    .unwrap_or_default();
    if order == Order::Down {
        members.reverse();
    }
    let rung = |(at, it): (usize, &ScoredView)| {
        let place = range.start + at;
        let rank = if order != Order::Down { place } else { len - 1 - place };
        let (member, score) = (text_of(&it.member), score_text(it.score));
        let before = at.checked_sub(1).map(|before| &members[before]);
        let is_tie = before.is_some_and(|before| before.score == it.score);
        html! {
            <div key={rank} class={classes!("table-row", if as_table { "rank-row" } else { "rung" })} role="row" aria-rowindex={(place + 2).to_string()}>
                <span role="cell" class="number quiet">{ grouped(rank as u64) }</span>
                <span role="cell" class="mono strong" title={member.clone()}>{ member }</span>
                if !as_table {
                    <span role="cell" class="track" aria-hidden="true"><i class={is_tie.then_some("tie")} style={format!("left:{:.2}%", share(it.score, low, high) * 100.0)}></i></span>
                }
                <span role="cell" class="number mono">{ score }</span>
            </div>
        }
    };
    Drawn { at: range.start as f64 * ROW, html: html! { <>{ for members.iter().enumerate().map(rung) }</> } }
}

/// Members as places; as a table, where each of them is.
fn map(words: Words, places: &[PlaceView], as_table: bool) -> Html {
    if !as_table {
        let place =
            |it: &PlaceView| Place { name: text_of(&it.member).into(), longitude: it.longitude, latitude: it.latitude };
        let places: Vec<_> = places.iter().map(place).collect();
        return html! { <div class="map-frame"><MapGrid label={words.places_on_the_map(places.len())} {places} /></div> };
    }
    let row = |it: &PlaceView| {
        html! { <tr><td class="mono">{ text_of(&it.member) }</td><td class="number">{ format!("{:.6}", it.longitude) }</td><td class="number">{ format!("{:.6}", it.latitude) }</td></tr> }
    };
    html! {
        <div class="scroll" tabindex="0" role="region" aria-label={words.map()}>
            <table class="table">
                <thead><tr><th>{ words.member() }</th><th class="number">{ words.longitude() }</th><th class="number">{ words.latitude() }</th></tr></thead>
                <tbody>{ for places.iter().take(NAMED).map(row) }</tbody>
            </table>
        </div>
    }
}

/// Where a score lies between two others.
fn share(score: f64, low: f64, high: f64) -> f64 {
    let share = (score - low) / (high - low);
    match share {
        _ if score == f64::INFINITY => 1.0,
        _ if score == f64::NEG_INFINITY => 0.0,
        share if share.is_finite() => share.clamp(0.0, 1.0),
        _ => 0.5,
    }
}

fn score_text(score: f64) -> String {
    String::from_utf8_lossy(format_f64(score).as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_score_has_its_place() {
        assert_eq!(share(5.0, 0.0, 10.0), 0.5);
        assert_eq!(share(3.0, 3.0, 3.0), 0.5);
        assert_eq!(share(f64::INFINITY, 0.0, f64::INFINITY), 1.0);
        assert_eq!(share(f64::NEG_INFINITY, f64::NEG_INFINITY, 1.0), 0.0);
        assert_eq!(share(1.0, f64::NEG_INFINITY, f64::INFINITY), 0.5);
    }
}
