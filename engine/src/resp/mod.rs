//! The wire: RESP2, RESP3 and inline commands in, replies out.

pub mod decode;
pub mod encode;
pub mod error;
pub mod outgoing;
pub mod show;
pub mod value;
