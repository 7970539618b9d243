//! A hash as rows: field, value, and the field's own expiry where it has one.

use std::cell::RefCell;
use std::rc::Rc;

use kvarium_engine::base::time::Time;
use kvarium_engine::inspect::value::{FieldView, HashView, ValueView};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{Props, ROW, read, text_of};
use crate::catalogue::{Words, grouped};
use crate::store::View;
use crate::widgets::paging::Paging;
use crate::widgets::scroller::{Axis, Drawn, Scroller, Sight};
use crate::widgets::state::use_value;

#[component]
pub fn Rows(props: &Props) -> Html {
    let paging = use_mut_ref(Paging::default);
    let wanted = use_value(String::new());
    let store = props.view.read();
    let words = store.words();
    let found = |hash: HashView<'_>| hash.field(wanted.as_bytes()).filter(|_| !wanted.is_empty());
    let now = store.inspect().map_or(Time::from_millis(0), |node| node.now());
    let Some((len, expiring, pages, found)) =
        hash(&props.view, |hash| (hash.len(), hash.expiring(), hash.pages(), found(hash)))
    else {
        return Html::default();
    };
    paging.borrow_mut().set(pages, len as f64 * ROW);
    let extent = paging.borrow().extent();
    let expires = expiring > 0;
    let draw = {
        let (view, paging) = (props.view.clone(), paging.clone());
        Callback::from(move |sight: Sight| draw_rows(&view, &paging, sight, now, expires))
    };
    let oninput = {
        let wanted = wanted.clone();
        Callback::from(move |event: InputEvent| wanted.set(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    html! {
        <>
            <div class="value-tools">
                <label class="go-to">{ words.field() }
                    <input class="field mono" type="search" value={(*wanted).clone()} placeholder="HGET" spellcheck="false" autocapitalize="off" {oninput} />
                </label>
                if expires { <span class="quiet">{ words.fields_expire(grouped(expiring as u64)) }</span> }
            </div>
            <div class="value-table" role="table" aria-label={words.hash()} aria-rowcount={(len + 1).to_string()}>
                <div class={row_class(expires, true)} role="row">
                    <span role="columnheader">{ words.field() }</span>
                    <span role="columnheader">{ words.value() }</span>
                    if expires { <span role="columnheader" class="number">{ words.ttl() }</span> }
                </div>
                if let Some(field) = &found {
                    <div class="found" role="rowgroup">{ row(words, field, now, expires) }</div>
                } else if !wanted.is_empty() {
                    <div class="found" role="rowgroup"><div class="table-row" role="row"><span role="cell" class="quiet">{ words.no_such_field() }</span></div></div>
                }
                <Scroller axis={Axis::Down} {extent} step={ROW} label={words.hash()} class="rows" role="rowgroup" {draw} />
            </div>
        </>
    }
}

fn hash<R>(view: &View, f: impl FnOnce(HashView<'_>) -> R) -> Option<R> {
    read(view, |opened| match opened.value {
        ValueView::Hash(hash) => Some(f(hash)),
        _ => None,
    })?
}

fn draw_rows(view: &View, paging: &Rc<RefCell<Paging>>, sight: Sight, now: Time, expires: bool) -> Drawn {
    let words = view.read().words();
    let mut paging = paging.borrow_mut();
    let first = paging.at(sight.from);
    let mut fields = Vec::new();
    hash(view, |hash| {
        let mut page = first;
        while page < hash.pages() && (page == first || paging.top(page) < sight.to) {
            let here = hash.page(page);
            paging.learn(page, here.len() as f64 * ROW);
            fields.extend(here);
            page += 1;
        }
    });
    let html = html! { <>{ for fields.iter().map(|field| row(words, field, now, expires)) }</> };
    Drawn { at: paging.top(first), html }
}

fn row(words: Words, field: &FieldView, now: Time, expires: bool) -> Html {
    let left = match field.expiry {
        None => "–".to_owned(),
        Some(at) if at <= now => words.logically_expired().to_owned(),
        Some(at) => words.span(at.since(now).micros()),
    };
    html! {
        <div class={row_class(expires, false)} role="row">
            <span role="cell" class="mono strong">{ text_of(&field.name) }</span>
            <span role="cell" class="mono">{ text_of(&field.value) }</span>
            if expires { <span role="cell" class={classes!("number", field.expiry.is_none().then_some("quiet"))}>{ left }</span> }
        </div>
    }
}

fn row_class(expires: bool, is_head: bool) -> Classes {
    classes!("table-row", if expires { "field-row-expiring" } else { "field-row" }, is_head.then_some("head"))
}
