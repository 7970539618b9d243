//! A dialog over the page: the browser's own, which keeps the focus and closes on Escape.

use web_sys::HtmlDialogElement;
use yew::prelude::*;

use super::icon::{Icon, icon};

#[derive(Properties, PartialEq)]
pub struct Props {
    pub title: AttrValue,
    /// What its closing button is called.
    pub close: AttrValue,
    pub on_close: Callback<()>,
    pub children: Html,
}

/// Open as long as it is drawn.
#[component]
pub fn Dialog(props: &Props) -> Html {
    let dialog = use_node_ref();
    {
        let dialog = dialog.clone();
        use_effect_with((), move |()| {
            if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
                let _ = dialog.show_modal();
            }
        });
    }
    let onclose = props.on_close.reform(|_: Event| ());
    let onclick = {
        let dialog = dialog.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(dialog) = dialog.cast::<HtmlDialogElement>() {
                dialog.close();
            }
        })
    };
    html! {
        <dialog ref={dialog} aria-labelledby="dialog-title" {onclose}>
            <div class="dialog-head">
                <h2 id="dialog-title">{ props.title.clone() }</h2>
                <button type="button" class="button plain" aria-label={props.close.clone()} {onclick}>{ icon(Icon::Close) }</button>
            </div>
            <div class="dialog-body">{ props.children.clone() }</div>
        </dialog>
    }
}
