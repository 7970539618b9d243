//! Why did it disappear? Every key that went, with its reason, the newest first.

use kvarium_engine::resp::show::argument_text;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::ChoiceProps;
use super::decision::{clock_at, reason};
use crate::catalogue::Words;
use crate::heard::{Departure, Why};
use crate::laboratory::seconds;
use crate::store::{Named, Store};
use crate::widgets::state::use_value;

/// Rows that are shown, at most; fewer while they may change.
const ROWS: usize = 100;
const ROWS_BUSY: usize = 25;

/// A reason by its name, and which ones it stands for.
type Asked = (Named, fn(&Why) -> bool);

/// What can be asked for.
const REASONS: [Asked; 8] = [
    (Words::any_reason, |_| true),
    (Words::reason_evicted, |why| matches!(why, Why::Evicted(_))),
    (Words::reason_actively, |why| *why == Why::ExpiredActively),
    (Words::reason_lazily, |why| *why == Why::ExpiredLazily),
    (Words::reason_deleted, |why| matches!(why, Why::Deleted | Why::Outdated)),
    (Words::reason_renamed, |why| matches!(why, Why::Renamed | Why::Moved)),
    (Words::reason_flushed, |why| matches!(why, Why::Flushed(_))),
    // What was overwritten is remembered apart, and asked for apart.
    (Words::reason_overwritten, |why| *why == Why::Overwritten),
];
const OVERWRITTEN: usize = REASONS.len() - 1;

/// The reason, in a few words.
pub fn why_text(store: &Store, it: &Departure) -> String {
    let words = store.words();
    match &it.why {
        Why::Deleted => words.reason_deleted().to_owned(),
        Why::Renamed => words.reason_renamed().to_owned(),
        Why::Moved => words.reason_moved().to_owned(),
        Why::Outdated => words.reason_outdated().to_owned(),
        Why::ExpiredLazily => words.reason_lazily().to_owned(),
        Why::ExpiredActively => words.reason_actively().to_owned(),
        Why::Evicted(decision) => {
            format!("{}: {}", words.reason_evicted(), reason(words, decision, clock_at(store, it.at)))
        }
        Why::Flushed(keys) => format!("{}: {}", words.reason_flushed(), words.count_keys(*keys)),
        Why::Overwritten => words.reason_overwritten().to_owned(),
    }
}

#[component]
pub fn Gone(props: &ChoiceProps) -> Html {
    let asked = use_value((String::new(), 0usize));
    let store = props.view.read();
    let words = store.words();
    let (typed, which) = &*asked;
    let is_asked = |it: &&Departure| {
        REASONS[*which].1(&it.why) && (typed.is_empty() || argument_text(&it.key).contains(typed.as_str()))
    };
    let most = if store.is_running() { ROWS_BUSY } else { ROWS };
    let went = store.heard.departures(store.selected, *which == OVERWRITTEN);
    let found: Vec<_> = went.filter(is_asked).take(most).collect();
    let oninput = {
        let asked = asked.clone();
        Callback::from(move |event: InputEvent| {
            asked.set((event.target_unchecked_into::<HtmlInputElement>().value(), asked.1));
        })
    };
    let onchange = {
        let asked = asked.clone();
        Callback::from(move |event: Event| {
            let at = event.target_unchecked_into::<HtmlSelectElement>().selected_index().max(0) as usize;
            asked.set((asked.0.clone(), at.min(OVERWRITTEN)));
        })
    };
    let row = |it: &&Departure| {
        let key = if it.key.is_empty() { "*".to_owned() } else { argument_text(&it.key) };
        let (is_chosen, id) = (props.chosen == Some(it.id), it.id);
        let is_decision = matches!(it.why, Why::Evicted(_));
        let onclick = props.on_choose.reform(move |_: MouseEvent| (!is_chosen).then_some(id));
        html! {
            <li key={it.id} class={classes!("gone-row", is_chosen.then_some("open"))} data-key={key.clone()}>
                <span class="number quiet">{ format!("{:.3}", seconds(it.at)) }</span>
                if is_decision {
                    <button type="button" class="key-button mono" aria-pressed={is_chosen.to_string()} title={words.show_decision()} {onclick}>{ key }</button>
                } else {
                    <span class="mono">{ key }</span>
                }
                <span class="gone-why">{ why_text(&store, it) }</span>
            </li>
        }
    };
    let option = |(at, (name, _)): (usize, &Asked)| {
        html! { <option selected={at == *which}>{ name(words) }</option> }
    };
    html! {
        <section class="gone">
            <h3>{ words.why_gone() }</h3>
            <div class="row">
                <label class="grow"><span class="hidden-text">{ words.key() }</span>
                    <input class="field mono" id="gone-key" type="search" placeholder={words.key()} value={typed.clone()} spellcheck="false" autocapitalize="off" {oninput} />
                </label>
                <label><span class="hidden-text">{ words.reason() }</span>
                    <select class="field" id="gone-why" {onchange}>{ for REASONS.iter().enumerate().map(option) }</select>
                </label>
            </div>
            if found.is_empty() {
                <p class="quiet">{ words.nothing_gone() }</p>
            }
            <ol class="gone-list">{ for found.iter().map(row) }</ol>
        </section>
    }
}
