//! What differs between the world and the one it is compared with: a sentence, the figures, and how well clients were
//! served from the cache in the last minute.

use kvarium_engine::base::time::Duration;
use kvarium_engine::inspect::Inspect;
use kvarium_engine::keyspace::evict::Policy;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::super::cached;
use super::Props;
use crate::catalogue::{Words, grouped};
use crate::laboratory::Laboratory;
use crate::store::{Change, View};

const POLICY: &str = "maxmemory-policy";
const LIMIT: &str = "maxmemory";
/// Who is further behind than this is still catching up, and not just a frame late at any speed.
const BEHIND: Duration = Duration::from_seconds(2);
/// Of the plot, in its own units.
const HEIGHT: u32 = 60;

/// Chooses the policy to compare with, and once there is one, another limit.
pub fn choice(view: &View) -> Html {
    let store = view.read();
    let words = store.words();
    let value = |of: &str| {
        let settings = store.compared().map(|compared| &compared.otherwise.settings)?;
        settings.iter().find(|(name, _)| *name == of).map(|(_, value)| value.clone())
    };
    let (policy, limit) = (value(POLICY), value(LIMIT).unwrap_or_default());
    let on_policy = view.changing({
        let limit = limit.clone();
        move |event: Event| {
            let at = event.target_unchecked_into::<HtmlSelectElement>().selected_index();
            let chosen = usize::try_from(at - 1).ok().and_then(|at| Policy::ALL.get(at));
            compare(chosen.map(|(name, _)| (*name).to_owned()), limit.clone())
        }
    });
    let on_limit = view.changing({
        let policy = policy.clone();
        move |event: Event| {
            let typed = event.target_unchecked_into::<HtmlInputElement>().value();
            compare(policy.clone(), typed.trim().to_owned())
        }
    });
    let option = |(name, _): &(&'static str, Policy)| html! { <option selected={policy.as_deref() == Some(name)}>{ *name }</option> };
    html! {
        <>
            <label>
                { words.compare_with() }
                <select class="field mono" id="compare-with" onchange={on_policy}>
                    <option selected={policy.is_none()}>{ words.none() }</option>
                    { for Policy::ALL.iter().map(option) }
                </select>
            </label>
            if policy.is_some() {
                <label>
                    <span class="mono">{ LIMIT }</span>
                    <input class="field mono" id="compare-limit" size="8" placeholder={words.same()} value={limit} spellcheck="false" autocapitalize="off" onchange={on_limit} />
                </label>
            }
        </>
    }
}

fn compare(policy: Option<String>, limit: String) -> Change {
    let limit = Some(limit).filter(|limit| policy.is_some() && !limit.is_empty());
    Change::Compare(
        [policy.map(|value| (POLICY, value)), limit.map(|value| (LIMIT, value))].into_iter().flatten().collect(),
    )
}

/// What one world has come to.
#[derive(Clone, Copy)]
struct Side<'a> {
    lab: &'a Laboratory,
    node: Inspect<'a>,
}

impl Side<'_> {
    /// Of a thousand reads, those that found their key.
    fn ratio(&self) -> Option<u64> {
        let stats = self.node.stats();
        (stats.keyspace_hits * 1000).checked_div(stats.keyspace_hits + stats.keyspace_misses)
    }

    fn refused(&self) -> u64 {
        self.node.stats().error_codes.get("OOM").copied().unwrap_or(0)
    }

    fn queries(&self) -> u64 {
        self.lab.history().world().databases().iter().map(|database| database.queries).sum()
    }
}

fn share(thousandths: Option<u64>) -> String {
    thousandths.map_or("–".into(), |all| format!("{}.{}\u{a0}%", all / 10, all % 10))
}

#[component]
pub fn Difference(props: &Props) -> Html {
    let store = props.view.read();
    let words = store.words();
    let labs = [false, true].map(|other| store.side(other).0);
    let [Some(first), Some(second)] = labs.map(|lab| Some(Side { lab, node: lab.inspect(store.selected)? })) else {
        return html! { <p class="quiet">{ words.down() }</p> };
    };
    let sides = [first, second];
    let [here, there] = labs.map(|lab| lab.now().micros());
    let said = match here.saturating_sub(there) > BEHIND.micros() {
        true => words.second_is_played(there * 100 / here),
        false => said(words, &sides),
    };
    let names = names(words, &sides);
    let head = |at: usize| html! { <th class="number">{ sample(at) }{ &names[at] }</th> };
    let row = |(name, id, values): (String, &'static str, [String; 2])| {
        html! { <tr data-row={id}><th scope="row">{ name }</th>{ for values.iter().map(|value| html! { <td class="number">{ value }</td> }) }</tr> }
    };
    let served = labs.map(Laboratory::served);
    html! {
        <section class="difference">
            <p aria-live={if store.is_running() { "off" } else { "polite" }}>{ said }</p>
            <table class="table">
                <caption>{ words.same_traffic() }</caption>
                <thead><tr><td></td>{ head(0) }{ head(1) }</tr></thead>
                <tbody>{ for rows(words, &sides).into_iter().map(row) }</tbody>
            </table>
            { if store.as_table { seconds(words, &names, &served) } else { plot(words, &served) } }
        </section>
    }
}

