//! The value of one key, opened as what it is: a file for each type, and what they have in common here.

mod bits;
mod bloom;
mod hash;
mod list;
mod registers;
mod set;
mod string;
mod zset;

use kvarium_engine::inspect::Opened;
use kvarium_engine::inspect::value::{Excerpt, Gauge, ValueView};
use kvarium_engine::resp::show::argument_text;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::catalogue::{Words, grouped};
use crate::heard::Conversion;
use crate::laboratory::seconds;
use crate::store::{Change, View};
use crate::told::cause_text;
use crate::widgets::icon::{Icon, icon};
use crate::widgets::scroller::Goal;

/// Height of a row of any of the tables, in pixels, as the style sheet has it.
const ROW: f64 = 28.0;
/// Conversions of a key that are shown, the newest.
const CONVERSIONS: usize = 3;
/// A button that reads a value asks for no more elements than this.
const READ: usize = 100;

#[derive(Properties, PartialEq)]
pub struct Props {
    pub view: View,
}

#[component]
pub fn Value(props: &Props) -> Html {
    let view = props.view.clone();
    let store = view.read();
    let words = store.words();
    let Some(key) = store.opened.clone() else { return Html::default() };
    let name = argument_text(&key);
    let close = view.changing(|_: MouseEvent| Change::OpenKey(None));
    let Some(opened) = store.inspect().and_then(|node| node.open(store.database, &key)) else {
        return html! {
            <section class="value" aria-label={words.value_of(&name)}>
                <div class="value-head"><h2 class="mono">{ name }</h2>{ closing(words, close) }</div>
                <div class="empty"><strong>{ words.gone() }</strong></div>
            </section>
        };
    };
    // Each key begins at its beginning: nothing of one view is left in the next.
    let one = format!("{}-{}-{}", store.selected, store.database, opened.key.kind);
    let view = props.view.clone();
    let shown = match opened.value {
        ValueView::String(_) => html! { <string::Text key={one} {view} /> },
        ValueView::List(_) => html! { <list::Lane key={one} {view} /> },
        ValueView::Hash(_) => html! { <hash::Rows key={one} {view} /> },
        ValueView::Set(_) => html! { <set::Bag key={one} {view} /> },
        ValueView::ZSet(_) => html! { <zset::Ladder key={one} {view} /> },
        ValueView::Bloom(_) => html! { <bloom::Filters key={one} {view} /> },
        ValueView::Stream(_) => to_streams(&props.view, words),
    };
    let happened: Vec<_> = store.heard.conversions(store.selected, store.database, &key).take(CONVERSIONS).collect();
    html! {
        <section class="value" aria-label={words.value_of(&name)} key={name.clone()}>
            <div class="value-head">
                <h2 class="mono" title={name.clone()}>{ name }</h2>
                <span class="badge">{ opened.key.kind }</span>
                { facts(words, &opened, store.inspect().map(|node| node.now())) }
                { reading(&props.view, words, &opened) }
                { closing(words, close) }
            </div>
            { encodings(words, &opened) }
            if !happened.is_empty() {
                <ul class="conversions" aria-label={words.conversions()}>{ for happened.iter().map(|conversion| converted(words, conversion)) }</ul>
            }
            { shown }
        </section>
    }
}

/// A stream has a panel of its own.
fn to_streams(view: &View, words: Words) -> Html {
    let onclick = view.changing(|_: MouseEvent| Change::Tab(super::streams::PANEL.id.into()));
    html! { <div class="value-tools"><button type="button" class="button" {onclick}>{ words.to_streams() }</button></div> }
}

fn closing(words: Words, onclick: Callback<MouseEvent>) -> Html {
    html! { <button type="button" class="button plain close-value" aria-label={words.close_value()} title={words.close_value()} {onclick}>{ icon(Icon::Close) }</button> }
}

