//! What is shown inside somebody else's page: a terminal, a figure, or both, small.

use yew::prelude::*;

use crate::app::use_session;
use crate::panels::PANELS;
use crate::panels::topology::Topology;
use crate::session::Session;
use crate::shell::{terminal, timeline};

/// What an embedded laboratory is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A terminal alone.
    Terminal,
    /// The stage with its clock.
    Figure,
    /// Stage, clock and terminal.
    Lab,
}

impl Mode {
    pub fn named(name: &str) -> Option<Mode> {
        Some(match name {
            "terminal" => Mode::Terminal,
            "figure" => Mode::Figure,
            "lab" => Mode::Lab,
            _ => return None,
        })
    }
}

#[derive(Properties, PartialEq)]
pub struct Props {
    pub session: Session,
    pub mode: Mode,
    pub readonly: bool,
    /// The `id` of the terminal's input.
    pub id: AttrValue,
}

#[component]
pub fn Figure(props: &Props) -> Html {
    let view = use_session(&props.session);
    let store = view.read();
    let has_stage = props.mode != Mode::Terminal;
    html! {
        <div class="kv embedded" lang={store.language.tag()}>
            if has_stage {
                <div class="stage-body">
                    if store.panel().id == PANELS[0].id {
                        <Topology view={view.clone()} bare=true />
                    } else {
                        { (store.panel().show)(view.clone()) }
                    }
                </div>
            }
            if props.mode != Mode::Figure {
                { terminal(&view, &store, props.id.clone(), props.readonly) }
            }
            if has_stage {
                { timeline(&view, &store, true) }
            }
        </div>
    }
}