fn said(words: Words, sides: &[Side<'_>; 2]) -> String {
    let [first, second] = sides;
    let (a, b) = (first.ratio(), second.ratio());
    if a.is_none() && b.is_none() {
        return words.nothing_read().to_owned();
    }
    let (asked, instead) = (first.queries(), second.queries());
    if a == b && asked == instead {
        return words.no_difference(share(a));
    }
    let names = names(words, sides);
    let (mut better, mut worse) = ((&names[0], a, asked), (&names[1], b, instead));
    if a < b {
        std::mem::swap(&mut better, &mut worse);
    }
    let mut said = words.finds_more(better.0, share(better.1), worse.0, share(worse.1));
    if asked != instead {
        said.push_str(&words.asks_its_database(grouped(better.2), grouped(worse.2)));
    }
    said
}

/// What to call them: the policies, or where they are the same, what else is another.
fn names(words: Words, sides: &[Side<'_>; 2]) -> [String; 2] {
    let configs = [sides[0].node.config(), sides[1].node.config()];
    let policies = configs.map(|config| config.maxmemory_policy.name());
    if policies[0] != policies[1] {
        return policies.map(str::to_owned);
    }
    configs.map(|config| format!("{} {}", config.maxmemory_policy.name(), words.size(config.maxmemory.0)))
}

fn rows(words: Words, [a, b]: &[Side<'_>; 2]) -> Vec<(String, &'static str, [String; 2])> {
    let count = |of: fn(&Side<'_>) -> u64| [grouped(of(a)), grouped(of(b))];
    let mut rows = vec![
        (words.found().to_owned(), "found", [share(a.ratio()), share(b.ratio())]),
        (words.evicted_keys().to_owned(), "evicted", count(|side| side.node.stats().evicted_keys)),
        (words.refused_writes().to_owned(), "refused", count(|side| side.refused())),
    ];
    let worlds = [a, b].map(|side| side.lab.history().world());
    for (first, second) in worlds[0].databases().iter().zip(worlds[1].databases()) {
        let loads = [format!("{} %", first.load(worlds[0].time())), format!("{} %", second.load(worlds[1].time()))];
        rows.push((format!("{}: {}", first.name, words.database_load()), "load", loads));
        let queries = [grouped(first.queries), grouped(second.queries)];
        rows.push((format!("{}: {}", first.name, words.all_queries()), "queries", queries));
    }
    rows
}

/// How the curve of a side is drawn.
fn sample(side: usize) -> Html {
    html! { <svg class={classes!("curve", (side == 1).then_some("other"))} width="24" height="8" aria-hidden="true"><path d="M0 4H24" /></svg> }
}

fn plot(words: Words, served: &[Vec<Option<u32>>; 2]) -> Html {
    let values = || served.iter().flatten().flatten().copied();
    let low = values().min().unwrap_or(0) / 10 * 10;
    let high = values().max().unwrap_or(100).next_multiple_of(10).max(low + 10);
    let curve = |side: usize| {
        let d = cached::path(&served[side], (low, high), HEIGHT);
        html! { <path class={classes!((side == 1).then_some("other"))} {d} /> }
    };
    html! {
        <figure class="difference-plot">
            <figcaption>{ words.found() }{ " · " }{ words.last_minute() }</figcaption>
            <span class="number">{ format!("{high} %") }</span>
            <svg class="curve" viewBox={format!("0 0 {} {HEIGHT}", cached::WIDTH)} preserveAspectRatio="none" aria-hidden="true">{ curve(0) }{ curve(1) }</svg>
            <span class="number">{ format!("{low} %") }</span>
        </figure>
    }
}

/// The plot as a table, the newest second first.
fn seconds(words: Words, names: &[String; 2], served: &[Vec<Option<u32>>; 2]) -> Html {
    let value = |side: usize, back: usize| {
        let at = served[side].len().checked_sub(back);
        at.and_then(|at| served[side][at]).map_or("–".into(), |percent| format!("{percent}\u{a0}%"))
    };
    let row = |back: usize| {
        html! { <tr><th scope="row">{ format!("−{back} s") }</th><td class="number">{ value(0, back) }</td><td class="number">{ value(1, back) }</td></tr> }
    };
    let most = served[0].len().max(served[1].len());
    html! {
        <table class="table">
            <caption>{ words.found() }{ " · " }{ words.last_minute() }</caption>
            <thead><tr><td></td><th class="number">{ &names[0] }</th><th class="number">{ &names[1] }</th></tr></thead>
            <tbody>{ for (1..=most).map(row) }</tbody>
        </table>
    }
}
