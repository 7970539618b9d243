//! Kvarium in a page: the playground, the JavaScript face, and the element that other pages embed.

pub mod api;
pub mod app;
pub mod catalogue;
pub mod compared;
pub mod console;
pub mod consoles;
pub mod figure;
pub mod frame;
pub mod heard;
pub mod home;
pub mod laboratory;
pub mod lessons;
pub mod narrator;
pub mod palette;
pub mod panels;
pub mod scene;
pub mod session;
mod share;
pub mod shell;
pub mod store;
pub mod told;
pub mod widgets;

use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::Element;

/// Mounts the playground in an element, in place of what it shows while the engine loads.
#[wasm_bindgen]
pub fn playground(shell: Element) {
    yew::Renderer::<app::App>::with_root(shell).render();
}
