//! The parameters that decide who goes and when. Each shows the command it issues.

use kvarium_engine::keyspace::evict::Policy;
use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::Props;
use crate::store::{Change, View};
use crate::widgets::state::use_value;

const NAMES: [&str; 5] = ["maxmemory", "maxmemory-policy", "maxmemory-samples", "hz", "active-expire-effort"];

#[component]
pub fn Settings(props: &Props) -> Html {
    let store = props.view.read();
    let Some(node) = store.inspect() else { return Html::default() };
    let config = node.config();
    let values = [
        config.maxmemory.0.to_string(),
        config.maxmemory_policy.name().to_owned(),
        config.maxmemory_samples.to_string(),
        config.hz.to_string(),
        config.active_expire_effort.to_string(),
    ];
    let words = store.words();
    let setting =
        |(name, value): (&'static str, String)| html! { <Setting view={props.view.clone()} {name} {value} /> };
    html! {
        <details class="memory-settings">
            <summary class="button">{ words.settings() }</summary>
            <div class="settings">{ for NAMES.into_iter().zip(values).map(setting) }</div>
        </details>
    }
}

#[derive(Properties, PartialEq)]
pub struct SettingProps {
    view: View,
    name: &'static str,
    /// What it is now.
    value: String,
}

#[component]
fn Setting(props: &SettingProps) -> Html {
    let draft = use_value(None::<String>);
    let store = props.view.read();
    let words = store.words();
    let wanted = draft.as_ref().unwrap_or(&props.value).clone();
    let line = {
        let nodes = &store.scene().nodes;
        let to = nodes.get(store.selected).filter(|_| nodes.len() > 1).map(|node| format!("@{} ", node.name));
        format!("{}CONFIG SET {} {wanted}", to.unwrap_or_default(), props.name)
    };
    let run = {
        let (view, line, draft) = (props.view.clone(), line.clone(), draft.clone());
        move || {
            view.ask(Change::Type(line.clone()));
            draft.set(None);
        }
    };
    let onclick = {
        let run = run.clone();
        Callback::from(move |_: MouseEvent| run())
    };
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
            run();
        }
    });
    let control = if props.name == "maxmemory-policy" {
        let onchange = {
            let draft = draft.clone();
            Callback::from(move |event: Event| {
                let at = event.target_unchecked_into::<HtmlSelectElement>().selected_index().max(0) as usize;
                draft.set(Policy::ALL.get(at).map(|(name, _)| (*name).to_owned()));
            })
        };
        let option =
            |(name, _): &(&'static str, Policy)| html! { <option selected={*name == wanted}>{ *name }</option> };
        html! { <select class="field mono" id={props.name} {onchange}>{ for Policy::ALL.iter().map(option) }</select> }
    } else {
        let oninput = {
            let draft = draft.clone();
            Callback::from(move |event: InputEvent| {
                draft.set(Some(event.target_unchecked_into::<HtmlInputElement>().value().trim().to_owned()));
            })
        };
        html! { <input class="field mono" id={props.name} type="text" value={wanted.clone()} spellcheck="false" autocapitalize="off" {oninput} {onkeydown} /> }
    };
    html! {
        <div class="setting">
            <label for={props.name} class="mono">{ props.name }</label>
            { control }
            <button type="button" class="button plain mono run-line" title={words.run_it()} disabled={wanted.is_empty()} {onclick}>{ words.issues(&line) }</button>
        </div>
    }
}
