//! A set as a bag of members, and what it has in common with one or two others.

use std::cell::RefCell;
use std::rc::Rc;

use kvarium_engine::base::sort;
use kvarium_engine::inspect::value::{Excerpt, Overlap, SetView, ValueView, overlap};
use kvarium_engine::resp::show::argument_text;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::{Props, ROW, choice, read, run_button, text_of};
use crate::catalogue::grouped;
use crate::store::View;
use crate::widgets::paging::Paging;
use crate::widgets::scroller::{Axis, Drawn, Scroller, Sight};
use crate::widgets::state::use_value;
use crate::widgets::venn::Venn;

/// A member's place in the bag is at least so wide, in pixels.
const PLACE: f64 = 104.0;
/// Keys that are passed over in looking for other sets.
const PASSED: usize = 3000;
/// Other sets that can be chosen.
const OFFERED: usize = 200;
/// Members of each set that are looked at to see what they have in common.
const COMPARED: usize = 4000;
/// Members of the result that are named.
const RESULT: usize = 100;

#[component]
pub fn Bag(props: &Props) -> Html {
    let paging = use_mut_ref(Paging::default);
    let columns = use_value(1usize);
    let wanted = use_value(String::new());
    let store = props.view.read();
    let words = store.words();
    let as_table = store.as_table;
    let contains = |set: SetView<'_>| set.contains(wanted.as_bytes());
    let Some((len, pages, is_member)) = bag(&props.view, |set| (set.len(), set.pages(), contains(set))) else {
        return Html::default();
    };
    let across = if as_table { 1 } else { *columns };
    paging.borrow_mut().set(pages, pages as f64 * (len as f64 / pages.max(1) as f64 / across as f64).ceil() * ROW);
    let extent = paging.borrow().extent();
    let draw = {
        let (view, paging, columns) = (props.view.clone(), paging.clone(), columns.clone());
        Callback::from(move |sight: Sight| {
            columns.set(((sight.breadth - 24.0) / PLACE).max(1.0) as usize);
            draw_members(&view, &paging, sight, across)
        })
    };
    let oninput = {
        let wanted = wanted.clone();
        Callback::from(move |event: InputEvent| wanted.set(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    html! {
        <div class="set-view">
            <div class="set-bag">
                <div class="value-tools">
                    <label class="go-to">{ words.member() }
                        <input class="field mono" type="search" value={(*wanted).clone()} placeholder="SISMEMBER" spellcheck="false" autocapitalize="off" {oninput} />
                    </label>
                    if !wanted.is_empty() {
                        <span role="status">{ if is_member { words.is_member() } else { words.is_no_member() } }</span>
                    }
                </div>
                <Scroller key={format!("{as_table}")} axis={Axis::Down} {extent} step={ROW} label={words.set()} class={classes!("rows", if as_table { "members" } else { "bag" })} role="list" {draw} />
            </div>
            <Comparison view={props.view.clone()} />
        </div>
    }
}

fn bag<R>(view: &View, f: impl FnOnce(SetView<'_>) -> R) -> Option<R> {
    read(view, |opened| match opened.value {
        ValueView::Set(set) => Some(f(set)),
        _ => None,
    })?
}

fn draw_members(view: &View, paging: &Rc<RefCell<Paging>>, sight: Sight, across: usize) -> Drawn {
    let mut paging = paging.borrow_mut();
    let first = paging.at(sight.from);
    let mut drawn = Vec::new();
    bag(view, |set| {
        let mut page = first;
        while page < set.pages() && (page == first || paging.top(page) < sight.to) {
            let members = set.page(page);
            paging.learn(page, members.len().div_ceil(across) as f64 * ROW);
            drawn.push((page, members));
            page += 1;
        }
    });
    let style = format!("grid-template-columns:repeat({across},minmax(0,1fr))");
    let member = |member: &Excerpt| {
        let text = text_of(member);
        html! { <span class="member mono" role="listitem" title={text.clone()}><i>{ text }</i></span> }
    };
    let page = |(page, members): &(usize, Vec<Excerpt>)| {
        html! { <div key={*page} class="bag-page" role="presentation" style={style.clone()}>{ for members.iter().map(member) }</div> }
    };
    Drawn { at: paging.top(first), html: html! { <>{ for drawn.iter().map(page) }</> } }
}

// What it has in common with others.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Inter,
    Union,
    Diff,
}

impl Operation {
    const fn name(self) -> &'static str {
        match self {
            Operation::Inter => "SINTER",
            Operation::Union => "SUNION",
            Operation::Diff => "SDIFF",
        }
    }

    /// Whether members that are in exactly these of `sets` sets are in the result.
    fn takes(self, region: usize, sets: usize) -> bool {
        match self {
            Operation::Inter => region == (1 << sets) - 1,
            Operation::Union => region != 0,
            Operation::Diff => region == 1,
        }
    }
}

#[component]
fn Comparison(props: &Props) -> Html {
    let others = use_value([None::<Vec<u8>>, None]);
    let operation = use_value(Operation::Inter);
    let store = props.view.read();
    let words = store.words();
    let Some((node, key)) = store.inspect().zip(store.opened.clone()) else { return Html::default() };
    let mut known = Vec::new();
    let (mut cursor, mut passed) = (0, 0);
    loop {
        cursor = node.scan_keys(store.database, cursor, |view| {
            passed += 1;
            if view.kind == "set" && *view.key != *key {
                known.push(view.key);
            }
        });
        if cursor == 0 || passed >= PASSED || known.len() >= OFFERED {
            break;
        }
    }
    sort::sort_by(&mut known, Ord::cmp);
    if known.is_empty() {
        return html! { <aside class="comparison"><p class="quiet">{ words.no_other_set() }</p></aside> };
    }
    let chosen: Vec<Vec<u8>> = others.iter().flatten().filter(|other| known.contains(other)).cloned().collect();
    let names: Vec<String> = std::iter::once(&*key).chain(chosen.iter().map(|key| &**key)).map(argument_text).collect();
    let opened: Vec<_> = chosen.iter().filter_map(|key| node.open(store.database, key)).collect();
    let common = bag(&props.view, |first| {
        let others = opened.iter().filter_map(|opened| match opened.value {
            ValueView::Set(set) => Some(set),
            _ => None,
        });
        let sets: Vec<_> = std::iter::once(first).chain(others).collect();
        overlap(&sets, COMPARED)
    });
    let picker = |at: usize| {
        let (others, offered) = (others.clone(), known.clone());
        let onchange = {
            let others = others.clone();
            Callback::from(move |event: Event| {
                let index = event.target_unchecked_into::<HtmlSelectElement>().selected_index() - 1;
                let mut new = (*others).clone();
                new[at] = usize::try_from(index).ok().and_then(|index| offered.get(index).cloned());
                others.set(new);
            })
        };
        let is_chosen = |key: &Vec<u8>| others[at].as_ref() == Some(key);
        html! {
            <select class="field mono" aria-label={words.compare_with()} {onchange}>
                <option selected={others[at].is_none()}>{ "–" }</option>
                { for known.iter().map(|key| html! { <option selected={is_chosen(key)}>{ argument_text(key) }</option> }) }
            </select>
        }
    };
    let what = *operation;
    html! {
        <aside class="comparison" aria-label={words.compare_with()}>
            <div class="row">
                <span class="quiet">{ words.compare_with() }</span>
                { picker(0) }
                if others[0].is_some() { { picker(1) } }
            </div>
            if let Some(common) = common.filter(|_| !chosen.is_empty()) {
                <div class="row">
                    <span class="choice" role="group" aria-label={words.operation()}>
                        { choice(&operation, Operation::Inter, Operation::Inter.name()) }
                        { choice(&operation, Operation::Union, Operation::Union.name()) }
                        { choice(&operation, Operation::Diff, Operation::Diff.name()) }
                    </span>
                </div>
                { venn(&names, &common, what) }
                { result(props, &names, &common, what) }
            }
        </aside>
    }
}

fn venn(names: &[String], common: &Overlap, operation: Operation) -> Html {
    let sign = if common.is_estimate { "≈ " } else { "" };
    let counts: Vec<AttrValue> =
        common.counts.iter().map(|&count| AttrValue::from(format!("{sign}{}", grouped(count)))).collect();
    let taken: Vec<bool> = (0..8).map(|region| operation.takes(region, names.len())).collect();
    let names: Vec<AttrValue> = names.iter().map(|name| name.clone().into()).collect();
    let label = format!("{} {}", operation.name(), names.join(" "));
    html! { <Venn {names} {counts} {taken} {label} /> }
}

/// What the operation gives, as far as it has been come across.
fn result(props: &Props, names: &[String], common: &Overlap, operation: Operation) -> Html {
    let words = props.view.read().words();
    let is_in = |region: usize| operation.takes(region, names.len());
    let count: u64 = (0..8).filter(|&region| is_in(region)).map(|region| common.counts[region]).sum();
    let members: Vec<_> =
        common.members.iter().filter(|(region, _)| is_in(usize::from(*region))).take(RESULT).collect();
    let more = count.saturating_sub(members.len() as u64);
    let said = words.count_members(count);
    html! {
        <div class="venn-result">
            <div class="row"><strong>{ if common.is_estimate { format!("≈ {said}") } else { said } }</strong>
                { run_button(&props.view, words, format!("{} {}", operation.name(), names.join(" "))) }</div>
            if common.is_estimate { <p class="quiet">{ words.reckoned(grouped(COMPARED as u64)) }</p> }
            <ul class="result-members" tabindex="0" aria-label={words.result()}>
                { for members.iter().map(|(_, member)| html! { <li class="mono">{ text_of(member) }</li> }) }
                if more > 0 { <li class="quiet">{ words.and_more(grouped(more)) }</li> }
            </ul>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_take_the_regions_that_they_mean() {
        let taken = |operation: Operation, sets: usize| {
            (0..1 << sets).filter(|&region| operation.takes(region, sets)).collect::<Vec<_>>()
        };
        assert_eq!(taken(Operation::Inter, 2), [3]);
        assert_eq!(taken(Operation::Union, 2), [1, 2, 3]);
        assert_eq!(taken(Operation::Diff, 3), [1]);
    }
}
