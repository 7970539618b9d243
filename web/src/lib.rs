//! Kvarium in a page.
