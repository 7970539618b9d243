//! What a terminal knows besides pixels: reading a typed line, completing it, printing a reply as `redis-cli` does.

pub mod command_line;
pub mod completion;
pub mod help;
pub mod reply_text;
