//! Parts of the page that know nothing of a world: properties in, callbacks out.

pub mod crc_strip;
pub mod dialog;
pub mod event_list;
pub mod heat_map;
pub mod icon;
pub mod map_grid;
pub mod paging;
pub mod prose;
pub mod scroller;
pub mod slot_map;
pub mod splitter;
pub mod state;
pub mod tabs;
pub mod terminal;
pub mod timeline;
pub mod venn;
pub mod viewport;
