//! The panels of the stage, one file each. A panel reads the store and asks it for changes; it holds no state of the world.

mod cached;
pub mod clients;
pub mod keyspace;
pub mod memory;
pub mod node;
pub mod slots;
pub mod streams;
pub mod topology;
pub mod value;

use yew::Html;

use crate::catalogue::Words;
use crate::store::{Store, View};

/// What a panel says of itself.
#[derive(Clone, Copy)]
pub struct Panel {
    /// Stable: links and tests name it so.
    pub id: &'static str,
    pub name: fn(Words) -> &'static str,
    /// Has it anything to show in this world?
    pub is_there: fn(&Store) -> bool,
    pub show: fn(View) -> Html,
}

/// In the order of their tabs.
pub const PANELS: &[Panel] =
    &[topology::PANEL, keyspace::PANEL, slots::PANEL, clients::PANEL, streams::PANEL, memory::PANEL];

/// Beside the stage where there is room, else one more tab.
pub const INSPECTOR: Panel = node::PANEL;
