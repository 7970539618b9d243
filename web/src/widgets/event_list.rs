//! The log of what happened, newest below; follows the end unless one has scrolled away from it.

use std::rc::Rc;

use web_sys::HtmlElement;
use yew::prelude::*;

use crate::catalogue::Words;

#[derive(Clone, PartialEq)]
pub struct Row {
    /// Its number in the trace.
    pub id: u64,
    pub time: AttrValue,
    pub who: AttrValue,
    pub sign: &'static str,
    pub what: AttrValue,
    pub important: bool,
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub words: Words,
    pub rows: Rc<[Row]>,
}

#[component]
pub fn EventList(props: &Props) -> Html {
    let list = use_node_ref();
    let follows = use_mut_ref(|| true);
    {
        let (list, follows) = (list.clone(), follows.clone());
        use_effect_with(props.rows.last().map(|row| row.id), move |_| {
            if let Some(list) = list.cast::<HtmlElement>().filter(|_| *follows.borrow()) {
                list.set_scroll_top(list.scroll_height());
            }
        });
    }
    let onscroll = {
        let list = list.clone();
        Callback::from(move |_: Event| {
            if let Some(list) = list.cast::<HtmlElement>() {
                *follows.borrow_mut() = list.scroll_top() + list.client_height() + 24 >= list.scroll_height();
            }
        })
    };
    let row = |row: &Row| {
        html! {
            <div class={classes!("event", row.important.then_some("important"))}>
                <span class="when">{ row.time.clone() }</span>
                <span class="who">{ row.who.clone() }</span>
                <span aria-hidden="true">{ row.sign }</span>
                <span class="what">{ row.what.clone() }</span>
            </div>
        }
    };
    html! {
        <div class="pane-body events" role="log" aria-live="off" aria-label={props.words.events()} tabindex="0" ref={list} {onscroll}>
            if props.rows.is_empty() {
                <div class="empty">{ props.words.no_events() }</div>
            }
            { for props.rows.iter().map(row) }
        </div>
    }
}