/// What it holds, the bytes it takes, when it expires.
fn facts(words: Words, opened: &Opened<'_>, now: Option<kvarium_engine::base::time::Time>) -> Html {
    let len = opened.value.len() as u64;
    let holds = match opened.value {
        ValueView::String(_) => words.count_bytes(len),
        ValueView::List(_) => words.count_elements(len),
        ValueView::Hash(_) => words.count_fields(len),
        ValueView::Set(_) | ValueView::ZSet(_) => words.count_members(len),
        ValueView::Bloom(_) => words.count_items(len),
        ValueView::Stream(_) => words.count_entries(len),
    };
    let expiry = match opened.key.expiry.zip(now) {
        None => words.no_expiry().to_owned(),
        Some((at, now)) if at <= now => words.logically_expired().to_owned(),
        Some((at, now)) => words.expires_in(words.span(at.since(now).micros())),
    };
    html! {
        <span class="value-facts">
            <span>{ holds }</span>
            <span title={words.bytes_with_entry()}>{ words.takes(words.count_bytes(opened.key.memory as u64)) }</span>
            <span>{ expiry }</span>
        </span>
    }
}

/// The command that reads the value, to be run with a click.
fn reading(view: &View, words: Words, opened: &Opened<'_>) -> Html {
    let (key, len) = (argument_text(&opened.key.key), opened.value.len());
    let last = READ - 1;
    let line = match opened.value {
        ValueView::String(_) if len <= 4096 => format!("GET {key}"),
        ValueView::String(_) => format!("GETRANGE {key} 0 255"),
        ValueView::List(_) if len <= READ => format!("LRANGE {key} 0 -1"),
        ValueView::List(_) => format!("LRANGE {key} 0 {last}"),
        ValueView::ZSet(_) if len <= READ => format!("ZRANGE {key} 0 -1 WITHSCORES"),
        ValueView::ZSet(_) => format!("ZRANGE {key} 0 {last} WITHSCORES"),
        ValueView::Hash(_) if len <= READ => format!("HGETALL {key}"),
        ValueView::Hash(_) => format!("HSCAN {key} 0 COUNT {READ}"),
        ValueView::Set(_) if len <= READ => format!("SMEMBERS {key}"),
        ValueView::Set(_) => format!("SSCAN {key} 0 COUNT {READ}"),
        ValueView::Bloom(_) => format!("BF.INFO {key}"),
        ValueView::Stream(_) => format!("XRANGE {key} - + COUNT {READ}"),
    };
    run_button(view, words, line)
}

/// A button that runs the command it shows.
fn run_button(view: &View, words: Words, line: String) -> Html {
    let (title, text) = (words.run_it(), words.issues(&line));
    let onclick = view.changing(move |_: MouseEvent| Change::Type(line.clone()));
    html! { <button type="button" class="button plain mono run-line" {title} {onclick}>{ text }</button> }
}

/// The encodings that a type has, small to large, and how much is left until the next.
fn encodings(words: Words, opened: &Opened<'_>) -> Html {
    let all: &[&str] = match opened.value {
        ValueView::String(_) => &["int", "embstr", "raw"],
        ValueView::List(_) => &["listpack", "quicklist"],
        ValueView::Hash(_) => &["listpack", "hashtable"],
        ValueView::Set(_) => &["intset", "listpack", "hashtable"],
        ValueView::ZSet(_) => &["listpack", "skiplist"],
        ValueView::Bloom(_) => &["raw"],
        ValueView::Stream(_) => &["stream"],
    };
    let step = |name: &&str| {
        let is_here = *name == opened.key.encoding;
        html! { <li class={classes!("encoding-step", is_here.then_some("here"))} aria-current={is_here.then_some("step")}>{ *name }</li> }
    };
    html! {
        <div class="encodings">
            <ol class="encoding-path" aria-label={words.encoding()}>{ for all.iter().map(step) }</ol>
            { for opened.gauges.iter().map(|gauge| meter(words, gauge)) }
        </div>
    }
}

