//! Kvarium in a page: mounts the playground.

use wasm_bindgen::prelude::wasm_bindgen;
use yew::prelude::*;

/// Mounts the playground on the page's `#app`, in place of what the shell shows while the engine loads.
#[wasm_bindgen(start)]
pub fn start() {
    let document = web_sys::window().and_then(|window| window.document());
    let shell = document.and_then(|document| document.get_element_by_id("app"));
    yew::Renderer::<App>::with_root(shell.expect("the page has an element #app")).render();
}

#[component]
fn App() -> Html {
    html! { <h1>{ "Kvarium" }</h1> }
}
