//! How well clients are served from the cache, and what that leaves to the databases behind it: a line each for the last
//! minute, and its figures.

use yew::prelude::*;

use crate::catalogue::{Words, grouped};
use crate::scene::{CachedView, ClientView, DatabaseView, Scene};

/// Pixels of a line, and the load at its top in percent.
pub const WIDTH: usize = 120;
const HEIGHT: u32 = 24;
const MOST: u32 = 200;

pub fn cached(words: Words, scene: &Scene) -> Html {
    let clients: Vec<_> = scene.clients.iter().filter_map(|client| Some((client, client.cached.as_ref()?))).collect();
    let row = |&(client, cached): &(&ClientView, &CachedView)| {
        let app = |figure: fn(&crate::scene::AppView) -> u64| {
            cached.app.as_ref().map_or("–".into(), |app| grouped(figure(app)))
        };
        html! {
            <tr key={client.name.clone()} data-cached={client.name.clone()}>
                <td>{ &client.name }</td>
                <td class="number">{ percent(cached.ratio) }</td>
                <td>{ line(&cached.ratios, 100, false) }</td>
                <td class="number">{ app(|app| app.users.into()) }</td>
                <td class="number">{ app(|app| app.queries.into()) }</td>
                <td class="number">{ app(|app| app.rush.into()) }</td>
                <td class="number">{ app(|app| app.failed) }</td>
            </tr>
        }
    };
    let database = |it: &DatabaseView| {
        html! {
            <tr key={it.name.clone()} data-database={it.name.clone()}>
                <td>{ &it.name }{ " " }<span class="quiet">{ words.per_second(grouped(it.capacity.into())) }</span></td>
                <td class="number">{ percent(it.loads.last().copied().flatten()) }</td>
                <td>{ line(&it.loads, MOST, true) }</td>
                <td class="number">{ grouped(it.waiting as u64) }</td>
                <td class="number">{ grouped(it.timeouts) }</td>
                <td class="number">{ grouped(it.overloads) }</td>
                <td class="number">if it.is_overloaded { <strong>{ words.overloaded() }</strong> }</td>
            </tr>
        }
    };
    html! {
        <>
            if !clients.is_empty() {
                { table(words.served_from_cache(), words.last_minute(), [words.hit_ratio(), words.last_minute(), words.users(), words.queries(), words.at_once(), words.not_served()], clients.iter().map(row).collect()) }
            }
            if !scene.databases.is_empty() {
                { table(words.databases(), words.last_minute(), [words.database_load(), words.last_minute(), words.queue(), words.timeouts(), words.overloads(), words.state()], scene.databases.iter().map(database).collect()) }
            }
        </>
    }
}

/// Of the columns, all but that of the lines hold numbers.
fn table(name: &'static str, line: &'static str, columns: [&'static str; 6], rows: Vec<Html>) -> Html {
    html! {
        <div class="scroll" tabindex="0" role="region" aria-label={name}>
            <table class="table cached">
                <caption class="hidden-text">{ name }</caption>
                <thead><tr><th>{ name }</th>{ for columns.iter().map(|column| html! { <th class={(*column != line).then_some("number")}>{ column }</th> }) }</tr></thead>
                <tbody>{ for rows.into_iter() }</tbody>
            </table>
        </div>
    }
}

fn percent(value: Option<u32>) -> String {
    value.map_or("–".into(), |value| format!("{value}\u{a0}%"))
}

/// A small line of the last seconds, up to `most`; where there is a limit at 100, it is drawn.
fn line(values: &[Option<u32>], most: u32, has_limit: bool) -> Html {
    html! {
        <svg width={WIDTH.to_string()} height={HEIGHT.to_string()} viewBox={format!("0 0 {WIDTH} {HEIGHT}")} preserveAspectRatio="none" fill="none" stroke="currentColor" aria-hidden="true">
            if has_limit {
                <path d={format!("M0 {}H{WIDTH}", height(100, (0, most), HEIGHT))} stroke-dasharray="2 3" opacity="0.6" />
            }
            <path d={path(values, (0, most), HEIGHT)} stroke-width="1.5" />
        </svg>
    }
}

/// The curve of the last seconds between two values, as wide as [`WIDTH`] and so high.
pub fn path(values: &[Option<u32>], range: (u32, u32), high: u32) -> String {
    let step = WIDTH / kvarium_engine::world::curve::KEPT;
    let first = WIDTH - values.len() * step;
    let mut path = String::new();
    let mut was_there = false;
    for (at, value) in values.iter().enumerate() {
        if let Some(value) = value {
            let command = if was_there { 'L' } else { 'M' };
            path.push_str(&format!("{command}{} {}", first + at * step, height(*value, range, high)));
        }
        was_there = value.is_some();
    }
    path
}

fn height(value: u32, (low, most): (u32, u32), high: u32) -> u32 {
    high - (value.clamp(low, most) - low) * (high - 2) / (most - low) - 1
}
