//! A row of tabs: arrow keys move between them, as assistive technology expects.

use wasm_bindgen::JsCast;
use web_sys::HtmlElement;
use yew::prelude::*;

#[derive(Clone, PartialEq)]
pub struct Tab {
    pub id: AttrValue,
    pub name: AttrValue,
    /// Added to the tab's class, for those that show on some screens only.
    pub class: Classes,
}

#[derive(Properties, PartialEq)]
pub struct Props {
    /// What the row is for.
    pub label: AttrValue,
    pub tabs: Vec<Tab>,
    pub selected: AttrValue,
    pub on_select: Callback<AttrValue>,
    /// The `id` of what the tabs show parts of.
    pub controls: AttrValue,
}

#[component]
pub fn Tabs(props: &Props) -> Html {
    let row = use_node_ref();
    let onkeydown = {
        let (row, on_select, selected) = (row.clone(), props.on_select.clone(), props.selected.clone());
        let ids: Vec<_> = props.tabs.iter().map(|tab| tab.id.clone()).collect();
        Callback::from(move |event: KeyboardEvent| {
            let here = ids.iter().position(|id| *id == selected).unwrap_or(0);
            let to = match event.key().as_str() {
                "ArrowRight" => (here + 1) % ids.len(),
                "ArrowLeft" => (here + ids.len() - 1) % ids.len(),
                "Home" => 0,
                "End" => ids.len() - 1,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            on_select.emit(ids[to].clone());
            let buttons = row.cast::<HtmlElement>().map(|row| row.children());
            if let Some(button) = buttons.and_then(|buttons| buttons.item(to as u32)) {
                let _ = button.unchecked_into::<HtmlElement>().focus();
            }
        })
    };
    let tab = |tab: &Tab| {
        let is_selected = tab.id == props.selected;
        let id = tab.id.clone();
        let onclick = props.on_select.reform(move |_: MouseEvent| id.clone());
        html! {
            <button key={tab.id.to_string()} type="button" role="tab" class={classes!("tab", tab.class.clone())} data-tab={tab.id.clone()}
                aria-selected={is_selected.to_string()} aria-controls={props.controls.clone()} tabindex={if is_selected { "0" } else { "-1" }} {onclick}>
                { tab.name.clone() }
            </button>
        }
    };
    html! {
        <div class="tabs" role="tablist" aria-label={props.label.clone()} ref={row} {onkeydown}>{ for props.tabs.iter().map(tab) }</div>
    }
}