fn meter(words: Words, gauge: &Gauge) -> Html {
    let share = (gauge.used as f64 / gauge.limit.max(1) as f64).min(1.0) * 100.0;
    let (used, limit) = (grouped(gauge.used as u64), grouped(gauge.limit as u64));
    let name = format!("{} {}", gauge.parameter, gauge.setting);
    html! {
        <span class="gauge" role="meter" aria-label={name.clone()} aria-valuemin="0" aria-valuemax={gauge.limit.to_string()} aria-valuenow={gauge.used.min(gauge.limit).to_string()} title={words.until_conversion()}>
            <span class="gauge-name mono">{ name }</span>
            <span class="gauge-bar" aria-hidden="true"><i style={format!("width:{share:.1}%")}></i></span>
            <span class="gauge-text">{ format!("{used} / {limit}") }</span>
        </span>
    }
}

fn converted(words: Words, conversion: &Conversion) -> Html {
    html! {
        <li key={conversion.id} class="conversion">
            <time>{ words.at_time(format!("{:.3} s", seconds(conversion.at))) }</time>
            <strong>{ format!("{} → {}", conversion.from, conversion.to) }</strong>
            <span>{ cause_text(words, conversion.cause) }</span>
        </li>
    }
}

// What the views share.

/// A text as people read it: signs for control characters, escapes for what is no text, and an ellipsis where it is cut.
pub fn text_of(excerpt: &Excerpt) -> String {
    let mut text = readable(&excerpt.start, excerpt.start.len() < excerpt.len);
    if excerpt.start.len() < excerpt.len {
        text.push('…');
    }
    text
}

/// `is_cut`: a character that begins at the end is left out.
pub fn readable(bytes: &[u8], is_cut: bool) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes.len();
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\u{7f}' => text.push('␡'),
                c if c.is_ascii_control() => text.push(char::from_u32(0x2400 + c as u32).unwrap_or('·')),
                c => text.push(c),
            }
        }
        rest -= chunk.valid().len() + chunk.invalid().len();
        if rest > 0 || !is_cut {
            chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02x}")));
        }
    }
    text
}

/// Where what was typed stands on an axis.
type Finder = dyn Fn(&str) -> Option<f64>;

/// An input that goes to a place in a value; `at` finds it, in pixels, or says that there is none.
pub fn go_to(
    name: &'static str,
    hint: &'static str,
    goal: &UseStateHandle<Option<Goal>>,
    at: impl Fn(&str) -> Option<f64> + 'static,
) -> Html {
    let goal = goal.clone();
    // What follows is compiled once, whatever `at` is.
    let at: Box<Finder> = Box::new(at);
    let onchange = Callback::from(move |event: Event| {
        let typed = event.target_unchecked_into::<HtmlInputElement>().value();
        if let Some(at) = at(typed.trim()) {
            let number = goal.map_or(0, |goal| goal.number + 1);
            goal.set(Some(Goal { number, at }));
        }
    });
    html! {
        <label class="go-to">{ name }
            <input class="field mono" type="search" placeholder={hint} spellcheck="false" autocapitalize="off" enterkeyhint="go" {onchange} />
        </label>
    }
}

/// A button of a group of which one is chosen.
pub fn choice<T: Copy + PartialEq + 'static>(chosen: &UseStateHandle<T>, to: T, name: &'static str) -> Html {
    let pressed = (**chosen == to).to_string();
    let chosen = chosen.clone();
    let onclick = Callback::from(move |_: MouseEvent| chosen.set(to));
    html! { <button type="button" class="button" aria-pressed={pressed} {onclick}>{ name }</button> }
}

/// Reads the opened value, if it is still there.
fn read<R>(view: &View, f: impl FnOnce(Opened<'_>) -> R) -> Option<R> {
    let store = view.read();
    let opened = store.inspect()?.open(store.database, store.opened.as_deref()?)?;
    Some(f(opened))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_readable_and_bytes_are_not_hidden() {
        assert_eq!(readable("é\n".as_bytes(), false), "é␊");
        assert_eq!(readable(b"a\xff", false), "a\\xff");
        assert_eq!(readable(&"é".as_bytes()[..1], true), "");
        assert_eq!(text_of(&Excerpt { start: b"ab".to_vec(), len: 3 }), "ab…");
    }
}
